"""`oneself adapt` and `oneself weights`."""

import json

import imageio.v3 as imageio
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from oneself.cli import main
from oneself.networks.pretrained import ARCHITECTURES, KNOWN
from oneself.testing.pictures import noisy, picture


@pytest.fixture
def noise(tmp_path):
    y = noisy(picture(32, 24, channels=1), 0.1)[0, 0].clamp(0, 1).numpy()
    imageio.imwrite(tmp_path / "in.png", (255 * y).round().astype(np.uint8))
    torch.manual_seed(0)
    save_file(ARCHITECTURES["unet"].build().state_dict(), str(tmp_path / "unet.safetensors"))
    return tmp_path


def adapt(folder, *more):
    return main(["adapt", str(folder / "in.png"), str(folder / "out.png"), "--weights",
                 str(folder / "unet.safetensors"), "--quiet", *more])  # fmt: skip


def test_a_picture_is_adapted_to_and_the_record_knows_the_weights(noise):
    assert adapt(noise, "--architecture", "unet", "--steps", "3", "--sigma", "25") == 0
    assert imageio.imread(noise / "out.png").shape == (32, 24)
    record = json.loads((noise / "out.png.json").read_text())
    assert record["items"][0]["method"] == "gain_tuning"
    assert record["items"][0]["options"]["steps"] == 3
    assert "weights" in json.dumps(record)


def test_it_is_repeated_bit_for_bit(noise):
    assert adapt(noise, "--what", "last:1", "--loss", "pairs", "--steps", "3") == 0
    assert main(["repeat", str(noise / "out.png.json"), "--output", str(noise / "again.png"), "--quiet"]) == 0
    assert np.array_equal(imageio.imread(noise / "again.png"), imageio.imread(noise / "out.png"))


def test_no_steps_are_the_networks_own_answer_in_the_range_it_knows(noise):
    assert adapt(noise, "--steps", "0") == 0
    y = imageio.imread(noise / "in.png")
    torch.manual_seed(0)
    network = ARCHITECTURES["unet"].build().eval()
    with torch.no_grad():
        x = network(torch.from_numpy(y.astype(np.float32) / 255)[None, None])[0, 0].numpy()
    assert np.array_equal(imageio.imread(noise / "out.png"), (255 * x).round().clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--architecture", "dncnn-17"], "these are weights of 'unet'"),
        (["--what", "gain"], "unknown. Give one of all, gains"),
        (["--loss", "mse"], "not a choice"),
        (["--steps", "-1"], "out of range"),
    ],
)
def test_what_is_wrong_is_refused(noise, capsys, more, told):
    assert adapt(noise, *more) == 2
    assert told in capsys.readouterr().err
    assert not (noise / "out.png").exists()


@pytest.mark.parametrize(
    ("pixels", "told"),
    [
        (np.zeros((0, 0), np.float32), "it is empty"),
        (np.linspace(0, 1, 64, dtype=np.float32)[None], "too small"),
    ],
)
def test_pictures_that_cannot_be_adapted_to_are_refused(tmp_path, capsys, pixels, told):
    np.save(tmp_path / "in.npy", pixels)
    assert main(["adapt", str(tmp_path / "in.npy"), "--quiet"]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("line", ["adapt --steps 1", "denoise --method nonlocal_wiener"])
def test_an_infinite_value_is_left_as_it_is(tmp_path, line):
    y = noisy(picture(32, 24, channels=1), 0.1)[0, 0].numpy()
    y[3, 4] = np.inf
    np.save(tmp_path / "in.npy", y)
    command, *more = line.split()
    files = [str(tmp_path / name) for name in ("in.npy", "out.npy")]
    assert main([command, *files, *more, "--compare", str(tmp_path / "both.png"), "--quiet"]) == 0
    x = np.load(tmp_path / "out.npy")
    assert np.isinf(x[3, 4])
    assert np.isfinite(x).sum() == x.size - 1


def test_what_is_known_is_listed(capsys):
    assert main(["weights"]) == 0
    shown = capsys.readouterr().out
    assert "unet-bias-free" in shown
    assert "MIT" in shown
    assert main(["weights", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told["architectures"]] == list(ARCHITECTURES)
    assert {one["sha256"] for one in told["files"]} == KNOWN.keys()


def test_a_method_that_takes_weights_is_given_them_by_a_flag(noise):
    arguments = ["denoise", str(noise / "in.png"), str(noise / "out.png"), "--method", "gain_tuning", "--quiet"]
    assert main([*arguments, "--steps", "2", "--weights", str(noise / "nowhere.pt")]) == 2
    assert not (noise / "out.png").exists()
    assert main([*arguments, "--steps", "2", "--weights", str(noise / "unet.safetensors")]) == 0
    assert imageio.imread(noise / "out.png").shape == (32, 24)


def test_without_weights_the_packages_own_are_adapted(noise):
    assert main(["adapt", str(noise / "in.png"), str(noise / "own.png"), "--steps", "0", "--quiet"]) == 0
    record = json.loads((noise / "own.png.json").read_text())
    assert "the denoiser is the package's own, drawn-gray" in json.dumps(record)
    wrong = ["adapt", str(noise / "in.png"), str(noise / "no.png"), "--architecture", "unet"]
    assert main(wrong) == 2


def test_a_folder_is_adapted_to_picture_by_picture(noise, tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    y = imageio.imread(noise / "in.png")
    for name, pixels in (("a.png", y), ("b.png", y[::-1])):
        imageio.imwrite(folder / name, pixels)
    weights = ["--weights", str(noise / "unet.safetensors"), "--steps", "2", "--quiet"]
    assert main(["adapt", str(folder), str(tmp_path / "clean"), *weights]) == 0
    assert adapt(noise, "--steps", "2") == 0
    assert np.array_equal(imageio.imread(tmp_path / "clean" / "a.png"), imageio.imread(noise / "out.png"))


def test_weights_that_are_not_there_are_refused(noise, capsys):
    assert main(["adapt", str(noise / "in.png"), "--weights", str(noise / "nowhere.pt")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_the_place_of_a_shipped_file_is_told_and_of_no_other(capsys):
    from oneself.networks.pretrained import SHIPPED

    assert main(["weights", "--path", "digits"]) == 0
    assert capsys.readouterr().out.strip() == str(SHIPPED["digits"])
    assert main(["weights", "--path", "faces"]) != 0
    assert (
        "no such file is shipped. Known: drawn-colour, drawn-gray, drawn-cameras, mzsr-start, digits, digits-diffusion"
        in " ".join(capsys.readouterr().err.split())
    )
