"""The camera that photographs are made with."""

import numpy as np
import pytest
import torch

from oneself.drawing.camera import Camera, mosaic_mask
from oneself.testing import picture, psnr

PLAIN = {"saturation": 1.0, "contrast": 0.0, "quality": None}


def flat(level: float, side: int = 96) -> torch.Tensor:
    return torch.full((1, 3, side, side), level, dtype=torch.float64)


@pytest.mark.parametrize("iso", [400, 6400])
def test_the_mosaics_noise_has_the_variance_of_electrons_and_of_reading(iso):
    camera = Camera(iso=iso)
    light = np.full((300, 300), 0.4)
    noise = camera.noise(light, seed=3) - light
    full = 25_000 * 100 / iso
    expected = 0.4 / full + (3 / full) ** 2
    assert camera.line == pytest.approx((1 / full, 9 / full**2))
    assert noise.var() == pytest.approx(expected, rel=0.03)
    assert abs(noise.mean()) < 5 * np.sqrt(expected / noise.size)


def test_without_amplification_there_is_no_noise():
    x = picture(40, 48)
    shot = Camera(iso=0, quality=None).take(x)
    assert float((shot.truth - shot.noisy).abs().max()) <= 0.5 / 255 + 1e-6  # the rounding


@pytest.mark.parametrize("demosaicking", ["bilinear", "gradient"])
def test_a_gray_field_is_developed_to_itself(demosaicking):
    for size in ((40, 48), (37, 41)):
        x = flat(0.3)[..., : size[0], : size[1]]
        shot = Camera(iso=0, demosaicking=demosaicking, **PLAIN).take(x)
        assert torch.allclose(shot.truth, x, atol=1e-9)


@pytest.mark.parametrize("demosaicking", ["bilinear", "gradient"])
def test_pixels_that_saw_a_colour_keep_it(demosaicking):
    x = picture(32, 36).double()
    truth = Camera(iso=0, balance=(1, 1, 1), demosaicking=demosaicking, **PLAIN).take(x).truth
    seen = torch.from_numpy(mosaic_mask((32, 36)))[None] > 0
    assert torch.allclose(truth[seen], x[seen], atol=1e-9)
    assert psnr(truth, x) > 20


def test_the_gradients_of_other_colours_help():
    x = picture(64, 64, shrink=2).double()
    found = {
        kind: psnr(Camera(iso=0, demosaicking=kind, **PLAIN).take(x).truth, x) for kind in ("bilinear", "gradient")
    }
    assert found["gradient"] > found["bilinear"] + 1


def test_a_gray_ramp_has_its_slope_from_both_demosaickings():
    ramp = torch.linspace(0.2, 0.8, 24, dtype=torch.float64).expand(1, 3, 20, 24)
    linear = ((ramp + 0.055) / 1.055) ** 2.4
    for kind in ("bilinear", "gradient"):
        camera = Camera(iso=0, demosaicking=kind, balance=(1, 1, 1), **PLAIN)
        made = camera.develop(linear[0, 0].numpy())
        assert np.allclose(made[:, :, 3:-3], ramp[0, :, :, 3:-3], atol=2e-3)


def test_noise_grows_with_amplification_and_is_shared_by_neighbours():
    x = flat(0.4)
    errors = [(shot.noisy - shot.truth)[0] for shot in (Camera(iso=iso).take(x) for iso in (400, 1600, 6400))]
    levels = [float(e.std()) for e in errors]
    assert levels[0] * 1.7 < levels[1] < levels[2] / 1.7  # of the root of four, less rounding
    e = errors[2]
    assert 0.2 < float((e[..., 1:] * e[..., :-1]).mean() / e.square().mean()) < 0.8


def test_quality_100_changes_little_and_a_low_one_much():
    x, camera = picture(48, 48), Camera(iso=0, quality=100)
    fine, coarse = camera.take(x), Camera(iso=0, quality=10, halved=True).take(x)
    assert psnr(fine.noisy, fine.truth) > 45
    assert psnr(coarse.noisy, coarse.truth) < 32


def test_smoothing_lowers_noise_and_sharpening_raises_it():
    levels = []
    for sharpness in (-0.8, 0, 0.8):
        shot = Camera(iso=3200, sharpness=sharpness, quality=None).take(flat(0.5))
        levels.append(float((shot.noisy - shot.truth).std()))
    assert levels[0] < 0.8 * levels[1] < 0.8 * 0.8 * levels[2]


def test_the_same_seed_gives_the_same_noise():
    x, camera = picture(24, 24), Camera(iso=3200)
    assert torch.equal(camera.take(x, 1).noisy, camera.take(x, 1).noisy)
    assert not torch.equal(camera.take(x, 1).noisy, camera.take(x, 2).noisy)


@pytest.mark.parametrize(
    "wrong",
    [{"iso": -1}, {"electrons": 0}, {"balance": (0.5, 1, 1)}, {"quality": 0}, {"sharpness": 3}, {"contrast": 2}],
)
def test_what_no_camera_does_is_refused(wrong):
    with pytest.raises(ValueError, match="Camera"):
        Camera(**wrong)


def test_a_gray_picture_is_refused():
    with pytest.raises(ValueError, match=r"\(1, 3, H, W\)"):
        Camera().take(torch.zeros(1, 1, 8, 8))
