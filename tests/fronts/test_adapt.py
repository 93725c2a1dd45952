"""``oneself.adapt``: array in, array out, and the adapted network for other pictures."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import oneself
from oneself.networks.pretrained import ARCHITECTURES
from oneself.tasks.adaptation import trained_range
from oneself.testing.networks import Smoother
from oneself.testing.pictures import noisy, picture

Y = noisy(picture(40, 32), 0.1)[0].movedim(0, -1).numpy()
QUICK = {"steps": 10, "validate_every": 5, "lr": 0.02, "caution": 0.0, "device": "cpu"}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_arrays_come_back_as_they_came(dtype):
    image = (Y.clip(0, 1) * 255).round().astype(dtype) if dtype == np.uint8 else Y.astype(dtype)
    sigma = 25.5 if dtype == np.uint8 else 0.1
    made = oneself.adapt(image, Smoother(), sigma=sigma, **QUICK)
    assert (made.shape, made.dtype) == (image.shape, image.dtype)
    assert not np.array_equal(made, oneself.adapt(image, Smoother(), steps=0))


def test_a_network_sees_the_range_it_was_trained_for():
    image = (Y.clip(0.2, 0.6) * 255).round().astype(np.uint8)
    made = oneself.adapt(image, torch.nn.Identity(), steps=0)
    assert np.array_equal(made, image)
    network = Smoother()
    with torch.no_grad():
        seen = network(torch.from_numpy(image[..., :1].astype(np.float32) / 255).movedim(-1, 0)[None])
    told = oneself.adapt(image[..., 0], network, steps=0)
    assert np.array_equal(told, (seen[0, 0].numpy() * 255).round().clip(0, 255).astype(np.uint8))


def test_ranges_that_are_known():
    assert trained_range(np.zeros((4, 4), np.uint8)) == (0, 255)
    assert trained_range(np.zeros((4, 4), np.uint16)) is None
    assert trained_range(Y + np.random.default_rng(0).normal(0, 0.3, Y.shape)) == (0, 1)
    assert trained_range(100 * Y) is None
    assert trained_range(0.01 * Y) is None


def test_the_adapted_network_denoises_other_pictures():
    result = oneself.adapt(Y, Smoother(), full=True, **QUICK)
    assert isinstance(result, oneself.Adapted)
    assert result.method == "gain_tuning"
    assert any("each of the 3 is worked on by itself" in note for note in result.notes)
    again = oneself.adapt(Y, result.network, steps=0)
    assert np.allclose(again, result.image, atol=1e-5)
    assert not any(p.requires_grad for p in result.network.parameters())


def test_a_denoiser_of_deepinv():
    from deepinv.models import DRUNet

    torch.manual_seed(0)
    network = DRUNet(in_channels=1, out_channels=1, nc=[4, 4, 8, 8], nb=1, pretrained=None).eval()
    result = oneself.adapt(Y[..., 0], network, sigma=0.1, full=True, **QUICK)
    with torch.no_grad():
        told = network(torch.from_numpy(Y[None, None, ..., 0]), 0.1)[0, 0].numpy()
    assert np.allclose(oneself.adapt(Y[..., 0], network, sigma=0.1, steps=0), told, atol=1e-6)
    assert result.network.state_dict().keys() == network.state_dict().keys()


def test_each_of_a_batch_is_adapted_alone():
    batch = torch.stack([noisy(picture(32, 32), 0.1, seed=k)[0] for k in (0, 1)])
    both = oneself.adapt(batch, Smoother(), what="last:1", loss="noise2void", full=True, **QUICK)
    for image, result in zip(batch, both, strict=True):
        alone = oneself.adapt(image[None], Smoother(), what="last:1", loss="noise2void", **QUICK)
        assert torch.equal(result.image, alone)
    assert torch.equal(oneself.adapt(batch, Smoother(), what="last:1", loss="noise2void", **QUICK),
                       torch.cat([result.image for result in both]))  # fmt: skip


def test_a_file_of_weights_of_the_architecture_that_was_asked_for(tmp_path):
    torch.manual_seed(0)
    network = ARCHITECTURES["unet"].build().eval()
    path = tmp_path / "w.safetensors"
    save_file(network.state_dict(), str(path))
    image = Y[..., 0]
    made = oneself.adapt(image, path, architecture="unet", steps=0)
    assert np.array_equal(made, oneself.adapt(image, network, steps=0))
    with pytest.raises(ValueError, match="these are weights of 'unet'"):
        oneself.adapt(image, str(path), architecture="dncnn-17")


@pytest.mark.parametrize(
    ("network", "more", "told"),
    [
        (3, {}, "give a torch module"),
        (Smoother(), {"architecture": "unet"}, "Leave it out"),
        (Smoother(), {"what": "gain"}, "unknown. Give one of"),
        (Smoother(), {"loss": "mse"}, "not a choice"),
        (Smoother(), {"sigma": -1}, "not a noise level"),
        (Smoother(), {"step": 3}, "Did you mean 'steps'"),
    ],
)
def test_what_is_wrong_is_said(network, more, told):
    with pytest.raises((TypeError, ValueError), match=told):
        oneself.adapt(Y, network, **more)
