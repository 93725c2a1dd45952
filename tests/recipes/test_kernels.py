"""Finding a kernel: nearer to the true one than what would be assumed, of sum one, in its place."""

import itertools
import math

import pytest
import torch
from skimage import data
from torch.nn.functional import conv2d

from oneself.core import Run
from oneself.inputs import DetailedCrops
from oneself.networks import DeepBlur
from oneself.operators import Downsample
from oneself.operators.kernels import centre_of_mass, cubic_kernel, gaussian_kernel
from oneself.recipes.blind.blurs import FreeBlur, placed
from oneself.recipes.blind.kernel_spectra import kernel_spectra
from oneself.recipes.blind.kernelgan import kernelgan

KERNELS = {"round": (1.8, 0.0), "long": ((2.4, 1.0), 0.6), "along": ((1.0, 2.4), 0.0)}
SHORT = {"steps": 60, "width": 8, "layers": 3, "average": 0.9}


def blurred(kernel, scale=2, picture="astronaut"):
    rows = torch.from_numpy(getattr(data, picture)()[:256, 100:356].copy())
    x = rows.permute(2, 0, 1)[None] / 255 if rows.ndim == 3 else rows[None, None] / 255
    return Downsample(scale, kernel).A(x)


def found(method, y, **options):
    return Run(method, y, device="cpu", **options).finish().image[0, 0]


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("picture", ["astronaut", "chelsea", "camera"])
def test_spectra_are_nearer_than_assuming(name, picture):
    truth = gaussian_kernel(13, *KERNELS[name], (-0.5, -0.5))
    kernel = found(kernel_spectra, blurred(truth, picture=picture))
    point = torch.zeros_like(truth)
    point[6, 6] = 1
    gap = float((kernel - truth).norm())
    assert gap < 0.3 * float((cubic_kernel(2, 13) - truth).norm())
    assert gap < 0.3 * float((point - truth).norm())
    assert float((kernel * truth).sum() / kernel.norm() / truth.norm()) > 0.95
    assert float(kernel.sum()) == pytest.approx(1, abs=1e-4)
    assert centre_of_mass(kernel) == pytest.approx((-0.5, -0.5), abs=0.02)


def test_the_long_axis_is_found():
    truth = gaussian_kernel(13, (1.0, 2.4), 0.0, (-0.5, -0.5))
    kernel = found(kernel_spectra, blurred(truth, picture="camera"))
    assert float((kernel - truth).norm()) < 0.6 * float((kernel - truth.T).norm())


def test_a_wider_blur_is_found_wider():
    peaks = [
        float(found(kernel_spectra, blurred(gaussian_kernel(13, width, 0.0, (-0.5, -0.5)))).max())
        for width in (0.9, 1.3, 1.8)
    ]
    assert peaks == sorted(peaks, reverse=True)


@pytest.mark.parametrize(("scale", "side"), [(3, 13), (4, 37)])
def test_other_factors(scale, side):
    truth = gaussian_kernel(side, 0.9 * scale, 0.0, [-(scale - 1) / 2] * 2)
    kernel = found(kernel_spectra, blurred(truth, scale), scale=scale)
    assert kernel.shape == (side, side)
    assert centre_of_mass(kernel) == pytest.approx([-(scale - 1) / 2] * 2, abs=0.03)
    assert float((kernel - truth).norm()) < 0.5 * float((cubic_kernel(scale, side) - truth).norm())


def test_the_adversary_leads_away_from_cubic():
    truth = gaussian_kernel(13, 1.8, 0.0, (-0.5, -0.5))
    y = blurred(truth)[..., :96, :96]
    options = {
        "initial_kernel": "cubic",
        "width": 16,
        "layers": 3,
        "average": 0.9,
        "discriminator_lr": 3e-3,
        "lr": 5e-4,
    }
    kernel = found(kernelgan, y, steps=150, **options)
    assert float((kernel - truth).norm()) < 0.9 * float((cubic_kernel(2, 13) - truth).norm())


def test_the_adversary_stays_near_what_it_begins_with():
    truth = gaussian_kernel(13, (2.4, 1.0), 0.6, (-0.5, -0.5))
    y = blurred(truth)
    options = {"width": 16, "layers": 3, "average": 0.9, "lr": 1e-3, "warmup": 0.4, "steps": 150}
    assert float((found(kernelgan, y, **options) - truth).norm()) < 0.6 * float((cubic_kernel(2, 13) - truth).norm())


def test_every_term_of_the_game_is_a_scalar():
    run = Run(kernelgan, blurred(gaussian_kernel(13, 1.5))[..., :48, :48], device="cpu", **{**SHORT, "steps": 2})
    game = [step for step in run if "discriminator" in step.terms]
    names = {"generator", "first", "sum", "border", "sparsity", "centre", "discriminator"}
    assert set(game[0].terms) == names
    assert all(value.shape == () for value in game[0].terms.values())


def test_the_deep_blur_is_its_layers_one_after_another():
    torch.manual_seed(0)
    blur, x = DeepBlur(4, (5, 3, 1)), torch.rand(1, 1, 20, 20)
    kernel = blur()
    assert kernel.shape == (1, 1, 7, 7)
    assert torch.allclose(blur.layers(x), conv2d(x, kernel.flip(2, 3)), atol=1e-5)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"too small to be compared with its own smaller copy"):
        found(kernel_spectra, torch.rand(1, 1, 15, 40))
    with pytest.raises(ValueError, match=r"kernelgan\(y.shape.*too small"):
        found(kernelgan, torch.rand(1, 1, 20, 40))
    with pytest.raises(ValueError, match="what it looks for is the operator"):
        Run(kernel_spectra, torch.rand(1, 1, 40, 40), Downsample(2, gaussian_kernel(3, 1.0)), device="cpu")


def test_a_kernel_is_placed_without_its_dust():
    """The one at its place already, but for what is below a twentieth of its peak."""
    kernel = torch.zeros(5, 5)
    kernel[1:3, 1:3] = 1
    expected = kernel / 4
    kernel[4, 4] = 0.04
    assert torch.allclose(placed(kernel, 2, threshold=0.05), expected[None, None])
    assert float((placed(kernel, 2) - expected).abs().max()) > 0.001


@torch.no_grad()
def test_a_free_blur_is_its_own_half_turn():
    torch.manual_seed(0)
    kernel = FreeBlur(7)()
    assert torch.equal(kernel, kernel.flip(2, 3))
    assert float(kernel.sum()) == pytest.approx(1)
    assert not torch.allclose(kernel, kernel.mT, atol=1e-4)


class Mean(torch.nn.Module):
    def forward(self, x):
        return 2 * x.mean(1, keepdim=True)


@pytest.fixture
def game():
    """The stage of a picture in two channels, its discriminator replaced by twice the mean, without noise."""
    torch.manual_seed(0)
    options = {
        "initial_kernel": "cubic",
        "discriminator_noise": 0.0,
        "crop": 32,
        "sparsity_weight": 0.3,
        "border_weight": 0.7,
        "average": 0.99,
    }
    y = torch.rand(1, 2, 48, 40)
    made = next(kernelgan(y, None, **kernelgan.resolve_options({**SHORT, **options})))
    made.discriminator = Mean()
    return made


@torch.no_grad()
def test_the_terms_of_the_kernel_are_those_that_are_written(game):
    example, k = game._draw(), game.blur()[0, 0].double()
    game.early.fill_(0.25)
    found = {name: float(value) for name, value in game._generator_loss(example).items()}
    far = [[math.exp(max(abs(i - 5.5), abs(j - 5.5)) - 6) for j in range(13)] for i in range(13)]
    steps = torch.arange(13.0, dtype=torch.float64) - 6
    shrunk = torch.stack([conv2d(c[None, None].double(), k.flip(0, 1)[None, None])[0, 0, ::2, ::2]
                          for c in example.input[0].flatten(0, 1)])  # fmt: skip
    judged = 2 * shrunk.unflatten(0, (-1, 2)).mean(1)
    expected = {
        "generator": (judged - 1).abs().mean(),
        "first": 100 * 0.25 * (k - game.first[0, 0]).abs().mean(),
        "sum": (k.sum() - 1).abs(),
        "border": 0.7 * (k.abs() * torch.tensor(far)).sum(),
        "sparsity": 0.3 * 0.75 * ((k.abs() + 1e-4) ** 0.2).mean(),
        "centre": 0.75 * ((((k.sum(1) @ steps) + 0.5) ** 2 + ((k.sum(0) @ steps) + 0.5) ** 2) / 2),
    }
    assert found == pytest.approx({name: float(value) for name, value in expected.items()}, rel=1e-3)
    discriminator = float(game._discriminator_loss(example)["discriminator"])
    real = 2 * example.target.mean(1)
    assert discriminator == pytest.approx(float(((real - 1).abs().mean() + judged.abs().mean()) / 2), rel=1e-3)
    assert example.target.shape[2:] == shrunk.shape[1:]


@torch.no_grad()
def test_the_first_kernel_fades_and_the_average_begins_fast(game):
    assert game._follow(0.1) == 1
    assert float(game.early) == 1
    assert game._follow(0.3) == pytest.approx(0.1)
    assert float(game.early) == pytest.approx(1e-4)
    mean, kernel = game.first.clone(), game.blur()
    for weight in (9 / 10, 9 / 11, 9 / 12):
        game.after_step()
        mean = mean + weight * (kernel - mean)
        assert torch.allclose(game.mean, mean, atol=1e-6)
    game.count.fill_(10_000)
    game.after_step()
    assert torch.allclose(game.mean, mean + 0.01 * (kernel - mean), atol=1e-6)


def test_detailed_crops_are_drawn_by_their_slopes():
    y = torch.rand(1, 2, 9, 7)
    crops = DetailedCrops(y, 4, 500)
    expected = []
    for row, column in itertools.product(range(6), range(4)):
        steep = 0.0
        for i, j in itertools.product(range(row, row + 4), range(column, column + 4)):
            steep += float((y[0, :, i + 1, j] - y[0, :, i, j]).abs().sum()) if i < 8 else 0.0
            steep += float((y[0, :, i, j + 1] - y[0, :, i, j]).abs().sum()) if j < 6 else 0.0
        expected.append(steep / 16)
    expected = torch.tensor(expected)
    assert torch.allclose(crops.chances, expected + 0.1 * expected.mean(), rtol=1e-4)
    seen = {tuple(crop[:, 0, 0].tolist()) for crop in crops()}
    assert seen == {tuple(y[0, :, row, column].tolist()) for row, column in itertools.product(range(6), range(4))}
