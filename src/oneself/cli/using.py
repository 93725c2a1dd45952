"""What is made with a trained model besides samples: `oneself edit`, `harmonise`, `paint`, `enlarge`, `animate`,
`extrapolate` and `interpolate`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from oneself import io
from oneself.cli.generating import like, opaque
from oneself.cli.uses import MADE, OWN, SUFFIXES
from oneself.core.result import versions
from oneself.generative.model import Kind, Model
from oneself.jobs.aids import read_mask
from oneself.jobs.errors import DONE, working
from oneself.jobs.journal import finish_killed
from oneself.jobs.keeping import Keeping, Record, Way
from oneself.jobs.places import Places
from oneself.jobs.progress import Display
from oneself.jobs.records import as_text, read_once
from oneself.quantities import duration
from oneself.tasks import animation, clips, enlarging, generation

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
    path = Path(given["model"])
    model, told = read_once(path, lambda: Model.load(path, device=given["device"]))
    model.kind = _of_files(model)
    planned = (_make if task in MADE else _edit)(task, model, given)
    side = io.side_path(planned.target)
    places = Places(task, planned.reads, [("out", planned.target), ("out's .json", side)])
    done = finish_killed(side.parent).get(side)
    if done is not None and done.get("command") == command_line and not given["overwrite"]:
        display.say(f"{planned.target} was made by a call that was killed; its record is written now")
        return DONE

    def record(output: Record) -> Record:
        return {
            "format": FORMAT,
            "command": command_line,
            "task": task,
            "model": told,
            "method": model.method,
            "seed": given["seed"],
            **planned.told,
            "output": output,
            "seconds": time.monotonic() - began,
            "versions": versions(),
        }

    with Keeping(side, places, given["overwrite"]) as keeping:
        may_replace = keeping.may_replace(planned.target)
        io.check_target(side, keeping.may_replace(side))
        planned.check(may_replace)
        for note in planned.told.get("notes", ()):
            display.warn(note)
        display.say(planned.words)
        ways = planned.make(keeping)
        with working():
            place, found = keeping.deliver(planned.target, ways, record)
    display.say(f"  wrote {place} and {io.side_path(place).name}; {duration(found['seconds'])}")
    if given["json"]:
        print(as_text(found), end="")
    return keeping.report()


def _of_files(model: Model) -> Kind:
    """The model's kind as files have it: arrays whose last axis holds the channels, where there are several."""
    kind = model.kind
    coloured = model.sampler.picture.shape[1] > 1
    dtype = "float32" if kind.dtype in ("bfloat16", "float16") else kind.dtype
    return replace(kind, dtype=dtype, axis=model.sampler.picture.ndim - 2 if coloured else None, tensor=False)


@dataclass(frozen=True)
class Work:
    """What a command will do: where its result goes, what it reads, what refuses a place for it, what makes it and the
    ways to write it; what the record tells, and what is said."""

    target: Path
    reads: Sequence[Path]
    check: Callable[[bool], None]
    make: Callable[[Keeping], list[Way]]
    told: Record
    words: str


def _edit(task: str, model: Model, given: Mapping[str, Any]) -> Work:
    source = Path(given["source"])
    read, told = read_once(source, lambda: io.upright(io.read(source, axes=given["axes"])))
    picture, notes = opaque(read, source, task)
    target = io.output_path(source, given["out"], SUFFIXES[task])
    notes += io.losses(like(picture, picture.pixels), target)
    inputs, found = [source, Path(given["model"])], {"input": told, "notes": notes}
    mask = []
    if given.get("mask") is not None:
        inputs.append(Path(given["mask"]))
        marked, found["mask"] = read_once(inputs[-1], lambda: _mask(task, inputs[-1]))
        mask = [marked]
    if task == "enlarge":
        make, chosen = _enlargement(model, picture.pixels, given)
        manner = f"{given['factor']:g} times"
    else:
        start = generation.first_scale(task, model, given["scale"])
        make = partial(getattr(generation, task), model, picture.pixels, *mask, scale=start, seed=given["seed"])
        chosen, manner = {"scale": start}, f"from scale {start} of {model.scales - 1}"

    def check(overwrite: bool) -> None:
        io.check_output(like(picture, picture.pixels), target, overwrite=overwrite)

    words = f"{source}: {task} with {given['model']} ({model.method}), {manner}"
    ways = lambda keeping: keeping.picture_ways(like(picture, make()), target)  # noqa: E731
    return Work(target, inputs, check, ways, {**found, **chosen}, words)


def _enlargement(model: Model, pixels: Any, given: Mapping[str, Any]) -> tuple[Callable[[], Any], dict[str, Any]]:
    enlarging.check_enlargement(model, given["factor"])
    make = partial(enlarging.enlarge, model, pixels, given["factor"], seed=given["seed"])
    return make, {"factor": given["factor"]}


def _mask(task: str, path: Path) -> np.ndarray[Any, Any]:
    found = io.upright(read_mask("mask", path, None))
    if found.axes not in ("YX", "YXC"):
        raise ValueError(f"{task}(mask={str(path)!r}): an array with the axes {found.axes}. Give one picture.")
    marked = found.pixels != 0
    return np.asarray(marked.any(axis=2) if found.axes == "YXC" else marked)


def _make(task: str, model: Model, given: Mapping[str, Any]) -> Work:
    """A clip of a model."""
    source = Path(given["model"])
    target = source.with_name(f"{source.stem}-{MADE[task]}.gif") if given["out"] is None else Path(given["out"])
    if target.suffix.lower() == ".gif" and model.kind.dtype != "uint8":
        model.kind = replace(model.kind, low=0, high=255, dtype="uint8")  # it holds nothing else
    chosen = {parameter.name: given[parameter.name] for parameter in OWN[task]}
    make = WORK[task](model, given["seed"], **chosen)
    axes = "TYX" if model.kind.axis is None else "TYXC"
    shape = (2, *model.size, *model.sampler.picture.shape[1:2])[: len(axes)]
    blank = np.broadcast_to(np.zeros((), model.kind.dtype), shape)
    told: Record = dict(chosen)

    def check(overwrite: bool) -> None:
        io.check_clip_output(io.Picture(blank, axes), target, overwrite=overwrite)

    def ways(keeping: Keeping) -> list[Way]:
        clip = make()
        told["made"] = len(clip)
        return keeping.clip_ways(io.Picture(clip, axes), target, given["rate"])

    return Work(target, [source], check, ways, told, f"{source}: {task} with {model.method}")


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
