"""Levels and pyramids: sizes, receptive field, any-size samples, the fixed noise, and what is saved of them."""

import itertools
import math

import pytest
import torch

from oneself.generative import Level, Pyramid, blank, pyramid_sizes, silent
from oneself.networks import patchwise
from oneself.operators.resize import resize


@pytest.mark.parametrize(
    ("size", "min_size", "scale_factor"), [((64, 85), 25, 0.7), ((200, 300), 25, 0.75), ((40, 33), 12, 0.8)]
)
def test_sizes_go_from_the_coarsest_to_the_picture(size, min_size, scale_factor):
    sizes = pyramid_sizes(size, min_size, scale_factor)
    assert min(sizes[0]) == min_size
    assert sizes[-1] == size
    steps = [a[0] / b[0] for a, b in itertools.pairwise(sizes)]
    assert all(abs(math.log(step / scale_factor)) < 0.25 for step in steps)
    assert len(sizes) == 1 + round(math.log(min(size) / min_size) / -math.log(scale_factor))


def test_a_picture_no_larger_than_the_coarsest_has_one_level():
    assert pyramid_sizes((20, 30), 25, 0.7) == [(20, 30)]


@pytest.mark.parametrize(("layers", "field"), [(5, 11), (3, 7)])
def test_receptive_field_is_the_documented_one(layers, field):
    torch.manual_seed(0)
    level = Level(3, 8, layers)
    prior = torch.rand(1, 3, 31, 31).requires_grad_()
    level(prior, torch.zeros(1, 3, 31, 31))[0, :, 15, 15].sum().backward()
    seen = prior.grad.abs().sum(1)[0] > 0
    rows, columns = seen.any(1).nonzero(), seen.any(0).nonzero()
    assert (int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1) == (field, field)


def test_a_patchwise_network_shrinks_by_what_it_sees():
    network = patchwise(2, 3, 1, width=4, layers=5)
    assert network(torch.rand(1, 3, 30, 25)).shape == (1, 1, 20, 15)


def pyramid(widths=(4, 4, 8), batch_norm=False):
    torch.manual_seed(1)
    made = Pyramid(torch.rand(1, 3, 24, 30), pyramid_sizes((24, 30), 12, 0.7), 3, batch_norm, widths)
    for level in list(made.levels)[1:]:
        level.amplitude.fill_(0.05)
    return made


@pytest.mark.parametrize("size", [(24, 30), (48, 60), (17, 91), (8, 8)])
@pytest.mark.parametrize("start", [0, 1, 2])
def test_any_size_can_be_sampled_from_any_level(size, start):
    made = pyramid().sample(size, start=start)
    assert made.shape == (1, 3, *size)
    assert 0 <= float(made.min()) <= float(made.max()) <= 1


def test_the_fixed_noise_gives_one_picture_and_random_noise_others():
    made = pyramid()
    assert torch.equal(made.reconstruction(), made.reconstruction())
    assert not torch.equal(made.sample((24, 30)), made.sample((24, 30)))


def test_an_injected_image_replaces_what_is_below():
    made, image = pyramid(), torch.rand(1, 3, 24, 30)
    one, other = (made.sample((24, 30), start=2, image=x, noise=silent) for x in (image, image.flip(-1)))
    assert not torch.equal(one, other)
    assert torch.equal(one, made.sample((24, 30), start=2, image=image, noise=silent))


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_blank_one_takes_the_state(batch_norm):
    made = pyramid(batch_norm=batch_norm)
    again = blank("singan", made.configuration(), made.state_dict())
    again.load_state_dict(made.state_dict())
    assert torch.equal(again.reconstruction(), made.reconstruction())


@torch.no_grad()
@pytest.mark.parametrize("start", [0, 1, 2])
def test_a_sample_is_level_upon_level(start):
    """x = p + tanh(h(pad(p + σ z))), of p enlarged from the level below, or of the image shrunk to that level."""
    made, image, asked = pyramid(), torch.rand(1, 3, 24, 30), []

    def noise(level, like):
        asked.append((level, tuple(like.shape)))
        return torch.full_like(like, level + 0.5)

    sizes = [(24, 30), (34, 42), (48, 60)]
    assert made.level_sizes((48, 60)) == sizes
    x = 2 * resize(image, sizes[start - 1]) - 1 if start else torch.zeros(1, 3, *sizes[0])
    for level in range(start, 3):
        x = resize(x, sizes[level])
        mixed = x + (1.0 if level == 0 else 0.05) * (level + 0.5)
        x = x + torch.tanh(made.levels[level].network(torch.nn.functional.pad(mixed, [3] * 4)))
    found = made.sample((48, 60), start=start, image=image, noise=noise)
    assert torch.allclose(found, ((x + 1) / 2).clamp(0, 1), atol=1e-5)
    assert asked == [(k, (1, 1 if k == 0 else 3, *sizes[k])) for k in range(start, 3)]


def test_what_is_trained_stays_and_larger_pictures_take_more_memory():
    made = pyramid()
    assert not any(weight.requires_grad for weight in made.parameters())
    assert made.memory((480, 600)) == pytest.approx(4 * made.memory((240, 300)), rel=0.1)


def test_sizes_keep_the_proportions_of_each_axis():
    made = Pyramid(torch.rand(1, 1, 24, 30), [(12, 20), (24, 30)], 3)
    assert made.level_sizes((48, 60)) == [(24, 40), (48, 60)]
