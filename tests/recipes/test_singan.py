"""What is particular to SinGAN: noise amplitudes, widths, crops, its losses against closed forms, resuming."""

import pytest
import torch
from torch import nn

from oneself import Run
from oneself.losses import critique, frozen, gradient_penalty
from oneself.operators.resize import resize
from oneself.testing.pictures import picture

QUICK = {"width": 8, "layers": 3, "min_size": 12, "steps": 6, "device": "cpu"}


@pytest.fixture(scope="module")
def trained():
    run = Run("singan", picture(24, 20), **QUICK)
    run.finish()
    return run


def test_noise_amplitudes_are_a_tenth_of_the_error_of_the_scale_below(trained):
    pyramid = trained.stages[-1].sampler()
    assert float(pyramid.levels[0].amplitude) == 1
    real = 2 * picture(24, 20) - 1
    for k in range(1, pyramid.height):
        below = pyramid.sizes[:k]
        prior = resize(pyramid.climb(below, pyramid.blackness(below[0]), pyramid.fixed), pyramid.sizes[k])
        rmse = (prior - resize(real, pyramid.sizes[k])).square().mean().sqrt()
        assert float(pyramid.levels[k].amplitude) == pytest.approx(0.1 * float(rmse), rel=1e-5)


def test_widths_double_every_four_scales():
    run = Run("singan", picture(60, 60), **{**QUICK, "scale_factor": 0.75, "steps": 1, "double_width_every": 4})
    run.finish()
    assert run.stages[-1].sampler().widths == [8, 8, 8, 8, 16, 16, 16]


def test_a_scale_begins_with_what_the_one_below_has_learned():
    walk = iter(Run("singan", picture(24, 20), **QUICK)._stages())
    first = next(walk)
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(0.01)
    second = walk.send(first)
    for mine, theirs in zip(second.level.network.parameters(), first.level.network.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_its_discriminator_begins_with_the_one_below_too():
    walk = iter(Run("singan", picture(24, 20), **QUICK)._stages())
    first = next(walk)
    assert [learner.__class__.__name__ for learner in first.learners()] == ["Learner", "Learner"]
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(0.01)
    second = walk.send(first)
    for mine, theirs in zip(second.discriminator.parameters(), first.discriminator.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_crop_is_a_part_of_the_whole():
    stage = next(iter(Run("singan", picture(40, 36), **{**QUICK, "min_size": 36, "crop": 12})._stages()))
    example = stage.draw()
    mixed, prior, mixed_star, below, _ = example.input
    assert example.target.shape == prior.shape == below.shape == (1, 3, 12, 12)
    assert stage.level.refine(mixed, prior).shape == (1, 3, 12, 12)
    assert stage.level.network(mixed_star).shape == (1, 3, 12, 12)


def test_the_penalty_of_a_linear_critic_is_its_slope():
    critic = nn.Conv2d(3, 1, 1, bias=False)
    nn.init.constant_(critic.weight, 2.0)
    real, made = torch.rand(1, 3, 6, 7), torch.rand(1, 3, 6, 7)
    expected = (2 * 3**0.5 - 1) ** 2
    penalty = gradient_penalty(critic, real, made, torch.tensor(0.3))
    assert penalty.item() == pytest.approx(expected, rel=1e-5)
    assert critique(critic, real, made).item() == pytest.approx(6 * float(made.mean() - real.mean()), rel=1e-4)


def test_a_frozen_critic_passes_the_gradient_on_and_keeps_none():
    critic, x = nn.Conv2d(3, 1, 3), torch.rand(1, 3, 6, 6).requires_grad_()
    frozen(critic, x).sum().backward()
    assert critic.weight.grad is None
    expected = torch.autograd.grad(critic(x).sum(), x)[0]
    assert torch.allclose(x.grad, expected)


def test_too_small_for_the_pyramid():
    with pytest.raises(ValueError, match=r"singan\(layers=5.*at least 12"):
        next(Run("singan", picture(10, 40), device="cpu"))


def test_resumed_across_a_border_of_scales(tmp_path):
    whole = Run("singan", picture(24, 20), **QUICK)
    run = Run("singan", picture(24, 20), **QUICK)
    for step in run:
        if (step.stage, step.index) == (1, 0):
            break
    run.save(tmp_path / "state")
    again = Run("singan", picture(24, 20), **QUICK)
    again.load(tmp_path / "state")
    assert torch.equal(again.finish().image, whole.finish().image)
    one, other = (r.stages[-1].sampler() for r in (again, whole))
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_the_penalty_is_taken_between_real_and_made_and_teaches_the_critic():
    class Halved(nn.Module):
        def forward(self, x):
            return x.square() / 2  # of slope x

    real, made = torch.rand(2, 1, 3, 6, 7)
    between = 0.3 * real + 0.7 * made
    expected = float((between.norm(dim=1) - 1).square().mean())
    assert gradient_penalty(Halved(), real, made, torch.tensor(0.3)).item() == pytest.approx(expected, rel=1e-5)
    critic = nn.Conv2d(3, 1, 1, bias=False)
    nn.init.constant_(critic.weight, 2.0)
    gradient_penalty(critic, real, made, torch.tensor(0.3)).backward()
    slope = 2 * (2 * 3**0.5 - 1) / 3**0.5  # 2 (‖w‖ - 1) w / ‖w‖
    assert critic.weight.grad.flatten().tolist() == pytest.approx([slope] * 3, rel=1e-5)
