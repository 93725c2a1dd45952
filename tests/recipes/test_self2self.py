"""What is particular to Self2Self: the blind spot, the ensemble, and what was never measured."""

from typing import Any

import pytest
import torch
from torch import Tensor

from oneself.core import Fit, Identity, Run
from oneself.recipes.posterior import posterior_mean
from oneself.recipes.self_supervised.self2self import self2self
from oneself.testing.operators import Blur, Mask
from oneself.testing.pictures import noisy, picture
from oneself.testing.quality import psnr

QUICK = {"width": 6, "levels": 2, "steps": 3, "samples": 2, "crop": 12}


def stage(y: Tensor, physics: Any = None, **options: Any) -> Fit:
    torch.manual_seed(0)
    made = self2self(y, physics or Identity(), **self2self.resolve_options({**QUICK, **options}))
    assert isinstance(made, Fit)
    return made


def run(y: Tensor, physics: Any = None, **options: Any) -> Run:
    return Run(self2self, y, physics, device="cpu", **{**QUICK, **options})


def test_it_takes_noise_away() -> None:
    x = picture(32, 32)
    y = noisy(x, 0.15)
    result = run(y, width=16, steps=120, samples=10, crop=None, dropout=0.1).finish()
    assert (result.image - x).square().mean() < 0.6 * (y - x).square().mean()


@pytest.mark.parametrize("size", [(24,), (16, 20), (8, 10, 12)])
def test_what_is_asked_for_is_never_seen(size: tuple[int, ...]) -> None:
    """No prediction of a hidden element depends on its measured value: the gradient is exactly zero."""
    y = torch.rand(1, 2, *size)
    fit = stage(y, crop=None)
    (_, shown), target, where = fit.input()
    measured = target.clone().requires_grad_()
    made = fit.structure(measured * shown, shown)
    hidden = where == 1
    assert hidden.any()
    made[hidden].sum().backward()
    assert bool((measured.grad[hidden] == 0).all())
    assert float((measured.grad[~hidden] != 0).float().mean()) > 0.5


@torch.no_grad()
def test_the_loss_counts_only_what_is_hidden() -> None:
    y = torch.rand(1, 2, 16, 16)
    fit = stage(y)
    example = fit.input()
    torch.manual_seed(1)
    found = float(fit.terms(example)["fidelity"])
    torch.manual_seed(1)
    made = fit.structure(*example.input)
    hidden = example.where == 1
    assert found == pytest.approx(float((made - example.target)[hidden].square().mean()), rel=1e-5)


@pytest.mark.parametrize("samples", [1, 7])
@torch.no_grad()
def test_the_answer_is_the_mean_of_random_predictions(samples: int) -> None:
    y = torch.rand(1, 2, 16, 16)
    fit = stage(y, samples=samples, average=0.0, mix=False)
    torch.manual_seed(5)
    found = fit.estimate()
    torch.manual_seed(5)
    made = torch.stack([fit.structure(*fit.input.masked()) for _ in range(samples)])
    assert torch.allclose(found, made.mean(0), atol=1e-5)
    assert made.shape[0] == 1 or float(made.std(0).mean()) > 1e-4  # masks and dropout are drawn anew


@torch.no_grad()
def test_the_mixed_answer_is_of_what_was_hidden() -> None:
    """A prediction that never sees its own element, mixed with it as the posterior says."""
    y = noisy(picture(16, 16), 0.1)
    fit = stage(y, samples=3, average=0.0, sigma=0.1)
    torch.manual_seed(5)
    found = fit.estimate()
    torch.manual_seed(5)
    every, blind, times = torch.zeros_like(y), torch.zeros_like(y), torch.zeros_like(y)
    for _ in range(3):
        given, shown = fit.input.masked()
        made = fit.structure(given, shown)
        every, blind, times = every + made / 3, blind + made * (1 - shown), times + 1 - shown
    predicted = torch.where(times > 0, blind / times.clamp(min=1), every)
    assert 0.2 < float((times == 0).float().mean()) < 0.5  # 0.7³ is 0.34
    assert torch.allclose(found, posterior_mean(y, predicted, torch.tensor(0.01)), atol=1e-5)


def test_mixing_back_helps_and_is_left_where_it_cannot() -> None:
    x = picture(32, 32)
    y = noisy(x, 0.15)
    found = [
        psnr(run(y, width=16, steps=60, samples=10, crop=None, mix=mix).finish().image, x) for mix in (False, True)
    ]
    assert found[1] > found[0] + 0.1
    known = (torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) > 0.4).float()
    options = {"steps": 1, "seed": 0}
    assert torch.equal(*(run(y * known, Mask(known), mix=mix, **options).finish().image for mix in (False, True)))


def test_more_samples_scatter_less() -> None:
    y = torch.rand(1, 1, 16, 16)
    spreads = []
    for samples in (1, 16):
        fit = stage(y, samples=samples, dropout=0.5, mix=False)
        with torch.no_grad():
            spreads.append(torch.stack([fit.estimate() for _ in range(30)]).var(0).mean())
    assert float(spreads[0] / spreads[1]) == pytest.approx(16, rel=0.3)


def test_what_was_never_measured_teaches_nothing() -> None:
    """Elements that the operator drops are neither shown nor asked for, and the answer fills them."""
    x = 0.1 + 0.8 * picture(20, 20)  # nowhere 0
    known = (torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) > 0.4).float()
    fit = stage(x * known, Mask(known), crop=None)
    for _ in range(5):
        (given, shown), target, where = fit.input()
        assert torch.equal(shown + where, (target != 0).float())
        assert torch.equal(given, target * shown)
    image = run(x * known, Mask(known), steps=150, width=12, samples=8, crop=None, dropout=0.1).finish().image
    missing = known == 0
    flat = (x * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True)
    assert (image - x)[missing].square().mean() < 0.5 * (flat - x)[missing].square().mean()


def test_the_answer_is_that_of_the_averaged_weights() -> None:
    y = torch.rand(1, 1, 16, 16)
    with_average, without = stage(y, average=0.9), stage(y, average=0.0)
    assert with_average.average is not None
    assert without.average is None
    for parameter in with_average.structure.parameters():
        parameter.data.add_(1)
    torch.manual_seed(3)
    found = with_average.estimate()
    torch.manual_seed(3)
    assert torch.equal(found, without.estimate())  # the average has not moved yet


def test_crops_bound_what_a_step_sees() -> None:
    y = torch.rand(1, 1, 40, 30)
    assert stage(y, crop=16, crops=3).input().target.shape == (3, 1, 16, 16)
    assert stage(y, crop=None, crops=3).input().target.shape == (1, 1, 40, 30)
    assert run(y, crop=16, crops=3).finish().image.shape == y.shape


def test_operators_that_mix_elements_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(physics=Blur\): .*Use .*dip"):
        run(torch.rand(1, 1, 16, 16), Blur()).finish()


def test_the_published_preset_is_the_papers() -> None:
    settings = self2self.resolve_options({}, "published")
    told = (
        "width",
        "levels",
        "mask_probability",
        "dropout",
        "lr",
        "steps",
        "optimiser",
        "samples",
        "average",
        "crop",
        "one_cycle_lr",
    )
    assert [settings[name] for name in told] == [48, 5, 0.3, 0.3, 1e-4, 150_000, "adam", 100, 0.0, None, False]
