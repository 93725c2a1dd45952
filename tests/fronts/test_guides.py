"""Options that are images: laid out and scaled as the image is, of the result's size."""

from typing import Any

import numpy as np
import pytest
import torch

import oneself
from oneself.core.runner import StageRunner

from .pictures import KERNEL, PRIOR, colour, grey, in_unit_range

QUICK = {"method": "dip", "device": "cpu", **{name: value for name, value in PRIOR.items() if name != "code"}}
IMAGE, FLASH = colour(16, 18), colour(17, 19)[1:, 1:]


def unit(array: np.ndarray) -> torch.Tensor:
    """A colour array as a method takes it."""
    return torch.from_numpy(in_unit_range(array, array)).float().permute(2, 0, 1)[None]


def taken(image: Any, guide: Any, **options: Any) -> torch.Tensor:
    """What the method was given."""
    found: torch.Tensor = oneself.denoise(image, guide=guide, full=True, **QUICK, **options).options["guide"]
    return found


def test_a_guide_of_the_images_kind() -> None:
    torch.testing.assert_close(taken(IMAGE, FLASH), unit(FLASH))


def test_a_guide_may_have_other_channels() -> None:
    gray = FLASH.mean(-1) / 255
    torch.testing.assert_close(taken(IMAGE, gray), unit(gray[..., None]))
    torch.testing.assert_close(taken(grey(16, 18), FLASH), unit(FLASH))
    two = np.stack([gray, gray.T[:16, :16].repeat(2, 1)[:, :18]], axis=-1)
    assert taken(IMAGE, two).shape == (1, 2, 16, 18)


def test_channels_are_along_the_images_axis() -> None:
    first = np.ascontiguousarray(np.moveaxis(FLASH, -1, 0))
    found = taken(np.moveaxis(IMAGE, -1, 0), first, channel_axis=0)
    torch.testing.assert_close(found, unit(FLASH))


def test_a_guide_has_a_range_of_its_own() -> None:
    torch.testing.assert_close(taken(IMAGE.astype(float), FLASH * 3.0 + 7, data_range=510), unit(FLASH))
    torch.testing.assert_close(taken(IMAGE / 255, FLASH), unit(FLASH))


def test_a_second_shot_has_the_range_of_the_first() -> None:
    def shot(second: np.ndarray, **options: Any) -> torch.Tensor:
        settings = {"steps": 2, "device": "cpu", "full": True, **options}
        found: torch.Tensor = oneself.denoise(IMAGE, "noise2noise", second=second, **settings).options["second"]
        return found

    expected = torch.from_numpy(in_unit_range(FLASH, IMAGE)).float().permute(2, 0, 1)[None]
    torch.testing.assert_close(shot(FLASH), expected)
    torch.testing.assert_close(
        shot(FLASH, data_range=510), torch.from_numpy(FLASH / 510).float().permute(2, 0, 1)[None]
    )
    with pytest.raises(TypeError, match=r"second of float64\): the image is uint8"):
        shot(FLASH / 255)


def test_every_image_of_a_batch_has_its_own_guide() -> None:
    batch = torch.cat([unit(IMAGE), unit(FLASH)])
    results = oneself.denoise(batch, guide=batch.flip(0), full=True, **QUICK)
    for result, guide in zip(results, (FLASH, IMAGE), strict=True):
        assert result.options["guide"].shape == unit(guide).shape
        assert (result.options["guide"] - unit(guide)).abs().max() < 0.2  # one range for both
    shared = oneself.denoise(batch, guide=batch[:1], full=True, **QUICK)
    for result in shared:
        torch.testing.assert_close(result.options["guide"], batch[:1])
    restored = oneself.restore(batch, oneself.core.Identity(), guide=batch.flip(0), full=True, **QUICK)
    assert torch.equal(restored[0].options["guide"], batch[1:])


def test_a_guide_has_the_size_of_the_result() -> None:
    large = colour(32, 36)
    found = oneself.super_resolve(IMAGE, 2, guide=large, full=True, **QUICK)
    torch.testing.assert_close(found.options["guide"], unit(large))
    sharp = oneself.deblur(IMAGE, KERNEL, guide=FLASH, full=True, **QUICK)
    wider = sharp.options["guide"]  # as wide as the scene that is restored along with its border
    assert wider.shape == (1, 3, 18, 20)
    torch.testing.assert_close(wider[..., 1:-1, 1:-1], unit(FLASH))
    hole = np.zeros(IMAGE.shape[:2], bool)
    hole[4:8, 4:8] = True
    filled = oneself.inpaint(IMAGE, hole, guide=FLASH, **QUICK)
    assert np.array_equal(filled[~hole], IMAGE[~hole])


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"guide": FLASH[1:]}, ValueError, r"denoise\(guide\): its size is \(15, 18\), the result's is \(16, 18\)"),
        ({"guide": "flash.png"}, TypeError, r"denoise\(guide=str\): not an image"),
        ({"guide": FLASH[..., None]}, ValueError, r"guide\.shape=.*the image has 2 spatial axes"),
        ({"guide": np.full((16, 18), np.nan)}, ValueError, r"denoise\(guide\): .*NaN"),
        ({"guide": torch.rand(2, 3, 16, 18)}, ValueError, r"denoise\(guide\): 2 for 1 images"),
        ({"guide": FLASH, "method": "zs_n2n"}, TypeError, r"zs_n2n\(guide=…\): no such option"),
    ],
)
def test_what_is_no_guide_is_refused_before_the_first_step(
    options: Any, kind: Any, words: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(StageRunner, "advance", lambda self: pytest.fail("a step was taken"))
    settings = {"method": "dip", "device": "cpu", **options}
    with pytest.raises(kind, match=words):
        oneself.denoise(IMAGE, **settings)
    with pytest.raises(TypeError, match=r"dip\(guide=ndarray\): wrong type"):
        oneself.restore(unit(IMAGE), oneself.core.Identity(), "dip", guide=FLASH)
