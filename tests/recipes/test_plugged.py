"""Pretrained denoisers as priors of the deep image prior's family."""

import pytest
import torch

from oneself.core import Run
from oneself.recipes.plugged import plugged, prior
from oneself.recipes.prior.deep_red import deep_red
from oneself.recipes.prior.p_gsure import p_gsure
from oneself.recipes.prior.pnp_dip import pnp_dip
from oneself.testing.networks import Smoother, ToldSmoother
from oneself.testing.operators import Blur
from oneself.testing.pictures import picture

QUICK = {"width": 8, "levels": 2, "code": 4, "skip": 2, "steps": 6, "denoise_every": 2, "device": "cpu"}
Y = Blur().A(picture(24, 20, channels=1))


def test_a_pretrained_denoiser_is_called_at_the_level_asked_for():
    x = picture(24, 20, channels=1)
    made, notes = plugged(ToldSmoother(), x, 0.1, "it", 64)
    with torch.no_grad():
        assert torch.equal(made(x, 0.3), ToldSmoother()(x, 0.3))
    assert notes == ()
    denoise, notes = prior("pretrained", Smoother(), 0.1, x, "it")
    with torch.no_grad():
        assert torch.equal(denoise(x), Smoother()(x))
    assert "blind" in notes[0]


@pytest.mark.parametrize("method", [pnp_dip, deep_red], ids=lambda m: m.key)
def test_the_copy_moves_by_the_pretrained_denoiser(method):
    run = Run(method, Y, Blur(), denoiser="pretrained", weights=ToldSmoother(), denoiser_sigma=0.2, **QUICK)
    run.finish()
    fit, (h, v) = run.stages[-1], torch.rand(2, 1, 1, 24, 20)
    with torch.no_grad():
        smooth = ToldSmoother()(h if method is pnp_dip else v, 0.2)
        expected = smooth if method is pnp_dip else (0.5 * smooth + 0.5 * h)
        assert torch.allclose(fit.proximal(h, v), expected, atol=1e-6)


def test_the_risk_takes_one_too():
    options = {name: value for name, value in QUICK.items() if name != "code"}
    run = Run(p_gsure, Y, Blur(), sigma=0.05, denoiser="pretrained", weights=ToldSmoother(), start=0, **options)
    result = run.finish()
    assert "coupling" in result.history


def test_weights_without_the_choice_are_refused_and_the_choice_without_weights_takes_the_packages_own():
    with pytest.raises(ValueError, match="only counts with denoiser='pretrained'"):
        Run(pnp_dip, Y, Blur(), weights=Smoother(), device="cpu")
    assert next(Run(pnp_dip, Y, Blur(), denoiser="pretrained", device="cpu", width=4, levels=2)) is not None
