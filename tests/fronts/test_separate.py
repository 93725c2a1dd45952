"""``separate``: what it takes, gives and refuses."""

import numpy as np
import pytest
import torch

import oneself

from .pictures import PRIOR, colour

QUICK = {"device": "cpu", **PRIOR}
IMAGE = colour(16, 20)
HINTS = np.zeros((16, 20), int)
HINTS[:, :4], HINTS[:, -4:] = 1, 2
MASK = np.zeros((16, 20), bool)
MASK[4:9, 3:15] = True


def test_haze_of_every_kind_of_image():
    expected = oneself.separate(IMAGE, "dehaze", **QUICK)
    assert expected.dtype == np.uint8
    assert expected.shape == IMAGE.shape
    assert not np.array_equal(expected, IMAGE)
    first = oneself.separate(np.moveaxis(IMAGE, 2, 0), "dehaze", channel_axis=0, **QUICK)
    assert np.array_equal(np.moveaxis(first, 0, 2), expected)
    tensor = torch.from_numpy(IMAGE).permute(2, 0, 1)[None]
    assert np.array_equal(oneself.separate(tensor, "dehaze", **QUICK)[0].permute(1, 2, 0).numpy(), expected)
    assert oneself.separate(IMAGE[..., 0], "dehaze", **QUICK).shape == IMAGE.shape[:2]
    other = oneself.separate(IMAGE, "dehaze", seed=1, **QUICK)
    assert not np.array_equal(other, expected)


def test_the_other_layers_are_parts_of_the_full_result():
    result = oneself.separate(IMAGE, task="segment", hints=HINTS, full=True, **QUICK)
    mask = result.parts["mask"][0, 0].numpy()
    assert result.method == "double_dip"
    assert np.array_equal(result.image, (IMAGE * mask[..., None]).astype(np.uint8))
    assert len(result.stages) == 2
    assert "simpler than their mixture" in result.notes[0]


def test_hints_a_mask_and_another_mixture_count():
    other = HINTS.copy()
    other[:8] = 0
    for task, name, one, another in [
        ("segment", "hints", HINTS, other),
        ("watermark", "mask", MASK, np.roll(MASK, 3, 0)),
        ("transparency", "second", IMAGE[:, ::-1].copy(), IMAGE[::-1].copy()),
    ]:
        made = [
            oneself.separate(IMAGE, task, full=True, **{name: given}, **QUICK).history["fidelity"]
            for given in (one, another)
        ]
        assert made[0] != made[1], task
    alone = oneself.separate(IMAGE, "transparency", full=True, **QUICK)
    assert set(alone.parts) == {"second", "share"}


def test_what_is_not_marked_stays_as_it_is():
    made = oneself.separate(IMAGE, "watermark", mask=MASK, **QUICK)
    assert np.array_equal(made[~MASK], IMAGE[~MASK])
    assert np.array_equal(oneself.separate(IMAGE, "watermark", mask=MASK.astype(np.uint8) * 255, **QUICK), made)


@pytest.mark.parametrize(
    ("task", "given", "kind", "words"),
    [
        ("unmix", {}, ValueError, "task='unmix'.*Give one of dehaze"),
        ("segment", {}, ValueError, "hints=None"),
        ("dehaze", {"hints": HINTS}, ValueError, "only segment uses it. Leave hints out"),
        ("segment", {"hints": HINTS[:9]}, ValueError, r"hints.shape=\(9, 20\).*the image is \(16, 20\)"),
        ("segment", {"hints": HINTS * 0.5}, TypeError, "not hints. Give whole numbers"),
        ("segment", {"hints": HINTS + 1}, ValueError, "holds 3"),
        ("segment", {"hints": np.minimum(HINTS, 1)}, ValueError, "none of the background"),
        ("watermark", {"mask": MASK[:9]}, ValueError, r"mask.shape=\(9, 20\)"),
        ("watermark", {"mask": MASK & False}, ValueError, "marks nothing"),
        ("transparency", {"second": IMAGE[:9]}, ValueError, r"second\): \(3, 9, 20\).*the image is \(3, 16, 20\)"),
        ("transparency", {"second": IMAGE[..., 0]}, ValueError, "same size and channels"),
        ("dehaze", {"method": "dip"}, ValueError, r"dehaze\(method='dip'\).*Use one of double_dip"),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(task, given, kind, words):
    with pytest.raises(kind, match=words):
        oneself.separate(IMAGE, task, **given)


def test_volumes_signals_and_other_tasks_are_refused():
    with pytest.raises(ValueError, match=r"1D\. Pictures \(2D\)"):
        oneself.separate(np.linspace(0, 1, 30), "dehaze")
    with pytest.raises(ValueError, match=r"denoise\(method='double_dip'\)"):
        oneself.denoise(IMAGE, "double_dip")
    with pytest.raises(TypeError, match=r"double_dip\(physics=Identity\).*mix"):
        oneself.Run("double_dip", torch.rand(1, 3, 16, 16), oneself.core.Identity(), device="cpu")
