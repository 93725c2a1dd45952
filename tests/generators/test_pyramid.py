"""Levels and pyramids: sizes, receptive field, any-size samples, the fixed noise, and what is saved of them."""

import itertools
import math

import pytest
import torch

from oneself.generators import Level, Pyramid, blank, pyramid_sizes, silent
from oneself.networks import patchwise


@pytest.mark.parametrize(
    ("size", "coarsest", "ratio"), [((64, 85), 25, 0.7), ((200, 300), 25, 0.75), ((40, 33), 12, 0.8)]
)
def test_sizes_go_from_the_coarsest_to_the_picture(size, coarsest, ratio):
    sizes = pyramid_sizes(size, coarsest, ratio)
    assert min(sizes[0]) == coarsest
    assert sizes[-1] == size
    steps = [a[0] / b[0] for a, b in itertools.pairwise(sizes)]
    assert all(abs(math.log(step / ratio)) < 0.25 for step in steps)
    assert len(sizes) == 1 + round(math.log(min(size) / coarsest) / -math.log(ratio))


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


def pyramid(widths=(4, 4, 8), normalise=False):
    torch.manual_seed(1)
    made = Pyramid(torch.rand(1, 3, 24, 30), pyramid_sizes((24, 30), 12, 0.7), 3, normalise, widths)
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


@pytest.mark.parametrize("normalise", [False, True])
def test_a_blank_one_takes_the_state(normalise):
    made = pyramid(normalise=normalise)
    again = blank("singan", made.configuration())
    again.load_state_dict(made.state_dict())
    assert torch.equal(again.reconstruction(), made.reconstruction())
