"""Tensors out of files of weights: nothing in them is run, and what they claim is bounded before it is read."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import pickle
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

__all__ = ["digest", "read_state"]

LARGEST = 2**31  # bytes of a file of weights, and of what it holds
NESTS = ("model", "state_dict", "params_ema", "params", "netG_state_dict")  # where checkpoints keep the weights
DEEPEST = 3
LONGEST_NAME = 400  # characters
State = dict[str, Tensor]


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_state(path: str | Path) -> State:
    """The tensors of a file by name: safetensors, an archive of numpy's (``.npz``), or what ``torch.save`` wrote.

    Of a checkpoint those of the network (``model``, ``state_dict``, ``params_ema``, …).

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It is too large, cut short or damaged; holds objects beside tensors, holds no tensors, or tensors that are not
        of real numbers, or NaN or infinite.
    """
    path = Path(path)
    told = f"load_weights({str(path)!r})"
    if not path.is_file():
        raise FileNotFoundError(f"{told}: no such file. Give a file of weights.")
    size = path.stat().st_size
    if size > LARGEST:
        raise ValueError(f"{told}: {size} bytes. Give a file of at most {LARGEST}.")
    with path.open("rb") as file:
        begin = file.read(8)
    state = _reader(path, begin)(path, told)
    _check_tensors(state, told)
    return state


def _reader(path: Path, begin: bytes) -> Callable[[Path, str], State]:
    """By what the file begins with, not by its name; safetensors begin with the length of their header."""
    if begin[:2] == b"PK":
        return _read_numpy if _is_numpy(path) else _read_torch
    header = int.from_bytes(begin, "little")
    return _read_safetensors if 0 < header < LARGEST and begin[:1] != b"\x80" else _read_torch


def _read_safetensors(path: Path, told: str) -> State:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise _damaged(told, error) from error


def _is_numpy(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


def _read_numpy(path: Path, told: str) -> State:
    import numpy as np

    _check_archive(path, told)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(np.ascontiguousarray(arrays[name])) for name in arrays.files}
    except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(told, error) from error


def _read_torch(path: Path, told: str) -> State:
    if zipfile.is_zipfile(path):
        _check_archive(path, told)
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            tree = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _refused(path, told, error) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise _damaged(told, error) from error
    state = _network(tree)
    if state is None:
        what = (
            f"the entries {', '.join(map(repr, list(tree)[:6]))}" if isinstance(tree, Mapping) else type(tree).__name__
        )
        raise ValueError(f"{told}: {what}, none of which are weights by name. Save network.state_dict() alone.")
    return state


def _refused(path: Path, told: str, error: pickle.UnpicklingError) -> ValueError:
    """A pickle that is more than tensors, or none at all."""
    with path.open("rb") as file:
        pickled = file.read(2) in (b"PK", *(b"\x80" + bytes([protocol]) for protocol in range(2, 6)))
    if not pickled or not re.search("Unsupported|GLOBAL", str(error)):
        return _damaged(told, "no pickle of tensors")
    turned = (
        f"import torch; from safetensors.torch import save_file; a = torch.load({path.name!r}, weights_only=False); "
        f"save_file(getattr(a, 'state_dict', lambda: a)(), {path.with_suffix('.safetensors').name!r})"
    )
    return ValueError(
        f"{told}: holds objects beside tensors, and reading them would run code of the file. Where you trust it, "
        f"convert it once, in Python: {turned}"
    )


def _damaged(told: str, error: BaseException | str) -> ValueError:
    words = " ".join(str(error).split())[:200]
    return ValueError(f"{told}: cut short, damaged, or no file of weights ({words}). Get it again.")


def _check_archive(path: Path, told: str) -> None:
    """Refuse an archive that unpacks to more than a file may hold."""
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(told, error) from error
    if total > LARGEST:
        raise ValueError(f"{told}: unpacks to {total} bytes. Give a file of at most {LARGEST}.")


def _network(tree: Any, depth: int = 0) -> State | None:
    """The first mapping of names to tensors in a checkpoint."""
    if isinstance(tree, list | tuple) and len(tree) == 1:
        return _network(tree[0], depth)
    if not isinstance(tree, Mapping) or not tree or depth > DEEPEST:
        return None
    if all(isinstance(name, str) and isinstance(value, Tensor) for name, value in tree.items()):
        return dict(tree)
    found = (_network(tree[nest], depth + 1) for nest in NESTS if nest in tree)
    return next((state for state in found if state is not None), None)


def _check_tensors(state: State, told: str) -> None:
    if not state:
        raise ValueError(f"{told}: holds no tensors. Give a file of weights.")
    total = 0
    for name, value in state.items():
        if len(name) > LONGEST_NAME:
            raise ValueError(f"{told}: a tensor has a name of {len(name)} characters. Give a file of weights.")
        total += value.numel() * 4
        if total > LARGEST:  # a view may repeat what is stored
            raise ValueError(f"{told}: its tensors take more than {LARGEST} bytes. Give a file of less.")
        if value.layout != torch.strided or value.is_complex() or value.is_quantized:
            raise ValueError(f"{told}: {name} does not hold real numbers ({value.dtype}). Convert it to float32.")
        if value.is_floating_point() and not math.isfinite(float(value.float().abs().max() if value.numel() else 0)):
            raise ValueError(f"{told}: {name} holds NaN or infinite values. Get the file again, or train anew.")
