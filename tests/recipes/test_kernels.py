"""Finding a kernel: nearer to the true one than what would be assumed, of sum one, in its place."""

import pytest
import torch
from skimage import data
from torch.nn.functional import conv2d

from oneself.core import Run
from oneself.networks import DeepBlur
from oneself.physics import Downsample
from oneself.physics.kernels import centre_of_mass, cubic_kernel, gaussian_kernel
from oneself.recipes.kernel_spectra import kernel_spectra
from oneself.recipes.kernelgan import kernelgan

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
    options = {"first": "cubic", "width": 16, "layers": 3, "average": 0.9, "critic_rate": 3e-3, "rate": 5e-4}
    kernel = found(kernelgan, y, steps=150, **options)
    assert float((kernel - truth).norm()) < 0.9 * float((cubic_kernel(2, 13) - truth).norm())


def test_the_adversary_stays_near_what_it_begins_with():
    truth = gaussian_kernel(13, (2.4, 1.0), 0.6, (-0.5, -0.5))
    y = blurred(truth)
    options = {"width": 16, "layers": 3, "average": 0.9, "rate": 1e-3, "warmup": 0.4, "steps": 150}
    assert float((found(kernelgan, y, **options) - truth).norm()) < 0.6 * float((cubic_kernel(2, 13) - truth).norm())


def test_every_term_of_the_game_is_a_scalar():
    run = Run(kernelgan, blurred(gaussian_kernel(13, 1.5))[..., :48, :48], device="cpu", **{**SHORT, "steps": 2})
    game = [step for step in run if "critic" in step.terms]
    names = {"deceit", "first", "sum", "border", "sparsity", "centre", "critic"}
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
