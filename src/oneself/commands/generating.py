"""`oneself generate`: new pictures like one picture; trained once, sampled as often as wanted."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from oneself import data
from oneself.commands.errors import DONE, INTERRUPTED
from oneself.commands.interruption import Interruption
from oneself.commands.progress import Display
from oneself.commands.request import parse_range
from oneself.commands.steering import steering
from oneself.core.checkpoint import load_tree
from oneself.core.loop import fingerprint
from oneself.core.result import versions
from oneself.generation import Training, one_picture
from oneself.generators import Shaping
from oneself.model import Model, checked_size
from oneself.quantities import duration

__all__ = ["generate", "like", "opaque", "parse_size"]

FORMAT = "oneself-generated-1"
EVERY = 30.0  # seconds between two saves of the training's state


@dataclass(frozen=True)
class Place:
    """Where things go: the pictures, the model and the record."""

    pictures: tuple[Path, ...]
    model: Path
    record: Path


def generate(given: Mapping[str, Any], options: Mapping[str, Any], command_line: str) -> int:
    """Do what a command line asks for; its exit code.

    Raises
    ------
    OSError, TypeError, ValueError
        What is refused before the work.
    """
    display = Display(given["quiet"])
    size = None if given["size"] is None else parse_size(given["size"])
    count = given["n"]
    if not 1 <= count <= 10_000:
        raise ValueError(f"generate(-n {count}): not a number of pictures. Give 1 to 10000.")
    source = Path(given["source"])
    picture, notes = _read(source, given["axes"])
    place = _place(source, given["out"], given["model"], count, picture)
    _check(picture, size, place, given["overwrite"])
    steer = steering(given)
    for note in notes:
        display.warn(note)
    told_range = None if given["data_range"] is None else parse_range(given["data_range"])
    data_range = told_range if told_range is None or len(told_range) == 2 else told_range[0]
    axis = picture.axes.index("C") if "C" in picture.axes else None
    settings = {"channel_axis": axis, "data_range": data_range}
    began, code = time.monotonic(), DONE
    if place.model.exists() and not given["retrain"]:
        model = _loaded(place.model, picture, given, options, settings)
        shaping = model.shaping(model.size if size is None else size, **steer)
        display.say(f"{source}: sampling {place.model} ({model.method}), no training")
    else:
        model, shaping, code = _trained(picture, given, options, settings, display, size, steer)
        place.model.parent.mkdir(parents=True, exist_ok=True)
        model.save(place.model)
        display.say(f"  wrote {place.model}: the trained model; sample it again with --model")
    made = _written(model, picture, size, place, given, shaping)
    told = _record(given, model, size, place, command_line, time.monotonic() - began)
    data.write_text_atomic(place.record, json.dumps(told, indent=2, ensure_ascii=False) + "\n", overwrite=True)
    display.say(f"  wrote {made} pictures, {place.pictures[0].name} and on, and {place.record.name} to "
                f"{place.record.parent}; {duration(told['seconds'])}")  # fmt: skip
    if given["json"]:
        print(json.dumps(told, indent=2, ensure_ascii=False))
    return code


def parse_size(text: str) -> tuple[int, ...]:
    """``"512x768"`` as (height, width). Raises ValueError for anything else."""
    try:
        size = tuple(int(part) for part in text.lower().replace("×", "x").split("x"))
    except ValueError:
        size = ()
    if len(size) != 2:
        raise ValueError(f"generate(--size {text}): no size. Give height x width in pixels, such as 512x768.")
    return checked_size(size)


def _read(source: Path, axes: str | None) -> tuple[data.Picture, list[str]]:
    """One opaque picture; or one clip, where the source is a folder, a GIF or has an axis besides Y, X and C."""
    if source.is_dir() or source.suffix.lower() == ".gif":
        return data.read_clip(source, axes=axes), []
    picture = data.read(source, axes=axes)
    if len(set(picture.axes) - set("YXC")) == 1:
        return data.read_clip(source, axes=axes), list(picture.notes)
    return opaque(picture, source, "generate")


def opaque(picture: data.Picture, source: Path, task: str) -> tuple[data.Picture, list[str]]:
    """The picture without alpha. Raises ValueError for one that is not opaque, or not one picture."""
    if picture.axes not in ("YX", "YXC"):
        raise ValueError(
            f"{task}({str(source)!r}): an array with the axes {picture.axes}. One picture (Y and X, and channels "
            "C) at a time is learned from: take one out, or say --axes."
        )
    notes = list(picture.notes)
    if picture.alpha is not None:
        full = 1 if picture.alpha.dtype.kind in "bf" else np.iinfo(picture.alpha.dtype).max
        if not (picture.alpha == full).all():
            raise ValueError(
                f"{task}({str(source)!r}): it has an alpha channel, and what is hidden cannot be learned. Flatten "
                "it on a background, or cut out an opaque part."
            )
        notes.append("its alpha channel is opaque everywhere and was left out")
        picture = replace(picture, alpha=None)
    data.check_pixels(picture.pixels, f"{task}({str(source)!r})")
    return picture, notes


def _place(source: Path, out: str | None, model: str | None, count: int, picture: data.Picture) -> Place:
    """Where the results go. Raises OSError where OUT is a file."""
    folder = source.with_name(f"{source.stem}-generated") if out is None else Path(out)
    if folder.is_file():
        raise NotADirectoryError(f"generate(out={str(folder)!r}): a file. Name a folder for the pictures.")
    digits = max(2, len(str(count)))
    known = data.CLIP_ENDINGS if is_clip(picture) else data.EXTENSIONS
    ending = source.suffix if source.suffix.lower() in known else "" if is_clip(picture) else ".png"
    pictures = tuple(folder / f"{source.stem}-{number:0{digits}}{ending}" for number in range(1, count + 1))
    kept = folder / f"{source.stem}.safetensors" if model is None else Path(model)
    return Place(pictures, kept, folder / f"{source.stem}-generated.json")


def _check(picture: data.Picture, size: tuple[int, ...] | None, place: Place, overwrite: bool) -> None:
    """Refuse what could not be written, before the work; the folder is made."""
    place.record.parent.mkdir(parents=True, exist_ok=True)
    data.check_target(place.record, overwrite)
    data.check_target(place.model, overwrite=True)
    shape = dict(picture.sizes) | ({} if size is None else dict(zip("YX", size, strict=True)))
    blank = np.broadcast_to(np.zeros((), picture.pixels.dtype), tuple(shape.values()))  # takes no memory
    check = data.check_clip_output if is_clip(picture) else data.check_output
    for path in place.pictures:
        check(like(picture, blank), path, overwrite=overwrite)


def _loaded(
    path: Path, picture: data.Picture, given: Mapping[str, Any], options: Mapping[str, Any], settings: dict[str, Any]
) -> Model:
    """The saved model, if it is of this picture, method and options."""
    method = None if given["method"] == "auto" else given["method"]
    model = Model.load(path, method, given["device"])
    y, _ = one_picture(picture.pixels, "generate", **settings)
    told = f"generate(--model {path})"
    if model.picture != fingerprint(y):
        raise ValueError(f"{told}: was trained on another picture. Give that one, or another name to train anew.")
    for name, value in options.items():
        if model.options.get(name) != value:
            raise ValueError(
                f"{told}: was trained with {name}={model.options.get(name)!r}, {value!r} was asked for. Leave it "
                "out, or give --retrain or another name."
            )
    return model


def _trained(
    picture: data.Picture, given: Mapping[str, Any], options: Mapping[str, Any], settings: dict[str, Any],
    display: Display, size: tuple[int, ...] | None, steer: dict[str, Any],
) -> tuple[Model, Shaping | None, int]:  # fmt: skip
    chosen = {name: given[name] for name in ("seed", "seconds", "device", "preset", "precision", "compile")}
    training = Training(picture.pixels, given["method"], **chosen, **settings, **options)
    training.check(training.sizes[-1][-2:] if size is None else size, given["start_scale"])
    shaping = training.untrained().shaping(training.sizes[-1] if size is None else size, **steer)
    checkpoint = None if given["checkpoint"] is None else Path(given["checkpoint"])
    if checkpoint is not None:
        data.check_target(checkpoint, overwrite=True)
        if checkpoint.exists():
            training.run.load_state_dict(load_tree(checkpoint))
            display.say(f"  going on from {checkpoint}")
    if not given["quiet"]:
        display.say(f"{given['source']}: {training.cost()}")
    run, saved = training.run, time.monotonic()
    with Interruption(display.warn) as interruption:
        display.begin(run.method.key)
        try:
            for step in run:
                display.step(step, run)
                if checkpoint is not None and time.monotonic() - saved > EVERY:
                    run.save(checkpoint)
                    saved = time.monotonic()
                if interruption.asked:
                    break
        finally:
            display.end()
    if checkpoint is not None:
        run.save(checkpoint)
    return training.model(), shaping, DONE if run.finished else INTERRUPTED


def _written(
    model: Model, picture: data.Picture, size: tuple[int, ...] | None, place: Place, given: Mapping[str, Any],
    shaping: Shaping | None,
) -> int:  # fmt: skip
    """The pictures, one by one: the last may be long in coming."""
    write = data.write_clip if is_clip(picture) else data.write
    for number, path in enumerate(place.pictures):
        made = model.draw(size, seed=given["seed"], number=number, start=given["start_scale"], shaping=shaping)
        write(like(picture, model.kind.pack(made)[0]), path, overwrite=given["overwrite"])
    return len(place.pictures)


def is_clip(picture: data.Picture) -> bool:
    return picture.axes[0] == "T"


def like(picture: data.Picture, pixels: Any) -> data.Picture:
    """Other pixels with the picture's axes and colour profile: nothing else that its file said is true of them."""
    return data.Picture(pixels, picture.axes, picture.format, data.Metadata(icc=picture.metadata.icc))


def _record(
    given: Mapping[str, Any], model: Model, size: tuple[int, ...] | None, place: Place, command_line: str,
    seconds: float,
) -> dict[str, Any]:  # fmt: skip
    return {
        "format": FORMAT,
        "command": command_line,
        "input": str(given["source"]),
        "method": model.method,
        "options": model.options,
        "seed": given["seed"],
        "start_scale": given["start_scale"],
        **{name: given[name] for name in ("region", "text", "clip", "strength", "fill") if given[name]},
        "size": list(model.size if size is None else size),
        "model": str(place.model),
        "outputs": [str(path) for path in place.pictures],
        "seconds": seconds,
        "versions": versions(),
    }
