"""Which files are restored, and where their results go; everything that can be refused before the work."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from oneself import io
from oneself.core import Compute
from oneself.io import Picture
from oneself.io.paths import check_source, extension
from oneself.jobs.aids import digest
from oneself.jobs.journal import finish_killed
from oneself.jobs.places import Places
from oneself.jobs.records import own_unfinished
from oneself.jobs.request import SUFFIXES, Files, Settings
from oneself.operators.mixture import MIXTURES, check_mixture
from oneself.registry import find
from oneself.tasks.problems import check_quality, choose_method

__all__ = ["Job", "Plan", "check_place", "check_settings", "makes_folders", "plan"]


@dataclass(frozen=True)
class Job:
    """One file to restore, and its result."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Plan:
    """The files to restore, and those left out because their result is there; what is read and written in all; the
    records, by their place, that a killed call left to be written and that are written now."""

    jobs: list[Job]
    skipped: list[Job]
    places: Places
    finished: Mapping[Path, dict[str, Any]] = field(default_factory=dict)


def check_settings(settings: Settings) -> None:
    """Refuse, before any file is read, what no file could be restored with.

    Raises
    ------
    TypeError, ValueError
        An unknown method, option, preset, device or precision; a level or time out of range; what the task or the
        method has no use for.
    """
    task, sigma, seconds = settings.task, settings.sigma, settings.seconds
    Compute.choose(settings.device, settings.precision, settings.compile)
    if task in MIXTURES:
        check_mixture(task, {name: settings.aids.get(name) for name in ("hints", "mask", "second")})
    if sigma is not None and not 0 < sigma < float("inf"):
        raise ValueError(f"{task}(--sigma {sigma:g}): not a noise level. Give a number above 0, or leave it out.")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise ValueError(f"{task}(--seconds {seconds:g}): no time allowed. Give a number above 0, or leave it out.")
    check_quality(task, settings.method, settings.quality)
    if settings.method == "auto":
        if sigma is not None and task != "denoise":
            raise ValueError(f"{task}(--sigma {sigma:g}): only denoise picks by it. Leave it out, or choose --method.")
        if settings.preset is not None:
            raise ValueError(f"{task}(--preset {settings.preset}): belongs to a method. Choose one with --method.")
        return
    choose_method(task, settings.method, torch.zeros(1, 1, 1), sigma=None if sigma is None else 1.0, rate=1.0)
    method = find(settings.method)
    in_own_units = {record.name for record in method.options if record.option.unit}  # of a file that is not read yet
    others = {name: v for name, v in settings.options.items() if name not in in_own_units}
    method.resolve_options(others, settings.preset)


def plan(files: Files, settings: Settings) -> Plan:
    """What is to be done.

    Raises
    ------
    OSError, ValueError
        No such file or folder, or none to restore in it; a result that exists (without ``overwrite`` and
        ``skip_existing``), could not be written or would replace an input.
    """
    task = settings.task
    jobs = _in_folder(files, task) if files.source.is_dir() else [_of_file(files, task)]
    finished: dict[Path, dict[str, Any]] = {}
    for folder in dict.fromkeys(job.target.parent for job in jobs):
        finished |= finish_killed(folder)
    skipped = [job for job in jobs if files.skip_existing and job.target.exists() and not _unfinished(job)]
    jobs = [job for job in jobs if job not in skipped]
    places = _places(files, jobs, settings)
    present = [job.target for job in jobs if job.target.exists()]
    if present and not (files.overwrite or files.skip_existing) and len(jobs) > 1:
        raise FileExistsError(
            f"{task}(out): {len(present)} of {len(jobs)} results are there already, such as {str(present[0])!r}. "
            "Give --skip-existing to leave them, --overwrite to replace them, or another folder."
        )
    return Plan(jobs, skipped, places, finished)


def _unfinished(job: Job) -> bool:
    """Whether the result that is there is the best so far of a call that was interrupted."""
    ours = own_unfinished(io.side_path(job.target), {"sha256": digest(job.source)})
    return ours.get(str(job.target.resolve())) == digest(job.target)


def _of_file(files: Files, task: str) -> Job:
    check_source(files.source)
    return Job(files.source, io.output_path(files.source, files.out, SUFFIXES[task]))


def _in_folder(files: Files, task: str) -> list[Job]:
    for name in ("preview", "compare", "checkpoint"):
        if getattr(files, name) is not None:
            raise ValueError(f"{task}(--{name}): one file cannot serve a folder. Leave it out, or name one picture.")
    folder = files.source
    found = io.find_images(folder, files.recursive)
    if files.out is None:
        jobs = [Job(path, io.output_path(path, None, SUFFIXES[task])) for path in found]
    else:
        out = Path(files.out)
        if out.is_file():
            raise NotADirectoryError(f"{task}(out={files.out!r}): a file, but IN is a folder. Name a folder.")
        inside = out.resolve() != folder.resolve() and out.resolve().is_relative_to(folder.resolve())
        found = [path for path in found if not (inside and path.resolve().is_relative_to(out.resolve()))]
        jobs = [Job(path, out / path.relative_to(folder)) for path in found]
    if not jobs:
        deeper = "" if files.recursive else ", or give --recursive for its subfolders"
        raise ValueError(f"{task}(in={str(folder)!r}): no pictures in this folder. Name another{deeper}.")
    return jobs


def _places(files: Files, jobs: list[Job], settings: Settings) -> Places:
    """Nothing that is written may be an input, or written twice."""
    written = [("out", job.target) for job in jobs]
    written += [("out's .json", io.side_path(job.target)) for job in jobs]
    extras = (("preview", files.preview), ("compare", files.compare), ("checkpoint", files.checkpoint))
    written += [(f"--{name}", path) for name, path in extras if path is not None]
    return Places(settings.task, [*(job.source for job in jobs), *settings.aids.values()], written)


def check_place(picture: Picture, target: Path, may_replace: Callable[[Path], bool], make_folders: bool) -> None:
    """Refuse a result, or its record, that could not be written; with ``make_folders`` its folders may be missing.

    Raises
    ------
    OSError, ValueError
        As ``io.check_output``.
    """
    folder, side = target.parent, io.side_path(target)
    if folder.exists() or not make_folders:
        io.check_output(picture, target, overwrite=may_replace(target))
        io.check_target(side, may_replace(side))
        return
    while not folder.exists():
        if folder.is_symlink():
            raise FileNotFoundError(f"write(path={str(target)!r}): the link {str(folder)!r} leads nowhere. Remove it.")
        folder = folder.parent
    io.check_output(picture, folder / f".{uuid.uuid4().hex}{extension(target)}")


def makes_folders(files: Files) -> bool:
    """Whether missing folders are made: where the result was named as a folder."""
    return files.source.is_dir() or (files.out is not None and files.out.endswith(("/", os.sep)))
