"""What is particular to PnP-DIP: the denoiser takes the proximal step's place."""

from typing import Any

import pytest
import torch
from torch import Tensor

from oneself.denoisers.classical import DENOISERS, installed
from oneself.recipes.prior.pnp_dip import pnp_dip
from oneself.recipes.prior.splitting import SplitFit
from oneself.testing.operators import Pool

QUICK = {"width": 8, "levels": 2, "code": 4, "skip": 2, "denoiser": "total-variation"}


def stage(y: Tensor, **options: Any) -> SplitFit:
    torch.manual_seed(0)
    made = pnp_dip(y, Pool(), **pnp_dip.resolve_options({**QUICK, **options}))
    assert isinstance(made, SplitFit)
    return made


def test_it_begins_from_what_was_measured_and_nothing_owed() -> None:
    y = torch.rand(1, 1, 8, 4)
    fit = stage(y)
    assert torch.equal(fit.coupling.copy, Pool().A_adjoint(y))
    assert float(fit.coupling.dual.abs().sum()) == 0


@pytest.mark.parametrize("denoiser", installed())
def test_the_copy_is_the_denoised_sum(denoiser: str) -> None:
    """x ← D(h + u), u ← u + h − x."""
    fit = stage(torch.rand(1, 1, 16, 8), denoiser=denoiser, denoiser_sigma=0.07, denoise_every=2)
    u, h = fit.coupling.dual.uniform_().clone(), torch.rand(1, 1, 16, 16)
    before, fit.last_output = fit.coupling.copy.clone(), h
    fit.after_step()
    assert torch.equal(fit.coupling.copy, before)  # every second step only
    fit.after_step()
    expected = DENOISERS[denoiser](0.07)(h + u)
    torch.testing.assert_close(fit.coupling.copy, expected, atol=1e-5, rtol=0)
    assert torch.allclose(fit.coupling.dual, u + h - expected, atol=1e-5)
    assert not torch.equal(expected, DENOISERS[denoiser](0.5)(h + u))


def test_the_objective_is_fidelity_and_coupling() -> None:
    y = torch.rand(1, 1, 8, 4)
    fit = stage(y, penalty=0.7, stop="never")
    fit.coupling.dual.uniform_()
    terms = {name: value.detach() for name, value in fit.terms(fit.input()).items()}
    h = fit.last_output
    assert h is not None
    assert float(terms["fidelity"]) == pytest.approx(float((Pool().A(h) - y).square().mean()), rel=1e-5)
    coupled = (h - fit.coupling.copy + fit.coupling.dual).square().mean()
    assert float(terms["coupling"]) == pytest.approx(0.7 * float(coupled), rel=1e-5)
