"""`oneself repeat`: do again what a record says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from oneself import io
from oneself.cli.tasks import attempt, print_summary
from oneself.core.schema import Misfit, conform
from oneself.jobs.aids import digest, read_aids
from oneself.jobs.errors import DONE, FAILED
from oneself.jobs.interruption import Interruption
from oneself.jobs.places import Places
from oneself.jobs.plan import Job, check_settings
from oneself.jobs.progress import Display
from oneself.jobs.records import read_record
from oneself.jobs.request import Files, Settings
from oneself.jobs.restoring import Restorer

__all__ = ["main"]

Record = dict[str, Any]
SURROUNDINGS = ("processor", "device", "threads")


def main(record: str, output: str | None, overwrite: bool, json: bool, quiet: bool) -> int:
    """Repeat a run and say whether the result is the same; 1 where it is not.

    Raises
    ------
    OSError, ValueError
        The record is none, or a file it names is missing or has changed.
    """
    place = Path(record)
    recorded = read_record(place)
    settings, job = _settings(recorded, place, record), _job(recorded, place, output)
    items, made, threads = recorded["items"], recorded["output"]["pixels_sha256"], recorded["threads"]
    check_settings(settings)
    written = [("--output", job.target), ("--output's .json", io.side_path(job.target))]
    places = Places("repeat", [place, job.source, *settings.aids.values()], written)
    display = Display(quiet)
    done: list[Record] = []
    failed: list[Record] = []
    files = Files(job.source, output, overwrite=overwrite)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)  # sums are split among threads, and rounded accordingly
    try:
        with Interruption(display.warn) as interruption:
            restorer = Restorer(settings, files, read_aids(settings), display, interruption, places, items)
            code = attempt(restorer, job, done, failed)
    finally:
        torch.set_num_threads(before)
    if done and not interruption.asked:
        code = _compare(recorded, done[0], made, display)
    if json and done:
        print_summary(done, failed, [])
    return code


def _compare(recorded: Mapping[str, Any], again: Mapping[str, Any], made: str, display: Display) -> int:
    if again["output"]["pixels_sha256"] == made:
        display.say("the same result, bit for bit")
        return DONE
    changed = [
        f"{name} {recorded.get(name)} then, {again[name]} now"
        for name in SURROUNDINGS
        if recorded.get(name) != again[name]
    ]
    then, now = recorded.get("versions", {}), again["versions"]
    changed += [f"{name} {then.get(name)} then, {now[name]} now" for name in now if then.get(name) != now[name]]
    why = "; ".join(changed) or "nothing that the record knows of has changed"
    display.warn(f"not the same result, bit for bit ({why})")
    return FAILED


def _settings(recorded: Mapping[str, Any], place: Path, name: str) -> Settings:
    told = recorded["asked"] | {"task": recorded["task"], "command": f"oneself repeat {name}"}
    told |= {"device": recorded["device"], "aids": {}}
    try:
        conform(told, Settings, "asked")
    except Misfit as error:
        raise ValueError(f"repeat({name!r}): the record is damaged ({error}). Name one as it was written.") from error
    told["aids"] = {aid: _found(recorded["aids"], aid, place) for aid in recorded["aids"]}
    found: Record = {field.name: told[field.name] for field in fields(Settings) if field.name in told}
    lists = {key: tuple(value) for key, value in found.items() if isinstance(value, list)}
    return Settings(**found | lists)


def _job(recorded: Mapping[str, Any], place: Path, output: str | None) -> Job:
    source = _found(recorded, "input", place)
    beside = place.parent / (Path(recorded["output"]["path"]).name or source.name)
    return Job(source, io.output_path(beside, None, "repeated") if output is None else Path(output))


def _found(recorded: Mapping[str, Any], what: str, place: Path) -> Path:
    """The file a record names, there or beside the record, if it is still the same."""
    path, sha = Path(recorded[what]["path"]), recorded[what]["sha256"]
    if not path.is_file() and (place.parent / path.name).is_file():
        path = place.parent / path.name
    if not path.is_file():
        raise FileNotFoundError(
            f"repeat({what}={str(path)!r}): the {what} is not there. Put it back, or beside the record."
        )
    if digest(path) != sha:
        raise ValueError(
            f"repeat({what}={str(path)!r}): the {what} has changed since. Put back the one with SHA-256 {sha}."
        )
    return path
