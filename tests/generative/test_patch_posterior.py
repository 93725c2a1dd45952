"""The best denoiser that sees patches, against its definition."""

import math

import pytest
import torch
import torch.nn.functional as F

from oneself.generative import diffusion as d
from oneself.generative import posterior
from oneself.generative.posterior import PatchPosterior
from oneself.testing.pictures import picture


def expected(known: torch.Tensor, noisy: torch.Tensor, side: int, share: float) -> torch.Tensor:
    """The mean of the centres of patches, weighted by how likely each has become the noisy patch; inside alone."""
    rows = [F.unfold(x, side)[0].T for x in (known, noisy)]
    far = torch.cdist(rows[1].double(), math.sqrt(share) * rows[0].double()).square()
    weights = (-far / (2 * (1 - share))).softmax(1)
    centres = rows[0].reshape(len(rows[0]), known.shape[1], side, side)[..., side // 2, side // 2]
    made = weights @ centres.double()
    return made.T.reshape(1, known.shape[1], *(n - side + 1 for n in noisy.shape[2:])).float()


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
def test_it_is_the_mean_of_the_pictures_own_patches(share, monkeypatch):
    monkeypatch.setattr(posterior, "NEGLECTED", 1e-6)  # no component is left out
    torch.manual_seed(0)
    x = 2 * picture(16, 18) - 1
    alpha_bar = torch.tensor(share)
    noisy = d.noised(x, torch.randn_like(x), alpha_bar)
    made = PatchPosterior(x, 5)(noisy, alpha_bar)
    # patches that see no border are compared with those that see none
    wanted = expected(x, noisy, 5, share)
    torch.testing.assert_close(made[..., 2:-2, 2:-2], wanted, atol=2e-3, rtol=0)


def test_components_that_are_left_out_hardly_count():
    torch.manual_seed(0)
    x = 2 * picture(16, 18) - 1
    for share in (0.9, 0.3):
        alpha_bar = torch.tensor(share)
        noisy = d.noised(x, torch.randn_like(x), alpha_bar)
        off = PatchPosterior(x, 5)(noisy, alpha_bar)[..., 2:-2, 2:-2] - expected(x, noisy, 5, share)
        assert float(off.square().mean().sqrt()) < 0.06


def test_without_noise_it_is_the_picture_and_with_noise_alone_its_mean():
    x = 2 * picture(16, 18) - 1
    made = PatchPosterior(x, 5)
    torch.testing.assert_close(made(0.9999**0.5 * x, torch.tensor(0.9999)), x, atol=1e-3, rtol=0)
    torch.manual_seed(0)
    far = made(torch.randn_like(x), torch.tensor(1e-4))[..., 4:-4, 4:-4]
    inside = x[..., 2:-2, 2:-2].mean((2, 3), keepdim=True)
    assert float((far - inside).abs().max()) < 0.05


def test_a_border_is_told_from_the_inside():
    """Of a picture whose border alone is bright, the border of any size is bright, whatever the noise."""
    x = -torch.ones(1, 1, 16, 16)
    x[..., [0, -1], :] = x[..., [0, -1]] = 1
    made = PatchPosterior(x, 5)(torch.randn(2, 1, 20, 24), torch.tensor(0.01))
    assert made.shape == (2, 1, 20, 24)
    assert float(made[..., 0, :].min()) > 0.9
    assert float(made[..., 3:-3, 3:-3].max()) < -0.9
