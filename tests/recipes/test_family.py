"""What is particular to the smaller methods of the deep image prior's family."""

import numpy as np
import pytest
import torch
from torch import Tensor

import oneself
from oneself.core import Fit, Identity, Method, Run
from oneself.losses import Guided
from oneself.operators import share_of_gaps
from oneself.recipes.prior.dip import dip
from oneself.recipes.prior.dip_sgld import dip_sgld
from oneself.recipes.prior.dip_sure import dip_sure
from oneself.recipes.prior.dip_sure_ste import dip_sure_ste
from oneself.recipes.prior.p_gsure import p_gsure
from oneself.recipes.prior.risk import RiskFit
from oneself.recipes.prior.td_dip import td_dip
from oneself.testing import psnr
from oneself.testing.operators import Blur, Mask
from oneself.testing.pictures import noisy, picture

QUICK = {"width": 8, "levels": 2, "skip": 2, "start": 0}


def test_guidance_advances_once_a_step() -> None:
    y = noisy(Blur().A(picture(16, 16)), 0.02)
    run = Run(dip, y, Blur(), device="cpu", fidelity="guided", steps=8, **QUICK)
    for taken, _ in enumerate(run, 1):
        assert run._now is not None
        (term,) = (module for module in run._now.stage.modules() if isinstance(module, Guided))
        assert int(term.taken) == taken
        assert float(term.delta) == pytest.approx(taken / 8)
    assert taken == 8


def test_what_is_held_out_is_not_mixed_with_the_rest() -> None:
    with pytest.raises(ValueError, match="back-projection mixes what is held out"):
        Run(dip, torch.rand(1, 1, 8, 8), device="cpu", stop="held-out", fidelity="guided").finish()


def test_langevin_gives_an_uncertainty_of_every_element() -> None:
    y = noisy(picture(16, 12), 0.1)
    options = {"width": 8, "levels": 2, "steps": 30}
    result = Run(dip_sgld, y, device="cpu", sigma=0.1, burn_in=10, **options).finish()
    spread = result.parts["uncertainty"]
    assert spread.shape == y.shape
    assert bool((spread > 0).all())
    assert result.notes == ()


def test_the_loss_becomes_the_energy_of_the_posterior() -> None:
    """n / (2σ²) times the mean of the squared errors, over the temperature."""
    y = torch.rand(1, 3, 16, 12)
    stage = dip_sgld(y, Identity(), **dip_sgld.resolve_options({"sigma": 0.1, "temperature": 0.5, "lr": 0.02}))
    assert isinstance(stage, Fit)
    (group,) = stage.optimiser(list(stage.structure.parameters())).param_groups
    assert group["energy"] == pytest.approx(y.numel() / (2 * 0.1**2 * 0.5))
    assert group["lr"] == pytest.approx(0.04)  # of a step of rate / 2


def test_langevin_averages_what_comes_after_the_burn_in() -> None:
    y = noisy(picture(16, 12), 0.1)
    run = Run(dip_sgld, y, device="cpu", sigma=0.1, burn_in=4, steps=10, width=8, levels=2)
    seen = [step.output for step in run]
    torch.testing.assert_close(run.answer, torch.stack(seen[4:]).mean(0), atol=1e-5, rtol=0)


def test_an_estimated_level_is_told() -> None:
    image = noisy(picture(32, 32), 0.1)[0].permute(1, 2, 0).numpy()
    result = oneself.denoise(image, "dip_sure", full=True, steps=2, data_range=(0, 1), device="cpu", **QUICK)
    (note,) = (note for note in result.notes if "not given" in note)
    level = float(note.removeprefix("dip_sure: sigma was not given; estimated as ").removesuffix(" % of the range"))
    assert level == pytest.approx(10, rel=0.15)
    given = oneself.denoise(image, "dip_sure", full=True, sigma=0.1, steps=2, data_range=(0, 1), device="cpu", **QUICK)
    assert not any("not given" in note for note in given.notes)


def test_the_level_given_is_the_variance() -> None:
    stage = dip_sure(torch.rand(1, 1, 16, 16), Identity(), **dip_sure.resolve_options({**QUICK, "sigma": 0.2}))
    assert isinstance(stage, RiskFit)
    assert float(stage.variance) == pytest.approx(0.04)


@pytest.mark.parametrize("method", [p_gsure, dip_sgld], ids=lambda method: method.key)
def test_a_level_that_cannot_be_told_is_asked_for(method: Method) -> None:
    known = torch.ones(1, 3, 16, 16)
    known[..., ::3] = 0
    y = noisy(picture(16, 16), 0.1) * known
    with pytest.raises(ValueError, match=rf"{method.key}\(sigma=None\): .* with gaps\. Give sigma=\."):
        Run(method, y, Mask(known), device="cpu").finish()
    Run(method, y, Mask(known), device="cpu", sigma=0.1, steps=1).finish()


@pytest.mark.parametrize("method", [dip_sure, dip_sgld], ids=lambda method: method.key)
def test_black_pixels_are_no_gaps(method: Method) -> None:
    y = noisy(0.6 * picture(32, 32), 0.1).clamp(0, 1)
    assert float((y == 0).float().mean()) > 0.05
    (note,) = Run(method, y, device="cpu", steps=1, width=8).finish().notes
    assert "estimated as" in note


def test_gaps_are_what_the_operator_never_fills() -> None:
    known = torch.ones(1, 1, 10, 10)
    known[..., :3] = 0
    y = torch.rand(1, 1, 10, 10) * known
    assert share_of_gaps(Mask(known), y) == pytest.approx(0.3)
    assert share_of_gaps(Identity(), y) == 0
    assert share_of_gaps(Blur(), y) == 0


def test_gaussian_or_poisson_but_not_both() -> None:
    with pytest.raises(ValueError, match=r"dip_sure_ste\(sigma=0\.1, gain=0\.02\): Gaussian or Poisson noise"):
        Run(dip_sure_ste, torch.rand(1, 1, 16, 16), device="cpu", sigma=0.1, gain=0.02).finish()
    with pytest.raises(ValueError, match=r"dip_sure_ste\(gain=0\.02\): the image is nowhere above 0"):
        Run(dip_sure_ste, torch.zeros(1, 1, 16, 16), device="cpu", gain=0.02).finish()


def test_poisson_noise_varies_with_the_brightness() -> None:
    y = torch.rand(1, 1, 16, 16)
    y[..., :4] = -0.1
    stage = dip_sure_ste(y, Identity(), **dip_sure_ste.resolve_options({**QUICK, "gain": 0.1}))
    assert isinstance(stage, RiskFit)
    torch.testing.assert_close(stage.variance, 0.1 * y.clamp(min=0))


def moving_disc(frames: int, side: int) -> Tensor:
    """``(1, 2, frames, side, side)``: real and imaginary parts; the imaginary part is a faint ramp."""
    rows, columns = np.mgrid[:side, :side]
    places = [side / 2 + side / 5 * np.sin(2 * np.pi * t / frames) for t in range(frames)]
    discs = [((rows - side / 2) ** 2 + (columns - at) ** 2 < (side / 4) ** 2) * 0.8 + 0.1 for at in places]
    ramp = np.broadcast_to(0.2 * columns / side, (frames, side, side))
    return torch.from_numpy(np.stack([np.stack(discs), ramp])[None]).float()


def test_time_dependent_prior_on_undersampled_dynamic_mri() -> None:
    from deepinv.physics import DynamicMRI

    x = moving_disc(4, 16)
    chance = torch.Generator().manual_seed(0)
    lines = torch.rand(4, 16, generator=chance) < 0.4
    lines[:, 7:10] = True  # the centre of k-space
    physics = DynamicMRI(mask=lines[:, None, :].expand(4, 16, 16).float())
    y = physics.A(x)
    filled = physics.A_adjoint(y)
    result = Run(td_dip, y, physics, device="cpu", width=16, steps=250, average=0.9, start=50).finish()
    assert result.image.shape == x.shape
    assert psnr(result.image, x) > psnr(filled, x) + 1
