"""What is particular to DeepRED: regularisation by denoising between the steps, by its formulas."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from oneself.core import Example, Identity, Run
from oneself.denoisers.classical import DENOISERS, installed
from oneself.recipes.prior.deep_red import deep_red
from oneself.recipes.prior.splitting import SplitFit
from oneself.testing.operators import Pool
from oneself.testing.pictures import noisy, picture

QUICK = {"width": 8, "levels": 2, "code": 4, "skip": 2, "denoiser": "total-variation"}


def stage(y: Tensor, physics: Any = None, **options: Any) -> SplitFit:
    torch.manual_seed(0)
    made = deep_red(y, physics or Identity(), **deep_red.resolve_options({**QUICK, **options}))
    assert isinstance(made, SplitFit)
    return made


def run(y: Tensor, physics: Any = None, **options: Any) -> Run:
    return Run(deep_red, y, physics, device="cpu", **{**QUICK, **options})


def denoising_by(change: Callable[[Tensor], Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DENOISERS, "total-variation", lambda strength: change)  # type: ignore[arg-type]


def test_the_update_on_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    denoising_by(lambda x: x / 2, monkeypatch)
    fit = stage(torch.full((1, 1, 8, 8), 0.5), red_weight=0.3, penalty=0.2, denoise_every=1)
    fit.coupling.copy.fill_(0.4)
    fit.coupling.dual.fill_(0.1)
    fit.last_output = torch.full((1, 1, 8, 8), 0.9)
    fit.after_step()
    copy = (0.3 * 0.2 + 0.2 * (0.9 + 0.1)) / 0.5  # (λ D(x) + μ (h + u)) / (λ + μ)
    assert fit.coupling.copy.unique().tolist() == pytest.approx([copy])
    assert fit.coupling.dual.unique().tolist() == pytest.approx([0.1 + 0.9 - copy])  # u + h - x
    fit.after_step()
    second = (0.3 * copy / 2 + 0.2 * (0.9 + 1.0 - copy)) / 0.5
    assert fit.coupling.copy.unique().tolist() == pytest.approx([second])


def test_the_updates_settle_where_the_prior_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the network's output held at h, x solves λ (x - D(x)) + μ (x - h - u) = 0 at every step: written as RED."""
    denoising_by(lambda x: 0.5 * x, monkeypatch)
    fit = stage(torch.rand(1, 1, 8, 8), red_weight=0.5, penalty=0.5, denoise_every=1)
    h = torch.rand(1, 1, 8, 8)
    fit.last_output = h
    for _ in range(200):
        before = fit.coupling.dual.clone()
        fit.coupling.dual.zero_()  # u held at 0: the fixed point of x alone
        fit.after_step()
    x = fit.coupling.copy
    assert torch.allclose(0.5 * (x - 0.5 * x) + 0.5 * (x - h), torch.zeros_like(x), atol=1e-5)
    assert torch.allclose(before, h - x, atol=1e-5)


def test_it_begins_from_what_was_measured_and_nothing_owed() -> None:
    x = torch.rand(1, 1, 8, 8)
    y = Pool().A(x)
    fit = stage(y, Pool())
    assert torch.equal(fit.coupling.copy, Pool().A_adjoint(y))
    assert float(fit.coupling.dual.abs().sum()) == 0


def test_the_objective_is_fidelity_and_coupling() -> None:
    y = torch.rand(1, 1, 8, 8)
    fit = stage(y, penalty=0.7, stop="never")
    fit.coupling.copy.uniform_()
    fit.coupling.dual.uniform_()
    terms = fit.terms(fit.input())
    h, terms = fit.last_output, {name: value.detach() for name, value in terms.items()}
    assert float(terms["fidelity"]) == pytest.approx(float((h - y).square().mean()), rel=1e-5)
    coupled = (h - fit.coupling.copy + fit.coupling.dual).square().mean()
    assert float(terms["coupling"]) == pytest.approx(0.7 * float(coupled), rel=1e-5)


@pytest.mark.parametrize("denoiser", installed())
def test_the_denoiser_asked_for_is_used_at_its_level(denoiser: str) -> None:
    v, x = torch.rand(1, 1, 16, 16), torch.rand(1, 1, 16, 16)
    fit = stage(v, denoiser=denoiser, denoiser_sigma=0.07, red_weight=0.3, penalty=0.6)
    assert torch.allclose(fit.proximal(x, v), (0.3 * DENOISERS[denoiser](0.07)(v) + 0.6 * x) / 0.9)
    assert not torch.allclose(fit.proximal(x, v), (0.3 * DENOISERS[denoiser](0.5)(v) + 0.6 * x) / 0.9)


class Free(nn.Module):
    """Any image at all: a network without a structure of its own, so that only the denoiser is left."""

    def __init__(self, y: Tensor) -> None:
        super().__init__()
        self.image = nn.Parameter(y.clone())

    def forward(self, z: Tensor) -> Tensor:
        return self.image + 0 * z.sum()


def test_the_prior_alone_takes_noise_away() -> None:
    x = picture(32, 32, channels=1)
    y = noisy(x, 0.15)
    fit = stage(y, denoise_every=1, denoiser_sigma=0.3, red_weight=2.0)
    fit.structure = Free(y)
    optimiser = torch.optim.SGD(fit.structure.parameters(), lr=0.3 * y.numel())
    for _ in range(60):
        optimiser.zero_grad()
        sum(fit.terms(Example((torch.zeros(()),), y)).values()).backward()
        optimiser.step()
        with torch.no_grad():
            fit.after_step()
    assert (fit.structure.image - x).square().mean() < 0.75 * (y - x).square().mean()


def test_it_learns_with_any_operator() -> None:
    x = picture(16, 16)
    y = Pool().A(x)
    result = run(y, Pool(), steps=60, denoise_every=5, lr=0.02).finish()
    assert result.image.shape == x.shape
    assert result.history["fidelity"][-1] < 0.5 * result.history["fidelity"][0]
    assert set(result.history) == {"fidelity", "coupling", "held_out"}
