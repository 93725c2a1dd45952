"""A denoiser for photographs and groups of patches: what is blended, and what it gives."""

import pytest
import torch
from torch import nn

import oneself
from oneself.core import Run
from oneself.drawing.camera import Camera
from oneself.networks.pretrained import KNOWN, SHIPPED, load_weights
from oneself.operators.alignment import turns
from oneself.recipes.adaptation.camera_blend import camera_blend
from oneself.recipes.classical.nonlocal_coloured import nonlocal_coloured
from oneself.tasks.auto import choose
from oneself.testing import picture, psnr
from oneself.testing.networks import ToldSmoother

PHONE = Camera(iso=1600, electrons=4000, read=2, quality=92, demosaicking="bilinear", halved=True, lens=0.8)
SHOT = PHONE.take(picture(96, 96), seed=2)


class Downhill(nn.Module):
    """Mixes every element with the one above, the more of it the more noise it is told of: no view is like another."""

    def forward(self, x: torch.Tensor, sigma: float) -> torch.Tensor:
        return torch.lerp(x, x.roll(1, 2), sigma)


def run(y: torch.Tensor, **options: object) -> torch.Tensor:
    image: torch.Tensor = Run(camera_blend, y, None, device="cpu", seed=0, **options).finish().image
    return image


def test_all_of_the_denoiser_is_the_mean_over_its_views() -> None:
    wanted = sum(view.back(Downhill()(view(SHOT.noisy), 0.1)) for view in turns([1.0, 1.0])) / 8
    assert torch.allclose(run(SHOT.noisy, weights=Downhill(), sigma=0.1, share=1.0, passes=1), wanted, atol=1e-5)


def test_none_of_it_are_the_filters_alone() -> None:
    alone = Run(nonlocal_coloured, SHOT.noisy, None, device="cpu", seed=0, passes=1).finish().image
    bare = run(SHOT.noisy, weights=ToldSmoother(), share=0.0, passes=1)
    assert psnr(bare, alone) > 35  # but for where the groups begin
    half = run(SHOT.noisy, weights=ToldSmoother(), passes=1)
    all_of_it = run(SHOT.noisy, weights=ToldSmoother(), share=1.0, passes=1)
    assert torch.allclose(half, (bare + all_of_it) / 2, atol=1e-6)


def test_a_photograph_is_better_than_by_the_filters_alone() -> None:
    alone = Run(nonlocal_coloured, SHOT.noisy, None, device="cpu", seed=0).finish().image
    assert psnr(run(SHOT.noisy), SHOT.truth) > psnr(alone, SHOT.truth) > psnr(SHOT.noisy, SHOT.truth)


def test_the_shipped_network_is_known_and_was_told_levels_or_none() -> None:
    path = SHIPPED["drawn-cameras"]
    assert path.stat().st_size < 5e6
    loaded = load_weights(path)
    assert loaded.known is not None
    assert loaded.known.name == "drawn-cameras"
    assert loaded.known in KNOWN.values()
    level = float((SHOT.noisy - SHOT.truth).square().mean().sqrt())
    with torch.no_grad():
        for told in (level, 0.0):
            assert psnr(loaded.network(SHOT.noisy, told), SHOT.truth) > psnr(SHOT.noisy, SHOT.truth) + 1


def test_auto_takes_it_for_photographs() -> None:
    choice = choose("denoise", SHOT.noisy)
    assert choice.method == "camera_blend"
    assert "simulated cameras" in choice.why
    fast = choose("denoise", SHOT.noisy, quality="fast")
    assert (fast.method, fast.options) == ("camera_blend", {"passes": 0, "ensemble": False})
    assert choose("denoise", SHOT.noisy, seconds=0.01).method == "dct_wiener"


def test_what_no_camera_took_is_refused() -> None:
    for shape in ((1, 2, 32, 32), (1, 3, 12, 40)):
        with pytest.raises(ValueError, match=r"camera_blend\(y.shape=.*nonlocal_coloured"):
            run(torch.rand(shape))
    assert oneself.denoise(torch.rand(1, 2, 32, 32), "camera_blend", weights=ToldSmoother(), passes=1) is not None
