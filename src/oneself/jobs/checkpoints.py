"""The state of a whole file's restoration, saved as it goes: finished items, and the run in progress."""

from __future__ import annotations

import math
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypedDict

import numpy as np
import torch

from oneself import io
from oneself.core import Option, Run
from oneself.core.checkpoint import load_tree, save_tree
from oneself.core.option import shown
from oneself.core.schema import Misfit, conform
from oneself.jobs.recorded import Item

__all__ = ["Checkpoint", "Done", "StateFile"]

EVERY = 30.0  # seconds between two saves
Pixels = np.ndarray[Any, np.dtype[Any]]
Kind = tuple[str, tuple[int, ...], int]
Shape = Annotated[list[Annotated[int, Option("samples", low=0)]], Option("axes", low=1, high=8)]
Packed = Annotated[list[Any], Option("bytes, type and shape", low=3, high=3)]


class Finished(TypedDict):
    """An item, as a file says it."""

    pixels: Packed
    record: Item
    parts: dict[str, Packed]


class Saved(TypedDict):
    """What the file holds; ``run`` is checked where it goes on."""

    belongs_to: dict[str, Any]
    items: list[Finished]
    run: dict[str, Any] | None


@dataclass(frozen=True)
class Done:
    """An item that is finished: its pixels as the file stores them, its record, and what was found besides, by name:
    ``(C, *size)``, float32."""

    pixels: Pixels
    record: dict[str, Any]
    parts: Mapping[str, Pixels] = field(default_factory=dict)


class StateFile:
    """A file that a state is saved to as work goes on; another one in the system's temporary folder where that fails.

    Raises
    ------
    OSError
        It could not be written.
    """

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        io.check_target(path, overwrite=True)
        self.path, self.warn = path, warn
        self.place: Path | None = None
        """Where the last state is."""
        self._name = f"oneself-{path.stem[:60]}-{uuid.uuid4().hex[:8]}.safetensors"
        self._told: set[str] = set()
        self._saved = time.monotonic()

    def is_due(self) -> bool:
        """Whether the last save is long ago."""
        return time.monotonic() - self._saved >= EVERY

    def save(self, state: Callable[[], Any]) -> None:
        """Save now. A failure is told and changes nothing: what was saved before stays."""
        failures: list[str] = []
        for find in (self._own, self._spare):
            try:
                self.place = io.save(find(), partial(save_tree, state()), overwrite=True)
                break
            except Exception as error:  # safetensors has exceptions of its own, and a state may not fit in memory
                failures.append(getattr(error, "reason", "") or str(error) or type(error).__name__)
        self._saved = time.monotonic()
        if failures:
            there = f"; it is in {self.place}: go on with --checkpoint {self.place}" if len(failures) == 1 else ""
            self._tell(f"the checkpoint {self.path} could not be saved ({failures[0]}){there}")

    def _own(self) -> Path:
        return self.path

    def _spare(self) -> Path:
        """One name for all saves; the system may have no such folder."""
        return Path(tempfile.gettempdir()) / self._name

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.warn(text)


class Checkpoint:
    """``--checkpoint FILE``: goes on from the file where it exists, and is saved every 30 s and at the end.

    Parameters
    ----------
    belongs_to : mapping
        Plain values that say what is restored, and how; a file with others is refused.
    kind : (str, tuple of int, int)
        The items' type, as numpy names it, their shape ``(C, *size)``, and how many there are.

    Raises
    ------
    OSError, ValueError
        The file is none of ours, damaged, of another input or other settings, or could not be written.
    """

    def __init__(self, path: Path, belongs_to: Mapping[str, Any], warn: Callable[[str], None], kind: Kind) -> None:
        self.path, self.belongs_to = path, dict(belongs_to)
        self.done: list[Done] = []
        self.run: dict[str, Any] | None = None
        self.resumed = path.exists()
        self._file = StateFile(path, warn)
        if self.resumed:
            self._read(load_tree(path), kind)

    def _read(self, tree: Any, kind: Kind) -> None:
        name = f"oneself(--checkpoint {self.path})"
        if not isinstance(tree, dict) or "items" not in tree:
            raise ValueError(f"{name}: not saved by this command. Give another name.")
        try:
            conform(tree, Saved)
            self._check_owner(name, tree["belongs_to"])
            self.done = [_done(item, kind) for item in tree["items"]]
            if len(self.done) > kind[2]:
                raise Misfit(f"{len(self.done)} items, the input has {kind[2]}")
        except Misfit as error:
            raise ValueError(f"{name}: damaged ({error}). Give another name, and start anew.") from error
        self.run = tree["run"]

    def _check_owner(self, name: str, owner: Mapping[str, Any]) -> None:
        for what, mine in self.belongs_to.items():
            theirs = owner.get(what)
            if theirs != mine:
                raise ValueError(
                    f"{name}: belongs to another run: its {what} is {shown(theirs)}, this run's is {shown(mine)}. "
                    "Give what it was made with, or another name."
                )

    def tick(self, run: Run) -> None:
        """Save where the last save is long ago."""
        if self._file.is_due():
            self.save(run)

    def save(self, run: Run | None) -> None:
        """Save now. A failure is told and changes nothing: the one before stays."""
        self._file.save(lambda: self._tree(run))

    @property
    def place(self) -> Path | None:
        """Where the last state is; None where none could be saved."""
        return self._file.place

    def _tree(self, run: Run | None) -> dict[str, Any]:
        return {
            "belongs_to": self.belongs_to,
            "items": [
                {
                    "pixels": _packed(item.pixels),
                    "record": item.record,
                    "parts": {part: _packed(pixels) for part, pixels in item.parts.items()},
                }
                for item in self.done
            ],
            "run": None if run is None else run.state_dict(),
        }


def _packed(pixels: Pixels) -> list[Any]:
    """Bytes, since not every version of torch has all of numpy's types."""
    flat = np.ascontiguousarray(pixels).reshape(-1).view(np.uint8)
    return [torch.from_numpy(flat.copy()), pixels.dtype.str, list(pixels.shape)]


def _done(item: Mapping[str, Any], kind: Kind) -> Done:
    """A finished item. Raises Misfit for one of another kind."""
    dtype, shape, _ = kind
    parts = {name: _unpacked(f"parts.{name}", packed, "<f4") for name, packed in item["parts"].items()}
    for name, part in parts.items():
        if not name.isidentifier() or part.shape[1:] != shape[1:] or part.shape[0] not in (1, shape[0]):
            raise Misfit(f"a part {shown(name)} of the shape {part.shape}, the result's is {shape}")
    pixels = _unpacked("pixels", item["pixels"], dtype)
    if pixels.shape != shape:
        raise Misfit(f"an item of the shape {pixels.shape}, the result's is {shape}")
    return Done(pixels, item["record"], parts)


def _unpacked(name: str, packed: Sequence[Any], wanted: str) -> Pixels:
    raw, dtype, shape = packed
    conform(raw, torch.Tensor, name)
    conform(shape, Shape, f"{name}'s shape")
    same = isinstance(dtype, str) and dtype.lstrip("<>=|") == wanted.lstrip("<>=|")  # in whatever order of bytes
    if not same or raw.dtype != torch.uint8 or raw.numel() != math.prod(shape) * np.dtype(wanted).itemsize:
        raise Misfit(f"{name} of type {shown(dtype)} and shape {shown(shape)} in {raw.numel()} bytes")
    pixels: Pixels = raw.numpy().view(np.dtype(dtype)).reshape(shape)
    return pixels
