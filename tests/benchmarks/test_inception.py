"""SIFID against torchvision's own network, and against closed forms of the Fréchet distance."""

import importlib.util
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import inception_v3

PLACE = Path(__file__).parents[2] / "benchmarks" / "inception.py"
spec = importlib.util.spec_from_file_location("inception", PLACE)
inception = importlib.util.module_from_spec(spec)
spec.loader.exec_module(inception)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = inception_v3(weights=None, init_weights=False, transform_input=False, aux_logits=False).eval()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 2)
    return made


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_features_are_those_of_the_network(network, tmp_path, ending):
    path = tmp_path / f"weights{ending}"
    (torch.save if ending == ".pth" else save_file)(network.state_dict(), path)
    x = torch.rand(1, 3, 64, 80)
    with torch.no_grad():
        expected = network.maxpool1(network.Conv2d_2b_3x3(network.Conv2d_2a_3x3(network.Conv2d_1a_3x3(2 * x - 1))))
    found = inception.features(x, inception.read_weights(path))
    assert found.shape[0] == 64
    assert torch.allclose(found, expected[0].flatten(1), atol=1e-5)


def test_the_distance_of_gaussians():
    torch.manual_seed(1)
    x = torch.randn(5, 400, dtype=torch.float64)
    centred = x - x.mean(1, keepdim=True)
    values, vectors = torch.linalg.eigh(torch.cov(centred))
    white = vectors.T @ centred / values.sqrt()[:, None]
    a, b = torch.tensor([1.0, 2, 3, 4, 5]).double(), torch.tensor([2.0, 2, 1, 9, 0.5]).double()
    shift = torch.tensor([0.3, 0, -1, 0, 2]).double()
    found = inception.frechet(a[:, None] * white, b[:, None] * white + shift[:, None])
    assert found == pytest.approx(float((a - b).square().sum() + shift.square().sum()), rel=1e-9)
    assert inception.frechet(x, x) == pytest.approx(0, abs=1e-9)


def test_the_distance_of_covariances_that_do_not_commute():
    torch.manual_seed(2)
    x, y = torch.randn(3, 50).double(), (torch.randn(3, 3) @ torch.randn(3, 60)).double()
    product = torch.cov(x) @ torch.cov(y)
    shared = torch.linalg.eigvals(product).real.sqrt().sum()
    expected = (x.mean(1) - y.mean(1)).square().sum() + torch.cov(x).trace() + torch.cov(y).trace() - 2 * shared
    assert inception.frechet(x, y) == pytest.approx(float(expected), rel=1e-9)


def test_other_weights_are_refused(tmp_path):
    torch.save({"conv.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="no Conv2d_1a_3x3"):
        inception.read_weights(tmp_path / "other.pth")
