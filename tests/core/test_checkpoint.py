"""Checkpoints give back what was saved, bit for bit, run no code, and never damage the file before."""

import json
import math
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from oneself.core.checkpoint import FORMAT, load_tree, save_tree

TREE = {
    "index": 3,
    "rate": 0.1 + 0.2,
    "reference": math.inf,
    "words": "größer",
    "none": None,
    "flag": True,
    "empty": {},
    "state": {0: {"step": torch.tensor(4.0)}, 1: [torch.arange(6).reshape(2, 3).T, (1, 2)]},
    "tensors": [
        torch.randn(3, dtype=torch.float64),
        torch.tensor(True),
        torch.get_rng_state(),
        torch.randn(2, 2, dtype=torch.bfloat16),
        torch.zeros(0, 3),
        torch.tensor([math.nan, -0.0, math.inf]),
    ],
}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        bits = [x.contiguous().reshape(-1).view(torch.uint8) for x in (one, other)]
        return one.dtype == other.dtype and one.shape == other.shape and torch.equal(*bits)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def test_everything_comes_back(tmp_path: Path) -> None:
    save_tree(TREE, tmp_path / "run.safetensors")
    assert same(TREE, load_tree(tmp_path / "run.safetensors"))
    assert os.listdir(tmp_path) == ["run.safetensors"]


def test_tensors_that_share_memory_can_be_saved(tmp_path: Path) -> None:
    x = torch.arange(4)
    save_tree([x, x, x[1:]], tmp_path / "run")
    assert [t.tolist() for t in load_tree(tmp_path / "run")] == [[0, 1, 2, 3], [0, 1, 2, 3], [1, 2, 3]]


def test_what_is_no_plain_value_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        save_tree({"path": tmp_path}, tmp_path / "run")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("broken", ["save_file", "replace"])
def test_a_failed_save_leaves_the_file_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def full(source: Any, target: Any, **more: Any) -> None:
        Path(target if broken == "save_file" else source).write_bytes(b"half")
        raise OSError("no space left")

    save_tree({"index": 1}, tmp_path / "run")
    where = {"save_file": "safetensors.torch.save_file", "replace": "os.replace"}[broken]
    monkeypatch.setattr(where, full)
    with pytest.raises(OSError, match="no space left"):
        save_tree({"index": 2}, tmp_path / "run")
    monkeypatch.undo()
    assert load_tree(tmp_path / "run") == {"index": 1}
    assert os.listdir(tmp_path) == ["run"]


class Bomb:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("exploded"),)


def test_a_pickle_is_refused_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="damaged or no checkpoint"):
        load_tree("run")
    torch.save({"index": Bomb()}, "torch")
    with pytest.raises(ValueError, match="damaged or no checkpoint"):
        load_tree("torch")
    assert not Path("exploded").exists()
    pickle.loads((tmp_path / "run").read_bytes())
    assert Path("exploded").exists()  # it would have


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.99])
def test_a_damaged_file_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "run"
    save_tree(TREE, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"load\('.*run'\): damaged or no checkpoint .*Start without it"):
        load_tree(path)


@pytest.mark.parametrize(
    "outline",
    [
        "{",
        json.dumps({"tensor": "t9"}),
        json.dumps({"what": 3}),
        json.dumps({"dict": 3}),
        json.dumps({}),
        json.dumps([1]),
        json.dumps({"list": [3]}),
    ],
)
def test_a_damaged_outline_is_refused(tmp_path: Path, outline: str) -> None:
    save_file({"t0": torch.zeros(1)}, tmp_path / "run", metadata={FORMAT: outline})
    with pytest.raises(ValueError, match=r"load\('.*run'\): damaged .*Start without it"):
        load_tree(tmp_path / "run")


@pytest.mark.parametrize("metadata", [None, {"format": "oneself-0", "outline": "{}"}, {"format": FORMAT}])
def test_another_format_is_refused(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    save_file({"t0": torch.zeros(1)}, tmp_path / "run", metadata=metadata)
    with pytest.raises(ValueError, match=rf"not a checkpoint of this version \({FORMAT}\)"):
        load_tree(tmp_path / "run")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(FileNotFoundError, match="no such checkpoint"):
            load_tree(path)


def test_two_saves_are_the_same_bytes(tmp_path: Path) -> None:
    code = "import sys; from oneself.core.checkpoint import save_tree; import torch\n"
    code += "for name in sys.argv[1:]: save_tree({'b': torch.ones(2), 'a': [torch.zeros(3), 1.5], 'c': 'x'}, name)"
    names = [str(tmp_path / f"{number}") for number in range(8)]
    subprocess.run([sys.executable, "-c", code, *names], check=True)
    assert len({Path(name).read_bytes() for name in names}) == 1


def test_a_file_of_the_format_before_is_read(tmp_path: Path) -> None:
    metadata = {"format": FORMAT, "outline": json.dumps({"list": [{"tensor": "t0"}, {"value": 3}]})}
    save_file({"t0": torch.ones(1)}, tmp_path / "run", metadata=metadata)
    assert same(load_tree(tmp_path / "run"), [torch.ones(1), 3])


@pytest.mark.parametrize("depth", [10**3, 10**5])
def test_a_deep_outline_is_refused(tmp_path: Path, depth: int) -> None:
    outline = '{"list":[' * depth + '{"value":1}' + "]}" * depth
    save_file({"t0": torch.zeros(1)}, tmp_path / "run", metadata={FORMAT: outline})
    with pytest.raises(ValueError, match="nested too deeply"):
        load_tree(tmp_path / "run")


def test_a_long_header_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with path.open("wb") as file:
        file.write((2**26 + 8).to_bytes(8, "little"))
        file.truncate(2**26 + 16)
    with pytest.raises(ValueError, match="a header of 67108872 bytes"):
        load_tree(path)
