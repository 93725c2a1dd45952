"""What is made with a trained model besides samples: `oneself edit`, `harmonise`, `paint`, `enlarge`, `animate`,
`extrapolate` and `interpolate`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from oneself import animation, clips, data, enlarging, generation
from oneself.commands.aids import read_mask
from oneself.commands.errors import DONE
from oneself.commands.generating import like, opaque
from oneself.commands.progress import Display
from oneself.commands.records import file_record
from oneself.commands.uses import MADE, OWN, SUFFIXES
from oneself.core.result import versions
from oneself.model import Kind, Model
from oneself.quantities import duration

__all__ = ["use"]

FORMAT = "oneself-used-1"


def use(task: str, given: Mapping[str, Any], command_line: str) -> int:
    """Do what a command line asks for; its exit code.

    Raises
    ------
    OSError, TypeError, ValueError
        What is refused before the work.
    """
    display, began = Display(given["quiet"]), time.monotonic()
    model = Model.load(given["model"], device=given["device"])
    model.kind = _of_files(model)
    place, told = (_make if task in MADE else _edit)(task, model, given, display)
    found = {
        "format": FORMAT,
        "command": command_line,
        "task": task,
        "model": file_record(Path(given["model"])),
        "method": model.method,
        "seed": given["seed"],
        **told,
        "seconds": time.monotonic() - began,
        "versions": versions(),
    }
    side = data.side_path(place)
    data.write_text_atomic(side, json.dumps(found, indent=2, ensure_ascii=False) + "\n", overwrite=given["overwrite"])
    display.say(f"  wrote {place} and {side.name}; {duration(found['seconds'])}")
    if given["json"]:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    return DONE


def _of_files(model: Model) -> Kind:
    """The model's kind as files have it: arrays whose last axis holds the channels, where there are several."""
    kind = model.kind
    coloured = model.sampler.picture.shape[1] > 1
    dtype = "float32" if kind.dtype in ("bfloat16", "float16") else kind.dtype
    return replace(kind, dtype=dtype, axis=model.sampler.picture.ndim - 2 if coloured else None, tensor=False)


def _check_places(task: str, target: Path, others: list[Path], overwrite: bool) -> None:
    """Refuse a result in the place of what it is made from, and a record that is there already."""
    for path in (target, data.side_path(target)):
        if path.resolve() in {other.resolve() for other in others}:
            raise ValueError(f"{task}(out={str(path)!r}): this is an input. Choose another name.")
    data.check_target(data.side_path(target), overwrite)


def _edit(task: str, model: Model, given: Mapping[str, Any], display: Display) -> tuple[Path, dict[str, Any]]:
    source = Path(given["source"])
    picture, notes = opaque(data.upright(data.read(source, axes=given["axes"])), source, task)
    target = data.output_path(source, given["out"], SUFFIXES[task])
    marked = None if given.get("mask") is None else Path(given["mask"])
    inputs = [source, Path(given["model"]), *([] if marked is None else [marked])]
    _check_places(task, target, inputs, given["overwrite"])
    data.check_output(like(picture, picture.pixels), target, overwrite=given["overwrite"])
    notes += data.losses(like(picture, picture.pixels), target)
    if task == "enlarge":
        make, chosen = _enlargement(model, picture.pixels, given)
        manner = f"{given['factor']:g} times"
    else:
        start = generation.first_scale(task, model, given["scale"])
        mask = [] if marked is None else [_mask(task, marked)]
        make = partial(getattr(generation, task), model, picture.pixels, *mask, scale=start, seed=given["seed"])
        chosen, manner = {"scale": start}, f"from scale {start} of {model.scales - 1}"
    for note in notes:
        display.warn(note)
    display.say(f"{source}: {task} with {given['model']} ({model.method}), {manner}")
    data.write(like(picture, make()), target, overwrite=given["overwrite"])
    told = {"input": file_record(source), **chosen, "output": file_record(target), "notes": notes}
    return target, told if marked is None else {**told, "mask": file_record(marked)}


def _enlargement(model: Model, pixels: Any, given: Mapping[str, Any]) -> tuple[Callable[[], Any], dict[str, Any]]:
    enlarging.check_enlargement(model, given["factor"])
    make = partial(enlarging.enlarge, model, pixels, given["factor"], seed=given["seed"])
    return make, {"factor": given["factor"]}


def _mask(task: str, path: Path) -> np.ndarray[Any, Any]:
    found = data.upright(read_mask("mask", path, None))
    if found.axes not in ("YX", "YXC"):
        raise ValueError(f"{task}(mask={str(path)!r}): an array with the axes {found.axes}. Give one picture.")
    marked = found.pixels != 0
    return np.asarray(marked.any(axis=2) if found.axes == "YXC" else marked)


def _make(task: str, model: Model, given: Mapping[str, Any], display: Display) -> tuple[Path, dict[str, Any]]:
    """A clip of a model, written."""
    source = Path(given["model"])
    target = source.with_name(f"{source.stem}-{MADE[task]}.gif") if given["out"] is None else Path(given["out"])
    if target.suffix.lower() == ".gif" and model.kind.dtype != "uint8":
        model.kind = replace(model.kind, low=0, high=255, dtype="uint8")  # it holds nothing else
    if not given["rate"] > 0:
        raise ValueError(f"{task}(--rate {given['rate']:g}): no rate. Give frames a second, above 0.")
    _check_places(task, target, [source], given["overwrite"])
    chosen = {parameter.name: given[parameter.name] for parameter in OWN[task]}
    make = WORK[task](model, given["seed"], **chosen)
    axes = "TYX" if model.kind.axis is None else "TYXC"
    shape = (2, *model.size, *model.sampler.picture.shape[1:2])[: len(axes)]
    blank = np.broadcast_to(np.zeros((), model.kind.dtype), shape)
    data.check_clip_output(data.Picture(blank, axes), target, overwrite=given["overwrite"])
    display.say(f"{source}: {task} with {model.method}")
    clip = make()
    data.write_clip(data.Picture(clip, axes), target, overwrite=given["overwrite"], rate=given["rate"])
    where = {"path": str(target.resolve())} if target.is_dir() else file_record(target)
    return target, {"output": where, **chosen, "made": len(clip)}


def _animation(model: Model, seed: int, **chosen: Any) -> Callable[[], Any]:
    animation.check_animation(model, **chosen)
    return partial(animation.animate, model, **chosen, seed=seed)


def _extrapolation(model: Model, seed: int, *, frames: int, direction: str, whole: bool) -> Callable[[], Any]:
    clips.check_extrapolation(model, frames, direction)

    def make() -> Any:
        made = clips.extrapolate(model, frames, direction=direction, seed=seed)
        if not whole:
            return made
        known = model.kind.pack(model.sampler.picture)[0]
        return np.concatenate([known, made] if direction == "forward" else [made, known])

    return make


def _interpolation(model: Model, seed: int, *, factor: int) -> Callable[[], Any]:
    clips.check_interpolation(model, factor)
    return partial(clips.interpolate, model, factor, seed=seed)


WORK: dict[str, Callable[..., Callable[[], Any]]] = {
    "animate": _animation,
    "extrapolate": _extrapolation,
    "interpolate": _interpolation,
}
