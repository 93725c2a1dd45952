"""`calibrate`: losses without the truth rank as the errors do, and are the same for everyone."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage import data

import oneself
from oneself.tasks import calibration

TRUTH = data.camera()[100:164, 140:204] / 255
NOISY = TRUTH + np.random.default_rng(0).normal(0, 0.1, TRUTH.shape)
RANGE = (0.0, 1.0)
WIDTHS = (0.01, 0.6, 1.2, 8.0)


def smooth(width):
    made = partial(gaussian_filter, sigma=width)
    made.__name__ = f"gaussian {width}"
    return made


def error(image):
    return float(np.square(image - TRUTH).mean())


def test_losses_rank_as_errors_do():
    ranks = oneself.calibrate(NOISY, [smooth(width) for width in WIDTHS], data_range=RANGE)
    true = sorted(WIDTHS, key=lambda width: error(gaussian_filter(NOISY, width)))
    assert [one.name for one in ranks.ranking] == [f"gaussian {width}" for width in true]
    losses = {one.name: one.loss for one in ranks.ranking}
    for width in WIDTHS[1:]:  # each is the error at hidden pixels and the noise's variance
        assert losses[f"gaussian {width}"] == pytest.approx(error(gaussian_filter(NOISY, width)) + 0.01, rel=0.4)
    assert losses["gaussian 0.01"] > 0.01  # doing nothing does not win by giving back what it was shown


def test_the_winner_is_near_the_oracles():
    asked = [("zs_n2n", {"steps": steps, "width": 16}) for steps in (2, 40, 150)]
    ranks = oneself.calibrate(NOISY, [*asked, smooth(4.0)], data_range=RANGE, device="cpu")
    best = ranks.best
    found = error(oneself.denoise(NOISY, best.method, data_range=RANGE, device="cpu", **best.options))
    all_of_them = [error(oneself.denoise(NOISY, m, data_range=RANGE, device="cpu", **o)) for m, o in asked]
    assert found < 1.1 * min(all_of_them)
    assert best.name.startswith("zs_n2n (steps=")


def test_time_is_shared_and_the_methods_stop():
    ranks = oneself.calibrate(NOISY[:32, :32], ["dip", "zs_n2n"], 4.0, data_range=RANGE, device="cpu")
    assert sum(one.seconds for one in ranks.ranking) < 7
    assert {one.method for one in ranks.ranking} == {"dip", "zs_n2n"}


def test_it_can_be_repeated_and_any_kind_will_do():
    asked = [smooth(1.0), ("zs_n2n", {"steps": 3})]
    colour = (np.stack([NOISY] * 3, axis=-1).clip(0, 1) * 255).astype(np.uint8)
    first, again = (oneself.calibrate(colour, asked, device="cpu") for _ in range(2))
    assert [one.loss for one in first.ranking] == [one.loss for one in again.ranking]
    assert first.held_out == 16 * 16
    signal = oneself.calibrate(torch.from_numpy(NOISY[:1].clip(0, 1))[None], [("zs_n2n", {"steps": 2})], device="cpu")
    assert np.isfinite(signal.best.loss)
    assert "candidate" in str(first)


def test_a_candidate_that_fails_is_told_and_comes_last():
    def broken(image):
        raise RuntimeError("no such luck")

    ranks = oneself.calibrate(NOISY, [broken, smooth(1.0)], data_range=RANGE)
    assert ranks.ranking[-1].failed == "no such luck"
    with pytest.raises(RuntimeError, match="every candidate failed"):
        oneself.calibrate(NOISY, [broken], data_range=RANGE)


@pytest.mark.parametrize(
    ("asked", "options", "message"),
    [
        ([], {}, "none. Give keys"),
        (["zsn2n"], {}, "no such method"),
        (["zssr"], {}, "does super-resolve"),
        ([("dip", {"lr": -1.0})], {}, "out of range"),
        (["dip"], {"seconds": 0}, "no time"),
        (["td_dip"], {}, "2D"),
    ],
)
def test_what_cannot_be_is_refused(asked, options, message):
    with pytest.raises(ValueError, match=message):
        oneself.calibrate(NOISY, asked, data_range=RANGE, **options)


def test_too_small_an_image_is_refused():
    with pytest.raises(ValueError, match="too small to hold pixels out of"):
        oneself.calibrate(NOISY[:5, :40], data_range=RANGE)


@pytest.mark.parametrize("size", [(2000,), (60, 52), (36, 33, 30)])
def test_one_pixel_of_each_cell_is_held_out_anywhere_in_it(size):
    held, side = calibration._held_out(torch.rand(1, 2, *size), 0)[0, 0], {1: 8, 2: 4, 3: 3}[len(size)]
    cells = held
    for axis in range(len(size)):
        cells = cells.narrow(axis, 0, size[axis] // side * side).unfold(axis, side, side)
    cells = cells.flatten(len(size)).flatten(0, -2)
    assert (cells.sum(1) == 1).all()
    assert cells.any(0).all(), "every place of a cell is held out somewhere"
    assert int(held.sum()) == len(cells)


@pytest.mark.parametrize("size", [(40_000,), (200, 200), (36, 36, 36)])
def test_what_stands_in_is_as_noisy_as_a_pixel_and_knows_nothing_of_its_own(size):
    chance = torch.Generator().manual_seed(0)
    y = 0.5 + 0.1 * torch.randn(1, 1, *size, generator=chance)
    held = calibration._held_out(y, 0)
    made, near = calibration._stand_in(y, held), calibration._neighbours(y, held)
    assert float((made - near).std()) == pytest.approx(0.1, rel=0.05)
    for place in held.nonzero()[::400]:
        changed = y.clone()
        changed[tuple(place)] = 9
        assert float(calibration._stand_in(changed, held)[tuple(place)]) == pytest.approx(float(made[tuple(place)]))


def test_neighbours_are_those_that_are_seen():
    y = torch.arange(12.0).reshape(1, 1, 3, 4)
    held = torch.zeros(1, 1, 3, 4, dtype=torch.bool)
    held[0, 0, 1, 1] = held[0, 0, 0, 2] = True
    near = calibration._neighbours(y, held)[0, 0]
    assert float(near[1, 1]) == pytest.approx((0 + 1 + 4 + 6 + 8 + 9 + 10) / 7)
    assert float(near[0, 0]) == pytest.approx((1 + 4) / 2)
    line, ends = torch.arange(5.0)[None, None], torch.tensor([False, True, False, True, False])[None, None]
    assert calibration._neighbours(line, ends)[0, 0].tolist() == [0, 1, 2, 3, 4]  # 0, 2 and 4 have none: themselves


def test_the_middle_is_looked_at():
    y = torch.arange(70.0).reshape(1, 1, 10, 7)
    assert torch.equal(calibration._middle(y, 4), y[..., 3:7, 1:5])
    assert torch.equal(calibration._middle(y, 8), y[..., 1:9, :])


def test_what_others_leave_of_their_time_is_shared(monkeypatch):
    given = []

    def quick(method, options, shown, *others):
        given.append(others[-2])
        return shown

    monkeypatch.setattr(calibration, "_answer", quick)
    oneself.calibrate(NOISY, ["dip", "zs_n2n", "self2self"], 60.0, data_range=RANGE)
    assert given == pytest.approx([20, 30, 60], rel=0.1)


def test_noise_that_neighbours_share_is_said():
    blurred = gaussian_filter(np.random.default_rng(0).normal(size=(128, 128)), 1.0)
    shared, white = (0.5 + 0.1 * z / z.std() for z in (blurred, np.random.default_rng(0).normal(size=(128, 128))))
    assert calibration._notes(torch.from_numpy(shared)[None, None])[0].startswith("neighbours share noise")
    assert calibration._notes(torch.from_numpy(white)[None, None]) == ()
