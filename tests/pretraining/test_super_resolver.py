from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from oneself.pretraining import MetaPlan, MetaTraining
from oneself.pretraining.super_resolver import adapted, meta_loss, step_weights

SMALL = MetaPlan(
    channels=1, width=16, steps=4, batch=2, patch=16, pictures=2, pause=3, size=32, tasks=2, inner_steps=2, first=0.5
)


def toy() -> tuple[nn.Module, dict[str, Tensor], tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """A small network that is nowhere flat, and two tasks, float64."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Softplus(), nn.Conv2d(2, 1, 3, padding=1)).double()
    near, far = ((torch.rand(2, 3, 1, 5, 6).double(), torch.rand(2, 3, 1, 5, 6).double()) for _ in range(2))
    return network, dict(network.named_parameters()), near, far


def test_the_outer_gradient_is_that_of_finite_differences() -> None:
    """Through two steps of the inner descent, second derivatives and all."""
    network, weights, near, far = toy()
    loss = partial(meta_loss, partial(functional_call, network), near=near, far=far, counting=[0.3, 0.7], lr=0.05)
    gradients = torch.autograd.grad(loss(weights), list(weights.values()))
    for (name, value), gradient in zip(weights.items(), gradients, strict=True):
        direction = torch.randn_like(value)
        h = 1e-6
        ends = [
            loss({**weights, name: (value + side * h * direction).detach().requires_grad_()}).detach()
            for side in (1, -1)
        ]
        assert float((gradient * direction).sum()) == pytest.approx(float(ends[0] - ends[1]) / (2 * h), rel=1e-4), name


def test_each_task_descends_by_itself() -> None:
    """As one network after another does, by a plain step of gradient descent."""
    network, weights, near, _ = toy()
    own = {name: value.expand(2, *value.shape) for name, value in weights.items()}
    found = adapted(torch.vmap(partial(functional_call, network)), own, near, 0.1)
    for task in range(2):
        loss = (network(near[0][task]) - near[1][task]).abs().mean()
        for (name, value), step in zip(weights.items(), torch.autograd.grad(loss, list(weights.values())), strict=True):
            assert torch.allclose(found[name][task], value - 0.1 * step), name


@pytest.mark.parametrize("progress", [0.0, 0.05, 1.0])
def test_the_answers_after_each_step_count_one_in_all(progress: float) -> None:
    found = step_weights(progress, 5)
    assert sum(found) == pytest.approx(1)
    assert found[0] == pytest.approx(0.2 if progress == 0 else found[1])
    assert found[-1] == pytest.approx(0.976 if progress == 1 else found[-1])


def test_a_meta_training_that_was_broken_off_ends_the_same(tmp_path) -> None:
    """In either stage."""
    whole = MetaTraining(SMALL)
    for number in range(4):
        whole.keep(tmp_path / str(number))
        whole.step()
    for number in (1, 3):
        resumed = MetaTraining(SMALL, resumed=tmp_path / str(number))
        while resumed.done.step < 4:
            resumed.step()
        for name, value in whole.network.state_dict().items():
            assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_meta_training_lowers_what_a_few_steps_leave() -> None:
    """Of one batch, always the same."""
    training = MetaTraining(replace(SMALL, steps=100, first=0.0, lr=2e-3, tasks=1, inner_steps=1))
    losses = []
    for _ in range(50):
        losses.append(float(training.step()))
        training.done.step = 0
    assert losses[-1] < 0.85 * losses[0]
