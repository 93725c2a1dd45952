"""ADMM: its moves on numbers, and a convex toy against its solution."""

import pytest
import torch
from torch import nn

from oneself.core import Example, Input, Run, method
from oneself.losses import Fidelity
from oneself.recipes.prior.splitting import SplitFit

WEIGHT = 0.5


class Free(nn.Module):
    def __init__(self, y):
        super().__init__()
        self.image = nn.Parameter(torch.zeros_like(y))

    def forward(self, z):
        return self.image


class Still(Input):
    def __init__(self, y):
        super().__init__()
        self.y = y

    def forward(self):
        return Example((self.y,), self.y)

    evaluation_example = forward


def split(y, proximal=lambda x, v: x, every=1, copy=None, penalty=1.0, steps=1, begin=0):
    return SplitFit(
        proximal=proximal,
        every=every,
        copy=torch.zeros_like(y) if copy is None else copy,
        penalty=penalty,
        begin=begin,
        structure=Free(y),
        input=Still(y),
        loss=Fidelity(),
        optimiser=lambda p: torch.optim.SGD(p, lr=0.2 * y.numel()),
        steps=steps,
    )


@method("Toy", cite="Toy 2020.", tasks=("denoise",))
def lasso(y, physics):
    """``argmin mean (x - y)² + WEIGHT mean |x|``: soft thresholding at WEIGHT / 2."""
    threshold = WEIGHT / (2 * 1.0)  # of the penalty 1: prox of WEIGHT |v| / (2 · penalty)

    def shrink(x, _):
        return x.sign() * (x.abs() - threshold).clamp(min=0)

    return split(y, shrink, every=5, steps=400)


def test_it_finds_the_solution_of_the_lasso():
    y = torch.linspace(-1, 1, 24).reshape(1, 1, 24)
    x = Run(lasso, y, device="cpu").finish().image
    expected = y.sign() * (y.abs() - WEIGHT / 2).clamp(min=0)
    torch.testing.assert_close(x, expected, atol=1e-3, rtol=0)


def test_the_moves_on_numbers():
    y = torch.full((1, 1, 6), 0.5)
    fit = split(y, lambda x, v: 0.5 * x + 0.1 * v, copy=torch.full_like(y, 0.4))
    fit.coupling.dual.fill_(0.1)
    fit.last_output = torch.full_like(y, 0.9)
    fit.after_step()
    moved = 0.5 * (0.9 + 0.1) + 0.1 * 0.4  # v <- proximal(h + u, v)
    assert fit.coupling.copy.unique().tolist() == pytest.approx([moved])
    assert fit.coupling.dual.unique().tolist() == pytest.approx([0.1 + 0.9 - moved])  # u <- u + h - v


def test_it_moves_every_so_often():
    y, calls = torch.rand(1, 1, 6), []

    def note(x, v):
        calls.append(int(fit.moves))
        return x

    fit = split(y, note, every=3)
    fit.last_output = torch.rand_like(y)
    for _ in range(10):
        fit.after_step()
    assert calls == [3, 6, 9]


def test_before_it_begins_the_copy_follows_and_nothing_is_owed():
    y = torch.rand(1, 1, 6)
    fit = split(y, lambda x, v: 0.5 * x, every=2, begin=4)
    for number in range(1, 7):
        fit.last_output = torch.rand_like(y)
        fit.after_step()
        if number in (2, 4):
            assert torch.equal(fit.coupling.copy, fit.last_output)
            assert float(fit.coupling.dual.abs().sum()) == 0
    torch.testing.assert_close(fit.coupling.copy, 0.5 * fit.last_output)


def test_the_coupling_joins_the_loss():
    y = torch.rand(1, 1, 6)
    fit = split(y, penalty=0.7, copy=torch.rand_like(y))
    fit.coupling.dual.uniform_()
    with torch.no_grad():
        fit.structure.image.uniform_()
    terms = {name: value.detach() for name, value in fit.terms(fit.input()).items()}
    h = fit.last_output
    assert float(terms["fidelity"]) == pytest.approx(float((h - y).square().mean()))
    coupled = (h - fit.coupling.copy + fit.coupling.dual).square().mean()
    assert float(terms["coupling"]) == pytest.approx(0.7 * float(coupled))


def test_what_moves_is_saved():
    y = torch.rand(1, 1, 6)
    fit, again = split(y, lambda x, v: 0.5 * x, every=2), split(y, lambda x, v: 0.5 * x, every=2)
    for one in (fit, again):
        one.last_output = torch.rand_like(y)
    for _ in range(3):
        fit.after_step()
    again.load_state_dict(fit.state_dict())
    assert torch.equal(again.coupling.copy, fit.coupling.copy)
    assert torch.equal(again.coupling.dual, fit.coupling.dual)
    assert float(fit.coupling.dual.abs().sum()) > 0
    before = fit.coupling.copy.clone()
    again.last_output = fit.last_output
    for one in (fit, again):  # the fourth move, for both
        one.after_step()
    assert torch.equal(again.coupling.copy, fit.coupling.copy)
    assert not torch.equal(again.coupling.copy, before)
    parts = [term for _, term in again.objective.parts()]
    assert parts[1] is again.coupling  # the objective's own, so that it sees what moves


def test_the_objective_of_a_term_that_changes_is_told_the_steps():
    """Moving the copy must not keep the objective from its own advance."""
    y = torch.rand(1, 1, 6)
    fit, told = split(y), []
    fit.objective.parts().__next__()[1].advance = lambda: told.append(1)
    fit.after_step()
    assert told == [1]
