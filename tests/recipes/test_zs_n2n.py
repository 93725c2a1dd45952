"""What is particular to ZS-N2N: the residual form, half-images, tiles without seams, and SURE's share."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.core import Example, Identity, Run
from oneself.inputs import diagonals, split_pair
from oneself.recipes.self_supervised.zs_n2n import PairFit, zs_n2n
from oneself.testing.operators import Mask
from oneself.testing.pictures import noisy, picture

QUICK = {"width": 8, "steps": 3, "patch": 16, "patches": 2}


def stage(y: Tensor, **options: Any) -> PairFit:
    torch.manual_seed(0)
    made = zs_n2n(y, Identity(), **zs_n2n.resolve_options({**QUICK, **options}))
    assert isinstance(made, PairFit)
    return made


def solve(y: Tensor, **options: Any) -> Tensor:
    return Run(zs_n2n, y, device="cpu", **{**QUICK, **options}).finish().image


def test_it_takes_noise_away() -> None:
    x = picture(48, 48)
    y = noisy(x, 0.15)
    found = solve(y, width=16, steps=150)
    assert (found - x).square().mean() < 0.5 * (y - x).square().mean()


def test_the_network_predicts_the_noise() -> None:
    y = torch.rand(1, 2, 20, 24)
    fit = stage(y)
    for parameter in fit.structure.parameters():
        parameter.data.zero_()
    assert torch.allclose(fit.estimate(), y, atol=1e-5)
    fit.structure[-1].convolution.bias.data.copy_(torch.tensor([0.25, -0.5]))
    assert torch.allclose(fit.estimate(), y - torch.tensor([0.25, -0.5])[:, None, None], atol=1e-5)


@torch.no_grad()
def test_the_losses_are_the_papers() -> None:
    """With zeros beyond the border, on the whole of an even image; written out as in the paper."""
    y = torch.rand(1, 2, 16, 20)
    fit = stage(y, padding="zeros", patch=None, neighbour_pairs=0.0, consistency=1.0)
    f = fit.structure

    def clean(x: Tensor) -> Tensor:
        return x - f(x)

    first, second = split_pair(y)
    pair = (F.mse_loss(clean(first), second) + F.mse_loss(clean(second), first)) / 2
    whole = split_pair(clean(y))
    consistency = (F.mse_loss(clean(first), whole[0]) + F.mse_loss(clean(second), whole[1])) / 2
    found = fit.terms(fit.input())
    assert float(found["pair"]) == pytest.approx(float(pair), rel=1e-5)
    assert float(found["consistency"]) == pytest.approx(float(consistency), rel=1e-5)
    heavy = stage(y, padding="zeros", patch=None, neighbour_pairs=0.0, consistency=3.0).terms(fit.input())
    assert float(heavy["consistency"]) == pytest.approx(3 * float(consistency), rel=1e-5)


def test_within_its_borders_a_patch_is_seen_as_in_the_whole() -> None:
    """Valid convolutions: the clean half-images of a patch are parts of those of the whole image."""
    y = torch.rand(1, 2, 40, 44)
    fit = stage(y)
    whole = fit.clean(y)
    part = fit.clean(y[..., 6:30, 9:33])
    assert fit.margin == 2
    assert torch.allclose(part, whole[..., 6:26, 9:29], atol=1e-5)


@torch.no_grad()
def test_each_half_explains_the_other_of_the_same_patch() -> None:
    """A network of nothing leaves the half-images: the loss is how unlike the two halves of each patch are."""
    y = torch.rand(1, 1, 30, 30)
    fit = stage(y)
    for parameter in fit.structure.parameters():
        parameter.data.zero_()
    patches = torch.stack([y[0, :, :16, :16], 5 + y[0, :, 10:26, 8:24]])
    found = fit.terms(Example((patches, diagonals(2)), patches))
    first, second = (half[..., 2:-2, 2:-2] for half in split_pair(patches))
    assert float(found["pair"]) == pytest.approx(float((first - second).square().mean()), rel=1e-4)
    assert float(found["consistency"]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("size", [(31,), (17, 23), (12, 13, 11)])
def test_odd_sizes(size: tuple[int, ...]) -> None:
    assert solve(torch.rand(1, 2, *size)).shape == (1, 2, *size)
    assert solve(torch.rand(1, 2, *size), patch=None, padding="zeros").shape == (1, 2, *size)


@pytest.mark.parametrize("border", ["valid", "zeros"])
@pytest.mark.parametrize("size", [(90,), (41, 37), (17, 20, 33)])
def test_tiles_leave_no_seams(border: str, size: tuple[int, ...]) -> None:
    y = torch.rand(1, 1, *size)
    whole = solve(y, padding=border, lr=0.05)
    assert torch.allclose(solve(y, padding=border, lr=0.05, tile=16), whole, atol=1e-5)
    assert not torch.allclose(whole, y, atol=1e-2)


@pytest.mark.parametrize(("size", "views"), [((24,), 2), ((20, 24), 8), ((12, 14, 16), 8)])
def test_the_ensemble_treats_flips_alike(size: tuple[int, ...], views: int) -> None:
    y = torch.rand(1, 1, *size)
    fit, mirrored = stage(y), stage(y.flip(2))
    assert torch.allclose(fit.estimate(), mirrored.estimate().flip(2), atol=1e-5)
    alone = stage(y, ensemble=False)
    assert not torch.allclose(alone.estimate(), stage(y.flip(2), ensemble=False).estimate().flip(2), atol=1e-4)
    assert fit.answer_cost == pytest.approx(views * alone.answer_cost)


def test_sure_keeps_a_faint_noises_picture() -> None:
    """Where the network would do harm the measurement is kept; where it does good its answer is taken."""
    x = picture(48, 48)
    faint, strong = noisy(x, 0.002), noisy(x, 0.2)
    ruined = solve(faint, steps=20)
    guarded = solve(faint, steps=20, sigma=0.002)
    assert (guarded - x).square().mean() < 1.2 * 0.002**2 < 0.2 * (ruined - x).square().mean()
    free, held = (solve(strong, steps=60, sigma=sigma) for sigma in (None, 0.2))
    assert (held - x).square().mean() < 1.1 * (free - x).square().mean()


@torch.no_grad()
def test_sures_share_is_the_best_for_a_known_network() -> None:
    """For ``x(y) = c y`` and y all noise the risk is ``(1 - a (1 - c))^2 sigma^2``: lowest at ``1 / (1 - c)``, or 1."""
    sigma, y = 0.1, 0.1 * torch.randn(1, 1, 120, 120, generator=torch.Generator().manual_seed(0))
    fit = stage(y, layers=2, sigma=sigma, ensemble=False)
    kernel, pick = fit.structure[0].convolution, fit.structure[-1].convolution
    for parameter in fit.structure.parameters():
        parameter.data.zero_()
    kernel.weight.data[0, 0, 1, 1], kernel.weight.data[1, 0, 1, 1] = 1, -1
    for c, left in ((-1.0, 0.0), (-0.5, 0.0), (0.5, 0.5)):
        pick.weight.data[0, :2, 0, 0] = (1 - c) / 1.2 * torch.tensor([1.0, -1.0])  # f(y) = (1 - c) y; the slope is 0.2
        assert float((fit.estimate() - left * y).std()) < 0.05 * sigma


@pytest.mark.parametrize(("size", "layers", "least"), [((9, 30), 3, 10), ((13,), 4, 14)])
def test_what_has_no_half_images_is_refused(size: tuple[int, ...], layers: int, least: int) -> None:
    with pytest.raises(ValueError, match=rf"zs_n2n\(y\.shape=.*At least {least} elements.*use method='dip'"):
        solve(torch.rand(1, 1, *size), layers=layers)
    assert solve(torch.rand(1, 1, least), layers=layers).shape == (1, 1, least)


def test_inpainting_is_refused() -> None:
    known = (torch.rand(1, 1, 20, 20) > 0.5).float()
    with pytest.raises(ValueError, match=r"zs_n2n\(physics=Mask\)"):
        Run(zs_n2n, torch.rand(1, 1, 20, 20) * known, Mask(known), device="cpu", **QUICK).finish()


def test_a_stride_removes_noise_that_neighbours_share() -> None:
    x = picture(48, 48, shrink=2)
    chance = torch.Generator().manual_seed(0)
    white = torch.randn(1, 3, 49, 49, generator=chance)
    shared = (white[..., 1:, 1:] + white[..., :-1, 1:] + white[..., 1:, :-1] + white[..., :-1, :-1]) / 2
    y = x + 0.1 * shared
    errors = [float((solve(y, width=16, steps=200, stride=s) - x).square().mean()) for s in (1, 2)]
    assert errors[1] < 0.75 * errors[0]
