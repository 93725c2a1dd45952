"""What is particular to the filters with the noise's covariance: photographs, levels, sizes."""

from typing import Any

import pytest
import torch
from skimage.data import astronaut
from torch import Tensor

from oneself.core import Run
from oneself.denoisers.classical import non_local_means
from oneself.drawing.camera import Camera
from oneself.recipes.classical.nonlocal_coloured import nonlocal_coloured
from oneself.recipes.classical.nonlocal_wiener import nonlocal_wiener
from oneself.testing import picture, psnr
from oneself.testing.pictures import noisy

PHONE = Camera(iso=3200, electrons=4000, read=2, quality=None, demosaicking="bilinear")
SCENE = torch.from_numpy(astronaut()[:96, :96] / 255).float().permute(2, 0, 1)[None]
SHOT = PHONE.take(SCENE, seed=1)
LEVEL = float((SHOT.noisy - SHOT.truth).square().mean().sqrt())


def solve(y: Tensor, **options: Any) -> Tensor:
    return Run(nonlocal_coloured, y, device="cpu", **options).finish().image.clamp(0, 1)


def test_on_a_photograph_it_is_well_above_what_takes_noise_for_white() -> None:
    found = psnr(solve(SHOT.noisy), SHOT.truth)
    means = psnr(non_local_means(LEVEL)(SHOT.noisy), SHOT.truth)
    wiener = psnr(Run(nonlocal_wiener, SHOT.noisy, device="cpu", sigma=LEVEL).finish().image, SHOT.truth)
    assert found > max(means, wiener, psnr(SHOT.noisy, SHOT.truth) + 2) + 0.5


def test_faint_noise_of_a_file_loses_nothing() -> None:
    shot = Camera(iso=400, quality=95).take(picture(96, 96, shrink=2), seed=1)
    assert psnr(solve(shot.noisy), shot.truth) > psnr(shot.noisy, shot.truth)


def test_white_noise_is_removed_as_well() -> None:
    x = picture(128, 128, shrink=1)
    assert psnr(solve(noisy(x, 0.1)), x) > 20 + 6


def test_a_given_level_scales_what_was_measured() -> None:
    y = SHOT.noisy[..., :48, :48]
    result = Run(nonlocal_coloured, y, device="cpu").finish()
    assert result.notes[0].startswith("nonlocal_coloured: sigma was not given; estimated: noise of ")
    assert Run(nonlocal_coloured, y, device="cpu", sigma=LEVEL).finish().notes == ()
    removed = [float((solve(y, sigma=s) - y).square().mean()) for s in (LEVEL / 4, LEVEL)]
    assert removed[0] < removed[1] / 4


def test_a_picture_of_one_colour_stays_as_it_is() -> None:
    y = torch.full((1, 3, 24, 24), 0.3)
    assert torch.allclose(solve(y), y, atol=1e-5)


@pytest.mark.parametrize("size", [(8, 8), (9, 40)])
def test_small_pictures(size: tuple[int, int]) -> None:
    x = picture(*size)
    assert solve(noisy(x, 0.1)).isfinite().all()


def test_too_small_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 8 pixels"):
        Run(nonlocal_coloured, torch.rand(1, 1, 7, 20), device="cpu").finish()
