"""MAML: its gradient is the one of the whole path, and a start learns to be adapted."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from oneself.operators import Downsample, Resize
from oneself.operators.kernels import spread
from oneself.pretraining import MLSRPlan, MZSRPlan
from oneself.pretraining.meta import adaptations, outer_loss, shares
from oneself.pretraining.shrinking import Shrinking, random_shrinking
from oneself.pretraining.super_resolver import MetaTraining
from oneself.testing.pictures import picture

SMALL = {"width": 8, "depth": 3, "patch": 16, "pictures": 2, "pause": 100, "size": 48, "batch": 2, "steps": 4}
X = torch.linspace(-1, 1, 7, dtype=torch.float64)


def curve(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    return (weights["b"] * (weights["a"] * x + weights["c"]).tanh()).sum(0)


def support(weights: dict[str, Tensor]) -> Tensor:
    return (curve(weights, X) - (2 * X).sin()).square().mean()


def query(weights: dict[str, Tensor]) -> Tensor:
    return (curve(weights, X + 0.1) - (2 * X).cos()).square().mean()


def start() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    made = {name: torch.randn(3, 1, generator=generator, dtype=torch.float64) for name in "abc"}
    return {name: value.requires_grad_() for name, value in made.items()}


def difference(counted: list[float], lr: float, step: float = 1e-6) -> Tensor:
    """The outer gradient with respect to ``a``, by central differences."""
    found = []
    for k in range(3):
        sides = []
        for sign in (1, -1):
            moved = {name: value.detach().clone() for name, value in start().items()}
            moved["a"][k] += sign * step
            sides.append(outer_loss({n: v.requires_grad_() for n, v in moved.items()}, support, query, counted, lr))
        found.append((sides[0] - sides[1]).detach() / (2 * step))
    return torch.stack(found)


def test_the_outer_gradient_is_that_of_the_whole_path() -> None:
    counted, lr, first = [0.1, 0.2, 0.7], 0.3, start()
    loss = outer_loss(first, support, query, counted, lr)
    (gradient,) = torch.autograd.grad(loss, [first["a"]])
    wanted = difference(counted, lr)
    assert torch.allclose(gradient[:, 0], wanted, rtol=1e-6, atol=1e-9)
    same = outer_loss(first, support, query, counted, lr, first_order=True)
    (constant,) = torch.autograd.grad(same, [first["a"]])
    assert same.item() == pytest.approx(loss.item(), abs=1e-12)
    assert not torch.allclose(constant[:, 0], wanted, rtol=1e-2)


def test_the_first_order_gradient_is_the_querys_own_at_the_adapted_weights() -> None:
    first = start()
    *_, last = adaptations(first, support, 2, 0.3, first_order=True)
    leaf = {name: value.detach().requires_grad_() for name, value in last.items()}
    (wanted,) = torch.autograd.grad(query(leaf), [leaf["b"]])
    (found,) = torch.autograd.grad(outer_loss(first, support, query, [0.0, 1.0], 0.3, first_order=True), [first["b"]])
    assert torch.allclose(found, wanted)


def test_shares_move_to_the_last_step() -> None:
    assert shares(5, 0.0) == pytest.approx([0.2] * 5)
    assert shares(5, 1.0) == shares(5, 3.0) == pytest.approx([0.006] * 4 + [0.976])


def test_shrunk_pictures_are_enlarged_in_their_place() -> None:
    """As the operators of the methods do, to whom their displacement is told."""
    x = picture(40, 36)
    chance = torch.Generator().manual_seed(1)
    ways = [random_shrinking(chance, 2) for _ in range(60)]
    assert {(way.kernel is None, way.direct) for way in ways} == {(True, False), (False, False), (False, True)}
    for way in ways:
        if way.kernel is not None:
            widths = spread(way.kernel)
            assert 0.98 <= min(widths) <= max(widths) <= 5**0.5
    direct = next(way for way in ways if way.direct)
    assert torch.equal(direct.small(x), Downsample(2, direct.kernel).A(x).clamp(0, 1))
    assert torch.equal(Shrinking(2).small(x), Resize(2).A(x).clamp(0, 1))
    for way in (direct, Shrinking(2)):
        ramp = torch.linspace(0, 1, 40).expand(1, 1, 40, 40)
        enlarged, truth = way.pair(ramp)
        assert torch.allclose(enlarged[..., 12:-12], truth[..., 12:-12], atol=1e-3)


@pytest.mark.parametrize("plan", [MZSRPlan, MLSRPlan])
def test_a_meta_training_that_was_broken_off_ends_the_same(plan, tmp_path) -> None:
    made = plan(**SMALL, shots=2, large=0.5)
    whole, parted, resumed = MetaTraining(made), MetaTraining(made), MetaTraining(made)
    for _ in range(4):
        whole.step()
    for _ in range(3):
        parted.step()
    parted.keep(tmp_path / "kept")
    resumed.resume(tmp_path / "kept")
    resumed.step()
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name
    other = MZSRPlan if plan is MLSRPlan else MLSRPlan
    with pytest.raises(ValueError, match=f"no checkpoint of training {other.kind}"):
        MetaTraining(other(**SMALL)).resume(tmp_path / "kept")


def test_meta_training_lowers_the_loss_after_adaptation() -> None:
    plan = replace(MZSRPlan(**SMALL), batch=1, shots=1, depth=2, lr=3e-3, steps=40, large=0.0)
    training = MetaTraining(plan)
    losses = [float(training.step()) for _ in range(40)]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])
