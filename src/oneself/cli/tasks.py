"""`oneself denoise`, `super-resolve`, `inpaint`, `deblur`, `separate`, `dehaze`: a file or a folder of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oneself import io
from oneself.jobs.aids import NAMES, read_aids
from oneself.jobs.errors import DONE, ENDED_AT_ONCE, FAILED, INTERRUPTED, REFUSED, report, say
from oneself.jobs.interruption import Interruption
from oneself.jobs.plan import Job, Plan, check_settings, plan
from oneself.jobs.progress import Display
from oneself.jobs.records import as_text
from oneself.jobs.request import ESTIMATE, Files, Settings, parse_gap, parse_range, parse_scale
from oneself.jobs.restoring import Restorer
from oneself.operators.mixture import MIXTURES

__all__ = ["attempt", "print_summary", "restore"]

Record = dict[str, Any]
EITHER = {"super-resolve": [("scale", "rate")], "inpaint": [("mask", "gap")]}  # of pictures, or of recordings


def restore(
    task: str, given: Mapping[str, Any], options: Mapping[str, Any], images: Mapping[str, str], command_line: str
) -> int:
    """Do what a command line asks for; its exit code.

    Parameters
    ----------
    given : mapping
        The flags by name, as typed.
    options : mapping
        Those of the chosen method.
    images : mapping
        The files of those that are images.

    Raises
    ------
    OSError, TypeError, ValueError
        What is refused before the work.
    """
    task = _apart(given["task"]) if task == "separate" else task
    _check_given(task, given)
    settings, files = _settings(task, given, options, images, command_line), _files(given)
    display = Display(given["quiet"])
    check_settings(settings)
    aids = read_aids(settings)
    planned = plan(files, settings)
    jobs, skipped = planned.jobs, planned.skipped
    for job in skipped:
        display.say(f"{job.source}: skipped, {job.target} is there")
    others = io.passed_over(files.source, files.recursive) if files.source.is_dir() else {}
    if others:
        named = ", ".join(f"{count} {ending}" for ending, count in others.items())
        display.warn(f"{files.source}: skipped {named}: not a file format that is read here")
    done: list[Record] = _finished(planned, files, settings, display)
    if done:
        jobs = []
    failed: list[Record] = []
    code = DONE
    with Interruption(display.warn) as interruption:
        restorer = Restorer(settings, files, aids, display, interruption, planned.places)
        for number, job in enumerate(jobs, 1):
            if len(jobs) > 1:
                display.say(f"[{number}/{len(jobs)}]")
            try:
                ended = attempt(restorer, job, done, failed, skipped if len(jobs) > 1 else None)
            except KeyboardInterrupt:
                say(ENDED_AT_ONCE)
                code = INTERRUPTED
                break
            code = ended if len(jobs) == 1 or ended == INTERRUPTED else max(code, min(ended, FAILED))
            if interruption.asked and number < len(jobs):
                code = INTERRUPTED
                break
    if files.source.is_dir():
        meant = len(jobs) + sum(job not in jobs for job in skipped)
        _tell_totals(display, meant, done, failed, skipped)
    if given["json"] and code != REFUSED:
        print_summary(done, failed, skipped)
    return code


def _check_given(task: str, given: Mapping[str, Any]) -> None:
    """Refuse a task without what it cannot do without, of pictures or of recordings; and both."""
    for one, other in EITHER.get(task, []):
        if bool(given[one]) == bool(given[other]):
            which = "both" if given[one] else "neither"
            told = f"{task}(--{one}, --{other}): {which}"
            raise ValueError(f"{told}. Give --{one} of a picture, or --{other} of a recording.")
    for text in given.get("gap") or ():
        parse_gap(text)


def _finished(planned: Plan, files: Files, settings: Settings, display: Display) -> list[Record]:
    """The record of the only file, where the same call was killed when all but that was written."""
    if len(planned.jobs) != 1 or files.overwrite:
        return []
    (job,) = planned.jobs
    found = planned.finished.get(io.side_path(job.target))
    if found is None or found["interrupted"] or found["command"] != settings.command:
        return []
    display.say(f"{job.source}: {job.target} was made by a call that was killed; its record is written now")
    return [found]


def attempt(
    restorer: Restorer, job: Job, done: list[Record], failed: list[Record], skipped: list[Job] | None = None
) -> int:
    """Restore one file; its exit code. A failure is told, and the files after it have their turn.

    With ``skipped``, for files whose results were not there at first, one that is there now is left to who made it.
    """
    try:
        done.append(restorer.restore(job))
    except Exception as error:
        if skipped is not None and isinstance(error, FileExistsError) and not restorer.begun and job.target.exists():
            restorer.display.say(f"{job.source}: skipped, {job.target} has appeared meanwhile")
            skipped.append(job)
            return DONE
        report(error)
        failed.append({"input": str(job.source), "error": str(error) or type(error).__name__})
        return FAILED if restorer.begun else REFUSED
    return INTERRUPTED if done[-1]["interrupted"] else DONE


def print_summary(done: list[Record], failed: list[Record], skipped: list[Job]) -> None:
    """For machines, on stdout: the records, the failures, and what was left out."""
    left_out = [{"input": str(job.source), "output": str(job.target)} for job in skipped]
    print(as_text({"results": done, "failed": failed, "skipped": left_out}), end="")


def _tell_totals(display: Display, meant: int, done: list[Record], failed: list[Record], skipped: list[Job]) -> None:
    rest = meant - len(done) - len(failed) - len(skipped)
    parts = [f"{len(done)} restored"] + [f"{len(skipped)} skipped"] * bool(skipped) + [f"{len(failed)} failed"]
    display.say(", ".join([*parts, *[f"{rest} not begun"] * bool(rest)]))
    for failure in failed:
        display.warn(f"failed: {failure['input']}")


def _apart(task: str) -> str:
    """What `separate` is to do. Raises ValueError for what it does not."""
    if task not in MIXTURES:
        raise ValueError(f"separate(--task {task}): unknown. Give one of {', '.join(MIXTURES)}.")
    return task


def _settings(
    task: str, given: Mapping[str, Any], options: Mapping[str, Any], images: Mapping[str, str], command_line: str
) -> Settings:
    plain = (
        "method",
        "preset",
        "sigma",
        "seed",
        "seconds",
        "quality",
        "device",
        "precision",
        "compile",
        "axes",
        "boundary",
        "known",
    )
    estimate = task == "super-resolve" and given.get("kernel") == ESTIMATE
    given = {**given, "kernel": None} if estimate else given
    aids = {name: given[name] for name in NAMES if given.get(name) is not None} | dict(images)
    return Settings(
        task=task,
        options=options,
        command=command_line,
        estimate=estimate,
        data_range=None if given["data_range"] is None else parse_range(given["data_range"]),
        scale=None if given.get("scale") is None else parse_scale(given["scale"]),
        rate=given.get("rate"),
        gap=tuple(given.get("gap") or ()),
        aids={name: Path(path) for name, path in aids.items()},
        **{name: given[name] for name in plain if name in given},
    )


def _files(given: Mapping[str, Any]) -> Files:
    paths = {name: _path(given[name]) for name in ("preview", "compare", "checkpoint")}
    switches = {name: given[name] for name in ("recursive", "skip_existing", "overwrite")}
    return Files(Path(given["source"]), given["out"], **{**switches, **paths})


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
