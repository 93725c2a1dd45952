"""The closed forms against the risk they minimise, found numerically; Stein's estimate; and the pass over an image."""

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from oneself.core import Run
from oneself.inputs import SimilarPatches
from oneself.recipes.classical.groups import (
    GroupPass,
    Turn,
    mixing_elements,
    mixing_patches,
    mixing_patches_unguided,
    turned,
)
from oneself.testing.pictures import noisy, picture

V = 0.04


def group(k: int, n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """A noisy group and its truth, of few patterns, less their means over the patches."""
    chance = torch.Generator().manual_seed(seed)
    x = torch.randn(k, 2, generator=chance) @ torch.randn(2, n, generator=chance) / 2
    y = x + V**0.5 * torch.randn(k, n, generator=chance)
    return (y - y.mean(0)).double(), (x - x.mean(0)).double()


def lowest(risk: Callable[[Tensor], Tensor], size: int, summing: bool) -> Tensor:
    """Where a quadratic risk of a matrix is lowest, by Newton's step from 0; rows that sum to one, if asked."""
    start = torch.full((size, size), 1 / size if summing else 0.0, dtype=torch.float64)
    free = torch.linalg.qr(torch.ones(size, 1, dtype=torch.float64), mode="complete").Q[:, 1:] if summing else None

    def spread(w: Tensor) -> Tensor:
        return start + (w.reshape(size, -1) @ free.T if free is not None else w.reshape(size, size))

    w = torch.zeros(size * (size - summing), dtype=torch.float64)
    gradient = torch.autograd.functional.jacobian(lambda v: risk(spread(v)), w)
    curvature = torch.autograd.functional.hessian(lambda v: risk(spread(v)), w)
    return spread(w - torch.linalg.solve(curvature, gradient))


def test_mixing_patches_by_the_estimated_risk() -> None:
    k, n = 5, 12
    y, _ = group(k, n)
    theta = lowest(lambda t: (t @ y - y).square().sum() + 2 * n * V * t.trace(), k, True)
    noise, kept = mixing_patches_unguided(y[None], torch.tensor([V], dtype=torch.float64))
    assert torch.allclose(y - noise[0], theta @ y, atol=1e-3)
    assert torch.allclose(kept[0], theta.square().sum(1), atol=1e-3)


@pytest.mark.parametrize(("k", "n"), [(5, 12), (12, 5)])
def test_mixing_patches_by_the_risk_of_an_estimate(k: int, n: int) -> None:
    y, x = group(k, n)
    theta = lowest(lambda t: (t @ x - x).square().sum() + n * V * t.square().sum(), k, True)
    noise, kept = mixing_patches(y[None], x[None], torch.tensor([V], dtype=torch.float64))
    assert torch.allclose(y - noise[0], theta @ y, atol=1e-4)
    assert torch.allclose(kept[0], theta.square().sum(1), atol=1e-4)


@pytest.mark.parametrize(("k", "n"), [(5, 12), (12, 5)])
def test_mixing_elements_by_the_risk_of_an_estimate(k: int, n: int) -> None:
    y, x = group(k, n)
    phi = lowest(lambda p: (x @ p - x).square().sum() + k * V * p.square().sum(), n, False)
    noise, kept = mixing_elements(y[None], x[None], torch.tensor([V], dtype=torch.float64))
    assert torch.allclose(y - noise[0], y @ phi, atol=1e-4)
    assert float(kept[0, 0]) == pytest.approx(float(phi.square().sum()) / n + 1 / k, rel=1e-4)


def test_steins_estimate_is_unbiased() -> None:
    """Over many draws of the noise, what the first pass minimises is the error, up to what the group cannot change."""
    k, n, draws = 4, 30, 4000
    chance = torch.Generator().manual_seed(0)
    x = torch.randn(k, n, generator=chance)
    theta = torch.rand(k, k, generator=chance) / k
    y = x + V**0.5 * torch.randn(draws, k, n, generator=chance)
    estimated = (theta @ y - y).square().sum((1, 2)) + 2 * n * V * theta.trace() - k * n * V
    error = (theta @ y - x).square().sum((1, 2))
    difference = estimated - error
    assert abs(float(difference.mean())) < 4 * float(difference.std()) / draws**0.5


def test_constant_patches_keep_what_all_share() -> None:
    """Without structure nothing but the mean patch is left, which lets 1/k of the noise through."""
    k, n = 6, 8
    zero = torch.zeros(1, k, n)
    y = torch.randn(1, k, n) * 0.1
    y = y - y.mean(1, keepdim=True)
    for mixing in (mixing_patches, mixing_elements):
        noise, kept = mixing(y, zero, torch.tensor([0.01]))
        assert torch.allclose(noise, y, atol=1e-5)
        assert torch.allclose(kept, torch.full_like(kept, 1 / k), atol=1e-5)


def one_pass(y: Tensor, pilot: Tensor | None, level: float, side: int = 12, similar: int = 12) -> Tensor:
    dims = y.ndim - 2
    groups = SimilarPatches(y.shape[2:], patch=5, reach=6, stride=3, start=[1] * dims, side=side)
    variance = torch.full_like(y[:, :1], level**2)
    stage = GroupPass(y, pilot, Turn.orthonormal(torch.eye(y.shape[1])), variance, groups, similar)
    for _ in range(stage.steps):
        stage.solve()
    return stage.estimate()


def test_regions_leave_no_seams() -> None:
    y = torch.rand(1, 2, 40, 31)
    for pilot in (None, 0.5 * y):
        whole = one_pass(y, pilot, 0.2, side=50)
        assert torch.allclose(one_pass(y, pilot, 0.2, side=4), whole, atol=1e-4)
        assert not torch.allclose(whole, y, atol=1e-2)


def test_brightness_is_neither_here_nor_there() -> None:
    y = torch.rand(1, 1, 24, 24)
    for pilot in (None, 0.5 * y):
        brighter = one_pass(y + 3, None if pilot is None else pilot + 3, 0.2)
        assert torch.allclose(brighter, one_pass(y, pilot, 0.2) + 3, atol=1e-3)


def test_the_truth_as_pilot_is_better_than_none() -> None:
    x = picture(40, 40)
    y = noisy(x, 0.1)
    errors = [float((one_pass(y, pilot, 0.1) - x).square().mean()) for pilot in (None, x)]
    assert errors[1] < 0.7 * errors[0] < 0.7 * 0.01


def test_what_is_not_yet_reached_is_what_was_before() -> None:
    y, pilot = torch.rand(1, 1, 30, 20), torch.rand(1, 1, 30, 20)
    groups = SimilarPatches((30, 20), patch=5, reach=3, stride=3, start=[0, 0], side=2)
    for before in (None, pilot):
        stage = GroupPass(y, before, Turn.orthonormal(torch.eye(1)), torch.full_like(y, 0.01), groups, 8)
        first = y if before is None else before
        assert torch.allclose(stage.estimate(), first)
        stage.solve()
        changed = stage.estimate() != first
        assert changed[..., :3, :3].all()
        assert not changed[..., -3:, -3:].any()


def test_turning_there_and_back() -> None:
    axes = torch.linalg.qr(torch.randn(4, 4)).Q
    x = torch.rand(1, 4, 5, 6)
    assert torch.allclose(turned(turned(x, axes), axes.T), x, atol=1e-5)


def test_a_faint_noise_needs_no_more_than_float32() -> None:
    y = picture(24, 24) + 0.0005 * torch.randn(1, 3, 24, 24)
    assert torch.isfinite(one_pass(y, y, 0.0005)).all()
    assert torch.allclose(one_pass(y, y, 0.0005), y, atol=0.01)


def test_it_runs_in_the_loop() -> None:
    from oneself.registry import find

    y = noisy(picture(24, 24), 0.1)
    run = Run(find("nonlocal_wiener"), y, device="cpu", passes=2)
    steps = list(run)
    assert [step.stage for step in steps] == [0, 1]
    assert all(set(step.terms) == {"removed"} for step in steps)


def by_hand(y: Tensor, pilot: Tensor | None, axes: Tensor, variance: Tensor, similar: int) -> tuple[Tensor, Tensor]:
    """One pass over patches of 3 within reach of 2, group by group, at references every 4 from (1, 2); and the mean
    over groups of what was taken off, in units of the noise."""
    y = torch.einsum("dc,bchw->bdhw", axes, y)
    pilot = None if pilot is None else torch.einsum("dc,bchw->bdhw", axes, pilot)
    guide = y[:, :1] if pilot is None else pilot[:, :3]
    ends = [n - 3 for n in y.shape[2:]]
    total, weight, removed = torch.zeros_like(y), torch.zeros_like(y), []

    def at(x: Tensor, place: tuple[int, ...]) -> Tensor:
        return x[0, :, place[0] : place[0] + 3, place[1] : place[1] + 3]

    for reference in itertools.product({0, *range(1, ends[0], 4), ends[0]}, {0, *range(2, ends[1], 4), ends[1]}):
        firsts = [min(max(r - 2, 0), end - 4) for r, end in zip(reference, ends, strict=True)]
        places = list(itertools.product(*(range(a, a + 5) for a in firsts)))
        places.sort(key=lambda place: float((at(guide, place) - at(guide, reference)).square().sum()))
        places = places[:similar]
        level = at(variance, reference).mean()[None]
        for channels in [slice(0, 4)] if pilot is None else [slice(c, c + 1) for c in range(4)]:
            group = torch.stack([at(y, place)[channels].flatten() for place in places])[None]
            Y = group - group.mean(1, keepdim=True)
            if pilot is None:
                noise, kept = mixing_patches_unguided(Y, level)
            else:
                X = torch.stack([at(pilot, place)[channels].flatten() for place in places])[None]
                X = X - X.mean(1, keepdim=True)
                both = mixing_patches(Y, X, level), mixing_elements(Y, X, level)
                noise, kept = ((one + other) / 2 for one, other in zip(*both, strict=True))
            removed.append(noise.square().mean() / level)
            for place, patch, w in zip(places, (group - noise)[0], 1 / kept[0], strict=True):
                at(total, place)[channels] += w * patch.reshape(-1, 3, 3)
                at(weight, place)[channels] += w
    x = torch.where(weight > 0, total / weight.clamp(min=1e-12), y if pilot is None else pilot)
    return torch.einsum("cd,bchw->bdhw", axes, x), torch.stack(removed).mean()


@pytest.mark.parametrize("guided", [False, True])
def test_a_pass_is_its_groups_one_by_one(guided: bool) -> None:
    """Levels that differ from place to place, four colours turned, weights, and what the pilot's colours tell."""
    chance = torch.Generator().manual_seed(0)
    y, pilot = torch.rand(2, 1, 4, 11, 13, generator=chance)
    axes = torch.linalg.qr(torch.randn(4, 4, generator=chance)).Q
    variance = torch.linspace(0.01, 0.2, 11)[:, None].expand(1, 1, 11, 13)
    groups = SimilarPatches((11, 13), patch=3, reach=2, stride=4, start=(1, 2), side=50)
    stage = GroupPass(y, pilot if guided else None, Turn.orthonormal(axes), variance, groups, 9)
    terms = stage.solve()
    expected, removed = by_hand(y, pilot if guided else None, axes, variance, 9)
    assert torch.allclose(stage.estimate(), expected, atol=1e-4)
    assert float(terms["removed"]) == pytest.approx(float(removed), rel=1e-4)


def test_there_may_be_fewer_patches_than_are_wanted() -> None:
    y = torch.rand(1, 1, 7, 7)
    assert torch.isfinite(one_pass(y, None, 0.1, similar=12)).all()  # nine


@pytest.mark.parametrize(("k", "n"), [(12, 40), (100, 49)])
def test_noise_far_below_rounding_is_left(k: int, n: int) -> None:
    """Patterns whose matrix is of rank one but for the rounding of float32: nothing is taken off."""
    chance = torch.Generator().manual_seed(0)
    Y = torch.randn(40, k, 1, generator=chance) @ torch.randn(40, 1, n, generator=chance)
    Y = Y - Y.mean(1, keepdim=True)
    v = torch.full((40,), 1e-14)
    for noise, kept in (mixing_patches_unguided(Y, v), mixing_patches(Y, Y, v), mixing_elements(Y, Y, v)):
        assert float((noise.norm(dim=(1, 2)) / Y.norm(dim=(1, 2))).max()) < 1e-4
        assert torch.isfinite(kept).all()


@pytest.mark.parametrize("contrast", [1.0, 1e2, 1e4])
def test_rounding_is_not_amplified(contrast: float) -> None:
    """In float32 as in float64, however much stronger the pattern is than the noise."""
    chance = torch.Generator().manual_seed(0)
    X = contrast * torch.randn(20, 100, 2, generator=chance) @ torch.randn(20, 2, 49, generator=chance)
    Y = X + torch.randn(X.shape, generator=chance)
    X, Y = X - X.mean(1, keepdim=True), Y - Y.mean(1, keepdim=True)
    v = torch.ones(20)
    found, exact = mixing_patches(Y, X, v), mixing_patches(Y.double(), X.double(), v.double())
    assert float((found[0] - exact[0]).abs().max()) < 2e-5 * float(Y.abs().max())
    assert torch.allclose(found[1].double(), exact[1], rtol=1e-3, atol=1e-5)
