"""A run's state in a file: tensors and plain values only, nothing that could run code when read."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from torch import Tensor

__all__ = ["load_tree", "save_tree"]

FORMAT = "oneself-1"
LONGEST = 2**26  # bytes of a header that is read; that of a stack of 10,000 finished pictures takes a third of it


def _pack(node: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(node, Tensor):
        name = f"t{len(tensors)}"
        tensors[name] = node.detach().cpu().clone().contiguous()
        return {"tensor": name}
    if isinstance(node, dict):
        return {"dict": [[key, _pack(value, tensors)] for key, value in node.items()]}
    if isinstance(node, list | tuple):
        return {"list": [_pack(value, tensors) for value in node]}
    return {"value": node}


def _unpack(node: Any, tensors: dict[str, Tensor]) -> Any:
    ((kind, content),) = node.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: _unpack(value, tensors) for key, value in content}
    if kind == "list":
        return [_unpack(value, tensors) for value in content]
    if kind == "value":
        return content
    raise ValueError(f"unknown {kind}")


def save_tree(tree: Any, path: str | Path) -> None:
    """Write nested dicts and lists of tensors and plain values as safetensors; aside first, then renamed."""
    from safetensors.torch import save_file

    path = Path(path)
    tensors: dict[str, Tensor] = {}
    outline = json.dumps(_pack(tree, tensors))
    aside = path.with_name(f".{path.name}.part")  # a folder: safetensors itself makes files of any name beside its own
    aside.mkdir(exist_ok=True)
    try:
        save_file(tensors, str(aside / "tree"), metadata={FORMAT: outline})  # of several, safetensors mixes the order
        os.replace(aside / "tree", path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def load_tree(path: str | Path) -> Any:
    """Read what ``save_tree`` wrote.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is damaged, or no checkpoint of this library.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"load({str(path)!r}): no such checkpoint. Give a file that a run saved.")
    _check_header(path)
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except SafetensorError as error:
        raise ValueError(f"load({str(path)!r}): damaged or no checkpoint ({error}). Start without it.") from error
    outline = metadata.get(FORMAT, metadata.get("outline") if metadata.get("format") == FORMAT else None)
    if outline is None:
        raise ValueError(f"load({str(path)!r}): not a checkpoint of this version ({FORMAT}). Start without it.")
    try:
        return _unpack(json.loads(outline), tensors)
    except RecursionError as error:  # json, too, goes no deeper than Python itself
        raise ValueError(f"load({str(path)!r}): damaged (nested too deeply). Start without it.") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"load({str(path)!r}): damaged ({error!r}). Start without it.") from error


def _check_header(path: Path) -> None:
    """Refuse a header that says it is longer than any that is saved, before it is read."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if length > LONGEST:
        raise ValueError(
            f"load({str(path)!r}): damaged or no checkpoint (a header of {length} bytes). Start without it."
        )
