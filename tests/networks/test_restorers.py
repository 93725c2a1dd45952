"""Weights of common restoration networks, told by spandrel."""

import sys

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from oneself import Run
from oneself.networks.pretrained import load_weights
from oneself.networks.pretrained.restorers import Padded
from oneself.testing.pictures import noisy, picture

spandrel = pytest.importorskip("spandrel")


@pytest.fixture
def nafnet(tmp_path):
    from spandrel.architectures.NAFNet import NAFNet

    torch.manual_seed(0)
    network = NAFNet(img_channel=3, width=4, middle_blk_num=1, enc_blk_nums=[1], dec_blk_nums=[1])
    with torch.no_grad():
        for p in network.parameters():
            p.add_(0.05 * torch.randn_like(p))
    save_file(network.state_dict(), str(tmp_path / "nafnet.safetensors"))
    return tmp_path / "nafnet.safetensors", network.eval()


def test_it_is_the_network_that_was_saved(nafnet):
    path, network = nafnet
    loaded = load_weights(path, kind="denoiser")
    x = picture(24, 20)
    with torch.no_grad():
        assert torch.allclose(loaded.network(x), network(x), atol=1e-6)
    assert (loaded.architecture.name, loaded.architecture.channels) == ("spandrel: NAFNet", 3)


@pytest.mark.filterwarnings("ignore:'saved_variables' is deprecated")  # in spandrel's own backward pass
def test_methods_take_it(nafnet):
    path, _ = nafnet
    y = noisy(picture(24, 20), 0.1)
    options = {"weights": path, "sigma": 0.1, "what": "last:1", "device": "cpu"}
    as_it_came = Run("fine_tuning", y, steps=0, **options).finish().image
    assert torch.equal(as_it_came, Run("fine_tuning", y, steps=0, **options).finish().image)
    run = Run("fine_tuning", y, steps=4, validate_every=2, lr=0.02, caution=0.0, **options)
    assert run.finish().image.shape == y.shape


def test_pictures_of_any_size_are_continued_to_one_that_it_takes():
    sizes = []

    class Seen(nn.Module):
        def forward(self, x):
            sizes.append(tuple(x.shape[2:]))
            return 2 * x

    network, x = Padded(Seen(), 16, 8), torch.rand(1, 3, 13, 21)
    assert torch.equal(network(x), 2 * x)
    assert torch.equal(network(x[..., :8, :8].repeat(1, 1, 3, 2)), 2 * x[..., :8, :8].repeat(1, 1, 3, 2))
    assert sizes == [(16, 24), (24, 16)]


def test_what_enlarges_is_refused(tmp_path):
    from spandrel.architectures.Compact import Compact

    torch.manual_seed(0)
    network = Compact(num_in_ch=3, num_out_ch=3, num_feat=4, num_conv=1, upscale=2)
    save_file(network.state_dict(), str(tmp_path / "sr.safetensors"))
    with pytest.raises(ValueError, match=r"scale 2, 3 channels to 3\) that is no denoiser"):
        load_weights(tmp_path / "sr.safetensors")


def test_what_nobody_knows_is_refused_and_a_missing_spandrel_named(tmp_path, monkeypatch):
    save_file({"weight": torch.rand(3, 3)}, str(tmp_path / "own.safetensors"))
    with pytest.raises(ValueError, match="none of the architectures that are known") as refusal:
        load_weights(tmp_path / "own.safetensors")
    assert "spandrel" not in str(refusal.value)
    monkeypatch.setitem(sys.modules, "spandrel", None)
    with pytest.raises(ValueError, match=r"not installed: pip install 'oneself\[restorers\]'"):
        load_weights(tmp_path / "own.safetensors")
