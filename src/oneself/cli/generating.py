"""`oneself generate`: new pictures like one picture; trained once, sampled as often as wanted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from oneself import io
from oneself.cli.steering import steering
from oneself.core.checkpoint import load_tree
from oneself.core.result import versions
from oneself.domains import IMAGE, RECORDING
from oneself.domains.gaps import check_pixels
from oneself.generative import Shaping
from oneself.generative.model import Model, checked_size
from oneself.io.sound import coding_of
from oneself.jobs.checkpoints import StateFile
from oneself.jobs.errors import DONE, INTERRUPTED, working
from oneself.jobs.interruption import Interruption
from oneself.jobs.journal import finish_killed, json_in
from oneself.jobs.keeping import Keeping, Record, Way
from oneself.jobs.places import Places
from oneself.jobs.progress import Display, followed
from oneself.jobs.records import as_text, file_record
from oneself.jobs.request import parse_range
from oneself.quantities import duration
from oneself.tasks import sound
from oneself.tasks.generation import Training, one_picture

__all__ = ["generate", "like", "opaque", "parse_size"]

FORMAT = "oneself-generated-1"


@dataclass(frozen=True)
class Place:
    """Where things go: the pictures, the model, the record and the training's state."""

    pictures: tuple[Path, ...]
    model: Path
    record: Path
    checkpoint: Path | None


def generate(given: Mapping[str, Any], options: Mapping[str, Any], command_line: str) -> int:
    """Do what a command line asks for; its exit code.

    Raises
    ------
    OSError, TypeError, ValueError
        What is refused before the work.
    """
    display = Display(given["quiet"])
    count = given["n"]
    if not 1 <= count <= 10_000:
        raise ValueError(f"generate(-n {count}): not a number of pictures. Give 1 to 10000.")
    source = Path(given["source"])
    if given["size"] is not None:
        parse_size(given["size"])
    picture, notes = _read(source, given["axes"])
    size = _size(given, picture)
    place = _place(source, given, count, picture)
    ours = _unfinished(place, command_line)
    trains = given["retrain"] or not place.model.exists() or bool(ours)
    places = _places(source, given, place, trains)
    done = finish_killed(place.record.parent).get(place.record)
    if done is not None and done.get("command") == command_line and not given["overwrite"]:
        display.say(f"{source}: made by a call that was killed; its record, {place.record}, is written now")
        return DONE
    steer = steering(given)
    told_range = None if given["data_range"] is None else parse_range(given["data_range"])
    data_range = told_range if told_range is None or len(told_range) == 2 else told_range[0]
    axis = picture.axes.index("C") if "C" in picture.axes else None
    settings = {"channel_axis": axis, "data_range": data_range}
    with Keeping(place.record, places, given["overwrite"], ours) as keeping, Interruption(display.warn) as interruption:
        _check(picture, size, place, keeping)
        for note in notes:
            display.warn(note)
        began = time.monotonic()
        if trains:
            state = None if place.checkpoint is None else StateFile(place.checkpoint, display.warn)
            training, shaping = _training(picture, given, options, settings, size, steer, state, display)
            with working():
                model = _trained(training, given, display, interruption, state)
                kept = keeping.keep(place.model, _model_ways(model, keeping, given["retrain"]))
                if kept is not None:
                    display.say(
                        f"  wrote {_named(kept, place.model, keeping)}: the trained model; sample it again with --model"
                    )
        else:
            model = _loaded(place.model, picture, given, options, settings)
            shaping, kept = model.shaping(model.size if size is None else size, **steer), None
            display.say(f"{source}: sampling {place.model} ({model.method}), no training")
        whole = not trains or training.run.finished
        told: Record = {
            "model": str(place.model) if kept is None else _named(kept, place.model, keeping),
            "command": command_line,
        }
        told |= {"interrupted": not whole}
        with working() if trains else nullcontext():
            found = _written(model, picture, size, place, given, shaping, told, began, keeping, interruption)
    made = found["outputs"]
    where = f", {Path(made[0]).name} and on, and {place.record.name} to {place.record.parent}"
    display.say(f"  wrote {len(made)} pictures{'' if keeping.failures else where}; {duration(found['seconds'])}")
    if given["json"]:
        print(as_text(found), end="")
    return keeping.report() or (INTERRUPTED if found["interrupted"] else DONE)


def parse_size(text: str) -> tuple[int, ...]:
    """``"512x768"`` as (height, width). Raises ValueError for anything else."""
    try:
        size = tuple(int(part) for part in text.lower().replace("×", "x").split("x"))
    except ValueError:
        size = ()
    if len(size) != 2:
        raise ValueError(f"generate(--size {text}): no size. Give height x width in pixels, such as 512x768.")
    return checked_size(size)


def _read(source: Path, axes: str | None) -> tuple[io.Picture, list[str]]:
    """One opaque picture; or one clip, where the source is a folder, a GIF or has an axis besides Y, X and C."""
    if source.is_dir() or source.suffix.lower() == ".gif":
        return io.read_clip(source, axes=axes), []
    picture = io.read(source, axes=axes)
    if sound.rate_of(picture) is not None:
        check_pixels(picture.pixels, f"generate({str(source)!r})")
        return picture, list(picture.notes)
    if len(set(picture.axes) - set("YXC")) == 1:
        return io.read_clip(source, axes=axes), list(picture.notes)
    return opaque(io.upright(picture), source, "generate")


def _size(given: Mapping[str, Any], picture: io.Picture) -> tuple[int, ...] | None:
    """The size asked for: of pictures height and width, of recordings samples. Raises ValueError for the other's."""
    rate = sound.rate_of(picture)
    if rate is not None and given["size"] is not None:
        raise ValueError("generate(--size): of pictures. Say how long the recordings shall be, with --length.")
    if rate is None and given["length"] is not None:
        raise ValueError("generate(--length): of recordings. Say how large the pictures shall be, with --size.")
    if rate is None:
        return None if given["size"] is None else parse_size(given["size"])
    return None if given["length"] is None else checked_size((round(given["length"] * rate),), 1)


def opaque(picture: io.Picture, source: Path, task: str) -> tuple[io.Picture, list[str]]:
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
    check_pixels(picture.pixels, f"{task}({str(source)!r})")
    return picture, notes


def _place(source: Path, given: Mapping[str, Any], count: int, picture: io.Picture) -> Place:
    """Where the results go. Raises OSError where OUT is a file."""
    out, model = given["out"], given["model"]
    folder = source.with_name(f"{source.stem}-generated") if out is None else Path(out)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"generate(out={str(folder)!r}): a file. Name a folder for the pictures.")
    digits = max(2, len(str(count)))
    known = io.CLIP_ENDINGS if is_clip(picture) else io.EXTENSIONS
    ending = source.suffix if source.suffix.lower() in known else "" if is_clip(picture) else ".png"
    pictures = tuple(folder / f"{source.stem}-{number:0{digits}}{ending}" for number in range(1, count + 1))
    kept = folder / f"{source.stem}.safetensors" if model is None else Path(model)
    checkpoint = None if given["checkpoint"] is None else Path(given["checkpoint"])
    return Place(pictures, kept, folder / f"{source.stem}-generated.json", checkpoint)


def _places(source: Path, given: Mapping[str, Any], place: Place, trains: bool) -> Places:
    """What is read and written; the model is either."""
    reads = [source, *(io.find_images(source) if source.is_dir() else [])]
    writes = [("out", path) for path in place.pictures] + [("out's .json", place.record)]
    if trains:
        writes.append(("--model", place.model))
    else:
        reads.append(place.model)
    if place.checkpoint is not None:
        writes.append(("--checkpoint", place.checkpoint))
    if given["clip"] is not None:
        reads += [path for path in Path(given["clip"]).rglob("*") if path.is_file()]
    return Places("generate", reads, writes)


def _unfinished(place: Place, command_line: str) -> dict[str, str]:
    """The files of the same call, that was interrupted and has left its training's state: it may replace those."""
    if place.checkpoint is None or not place.checkpoint.exists():
        return {}
    found = json_in(place.record)
    if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("command") != command_line:
        return {}
    files = found.get("files")
    if found.get("interrupted") is not True or not isinstance(files, dict):
        return {}
    made = {path: sha for path, sha in files.items() if isinstance(sha, str)}
    return made | {str(place.record.resolve()): file_record(place.record)["sha256"]}


def _check(picture: io.Picture, size: tuple[int, ...] | None, place: Place, keeping: Keeping) -> None:
    """Refuse what could not be written, before the work; the folder is made."""
    place.record.parent.mkdir(parents=True, exist_ok=True)
    io.check_target(place.record, keeping.may_replace(place.record))
    io.check_target(place.model, overwrite=True)
    shape = dict(picture.sizes) | ({} if size is None else dict(zip("YX"[-len(size) :], size, strict=True)))
    blank = np.broadcast_to(np.zeros((), picture.pixels.dtype), tuple(shape.values()))  # takes no memory
    check = io.check_clip_output if is_clip(picture) else io.check_output
    for path in place.pictures:
        check(like(picture, blank), path, overwrite=keeping.may_replace(path))


def _loaded(
    path: Path, picture: io.Picture, given: Mapping[str, Any], options: Mapping[str, Any], settings: dict[str, Any]
) -> Model:
    """The saved model, if it is of this picture, method and options."""
    method = None if given["method"] == "auto" else given["method"]
    model = Model.load(path, method, given["device"])
    if sound.rate_of(picture) is None:
        found = IMAGE.fingerprint(one_picture(picture.pixels, "generate", **settings)[0])
    else:
        found = RECORDING.fingerprint(sound.heard(picture)[0])
    told = f"generate(--model {path})"
    if model.picture != found:
        raise ValueError(f"{told}: was trained on another picture. Give that one, or another name to train anew.")
    for name, value in options.items():
        if model.options.get(name) != value:
            raise ValueError(
                f"{told}: was trained with {name}={model.options.get(name)!r}, {value!r} was asked for. Leave it "
                "out, or give --retrain or another name."
            )
    return model


def _training(
    picture: io.Picture, given: Mapping[str, Any], options: Mapping[str, Any], settings: dict[str, Any],
    size: tuple[int, ...] | None, steer: dict[str, Any], state: StateFile | None, display: Display,
) -> tuple[Training, Shaping | None]:  # fmt: skip
    """A training that can begin, or go on, and what will steer the samples."""
    chosen = {name: given[name] for name in ("seed", "seconds", "device", "preset", "precision", "compile")}
    if sound.rate_of(picture) is None:
        training = Training(picture.pixels, given["method"], **chosen, **settings, **options)
    else:
        recording, kind = sound.heard(picture)
        training = Training(recording, given["method"], **chosen, **options)
        training.kind = kind
    training.check(training.sizes[-1][-2:] if size is None else size, given["start_scale"])
    shaping = training.untrained().shaping(training.sizes[-1] if size is None else size, **steer)
    if state is not None and state.path.exists():
        training.run.load_state_dict(load_tree(state.path))
        display.say(f"  going on from {state.path}")
    return training, shaping


def _trained(
    training: Training, given: Mapping[str, Any], display: Display, interruption: Interruption, state: StateFile | None
) -> Model:
    """The model, at the end or as it is when that is asked for."""
    if not given["quiet"]:
        display.say(f"{given['source']}: {training.cost()}")
    run = training.run
    for _ in followed(run, run.method.key, display, interruption):
        if state is not None and state.is_due():
            state.save(run.state_dict)
    if state is not None:
        state.save(run.state_dict)
    return training.model()


def _model_ways(model: Model, keeping: Keeping, retrain: bool) -> list[Way]:
    def write(place: Path) -> None:
        io.save(place, model.save, overwrite=retrain or keeping.may_replace(place))

    return [("", write), (".safetensors", model.save)]


def _named(kept: Record, path: Path, keeping: Keeping) -> str:
    """Where a file is, as it was named if it is there."""
    return str(path) if keeping.is_in_place(kept) else str(kept["path"])


def _written(
    model: Model, picture: io.Picture, size: tuple[int, ...] | None, place: Place, given: Mapping[str, Any],
    shaping: Shaping | None, told: Record, began: float, keeping: Keeping, interruption: Interruption,
) -> Record:  # fmt: skip
    """The pictures, one by one, since the last may be long in coming, and the record, which is returned."""
    outputs: list[str] = []

    def record(last: Record, path: Path) -> Record:
        made = [*outputs, _named(last, path, keeping)]
        about = told | {"interrupted": told["interrupted"] or path != place.pictures[-1], "files": keeping.files()}
        return _record(given, model, size, made, time.monotonic() - began) | about

    for number, path in enumerate(place.pictures):
        made = model.draw(size, seed=given["seed"], number=number, start=given["start_scale"], shaping=shaping)
        new = like(picture, model.kind.pack(made)[0])
        ways = keeping.clip_ways(new, path) if is_clip(picture) else keeping.picture_ways(new, path)
        if interruption.asked or path == place.pictures[-1]:
            return keeping.deliver(path, ways, partial(record, path=path))[1]
        kept = keeping.keep(path, ways)
        outputs += [_named(kept, path, keeping)] if kept is not None else []
    raise AssertionError("there is at least one picture")


def is_clip(picture: io.Picture) -> bool:
    return picture.axes[0] == "T"


def like(picture: io.Picture, pixels: Any) -> io.Picture:
    """Other pixels with the picture's axes and colour profile: nothing else that its file said is true of them."""
    native = coding_of(picture)
    return io.Picture(pixels, picture.axes, picture.format, io.Metadata(icc=picture.metadata.icc, native=native))


def _record(
    given: Mapping[str, Any], model: Model, size: tuple[int, ...] | None, outputs: list[str], seconds: float
) -> Record:
    return {
        "format": FORMAT,
        "input": str(given["source"]),
        "method": model.method,
        "options": model.options,
        "seed": given["seed"],
        "start_scale": given["start_scale"],
        **{name: given[name] for name in ("region", "text", "clip", "strength", "fill") if given[name]},
        "size": list(model.size if size is None else size),
        "outputs": outputs,
        "seconds": seconds,
        "versions": versions(),
    }
