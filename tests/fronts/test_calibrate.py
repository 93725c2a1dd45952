"""`calibrate`: losses without the truth rank as the errors do, and are the same for everyone."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage import data

import oneself

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
        ([("dip", {"rate": -1.0})], {}, "out of range"),
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
