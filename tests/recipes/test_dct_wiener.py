"""What is particular to the filters of blocks' cosine transforms: the transform, seams, levels, photographs."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.fft import dctn, idctn
from skimage.data import astronaut, brick
from torch import Tensor

from oneself.core import Run
from oneself.drawing.camera import Camera
from oneself.noise import PatchNoise
from oneself.recipes.classical import frequencies
from oneself.recipes.classical.dct_wiener import dct_wiener
from oneself.recipes.classical.frequencies import BlockFilter
from oneself.testing import picture, psnr
from oneself.testing.pictures import noisy

PHONE = Camera(iso=3200, electrons=4000, read=2, quality=None, demosaicking="bilinear")
SCENE = torch.from_numpy(astronaut()[:96, :96] / 255).float().permute(2, 0, 1)[None]
SHOT = PHONE.take(SCENE, seed=1)


def solve(y: Tensor, **options: Any) -> Tensor:
    return Run(dct_wiener, y, device="cpu", **options).finish().image


def white(side: int, sigma: float) -> PatchNoise:
    """White noise of one channel, the same at every brightness."""
    curve = np.array([sigma**2, 0.0, 0.0])
    return PatchNoise(np.eye(1), np.ones((1, side, side)), curve, 0.0, 1.0, sigma**2, 0.0)


def test_blocks_that_do_not_overlap_are_filtered_as_the_equations_say() -> None:
    y, sigma, threshold = picture(16, 24, channels=1), 0.05, 2.7
    stage = BlockFilter(y, white(8, sigma), stride=8, threshold=threshold)
    for _ in range(stage.steps):
        stage.solve()
    for top, left in ((0, 0), (8, 16)):
        block = y[0, 0, top : top + 8, left : left + 8].double().numpy()
        waves = dctn(block, norm="ortho")
        kept = (waves**2 > (threshold * sigma) ** 2).astype(float)
        kept[0, 0] = 1
        power = (waves * kept) ** 2
        factors = power / (power + sigma**2)
        factors[0, 0] = 1
        found = stage.estimate()[0, 0, top : top + 8, left : left + 8].numpy()
        np.testing.assert_allclose(found, idctn(waves * factors, norm="ortho"), atol=1e-5)


def test_strips_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    y = noisy(picture(45, 41), 0.1)
    strips = solve(y, stride=3, sigma=0.1)
    monkeypatch.setattr(frequencies, "PIECES", 1)
    assert Run(dct_wiener, y, device="cpu", stride=3, sigma=0.1).finish().steps == 1
    assert torch.allclose(solve(y, stride=3, sigma=0.1), strips, atol=1e-6)


def test_on_a_photograph_it_takes_most_of_the_noise() -> None:
    assert psnr(solve(SHOT.noisy), SHOT.truth) > psnr(SHOT.noisy, SHOT.truth) + 2.5


def test_white_noise_is_removed_better_where_it_is_told_to_be_white() -> None:
    x = picture(96, 96, shrink=1)
    told = psnr(solve(noisy(x, 0.1), sigma=0.1, spectrum="white", block=8, stride=2), x)
    assert told > max(psnr(solve(noisy(x, 0.1), sigma=0.1), x), 20 + 6)


def test_brick_under_faint_noise_is_not_taken_for_noise() -> None:
    wall = torch.from_numpy(brick()[:192:2, :192:2] / 255).float().expand(1, 3, -1, -1)
    shot = Camera(iso=1600, quality=95).take(wall, seed=0)
    assert psnr(solve(shot.noisy), shot.truth) > psnr(shot.noisy, shot.truth) - 0.1


def test_too_small_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 8 pixels"):
        Run(dct_wiener, torch.rand(1, 1, 7, 20), device="cpu").finish()
