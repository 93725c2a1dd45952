"""Training on a folder of the user's own pictures."""

import numpy as np
import pytest
import torch

from oneself import io
from oneself.cli import main
from oneself.networks.pretrained import load_weights
from oneself.pretraining.photographs import photographs


def save(path, pixels):
    io.write(io.Picture(pixels, "YXC" if pixels.ndim == 3 else "YX"), path)


def test_squares_are_of_the_pictures(tmp_path):
    colour = np.arange(40 * 50 * 3, dtype=np.uint32).reshape(40, 50, 3).astype(np.uint16)
    save(tmp_path / "a.tif", colour)
    save(tmp_path / "b.png", np.full((45, 60), 51, np.uint8))
    taken = photographs(tmp_path, 3, 256, 32, 0)
    assert taken.size == 40
    first, gray = taken(0).astype(np.float32), taken(1)
    assert np.array_equal(gray, np.full((40, 40, 3), 0.2, np.float16))
    near = np.abs(first - (colour[:, :11][:, :, None] / 65535)[0, :, 0][:, None, None])
    assert first.shape == (40, 40, 3)
    assert near[:, 0, 0].min() < 1e-3
    one = photographs(tmp_path, 1, 32, 32, 0)
    assert one(0).shape == (32, 32, 1)
    assert one.sha256 == taken.sha256
    assert np.array_equal(one(6), one(6))
    assert not np.array_equal(one(0), one(2))


def test_what_cannot_be_trained_on_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no pictures in this folder"):
        photographs(tmp_path, 3, 256, 32, 0)
    save(tmp_path / "a.png", np.zeros((20, 50), np.uint8))
    with pytest.raises(ValueError, match=r"a.png has a side of 20 pixels, less than a patch of 32"):
        photographs(tmp_path, 3, 256, 32, 0)
    save(tmp_path / "a.tif", np.full((50, 50), 3, np.float32))
    (tmp_path / "a.png").unlink()
    with pytest.raises(ValueError, match=r"a.tif has values outside 0 to 1 \(float32\)"):
        photographs(tmp_path, 3, 256, 32, 0)


def test_a_start_is_trained_on_a_folder_and_read_by_name(tmp_path, capsys):
    folder = tmp_path / "mine"
    folder.mkdir()
    rng = np.random.default_rng(0)
    save(folder / "a.png", rng.integers(0, 256, (40, 40, 3), dtype=np.uint8))
    out = tmp_path / "start.safetensors"
    call = [
        "pretrain",
        "mzsr",
        str(out),
        str(folder),
        "--patch",
        "16",
        "--batch",
        "1",
        "--shots",
        "1",
        "--pictures",
        "1",
    ]
    assert main([*call, "--steps", "2", "--width", "16"]) == 0
    assert "2 steps in" in capsys.readouterr().err
    loaded = load_weights(out, kind="super-resolver")
    assert loaded.architecture.name == "mzsr"
    assert loaded.network(torch.rand(1, 3, 9, 8)).shape == (1, 3, 9, 8)
    save(folder / "b.png", rng.integers(0, 256, (40, 40, 3), dtype=np.uint8))
    assert main([*call, "--steps", "3", "--width", "16", "--resume", "--overwrite"]) == 2
    assert "its source is" in capsys.readouterr().err
