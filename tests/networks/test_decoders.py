"""The decoders: sizes, the few weights of the one, and frames along a curve of the other."""

import math

import pytest
import torch

from oneself.core import Identity
from oneself.networks import Decoder, FrameDecoder, helix
from oneself.recipes.prior.deep_decoder import deep_decoder


@pytest.mark.parametrize(
    ("size", "levels", "sizes"),
    [
        ((64,), 2, [(16,), (32,), (64,)]),
        ((13, 20), 8, [(4, 5), (7, 10), (13, 20)]),
        ((12, 14), 3, [(3, 4), (6, 7), (12, 14)]),
        ((1, 24), 3, [(1, 3), (1, 6), (1, 12), (1, 24)]),
        ((5, 64), 3, [(5, 64)]),
        ((9, 8, 32), 1, [(5, 4, 16), (9, 8, 32)]),
    ],
)
def test_sizes_halve_until_nothing_much_is_left(size, levels, sizes):
    assert Decoder.sizes_to(size, levels) == sizes


def test_one_element_is_refused():
    with pytest.raises(ValueError, match=r"Decoder\(size=\(1, 1\)\): nothing to enlarge\. Give at least 2"):
        Decoder.sizes_to((1, 1), 3)


@pytest.mark.parametrize("size", [(24,), (13, 20), (8, 9, 10)])
def test_the_decoder_makes_the_image_from_a_smaller_code(size):
    sizes = Decoder.sizes_to(size, 2)
    made = Decoder(len(size), 6, 3, sizes[1:])(torch.rand(1, 6, *sizes[0])).detach()
    assert made.shape == (1, 3, *size)
    assert 0 <= float(made.min()) < float(made.max()) <= 1


def test_by_default_it_has_fewer_weights_than_the_picture_has_elements():
    y = torch.rand(1, 3, 128, 128)
    stage = deep_decoder(y, Identity(), **deep_decoder.resolve_options({}))
    weights = sum(parameter.numel() for parameter in stage.structure.parameters())
    assert 5 * 64**2 < weights < y.numel() / 2
    assert stage.input.z.shape == (1, 64, 8, 8)
    assert not any(module.kernel_size != (1, 1) for module in stage.modules() if isinstance(module, torch.nn.Conv2d))


def test_the_helix_comes_back_once_a_turn_and_goes_on():
    codes = helix(13, 3.0)  # frames 0, 4, 8 and 12 are of one phase
    assert codes.shape == (13, 3)
    torch.testing.assert_close(codes[:, :2].norm(dim=1), torch.ones(13))
    for frame in (4, 8, 12):
        torch.testing.assert_close(codes[frame], torch.tensor([1.0, 0.0, frame / 12]), atol=1e-5, rtol=0)
    torch.testing.assert_close(codes[1, :2], torch.tensor([math.cos(math.pi / 2), 1.0]), atol=1e-5, rtol=0)
    assert helix(1, 3.0).tolist() == [[1.0, 0.0, 0.0]]


@pytest.mark.parametrize(("size", "levels"), [((16, 16), 2), ((12, 15), 8), ((3, 4), 2)])
def test_frames_are_decoded_one_by_one_from_their_codes(size, levels):
    torch.manual_seed(0)
    network = FrameDecoder(3, 6, 2, size, levels, hidden=8)
    codes = helix(5, 2.0)
    made = network(codes).detach()
    assert made.shape == (1, 2, 5, *size)
    assert float(made.std(dim=2).mean()) > 1e-4  # other codes, other frames
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(network(codes[order]).detach(), made[:, :, order], atol=1e-5, rtol=1e-4)
