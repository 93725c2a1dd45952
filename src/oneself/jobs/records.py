"""The `.json` beside a result: everything needed to repeat it."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from oneself.core import Result, StageRecord
from oneself.core.result import versions
from oneself.core.schema import Misfit, conform
from oneself.jobs.aids import Aids, digest
from oneself.jobs.recorded import Record
from oneself.jobs.request import Settings

__all__ = [
    "FORMAT",
    "aid_records",
    "as_text",
    "file_record",
    "item_record",
    "own_unfinished",
    "pixel_digest",
    "plan_of",
    "read_once",
    "read_record",
    "record",
]

FORMAT = "oneself-record-1"
PLAIN = bool | int | float | str
T = TypeVar("T")
LONGEST = 2**26  # bytes of a record that is read
Pixels = np.ndarray[Any, np.dtype[Any]]


def pixel_digest(pixels: Pixels) -> str:
    """The SHA-256 of what an array holds, its type and shape, whatever file it is in."""
    import hashlib

    found = hashlib.sha256(f"{pixels.dtype.str} {pixels.shape} ".encode())
    found.update(np.ascontiguousarray(pixels).reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def file_record(path: Path) -> dict[str, str]:
    """Where a file is, and the SHA-256 of its content."""
    return {"path": str(path.resolve()), "sha256": digest(path)}


def read_once(path: Path, read: Callable[[], T]) -> tuple[T, dict[str, str]]:
    """What is read from a file, and the file's record: of what was read, whatever becomes of the file afterwards.

    Raises
    ------
    OSError, TypeError, ValueError
        What ``read`` raises; OSError where the file changes while it is read.
    """
    before = _state(path)
    found = read()
    told = file_record(path)
    if _state(path) != before:
        raise OSError(f"read(path={str(path)!r}): it changed while it was read. Try again when it is whole.")
    return found, told


def _state(path: Path) -> tuple[int, ...] | None:
    """What changes with a file's content; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def as_text(found: Mapping[str, Any]) -> str:
    """A record as it is written and printed: JSON, in which names that are no text are escaped."""
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def item_record(index: tuple[int, ...], why: str, result: Result[Any] | None, interrupted: bool) -> dict[str, Any]:
    """What was done with one item; without a result it was left as it was. Options that are no plain values are files:
    the whole record names them."""
    if result is None:
        return {"index": list(index), "restored": False, "why": why}
    return {
        "index": list(index),
        "restored": True,
        "method": result.method,
        "why": why,
        "options": {name: v for name, v in result.options.items() if v is None or isinstance(v, PLAIN)},
        "stages": [asdict(stage) for stage in result.stages],
        "interrupted": interrupted,
        "stopped_by": result.stopped_by,
        "steps": result.steps,
        "seconds": result.seconds,
        "history": {name: _summary(values) for name, values in result.history.items()},
        "notes": list(result.notes),
        "cite": result.cite,
    }


def _summary(values: list[float]) -> dict[str, float | None]:
    finite = [value for value in values if math.isfinite(value)]
    return {
        "first": finite[0] if finite else None,
        "last": finite[-1] if finite else None,
        "lowest": min(finite, default=None),
    }


def aid_records(settings: Settings, aids: Aids) -> dict[str, dict[str, str]]:
    """The records of the files besides the picture, by name."""
    hashes = dict(aids.hashes)
    return {name: {"path": str(path.resolve()), "sha256": hashes[name]} for name, path in settings.aids.items()}


def record(
    settings: Settings,
    aids: Mapping[str, Mapping[str, str]],
    source: Mapping[str, str],
    items: list[dict[str, Any]],
    notes: list[str],
    **rest: Any,
) -> dict[str, Any]:
    """The whole record.

    ``source`` and ``aids`` are the records of the files, of when they were read; ``rest`` is what is known after the
    work: the files that were written, the device, the most memory taken.
    """
    restored = [item for item in items if item["restored"]]
    names = ("method", "preset", "sigma", "seed", "seconds", "quality", "device", "precision", "compile", "axes",
             "data_range", "scale", "boundary", "known", "estimate", "rate", "gap")  # fmt: skip
    given = {name: getattr(settings, name) for name in names}
    asked = {
        name: list(value) if isinstance(value, tuple) else value for name, value in given.items()
    }  # as JSON has it
    return {
        "format": FORMAT,
        "command": settings.command,
        "task": settings.task,
        "input": dict(source),
        "aids": dict(aids),
        "asked": asked | {"options": dict(settings.options)},
        "method": _all("method", restored),
        "options": restored[0]["options"],
        "why": _all("why", restored),
        "stopped_by": _all("stopped_by", restored),
        "steps": sum(item["steps"] for item in restored),
        "seconds": sum(item["seconds"] for item in restored),
        "interrupted": any(item["interrupted"] for item in restored) or len(restored) < _meant(items),
        "items": items,
        "notes": notes,
        "seed": settings.seed,
        "precision": settings.precision,
        "threads": torch.get_num_threads(),
        "processor": _processor(),
        "versions": {**versions(), "numpy": np.__version__},
        "cite": _all("cite", restored),
        **rest,
    }


def _meant(items: list[dict[str, Any]]) -> int:
    return sum(item["restored"] or item["why"] != "blank" for item in items)


def _all(name: str, items: list[dict[str, Any]]) -> str:
    return "; ".join(dict.fromkeys(item[name] for item in items))


def _processor() -> str:
    """The CPU's name, since other CPUs round otherwise."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def read_record(path: Path) -> dict[str, Any]:
    """A record. Raises OSError or ValueError where the file is none."""
    name = f"repeat({str(path)!r})"
    if not path.is_file():
        raise FileNotFoundError(f"{name}: there is no such file. Name the .json beside a result.")
    if path.stat().st_size > LONGEST:
        raise ValueError(f"{name}: not a record ({path.stat().st_size} bytes). Name the .json beside a result.")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name}: not a record ({error}). Name the .json beside a result.") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{name}: not a record of this version ({FORMAT}). Name the .json beside a result.")
    try:
        conform(found, Record)
    except Misfit as error:
        raise ValueError(f"{name}: the record is damaged ({error}). Name one as it was written.") from error
    return found


def plan_of(item: Mapping[str, Any]) -> tuple[StageRecord, ...]:
    """The stages of an item, to run them again."""
    return tuple(StageRecord(stage["planned"], stage["steps"], stage["stopped_by"]) for stage in item["stages"])


def own_unfinished(side: Path, source: Mapping[str, str]) -> dict[str, str]:
    """The files that an interrupted call made of this input, by their SHA-256: a call that goes on may replace those.

    Empty where the record beside the result is of no interrupted call, or of another input.
    """
    if not side.is_file():
        return {}
    try:
        found = read_record(side)
        ours = found["interrupted"] and found["input"]["sha256"] == source["sha256"]
        made = [found[name] for name in ("output", "compare", "preview") if ours and name in found]
        made += [*found["parts"].values(), file_record(side)] if ours else []
        return {one["path"]: one["sha256"] for one in made}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
