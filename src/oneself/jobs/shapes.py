"""Point clouds and meshes in files: read, run with progress, look, interrupt and go on, write, record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from oneself import io
from oneself.core.checkpoint import load_tree
from oneself.core.result import versions
from oneself.domains import Mesh
from oneself.geometry import nearest
from oneself.geometry.render import render
from oneself.io.shapes import Shape, check_shape_output, read_shape, shape_losses, write_shape
from oneself.jobs.checkpoints import StateFile
from oneself.jobs.errors import DONE, INTERRUPTED, working
from oneself.jobs.interruption import Interruption
from oneself.jobs.journal import finish_killed
from oneself.jobs.keeping import Keeping, Record, Way
from oneself.jobs.places import Places
from oneself.jobs.progress import Display, followed
from oneself.jobs.records import as_text, read_once
from oneself.quantities import duration
from oneself.registry import Run
from oneself.tasks.shapes import Cloud, cloud_of, shape_run, signs

__all__ = ["SHAPE_TASKS", "shape"]

SHAPE_TASKS = {"orient": "oriented", "consolidate": "consolidated", "reconstruct": "surface"}
"""How the result of a task is called where no output is named."""
KIND = "oneself-shape-1"
PREVIEW = 10.0  # seconds between two looks
SETTINGS = ("seed", "seconds", "device", "preset")


@dataclass(frozen=True)
class Asked:
    """What a call asks for, as plain values."""

    task: str
    source: Path
    target: Path
    given: Mapping[str, Any]
    options: Mapping[str, Any]
    command: str

    @property
    def beside(self) -> dict[str, Path]:
        """Files that are written on the way, by the flag's name."""
        names = ("preview", "compare", "checkpoint")
        return {name: Path(self.given[name]) for name in names if self.given[name] is not None}


def shape(task: str, given: Mapping[str, Any], options: Mapping[str, Any], command: str) -> int:
    """Do what a command line asks for; its exit code.

    Raises
    ------
    OSError, TypeError, ValueError, ImportError
        What is refused before the work.
    """
    source = Path(given["source"])
    asked = Asked(task, source, _target(task, source, given["out"]), given, options, command)
    display, side = Display(given["quiet"]), io.side_path(asked.target)
    found, told = read_once(source, lambda: read_shape(source))
    writes = [("out", asked.target), ("out's .json", side), *((f"--{k}", path) for k, path in asked.beside.items())]
    places = Places(task, [source], writes)
    done = finish_killed(side.parent).get(side)
    if done is not None and done.get("command") == command and not given["overwrite"]:
        display.say(f"{asked.target} was made by a call that was killed; its record is written now")
        return DONE
    with Keeping(side, places, given["overwrite"]) as keeping, Interruption(display.warn) as interruption:
        io.check_target(side, keeping.may_replace(side))
        check_shape_output(asked.target, task == "reconstruct", keeping.may_replace(asked.target))
        for name in ("preview", "compare"):
            if name in asked.beside:
                io.check_target(asked.beside[name], keeping.may_replace(asked.beside[name]))
        notes = [*found.notes]
        found, normals = _with_normals(asked, found, display, notes)
        cloud = cloud_of(found.points, normals, caller=task)
        run = _run(asked, cloud)
        for note in [*notes, *shape_losses(found, asked.target)]:
            display.warn(note)
        _work(run, asked, cloud, display, interruption, keeping)
        with working():
            made = _answer(asked, run.answer, found, cloud)
            return _written(asked, run, made, found, told, notes, keeping, display)


def _target(task: str, source: Path, out: str | None) -> Path:
    """Where the result goes; a surface is PLY where nothing is named."""
    ending = ".ply" if task == "reconstruct" else source.suffix
    return io.output_path(source.with_suffix(ending), out, SHAPE_TASKS[task])


def _with_normals(asked: Asked, found: Shape, display: Display, notes: list[str]) -> tuple[Shape, Any]:
    """The normals that a task begins with: only ``reconstruct`` does, and finds them where the file has none."""
    if asked.task != "reconstruct":
        return found, None
    if found.normals is not None:
        return found, found.normals
    alike = {name: asked.given[name] for name in ("seed", "device")}
    run = shape_run("orient", "auto", cloud_of(found.points, caller="orient"), **alike)
    display.say(f"  no normals in the file: they are found by {run.method.key}")
    notes.append(f"the file has no normals; they were found by {run.method.key}")
    answer = run.finish().answer
    return found, answer[:, 3:]


def _run(asked: Asked, cloud: Cloud) -> Run:
    settings = {name: asked.given[name] for name in SETTINGS}
    options = dict(asked.options)
    if asked.task == "consolidate":
        options["n"] = asked.given["n"] or 2 * len(cloud.y)
    return shape_run(asked.task, asked.given["method"], cloud, **settings, **options)


def _work(run: Run, asked: Asked, cloud: Cloud, display: Display, interruption: Interruption, keeping: Keeping) -> None:
    """Run to the end, or until it is asked to end."""
    state = StateFile(asked.beside["checkpoint"], display.warn) if "checkpoint" in asked.beside else None
    if state is not None and state.path.exists():
        run.load_state_dict(load_tree(state.path))
        display.say(f"  going on from {state.path}")
    display.say(f"{asked.source}: {len(cloud.y)} points, {run.method.title}")
    looked = 0.0
    for _ in followed(run, run.method.key, display, interruption):
        with working():
            if state is not None and state.is_due():
                state.save(run.state_dict)
            if "preview" in asked.beside and run.elapsed - looked > PREVIEW:
                looked = run.elapsed
                _keep_picture(asked.beside["preview"], _picture_of(run.answer), keeping)
    if state is not None:
        state.save(run.state_dict)


def _answer(asked: Asked, answer: Any, found: Shape, cloud: Cloud) -> Shape:
    """The answer as a file has it: what a point had besides goes to the points that it became, or is nearest to."""
    if asked.task == "orient":
        normals = signs(answer, None if asked.given["renew"] else found.normals, len(cloud.y))
        return Shape(
            found.points, normals.astype(found.points.dtype), found.faces, found.attributes, "", found.comments
        )
    places = answer.vertices if isinstance(answer, Mesh) else answer
    index = nearest(places.double(), cloud.y[:, :3].double())[1][:, 0].cpu().numpy()
    others = {name: values[index] for name, values in found.attributes.items()}
    faces = answer.faces.cpu().numpy() if isinstance(answer, Mesh) else None
    return Shape(cloud.back(places).astype(found.points.dtype), None, faces, others, "", found.comments)


def _written(
    asked: Asked,
    run: Run,
    made: Shape,
    found: Shape,
    told: Record,
    notes: list[str],
    keeping: Keeping,
    display: Display,
) -> int:
    for name in ("compare", "preview"):
        if name in asked.beside:
            pair = [_picture(found), _picture(made)] if name == "compare" else [_picture(made)]
            _keep_picture(asked.beside[name], np.concatenate(pair, axis=1), keeping)
    result = run.result()
    about = {
        "format": KIND,
        "command": asked.command,
        "task": asked.task,
        "input": told,
        "method": result.method,
        "options": {k: v for k, v in result.options.items() if v is None or isinstance(v, bool | int | float | str)},
        "seed": result.seed,
        "stages": [asdict(stage) for stage in result.stages],
        "interrupted": not run.finished,
        "stopped_by": result.stopped_by,
        "seconds": result.seconds,
        "points": len(made.points),
        "faces": None if made.faces is None else len(made.faces),
        "notes": [*notes, *result.notes],
        "threads": torch.get_num_threads(),
        "versions": {**versions(), "numpy": np.__version__},
        "cite": result.cite,
    }
    ways: list[Way] = [
        ("", lambda place: write_shape(made, place, overwrite=keeping.may_replace(place))),
        (asked.target.suffix, partial(write_shape, made)),
    ]
    written, record = keeping.deliver(asked.target, ways, lambda output: about | {"output": output})
    size = f"{record['points']} points" + ("" if record["faces"] is None else f", {record['faces']} faces")
    display.say(f"  wrote {written}: {size}; {duration(record['seconds'])}")
    if asked.given["json"]:
        print(as_text(record), end="")
    return keeping.report() or (INTERRUPTED if record["interrupted"] else DONE)


def _picture(shape: Shape) -> np.ndarray[Any, Any]:
    return render(shape.points, shape.normals, shape.faces)


def _picture_of(answer: Any) -> np.ndarray[Any, Any]:
    """An answer of any kind."""
    if isinstance(answer, Mesh):
        return render(answer.vertices.cpu().numpy(), None, answer.faces.cpu().numpy())
    values = answer.cpu().numpy()
    return render(values[:, :3], values[:, 3:] if values.shape[1] == 6 else None)


def _keep_picture(path: Path, pixels: np.ndarray[Any, Any], keeping: Keeping) -> None:
    keeping.keep(path, keeping.picture_ways(io.Picture(pixels, "YX", path.suffix.lower().lstrip(".")), path))
