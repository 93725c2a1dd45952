"""Files of weights: what is read, and what is refused and how."""

import argparse
import re
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from oneself.networks import SplitDenoiser
from oneself.networks.pretrained import ARCHITECTURES, KNOWN, drawn_denoiser, load_weights
from oneself.networks.pretrained import files as reading

FIRST = {"dncnn-20": 20, "dncnn-20-bias-free": 20}


def of_bias_free(network, depth=20):
    """The tensors of a network under the names of the bias-free repository."""
    names = {
        "convolutions.0": "first_layer",
        f"convolutions.{depth - 1}": "last_layer",
        **{f"convolutions.{k}": f"hidden_layer_list.{k - 1}" for k in range(1, depth - 1)},
        **{f"norms.{k}": f"bn_layer_list.{k}" for k in range(depth - 2)},
    }
    return {
        f"{names[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": x for name, x in network.state_dict().items()
    }


def of_ffdnet(network):
    inside = "module.intermediate_dncnn.itermediate_dncnn."
    places = {"convolutions.0": 0, "convolutions.11": 32}
    places |= {f"convolutions.{k}": 3 * k - 1 for k in range(1, 11)} | {f"norms.{k}": 3 * k + 3 for k in range(10)}
    return {
        f"{inside}{places[n.rpartition('.')[0]]}.{n.rpartition('.')[2]}": x for n, x in network.state_dict().items()
    }


def of_chain(network):
    return {f"model.{2 * int(name.split('.')[1])}.{name.split('.')[2]}": x for name, x in network.state_dict().items()}


def renamed(*pairs):
    """The tensors of a network under other names, by pairs of a pattern and what stands in its place."""

    def under(network):
        state = network.state_dict()
        for pattern, place in pairs:
            state = {re.sub(pattern, place, name): x for name, x in state.items()}
        return state

    return under


def of_dcgan(network):
    """One row of layers, in which a block's three have numbers of their own."""
    place = {"convolution": 0, "norm": 1}
    parts = {name: name.split(".") for name in network.state_dict()}
    return {
        f"main.{3 * int(block) + place[layer]}.{last}": network.state_dict()[name]
        for name, (_, block, layer, last) in parts.items()
    }


PUBLIC = {
    "bf-cnn": renamed(
        (r"^convolutions", "module.conv_layers"),
        (r"^norms\.(\d+)\.weight", r"module.BN_layers.\1.gammas"),
        (r"^norms\.(\d+)\.deviation", r"module.BN_layers.\1.running_sd"),
    ),
    "digit-diffusion": renamed((r"^times\.", "time_proj_"), (r"^classes\.", "class_proj_")),
    "dcgan-64": of_dcgan,
    "dcgan-28": renamed((r"blocks\.(\d)\.convolution", r"gen.\1.0"), (r"blocks\.(\d)\.norm", r"gen.\1.1")),
    "vae-28": renamed((r"blocks\.0\.linear", "fc3"), (r"blocks\.1\.linear", "fc4")),
    "digits-8": lambda network: network.state_dict(),
    "digits-8-diffusion": lambda network: network.state_dict(),
    "dense-28": renamed(*((rf"blocks\.{k}\.linear", f"{2 * k}") for k in range(3))),
    "dense-28-discriminator": renamed(*((rf"blocks\.{k}\.linear", f"{2 * k}") for k in range(3))),
    "dncnn-17": of_chain,
    "dncnn-20": of_bias_free,
    "dncnn-20-bias-free": of_bias_free,
    "unet": lambda network: network.state_dict(),
    "unet-bias-free": lambda network: network.state_dict(),
    "ffdnet-colour": of_ffdnet,
    "split-colour": lambda network: network.state_dict(),
    "split-gray": lambda network: network.state_dict(),
    "mzsr": lambda network: network.state_dict(),
}


def random_network(name, seed=0):
    torch.manual_seed(seed)
    return ARCHITECTURES[name].build().eval()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_public_file_is_read_whoever_named_its_tensors(name, tmp_path):
    network = random_network(name)
    torch.save({"epoch": 3, "args": argparse.Namespace(bias=True), "model": [PUBLIC[name](network)]}, tmp_path / "w.pt")
    found = load_weights(tmp_path / "w.pt")
    assert found.architecture.name == name
    assert not found.network.training
    mine, theirs = found.network.state_dict(), network.state_dict()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[key], theirs[key]) for key in mine)


def test_safetensors_and_numpys_archives_are_read(tmp_path):
    network = random_network("dncnn-17")
    save_file(network.state_dict(), str(tmp_path / "w.safetensors"))
    arrays = {}
    for name, x in network.state_dict().items():
        _, layer, kind = name.split(".")
        arrays[f"{kind[0]}{layer}"] = x.numpy().astype(np.float16)
    np.savez(tmp_path / "w.npz", **arrays)
    exact, rounded = (load_weights(tmp_path / name).network for name in ("w.safetensors", "w.npz"))
    x = torch.rand(1, 1, 8, 8)
    with torch.no_grad():
        assert torch.equal(exact(x), network(x))
        assert torch.allclose(rounded(x), network(x), atol=1e-2)
    assert next(rounded.parameters()).dtype == torch.float32


def test_what_lies_idle_in_bias_free_files_is_left_there(tmp_path):
    state = of_bias_free(random_network("dncnn-20-bias-free"))
    more = {}
    for k in range(18):
        more |= {f"bn_layer_list.{k}.bias": torch.ones(64), f"bn_layer_list.{k}.running_mean": torch.ones(64)}
        more[f"bn_layer_list.{k}.num_batches_tracked"] = torch.tensor(9)
    torch.save({**state, **more}, tmp_path / "w.pt")
    found = load_weights(tmp_path / "w.pt", "dncnn-20-bias-free").network
    x = torch.rand(1, 1, 8, 8)
    with torch.no_grad():
        assert torch.allclose(found(3 * x), 3 * found(x), atol=1e-4)


def test_the_digest_is_the_files_and_finds_what_is_known(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    save_file(random_network("unet").state_dict(), str(path))
    found = load_weights(path)
    assert (len(found.sha256), found.known) == (64, None)
    known = next(iter(KNOWN.values()))
    monkeypatch.setitem(KNOWN, found.sha256, known)
    assert load_weights(path).known is known


def test_every_known_file_is_of_an_architecture():
    assert {known.architecture for known in KNOWN.values()} <= ARCHITECTURES.keys()
    assert all(len(sha256) == 64 and known.licence for sha256, known in KNOWN.items())
    told = {known.name: ARCHITECTURES[known.architecture].kind == "denoiser" for known in KNOWN.values()}
    assert {known.name: known.levels is not None for known in KNOWN.values()} == told
    assert len({known.name for known in KNOWN.values()}) == len(KNOWN)


def test_a_network_of_another_kind_is_refused(tmp_path):
    save_file(random_network("vae-28").state_dict(), str(tmp_path / "vae.safetensors"))
    assert load_weights(tmp_path / "vae.safetensors", kind="generator").network.latent == (20,)
    with pytest.raises(
        ValueError, match=r"weights of a generator \(vae-28\), a denoiser is needed. Give weights of one"
    ):
        load_weights(tmp_path / "vae.safetensors", kind="denoiser")


def refused(path, architecture=None):
    with pytest.raises(ValueError, match="load_weights") as refusal:
        load_weights(path, architecture)
    return str(refusal.value)


def test_weights_of_another_architecture_are_refused_and_both_named(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file(random_network("unet").state_dict(), str(path))
    told = refused(path, "dncnn-17")
    assert "'unet'" in told
    assert "'dncnn-17'" in told
    assert "Did you mean 'unet'" in refused(path, "unett")


def test_tensors_of_no_known_network_are_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({"a.weight": torch.ones(2, 2)}, str(path))
    assert "a.weight" in refused(path)
    assert "unet-bias-free" in refused(path)
    assert "dncnn-17" in refused(path, "dncnn-17")


def test_names_that_are_none_are_refused(tmp_path):
    save_file({"model." + "9" * 5000 + ".weight": torch.ones(3, 3, 3, 3)}, str(tmp_path / "w.safetensors"))
    with pytest.raises(ValueError, match="a tensor has a name of 5013 characters"):
        load_weights(tmp_path / "w.safetensors")


def test_a_pickle_with_code_is_refused_with_the_way_to_convert_it(tmp_path):
    path = tmp_path / "whole.pth"
    torch.save(torch.nn.Linear(2, 2), path)
    told = refused(path)
    assert "run code" in told
    assert "weights_only=False" in told
    assert "whole.safetensors" in told
    torch.save(torch.nn.Linear(2, 2), path, _use_new_zipfile_serialization=False)
    assert "run code" in refused(path)


@pytest.mark.parametrize("old", [False, True])
def test_a_file_that_was_cut_short_is_refused(tmp_path, old):
    path = tmp_path / "w.pt"
    torch.save(random_network("unet").state_dict(), path, _use_new_zipfile_serialization=not old)
    whole = path.read_bytes()
    for length in (1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert "damaged" in refused(path) or "cut short" in refused(path)


def test_safetensors_that_were_cut_short_are_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file(random_network("unet").state_dict(), str(path))
    whole = path.read_bytes()
    for length in (4, 100, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert "damaged" in refused(path)


def test_what_is_no_file_of_weights_is_refused(tmp_path):
    path = tmp_path / "w.pt"
    for content in (b"", b"some text that is no file of weights at all", b"\x80\x02."):
        path.write_bytes(content)
        assert "damaged" in refused(path)
    torch.save({"epoch": 3}, path)
    assert "'epoch'" in refused(path)
    with pytest.raises(FileNotFoundError, match="no such file"):
        load_weights(tmp_path / "nowhere.pt")


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    state = random_network("unet").state_dict()
    state["conv3.weight"][0, 0, 0, 0] = value
    save_file(state, str(tmp_path / "w.safetensors"))
    assert "conv3.weight" in refused(tmp_path / "w.safetensors")


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST", 1000)
    path = tmp_path / "w.npz"
    path.write_bytes(b"0" * 1001)
    assert "at most 1000" in refused(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w0.npy", b"\0" * 10**5)
    assert "unpacks to" in refused(path)
    torch.save({"conv1.weight": torch.zeros(1).expand(10**5)}, tmp_path / "w.pt")
    monkeypatch.setattr(reading, "LARGEST", 10**4)
    assert "take more than" in refused(tmp_path / "w.pt")


@pytest.mark.parametrize("channels", [1, 3])
def test_the_weights_of_the_package_denoise_what_they_never_saw(channels):
    """A photograph of scikit-image, at three levels; told less noise than there is, they leave some behind."""
    from skimage.data import astronaut

    loaded = load_weights(drawn_denoiser(channels))
    assert loaded.known is not None
    assert loaded.architecture.channels == channels
    assert drawn_denoiser(channels).stat().st_size < 5e6
    pixels = np.ascontiguousarray(astronaut()[40:136, 160:256].transpose(2, 0, 1)[:channels]) / np.float32(255)
    x = torch.from_numpy(pixels)[None]
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    for level, gain in ((15 / 255, 4.0), (25 / 255, 6.0), (50 / 255, 8.0)):
        y = x + level * noise
        with torch.no_grad():
            errors = [(loaded.network(y, told) - x).square().mean() for told in (level, level / 2)]
        assert -10 * torch.log10(errors[0] / level**2) > gain
        assert errors[1] > errors[0]


def test_a_denoiser_on_the_split_is_loaded_at_any_size(tmp_path):
    """Width and depth are told from the file; a file with a hole in it is none."""
    torch.manual_seed(0)
    network = SplitDenoiser(1, 24, 3)
    state = network.state_dict()
    save_file(state, str(tmp_path / "a.safetensors"))
    held = load_weights(tmp_path / "a.safetensors")
    assert held.architecture.name == "split-gray"
    x = torch.rand(1, 1, 9, 8)
    with torch.no_grad():
        assert torch.equal(held.network(x, 0.1), network(x, 0.1))
    del state["blocks.1.second.weight"]
    save_file(state, str(tmp_path / "b.safetensors"))
    with pytest.raises(ValueError, match=r"it has no blocks\.1\.second\.weight"):
        load_weights(tmp_path / "b.safetensors", "split-gray")
