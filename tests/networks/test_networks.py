"""Networks for any number of dimensions and any size, without running statistics."""

import pytest
import torch
from torch import Tensor, nn

from oneself.networks import PartialUNet, Residual, Skip, apply_in_tiles, plain
from oneself.networks.partial import PartialConvolution
from oneself.networks.skip import _Level

SIZES = [(3,), (17,), (64,), (4, 4), (13, 29), (16, 33), (5, 7, 11), (8, 4, 16)]


def skip(size: tuple[int, ...], skip: int = 2, levels: int = 4, smooth: bool = True) -> Skip:
    return Skip(len(size), 5, 3, size, [6] * levels, skip, smooth)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("across", [0, 2])
def test_the_hourglass_keeps_any_size(size: tuple[int, ...], across: int) -> None:
    made = skip(size, across)(torch.rand(1, 5, *size)).detach()
    assert made.shape == (1, 3, *size)
    assert 0 <= float(made.min()) < float(made.max()) <= 1


@pytest.mark.parametrize("size", SIZES)
def test_partial_unet_keeps_any_size(size: tuple[int, ...]) -> None:
    network = PartialUNet(len(size), 3, size, width=6, levels=4, dropout=0.3)
    made = network(torch.rand(2, 3, *size), torch.ones(2, 3, *size)).detach()
    assert made.shape == (2, 3, *size)
    assert 0 <= float(made.min()) < float(made.max()) <= 1


@pytest.mark.parametrize(("size", "depth"), [((4, 64), 1), ((8, 64), 2), ((15, 64), 2), ((16, 64), 3), ((64, 64), 4)])
def test_small_inputs_get_fewer_levels(size: tuple[int, ...], depth: int) -> None:
    network, sizes = skip(size), []
    assert sum(isinstance(module, _Level) for module in network.modules()) == depth
    for module in network.modules():
        module.register_forward_hook(lambda m, given, made: sizes.append(min(made.shape[2:])))
    network(torch.rand(1, 5, *size))
    assert min(sizes) >= 2


@pytest.mark.parametrize("size", [(2,), (1, 2), (1, 1, 1)])
def test_nothing_to_halve_is_refused(size: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"Skip\(size=.*nothing is left to halve\. Give at least 3"):
        skip(size)
    assert skip((1, 3))(torch.rand(1, 5, 1, 3)).shape == (1, 3, 1, 3)


def test_the_hourglass_interpolates_as_asked() -> None:
    z, network = torch.rand(1, 5, 16, 16), skip((16, 16))
    smooth = network(z)
    for module in network.modules():
        if isinstance(module, _Level):
            module.smooth = False
    assert not torch.allclose(network(z), smooth)
    assert not any(level.smooth for level in skip((16, 16), smooth=False).modules() if isinstance(level, _Level))


@pytest.mark.parametrize("network", [skip((12, 12)), PartialUNet(2, 3, (12, 12), width=6, levels=2, dropout=0.5)])
def test_looking_changes_nothing_and_there_is_no_mode_to_forget(network: nn.Module) -> None:
    given = (torch.rand(1, 5, 12, 12),) if isinstance(network, Skip) else (torch.rand(1, 3, 12, 12),) * 2
    before = {name: value.clone() for name, value in network.state_dict().items()}
    torch.manual_seed(0)
    made = network(*given)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any("running" in name for name, _ in network.named_buffers())
    torch.manual_seed(0)
    assert torch.equal(network(*given), made)


def test_dropout_is_always_on_while_nothing_is_dropped_at_zero() -> None:
    x = torch.rand(1, 3, 12, 12), torch.ones(1, 3, 12, 12)
    for dropout, alike in ((0.3, False), (0.0, True)):
        network = PartialUNet(2, 3, (12, 12), width=6, levels=2, dropout=dropout)
        assert torch.equal(network(*x), network(*x)) == alike


def test_partial_convolution_by_hand() -> None:
    layer = PartialConvolution(1, 1, 1)
    with torch.no_grad():
        layer.convolution.convolution.weight.copy_(torch.tensor([[[1.0, 2.0, 3.0]]]))
        layer.bias.fill_(10)
    x = torch.tensor([[[5.0, 7.0, 11.0, 13.0, 17.0, 19.0]]])
    mask = torch.tensor([[[1.0, 1.0, 0.0, 0.0, 0.0, 1.0]]])
    made, seen = layer(x, mask)
    # windows (-, 5, 7), (5, 7, ?), (7, ?, ?), (?, ?, ?), (?, ?, 19), (?, 19, -): n / sum is 3/2, 3/2, 3, 0, 3, 3
    expected = [1.5 * 31 + 10, 1.5 * 19 + 10, 3 * 7 + 10, 0, 3 * 57 + 10, 3 * 38 + 10]
    assert made.flatten().tolist() == pytest.approx(expected)
    assert seen.flatten().tolist() == [1, 1, 1, 0, 1, 1]


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_partial_convolution_counts_over_all_channels(dims: int) -> None:
    torch.manual_seed(0)
    layer, shape = PartialConvolution(dims, 2, 3), (1, 2, *[5] * dims)
    x, mask = torch.rand(shape), (torch.rand(shape) > 0.5).float()
    made, seen = layer(x, mask)
    assert seen.shape == (1, 1, *[5] * dims)
    middle = (..., *[slice(1, 4)] * dims)
    window, shown = x[middle] * mask[middle], mask[middle].sum()
    weight = layer.convolution.convolution.weight
    expected = (weight * window).flatten(1).sum(1) * (2 * 3**dims) / shown
    assert torch.allclose(made[(0, slice(None), *[2] * dims)], expected, atol=1e-5)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_hidden_elements_never_reach_the_network(dims: int) -> None:
    torch.manual_seed(0)
    size = (13, 11, 9)[:dims]
    x = torch.rand(1, 2, *size, requires_grad=True)
    mask = (torch.rand(1, 2, *size) > 0.4).float()
    network = PartialUNet(dims, 2, size, width=6, levels=2, dropout=0.0)
    network(x, mask).square().sum().backward()
    assert bool((x.grad[mask == 0] == 0).all())
    assert float((x.grad[mask == 1] != 0).float().mean()) > 0.9
    with torch.no_grad():
        other = torch.where(mask == 0, 9.0, x)
        assert torch.equal(network(other, mask), network(x, mask))


def test_plain_networks_have_the_layers_asked_for() -> None:
    network = plain(2, 3, width=7, layers=4, last_kernel=1, slope=0.2, bias=False)
    kernels = [tuple(p.shape) for p in network.parameters()]
    assert kernels == [(7, 3, 3, 3), (7, 7, 3, 3), (7, 7, 3, 3), (3, 7, 1, 1)]
    slopes = [module.negative_slope for module in network if isinstance(module, nn.LeakyReLU)]
    assert slopes == [0.2] * 3
    assert plain(2, 3, width=7, layers=4, border="valid")(torch.rand(1, 3, 12, 20)).shape == (1, 3, 4, 12)
    assert plain(3, 2, width=4, layers=1)(torch.rand(1, 2, 3, 5, 7)).shape == (1, 2, 3, 5, 7)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_residual(sign: float) -> None:
    x = torch.rand(1, 1, 4)
    assert torch.allclose(Residual(nn.Softplus(), sign)(x), x + sign * nn.functional.softplus(x))


@pytest.mark.parametrize("border", ["reflect", "zeros"])
@pytest.mark.parametrize(
    ("size", "tile"), [((37,), 8), ((37, 23), 10), ((37, 23), 30), ((37, 6), 7), ((9, 11, 13), 5), ((16, 16), 4)]
)
def test_tiles_leave_no_seams(border: str, size: tuple[int, ...], tile: int) -> None:
    torch.manual_seed(0)
    x = torch.rand(2, 3, *size, dtype=torch.float64)
    network = plain(len(size), 3, width=4, layers=3, border=border).double()
    shapes: list[tuple[int, ...]] = []

    def noted(part: Tensor) -> Tensor:
        shapes.append(part.shape[2:])
        made: Tensor = network(part)
        return made

    with torch.no_grad():
        tiled = apply_in_tiles(noted, x, reach=3, tile=tile)
        assert torch.allclose(tiled, network(x), atol=1e-12)
        assert max(max(shape) for shape in shapes) <= tile + 6
        seamed = apply_in_tiles(network, x, reach=2, tile=tile)
        assert not torch.allclose(seamed, network(x), atol=1e-12)  # a reach too short is seen


def test_what_fits_a_tile_is_not_cut() -> None:
    shapes = []
    apply_in_tiles(lambda part: shapes.append(part.shape) or part, torch.rand(1, 1, 8, 7), reach=3, tile=8)
    assert shapes == [(1, 1, 8, 7)]
