"""The closed forms against the risk they minimise, found numerically; Stein's estimate; and the pass over an image."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from oneself.core import Run
from oneself.examples import SimilarPatches
from oneself.groups import GroupPass, mixing_elements, mixing_patches, mixing_patches_unguided, turned
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
    stage = GroupPass(y, pilot, torch.eye(y.shape[1]), variance, groups, similar)
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
        stage = GroupPass(y, before, torch.eye(1), torch.full_like(y, 0.01), groups, 8)
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
