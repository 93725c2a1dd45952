"""MZSR and MLSR: some steps on the picture's own smaller copy, from a given start."""

import numpy as np
import pytest
import torch
from torch import nn

from oneself.core import Run
from oneself.networks.pretrained import ARCHITECTURES, MZSRNet, load_weights
from oneself.operators import Downsample, displacement, enlarge
from oneself.operators.kernels import gaussian_kernel
from oneself.recipes.adaptation.gain_tuning import gain_tuning
from oneself.recipes.adaptation.mlsr import mlsr
from oneself.recipes.adaptation.mzsr import mzsr
from oneself.testing.pictures import picture

SR = Downsample(2, gaussian_kernel(5, 1.0))
X = picture(40, 36)
Y = SR.A(X)
SHIFT = displacement(SR.A, Y, (2, 2))


def small() -> MZSRNet:
    torch.manual_seed(0)
    return MZSRNet(width=4, depth=3)


@pytest.mark.parametrize("method", [mzsr, mlsr])
def test_no_steps_give_the_networks_own_answer_to_the_last_bit(method):
    network = small()
    image = Run(method, Y, SR, weights=network, steps=0, device="cpu").finish().image
    with torch.no_grad():
        assert torch.equal(image, network(enlarge(Y, X.shape[2:], SHIFT)))


@pytest.mark.parametrize(("method", "power", "rates"), [(mzsr, 1, (0.3, 0.15)), (mlsr, 2, (0.3, 0.3))])
def test_two_steps_are_two_steps_of_gradient_descent_on_the_smaller_copy(method, power, rates):
    network = small()
    image = Run(method, Y, SR, weights=network, steps=2, lr=0.3, device="cpu").finish().image
    son = enlarge(SR.A(Y), Y.shape[2:], SHIFT)
    for lr in rates:
        grads = torch.autograd.grad((network(son) - Y).abs().pow(power).mean(), list(network.parameters()))
        with torch.no_grad():
            for value, grad in zip(network.parameters(), grads, strict=True):
                value -= lr * grad
    with torch.no_grad():
        assert torch.allclose(image, network(enlarge(Y, X.shape[2:], SHIFT)), atol=1e-6)


def test_a_file_with_the_axes_of_tensorflow_is_read(tmp_path):
    network = ARCHITECTURES["mzsr"].build()
    state = {
        f"conv{i + 1}.{'kernel' if name == 'weight' else name}": value.detach().numpy().transpose(2, 3, 1, 0)
        if value.ndim == 4
        else value.detach().numpy()
        for i, layer in enumerate(network.convolutions)
        for name, value in layer.named_parameters()
    }
    np.savez(tmp_path / "start.npz", **state)
    read = load_weights(tmp_path / "start.npz")
    x = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        assert torch.equal(read.network(x), network(x))
    with pytest.raises(ValueError, match=r"weights of a super-resolver \(mzsr\), a denoiser is needed"):
        next(Run(gain_tuning, X, weights=tmp_path / "start.npz", device="cpu"))


def test_what_does_not_fit_is_refused_before_a_step():
    with pytest.raises(ValueError, match="keeps the size"):
        next(Run(mzsr, Y, SR, weights=nn.Upsample(scale_factor=2), device="cpu"))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_packages_own_start_is_adapted_to_a_blur(channels):
    """On a photograph that it never saw: above cubic interpolation before any step, and higher after ten."""
    from skimage.data import astronaut

    pixels = np.ascontiguousarray(astronaut()[10:90, 180:260].transpose(2, 0, 1)[:channels]) / np.float32(255)
    x = torch.from_numpy(pixels)[None]
    operator = Downsample(2, gaussian_kernel(15, 1.5))
    y = operator.A(x)
    cubic = enlarge(y, x.shape[2:], displacement(operator.A, y, (2, 2)))
    before, after = (Run(mzsr, y, operator, steps=n, device="cpu").finish().image for n in (0, 10))
    errors = [float((image - x)[..., 2:-2, 2:-2].square().mean()) for image in (cubic, before, after)]
    assert errors[2] < 0.9 * min(errors[:2])


def test_a_method_without_a_start_of_its_own_asks_for_one():
    with pytest.raises(ValueError, match=r"mlsr\(weights=None\): there is no network"):
        next(Run(mlsr, Y, SR, device="cpu"))
