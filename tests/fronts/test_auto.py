"""What ``auto`` picks, and how it says why."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.data import astronaut, camera

import oneself
from oneself.tasks.auto import choose

from .pictures import colour, grey

CLEAN = astronaut()[100:228, 100:228].mean(-1) / 255
NOISE = np.random.default_rng(0).normal(0, 1, CLEAN.shape)


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))[None, None]


def test_white_gaussian_noise_goes_to_groups_with_its_estimated_level():
    choice = choose("denoise", tensor(CLEAN + 0.1 * NOISE)[..., :120])
    assert choice.method == "nonlocal_wiener"
    assert choice.options.keys() == {"sigma"}
    assert choice.options["sigma"] == pytest.approx(0.1, rel=0.1)
    assert choice.why.startswith("white Gaussian noise, sigma ")
    assert " % of the range: " in choice.why
    assert choice.why.endswith("groups of similar patches, in closed form")


def test_colour_pictures_of_moderate_noise_go_to_the_blend_where_there_is_time():
    noise = np.random.default_rng(1).normal(0, 1, (3, 128, 128))
    clean = torch.from_numpy(astronaut()[100:228, 100:228].transpose(2, 0, 1).copy() / 255)[None]
    y = (clean + 0.1 * torch.from_numpy(noise)).float()
    choice = choose("denoise", y, sigma=0.1)
    assert (choice.method, choice.options) == ("stein_blend", {"sigma": 0.1})
    assert "blended with a denoiser that was trained on drawn pictures" in choice.why
    assert choose("denoise", y[:, :1], sigma=0.1).method == "stein_blend"
    assert choose("denoise", y[:, :2], sigma=0.1).method == "nonlocal_wiener"
    assert choose("denoise", y, sigma=0.25).method == "nonlocal_wiener"
    assert choose("denoise", y, sigma=0.1, seconds=4).options == {"sigma": 0.1, "ensemble": False}
    assert choose("denoise", y, sigma=0.1, seconds=2.6).method == "nonlocal_wiener"
    assert choose("denoise", y[..., :100, :100], sigma=0.1).method == "nonlocal_wiener"


def test_a_known_level_is_passed_on_as_it_is():
    choice = choose("denoise", tensor(CLEAN + 0.1 * NOISE), sigma=0.2)
    assert choice.method == "stein_blend"
    assert choice.options == {"sigma": 0.2}
    assert "estimated, sigma 20 % of the range given" in choice.why


def test_signal_dependent_noise_is_told_with_its_gain():
    ramp = np.linspace(0.1, 0.9, 128) * np.ones((128, 1))
    y = tensor(np.random.default_rng(0).poisson(ramp * 100) / 100)
    choice = choose("denoise", y)
    assert choice.method == "nonlocal_wiener"
    assert choice.options["gain"] == pytest.approx(0.01, rel=0.2)
    assert choice.options["sigma"] == pytest.approx((0.5 / 100) ** 0.5, rel=0.1)
    assert "signal-dependent" in choice.why
    assert choose("denoise", y, sigma=0.1).options == {"sigma": 0.1}


def test_little_time_makes_fewer_groups_and_still_less_a_network_or_cosine_transforms():
    y = tensor(CLEAN + 0.1 * NOISE)
    assert "passes" not in choose("denoise", y).options
    coarse = choose("denoise", y, seconds=0.4)
    assert (coarse.method, coarse.options["passes"], coarse.options["stride"]) == ("nonlocal_wiener", 2, 6)
    assert "fewer of them, for the time" in coarse.why
    quick = choose("denoise", y, seconds=0.01)
    assert (quick.method, quick.options["spectrum"]) == ("dct_wiener", "white")
    assert quick.options["sigma"] == pytest.approx(0.1, rel=0.1)
    assert choose("denoise", tensor(NOISE.reshape(64, 16, 16)), seconds=1e-3).method == "zs_n2n"
    large = tensor(np.tile(CLEAN + 0.1 * NOISE, (9, 9)))
    assert choose("denoise", large).options["passes"] == 2
    assert "passes" not in choose("denoise", large, seconds=3600).options
    assert "passes" not in choose("denoise", large, quality="best").options
    fast = choose("denoise", large, quality="fast")
    assert (fast.method, fast.options["passes"], fast.options["passes_after"]) == ("stein_blend", 0, 0)
    assert "trained on drawn pictures, where it is nearer than the picture" in fast.why
    larger = choose("denoise", tensor(np.tile(CLEAN + 0.1 * NOISE, (13, 13))), quality="fast")
    assert larger.method == "dct_wiener"
    assert "cosine transforms of blocks, as groups of similar patches would take about" in larger.why


def test_a_quality_is_refused_where_nothing_picks_by_it():
    with pytest.raises(ValueError, match=r"denoise\(quality='good'\): unknown. Give one of fast, best"):
        oneself.denoise(grey(16, 16), quality="good")
    with pytest.raises(ValueError, match="'auto' picks by it, and a method is chosen"):
        oneself.denoise(grey(16, 16), "zs_n2n", quality="fast")


def shared(side: int, width: float) -> torch.Tensor:
    """The picture with noise of 0.1 that is smoothed over ``width`` elements."""
    blurred = gaussian_filter(np.tile(NOISE, (2, 2))[:side, :side], width, mode="wrap")
    return tensor(np.tile(CLEAN, (2, 2))[:side, :side] + 0.1 * blurred / blurred.std())


@pytest.mark.parametrize("width", [0.7, 2.5])
def test_noise_that_neighbours_share_goes_to_groups_that_know_it(width):
    choice = choose("denoise", shared(128, width))
    assert (choice.method, choice.options) == ("nonlocal_coloured", {})
    assert "correlated" in choice.why
    assert choice.why.endswith("groups of similar patches, told how neighbours and channels share the noise")
    assert choose("denoise", shared(128, width), sigma=0.2).options == {"sigma": 0.2}
    assert choose("denoise", shared(128, width), seconds=0.4).options == {"passes": 2, "stride": 6}
    quick = choose("denoise", shared(128, width), seconds=0.01)
    assert (quick.method, quick.options) == ("dct_wiener", {})


def test_volumes_whose_neighbours_share_noise_go_to_blind_spots():
    noise = gaussian_filter(np.random.default_rng(0).standard_normal((24, 40, 40)), 0.8, mode="wrap")
    choice = choose("denoise", tensor(np.linspace(0, 1, 40) + 0.05 * noise / noise.std()))
    assert (choice.method, choice.options) == ("noise2void", {"steps": 300})
    assert "hide them along" in choice.why


def test_signals_whose_neighbours_share_noise_go_to_pairs_or_groups():
    noise = np.random.default_rng(0).standard_normal(6000)
    for width, method in ((0.7, "zs_n2n"), (2.0, "nonlocal_wiener")):
        blurred = gaussian_filter(noise, width, mode="wrap")
        y = torch.from_numpy(0.5 + 0.3 * np.sin(np.arange(6000) / 40) + 0.1 * blurred / blurred.std()).float()
        assert choose("denoise", y[None, None]).method == method


def test_stripes_go_to_blind_spots_that_take_them_away():
    for stripes, axis in ((NOISE[:1], "y"), (NOISE[:, :1], "x")):
        choice = choose("denoise", tensor(CLEAN + 0.1 * stripes + 0.03 * NOISE), device="cpu")
        assert (choice.method, choice.options) == ("noise2void", {})
        assert f"stripes along {axis}" in choice.why
        assert "the lines' offsets can be taken away" in choice.why
    short = tensor(CLEAN[:15, :64] + 0.1 * NOISE[:15, :1])
    assert choose("denoise", short, device="cpu").method == "smoothing_spline"


def test_small_images_and_short_signals_are_made_smooth():
    choice = choose("denoise", tensor(CLEAN[:15, :64] + 0.1 * NOISE[:15, :64]))
    assert (choice.method, choice.options) == ("smoothing_spline", {})
    assert "too small for patches to have any like them: made smooth" in choice.why
    assert choose("denoise", tensor(CLEAN[0, :127]).flatten(2), sigma=0.1).options == {"sigma": 0.1}
    assert choose("denoise", tensor(CLEAN[0, :128]).flatten(2)).method != "smoothing_spline"
    assert choose("denoise", tensor(CLEAN[:16, :64] + 0.1 * NOISE[:16, :64])).method == "nonlocal_wiener"


def test_a_clean_picture_keeps_what_it_has():
    choice = choose("denoise", tensor(camera() / 255))
    assert choice.method == "nonlocal_wiener"
    assert choice.options["sigma"] < 1 / 255
    assert "no visible noise" in choice.why
    short = choose("denoise", tensor(camera() / 255), seconds=0.01)
    assert (short.method, short.options["sigma"]) == ("dct_wiener", choice.options["sigma"])


def test_faint_noise_is_said_to_be_faint():
    assert "hardly any noise, little will change" in choose("denoise", tensor(CLEAN), sigma=1 / 255).why
    assert "hardly any noise" not in choose("denoise", tensor(CLEAN), sigma=3 / 255).why


@pytest.mark.parametrize("task", ["inpaint", "deblur"])
def test_blurs_and_gaps_of_pictures_go_to_the_packages_denoiser(task):
    choice = choose(task, tensor(CLEAN))
    assert (choice.method, choice.options) == ("dpir", {})
    assert "trained on drawn pictures, in turns with what was measured" in choice.why
    assert choose(task, tensor(CLEAN), sigma=0.1).options == {"sigma": 0.1}
    quick = choose(task, tensor(CLEAN), seconds=1e-3)
    assert quick.options == {"steps": 4}
    assert "fewer of them, for the time" in quick.why


@pytest.mark.parametrize("task", ["inpaint", "deblur", "restore"])
def test_other_linear_operators_go_to_the_prior(task):
    choice = choose(task, tensor(NOISE.reshape(4, 64, 64)))
    assert (choice.method, choice.options) == ("dip", {})
    assert "any linear operator" in choice.why


def test_enlarging():
    assert choose("super-resolve", tensor(CLEAN)).method == "zssr"


def test_little_time_makes_the_prior_thinner():
    y = tensor(CLEAN)
    assert choose("restore", y, seconds=3600, device="cpu").options == {}
    thin = choose("restore", y, seconds=1, device="cpu")
    assert thin.options == {"width": 16, "levels": 4}
    assert "a thinner network, for the 1 s allowed" in thin.why


def test_what_was_picked_is_what_ran_and_is_said():
    noisy = CLEAN[:32, :32] + 0.1 * NOISE[:32, :32]
    image = np.rint(noisy.clip(0, 1) * 255).astype(np.uint8)
    result = oneself.denoise(image, device="cpu", full=True, passes=2, sigma=25.5)
    assert result.method == "nonlocal_wiener"
    assert result.options["sigma"] == pytest.approx(25.5 / np.ptp(image))
    assert result.notes[0].startswith("nonlocal_wiener: ")
    assert "% of the range given" in result.notes[0]
    asked = oneself.denoise(image, "nonlocal_wiener", device="cpu", passes=2, sigma=25.5)
    assert np.array_equal(result.image, asked)


def test_options_of_ones_own_stand_above_what_was_picked():
    result = oneself.inpaint(
        grey(16, 16), np.eye(16) > 0, device="cpu", full=True, seconds=1e-3, steps=2, prior_weight=0.3
    )
    assert result.method == "dpir"
    assert (result.options["steps"], result.options["prior_weight"]) == (2, 0.3)


def test_every_choice_is_a_method_that_does_the_task():
    able = {record.key: record.tasks for record in oneself.methods()}
    for task in ("denoise", "inpaint", "super-resolve", "deblur", "restore"):
        for image in (CLEAN, grey(5, 7), colour(12, 12)[..., 0] / 255, CLEAN.ravel()[:40]):
            assert task in able[choose(task, tensor(image)).method]
