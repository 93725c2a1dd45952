"""Diffusion over scales: what is known of the best denoiser, the scales' first steps, sizes, and what is saved."""

import math

import pytest
import torch
import torch.nn.functional as F

from oneself.generative import Cascade, Region, blank, pyramid_sizes, silent, steering
from oneself.generative import diffusion as d
from oneself.generative.guidance import raised
from oneself.networks import Denoiser
from oneself.operators.resize import resize
from oneself.testing.pictures import picture

FIELD = 7  # of the best denoiser of patches


@pytest.mark.parametrize(("layers", "dilated", "field"), [(6, 0, 13), (3, 0, 7), (6, 2, 17), (3, 2, 11)])
def test_receptive_field_is_the_documented_one(layers, dilated, field):
    torch.manual_seed(0)
    network = Denoiser(3, 8, layers, 2, dilated)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)  # at first it says 0 whatever it sees
    x = torch.rand(1, 3, 31, 31).requires_grad_()
    network(x, torch.zeros(1), torch.ones(1, dtype=torch.long))[0, :, 15, 15].sum().backward()
    seen = x.grad.abs().sum(1)[0] > 0
    rows, columns = seen.any(1).nonzero(), seen.any(0).nonzero()
    assert (int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1) == (field, field)


def test_level_scale_and_border_reach_the_network():
    torch.manual_seed(0)
    network = Denoiser(1, 8, 3, 2)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    x, zero, one = torch.zeros(1, 1, 12, 12), torch.zeros(1), torch.ones(1, dtype=torch.long)
    network.requires_grad_(False)
    told = network(x, zero, one)
    assert not torch.allclose(told, network(x, zero + 0.1, one))
    assert not torch.allclose(told, network(x, zero, 0 * one))
    inner = told[..., 4:-4, 4:-4]
    assert float(inner.std()) < 1e-4 < float((told[..., 0, :] - inner.mean()).abs().min())


def cascade(x=None, **options):
    x = 0.2 + 0.6 * picture(24, 30) if x is None else x  # no scale's copy of it leaves [0, 1]
    torch.manual_seed(1)
    told = {"width": 8, "layers": 3, "timesteps": 30, "start_noise": 2.0, **options}
    return Cascade(x, pyramid_sizes(tuple(x.shape[2:]), 12, 0.7), *told.values())


def test_a_scale_begins_with_as_much_noise_as_the_one_below_lacks():
    made = cascade(timesteps=100)
    assert int(made.starts[0]) == 100
    ratio = d.noise_ratio(made.alpha_bar)
    for scale in (1, 2):
        real, soft = made.pair(scale)
        error, start = 2 * float((real - soft).square().mean().sqrt()), int(made.starts[scale])
        assert ratio[start - 1] < error <= ratio[start]
        softness = made.softness(scale, torch.arange(start + 1))
        assert torch.allclose(softness, ratio[: start + 1] / ratio[start])
    assert not made.softness(0, torch.arange(100)).any()


def test_a_network_that_knows_the_picture_gives_the_picture(monkeypatch):
    made = cascade()
    monkeypatch.setattr(Cascade, "estimated", lambda self, noisy, scale, step: self.pair(scale)[0])
    torch.manual_seed(2)
    assert torch.allclose(made.sample((24, 30)), made.picture, atol=1e-4)
    assert torch.allclose(made.sample((24, 30), noise=silent), made.picture, atol=1e-4)
    assert torch.allclose(made.reconstruction(), made.picture, atol=1e-4)


def rows(x, side=FIELD):
    return F.unfold(F.pad(x, [side // 2] * 4), side)[0].T


def best(self, noisy, scale, step):
    """``E[x | what a patch of x_t shows]`` for patches of the one picture: the mean of their centres, each with the
    weight ``exp(-‖patch of x_t − √ᾱ p‖² / (2 (1 − ᾱ)))``; beyond the border everything is 0."""
    real, soft = self.pair(scale)
    level = self.alpha_bar[step]
    mixed = torch.lerp(real, soft, self.softness(scale, torch.tensor([step])))
    border = [rows(torch.ones_like(x[:, :1])) for x in (noisy, mixed)]
    far = torch.cdist(rows(noisy), level.sqrt() * rows(mixed)).square() / (2 * (1 - level))
    weights = torch.softmax(-far - 100 * torch.cdist(*border).square(), dim=1)
    return (weights @ real.flatten(2)[0].T).T.reshape(noisy.shape)


def test_with_the_best_denoiser_of_patches_samples_are_the_picture_shuffled(monkeypatch):
    """Nothing is trained here: schedule, steps and the ways from scale to scale stand alone. What is wrong with
    samples of a trained model, although this holds, is wrong with the training.

    Patches of a sample are then close to some of the picture's, much closer than noise or a mean of them could be; its
    colours spread as far, it is as sharp, and it is no copy.
    """
    x = picture(24, 24)
    made = cascade(x)
    monkeypatch.setattr(Cascade, "estimated", best)
    known, far = rows(x, 3), []
    for seed in range(3):
        torch.manual_seed(seed)
        sample = made.sample((24, 24))
        off = torch.cdist(rows(sample, 3), known).amin(1).square().mean().sqrt() / math.sqrt(known.shape[1])
        assert float(off) < 0.2 * float(x.std())
        assert float(sample.std() / x.std()) == pytest.approx(1, abs=0.15)
        assert float(sample.mean()) == pytest.approx(float(x.mean()), abs=0.1)
        slope = [y.diff(dim=3).square().mean().sqrt() for y in (sample, x)]
        assert float(slope[0] / slope[1]) == pytest.approx(1, abs=0.2)
        far.append(float((sample - x).square().mean().sqrt() / x.std()))
    assert max(far) > 0.4


@pytest.mark.parametrize("size", [(24, 30), (48, 60), (17, 91), (8, 8)])
@pytest.mark.parametrize("start", [0, 2])
def test_any_size_can_be_sampled_from_any_level(size, start):
    made = cascade(timesteps=5).sample(size, start=start)
    assert made.shape == (1, 3, *size)
    assert 0 <= float(made.min()) <= float(made.max()) <= 1


def test_one_scale_alone():
    made = cascade(picture(12, 14))
    assert made.scales == 1
    assert made.sample((12, 20)).shape == (1, 3, 12, 20)
    assert made.reconstruction().shape == (1, 3, 12, 14)


def test_a_blank_one_takes_the_state():
    made = cascade()
    again = blank("sinddm", made.configuration(), made.state_dict())
    again.load_state_dict(made.state_dict())
    assert torch.equal(again.reconstruction(), made.reconstruction())
    torch.manual_seed(3)
    one = made.sample((30, 20))
    torch.manual_seed(3)
    assert torch.equal(one, again.sample((30, 20)))


def test_regions_of_the_source_stand_where_they_were_put():
    made = cascade(picture(24, 30), timesteps=8)
    shaping = steering(made.picture, (24, 60), 4, None, 0.2, [Region((4, 2, 10, 12), (8, 40))])
    x = torch.zeros(1, 3, 24, 60)
    held = shaping(x, 1)
    assert torch.allclose(held[..., 8:18, 40:52], 2 * made.picture[..., 4:14, 2:14] - 1, atol=1e-5)
    assert not held[..., :40].any()
    assert torch.equal(shaping(x, 2), x)  # finer scales are free
    small = shaping(torch.zeros(1, 3, 12, 30), 0)
    expected = resize(2 * made.picture[..., 4:14, 2:14] - 1, (5, 6))
    assert torch.allclose(small[..., 5:8, 21:25], expected[..., 1:4, 1:5], atol=0.2)


def test_a_guide_raises_its_score():
    made = cascade(timesteps=20)
    size, score = (24, 30), lambda x: (x[:, 0] - x[:, 2]).mean()
    shaping = steering(made.picture, size, made.scales, score, 0.1, ())
    x = torch.full((1, 3, 4, 4), 0.5)
    step = shaping(x, 0) - x
    assert torch.allclose(step.norm(), 0.1 * x.norm())
    assert bool((step[:, 0] > 0).all() & (step[:, 2] < 0).all())
    torch.manual_seed(0)
    free = made.sample(size)
    torch.manual_seed(0)
    assert float(score(made.sample(size, shaping=shaping))) > float(score(free)) + 0.05


def test_a_guide_moves_as_far_as_asked_and_only_where_it_is_steepest():
    x = torch.linspace(-0.9, 0.9, 60).reshape(1, 1, 6, 10)
    whole = raised(lambda picture: picture.square().sum(), 0.1)(x, 0) - x
    assert float(whole.norm()) == pytest.approx(0.1 * float(x.norm()), rel=1e-5)
    part = raised(lambda picture: picture.square().sum(), 0.1, 0.25)(x, 0) - x
    assert part.nonzero()[:, 3].shape[0] == 15
    assert (part[x < 0.4] == 0).all()  # the slope is the picture's brightness
    assert float(part.norm()) == pytest.approx(0.1 * float(x[part != 0].norm()), rel=1e-5)
