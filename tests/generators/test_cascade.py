"""Diffusion over scales: the schedule, what the network sees, the scales' first steps, sizes, and what is saved."""

import math

import pytest
import torch

from oneself.generators import Cascade, blank, cosine_schedule, pyramid_sizes
from oneself.networks import Denoiser
from oneself.testing.pictures import picture


def test_the_schedule_is_its_closed_form():
    steps, s = 50, 0.008
    found = cosine_schedule(steps)
    for t in range(steps + 1):
        expected = math.cos((t / steps + s) / (1 + s) * math.pi / 2) ** 2 / math.cos(s / (1 + s) * math.pi / 2) ** 2
        assert float(found[t]) == pytest.approx(max(expected, 1e-4), rel=1e-5)
    assert float(found[0]) == 1
    assert bool((found.diff() < 0).all())


@pytest.mark.parametrize(("blocks", "field"), [(4, 35), (2, 19)])
def test_receptive_field_is_the_documented_one(blocks, field):
    torch.manual_seed(0)
    x = torch.rand(1, 3, 51, 51).requires_grad_()
    Denoiser(3, 8, blocks)(x, torch.zeros(1), torch.zeros(1))[0, :, 25, 25].sum().backward()
    seen = x.grad.abs().sum(1)[0] > 0
    rows, columns = seen.any(1).nonzero(), seen.any(0).nonzero()
    assert (int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1) == (field, field)


def cascade(x=None):
    x = picture(24, 30) if x is None else x
    torch.manual_seed(1)
    return Cascade(x, pyramid_sizes((24, 30), 12, 0.7), 8, 1, 10, 2.0)


def test_a_scale_begins_with_as_much_noise_as_the_one_below_lacks():
    made = cascade()
    assert int(made.starts[0]) == 10
    for scale in (1, 2):
        real, soft = made.pair(scale)
        error = 2 * float((real - soft).square().mean().sqrt())
        noise = [math.sqrt(1 / float(left) - 1) for left in made.left]
        assert noise[int(made.starts[scale]) - 1] < error <= noise[int(made.starts[scale])]


class Oracle(torch.nn.Module):
    """Knows the picture: tells the v of whatever it is given."""

    def __init__(self, made):
        super().__init__()
        self.made = made

    def forward(self, x, time, scale):
        made, number = self.made, round(float(scale) * (self.made.scales - 1))
        real, soft = made.pair(number)
        step = round(float(time) * made.times)
        left, share = made.left[step], made.softness(number, torch.tensor(float(step)))
        mixed = share * soft + (1 - share) * real
        noise = (x - left.sqrt() * mixed) / (1 - left).sqrt()
        return left.sqrt() * noise - (1 - left).sqrt() * mixed


def test_a_network_that_knows_the_picture_gives_the_picture():
    made = cascade(0.25 + 0.5 * picture(24, 30))  # no scale's copy of it leaves [0, 1]
    object.__setattr__(made, "network", Oracle(made))
    made._modules.pop("network", None)
    torch.manual_seed(2)
    assert torch.allclose(made.sample((24, 30)), made.picture, atol=1e-3)
    assert torch.allclose(made.reconstruction(), made.picture, atol=1e-3)


@pytest.mark.parametrize("size", [(24, 30), (48, 60), (17, 91)])
@pytest.mark.parametrize("start", [0, 2])
def test_any_size_can_be_sampled_from_any_level(size, start):
    made = cascade().sample(size, start=start)
    assert made.shape == (1, 3, *size)
    assert 0 <= float(made.min()) <= float(made.max()) <= 1


def test_a_blank_one_takes_the_state():
    made = cascade()
    again = blank("sinddm", made.configuration())
    again.load_state_dict(made.state_dict())
    assert torch.equal(again.reconstruction(), made.reconstruction())
