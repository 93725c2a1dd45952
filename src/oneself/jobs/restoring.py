"""Restores one file: reads, checks, runs every item, writes the result and its record."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from oneself import io
from oneself.core import Compute, Result, StageRecord
from oneself.core.compute import peak_memory
from oneself.jobs.aids import Aids
from oneself.jobs.checkpoints import Checkpoint, Done
from oneself.jobs.interruption import Interruption
from oneself.jobs.keeping import Keeping, Record
from oneself.jobs.parts import part_files, write_parts
from oneself.jobs.places import Places
from oneself.jobs.plan import Job, check_place, makes_folders
from oneself.jobs.prepared import Piece, Prepared, prepare, quality_for
from oneself.jobs.progress import Display
from oneself.jobs.records import aid_records, item_record, own_unfinished, pixel_digest, plan_of, read_once, record
from oneself.jobs.request import Files, Settings
from oneself.jobs.snapshots import Preview, Shades, Shown, check_snapshot, side_by_side, snapshot, write_snapshot
from oneself.jobs.spectrograms import one_above_the_other
from oneself.quantities import duration
from oneself.registry import Run, find
from oneself.tasks import sound
from oneself.tasks.auto import Choice

__all__ = ["Restorer"]

Pixels = np.ndarray[Any, np.dtype[Any]]
BLANK, ENDED = "blank", "ended before"


class Seen(NamedTuple):
    """One item before and after, and how they are shown."""

    before: Tensor
    after: Tensor
    shades: Shades


@dataclass
class Restorer:
    """Restores files with the same settings.

    ``places`` are all files that the call reads and writes. ``replay`` are the items of a record, to do again what it
    says. ``begun`` is true once a step was taken.
    """

    settings: Settings
    files: Files
    aids: Aids
    display: Display
    interruption: Interruption
    places: Places = field(default_factory=lambda: Places("oneself"))
    replay: Sequence[Mapping[str, Any]] | None = None
    begun: bool = False

    def restore(self, job: Job) -> dict[str, Any]:
        """Restore a file and return its record, written beside the result.

        Raises
        ------
        OSError, TypeError, ValueError
            Whatever is wrong with the file, the result's place or the settings, before the first step; afterwards
            what made the work fail, ``io.SavedAside`` where the result is elsewhere.
        KeyboardInterrupt
            Ctrl-C before there was anything to keep.
        """
        self.begun = False
        notes: list[str] = []
        with self._warnings_told(notes):
            prepared, source = read_once(job.source, lambda: prepare(job.source, self.settings, self.aids))
            aids = aid_records(self.settings, self.aids)
            notes += prepared.picture.notes
            checkpoint = self._checkpoint(prepared, source)
            side = io.side_path(job.target)
            goes_on = self.files.skip_existing or (checkpoint is not None and checkpoint.resumed)
            ours = own_unfinished(side, source) if goes_on else {}
            with Keeping(side, self.places, self.files.overwrite, ours) as keeping:
                self._check(prepared, job, keeping)
                notes += (lost := io.losses(prepared.as_written(), job.target))
                self.display.say(f"{job.source}: {_words(prepared)}")
                for note in (*prepared.picture.notes, *lost):
                    self.display.warn(note)
                done, shown = self._restore_items(prepared, checkpoint, keeping)
                return self._write(prepared, job, source, aids, done, shown, notes, keeping)

    def _checkpoint(self, prepared: Prepared, source: Mapping[str, str]) -> Checkpoint | None:
        path = self.files.checkpoint
        if path is None:
            return None
        shape = (len(prepared.items[0].pixels), *prepared.piece(0).size)
        kind = prepared.picture.pixels.dtype.str, shape, len(prepared.items)
        return Checkpoint(path, self._identity(source), self.display.warn, kind)

    def _check(self, prepared: Prepared, job: Job, keeping: Keeping) -> None:
        """Refuse all that can be refused before the work."""
        files, signal = self.files, prepared.items[0].axes == "X"
        heard = prepared.rate is not None
        check_place(prepared.as_written(), job.target, keeping.may_replace, makes_folders(files))
        for flag, path in (("--preview", files.preview), ("--compare", files.compare)):
            if path is not None and signal and not (heard and flag == "--compare"):
                raise ValueError(f"{self.settings.task}({flag}): a signal is no picture to look at. Leave it out.")
            if path is not None:
                check_snapshot(path, flag, keeping.may_replace(path))
        if self.replay is not None and len(self.replay) != len(prepared.items):
            raise ValueError(f"repeat(items={len(self.replay)}): the input has {len(prepared.items)}. Is it the same?")

    def _identity(self, source: Mapping[str, str]) -> dict[str, Any]:
        s = self.settings
        names = (
            "task",
            "method",
            "preset",
            "sigma",
            "quality",
            "seed",
            "precision",
            "axes",
            "data_range",
            "scale",
            "boundary",
            "known",
            "estimate",
            "rate",
            "gap",
        )
        found = {name: getattr(s, name) for name in names}
        found |= {"options": dict(s.options), "input": source["sha256"], **dict(self.aids.hashes)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}

    def _restore_items(
        self, prepared: Prepared, checkpoint: Checkpoint | None, keeping: Keeping
    ) -> tuple[list[Done], Seen]:
        """Every item, and before and after of one in the middle."""
        finished: list[Done] = []
        shown: Seen | None = None
        total = len(prepared.items)
        for number in range(total):
            piece = prepared.piece(number)
            name = f"item {number + 1}/{total}" if total > 1 else self.settings.task
            if checkpoint is not None and number < len(checkpoint.done):
                done = checkpoint.done[number]
                self.display.say(f"  {name}: taken from {checkpoint.path}")
            elif piece.blank and self.settings.task != "inpaint":
                done = Done(piece.untouched(), item_record(piece.item.index, BLANK, None, False))
                self.display.say(f"  {name}: one value everywhere, left as it was")
            elif self._ended(number):
                done = Done(piece.untouched(), item_record(piece.item.index, ENDED, None, False))
            else:
                result, why, interrupted = self._run(prepared, piece, number, name, checkpoint, keeping)
                parts = {name: piece.part(name, part) for name, part in result.parts.items()}
                told = item_record(piece.item.index, why, result, interrupted)
                told |= {"range": [piece.span.low, piece.span.high]}
                told["notes"] = [*piece.notes(self.settings.data_range is not None), *told["notes"]]
                done = Done(piece.pixels(result.image), told, parts)
            if checkpoint is not None and number == len(checkpoint.done) and not self.interruption.asked:
                checkpoint.done.append(done)
                checkpoint.save(None)
            finished.append(done)
            if done.record["restored"] and (shown is None or number <= total // 2):
                after = piece.span.unit(done.pixels)
                shown = Seen(piece.problem.y, torch.from_numpy(after)[None], Shades(piece.problem.y, _limits(piece)))
        if shown is None:  # Ctrl-C came before the first step
            raise KeyboardInterrupt
        return finished, shown

    def _ended(self, number: int) -> bool:
        again = None if self.replay is None else self.replay[number]
        return self.interruption.asked or (again is not None and not again["restored"])

    def _run(
        self, prepared: Prepared, piece: Piece, number: int, name: str, checkpoint: Checkpoint | None,
        keeping: Keeping,
    ) -> tuple[Result[Tensor], str, bool]:  # fmt: skip
        """Run one item to its end, or until Ctrl-C."""
        s, again = self.settings, None if self.replay is None else self.replay[number]
        if again is None:
            choice = prepared.choice(piece)
            own = piece.options(choice.method, s.options)
            options, preset, seconds = {**choice.options, **own}, s.preset, s.seconds
            plan: tuple[StageRecord, ...] = ()
        else:
            choice = Choice(again["method"], again["why"])
            options, plan, preset, seconds = again["options"], plan_of(again), None, None
        options = {**options, **prepared.images(piece, number), **self.aids.files}
        options |= {"seed": s.seed, "preset": preset, "seconds": seconds, "plan": plan}
        options |= {"device": s.device, "precision": s.precision, "compile": s.compile}
        run = sound.run_on(choice.method, piece.problem.y, piece.problem.physics, prepared.rate, options)
        if checkpoint is not None and checkpoint.run is not None:
            run.load_state_dict(checkpoint.run)
            checkpoint.run = None
            self.display.say(f"  {name}: going on from {checkpoint.path}, after {duration(run.elapsed)}")
        why = f"{find(choice.method).title}, {choice.method}: {choice.why}"
        self.display.say(f"  {why}" if name == s.task else f"  {name}: {why}")
        if s.sigma is not None and "sigma" not in run.options:
            warnings.warn(f"{choice.method} has no use for the noise level that was given", stacklevel=2)
        interrupted = self._iterate(run, name, self._preview(prepared, piece, keeping), checkpoint, again)
        result = sound.as_unit(run.result())
        if interrupted:
            ended = replace(result.stages[-1], stopped_by=f"{self._by(again)}, at step {result.stages[-1].steps}")
            result = replace(result, stages=(*result.stages[:-1], ended))
        found, doubt = piece.problem.last_look(result.image.cpu())
        if doubt is not None:
            result = replace(result, notes=(*result.notes, doubt))
        for note in (*piece.notes(s.data_range is not None), *piece.problem.notes, *result.notes, result.stopped_by):
            self.display.say(f"  {note}")
        parts = {name: piece.problem.part(part.cpu()) for name, part in result.parts.items()}
        return replace(result, answer=piece.problem.finish(found), parts=parts), choice.why, interrupted

    def _by(self, again: Mapping[str, Any] | None) -> str:
        """What ended a run: a signal, now or in the call that is repeated."""
        then = "Ctrl-C" if again is None else str(again["stages"][-1]["stopped_by"]).partition(",")[0]
        return self.interruption.by or then

    def _iterate(
        self, run: Run, name: str, preview: Preview | None, checkpoint: Checkpoint | None,
        again: Mapping[str, Any] | None,
    ) -> bool:  # fmt: skip
        """Take the steps; whether Ctrl-C ended them, now or in the call that is repeated."""
        cut = again is not None and again["interrupted"]
        last = (len(again["stages"]), again["stages"][-1]["steps"]) if again is not None and cut else None
        self.display.begin(name)
        try:
            for step in run:
                self.begun = True
                self.display.step(step, run)
                if preview is not None:
                    preview(step)
                if checkpoint is not None:
                    checkpoint.tick(run)
                if self.interruption.asked or (step.stage + 1, step.index + 1) == last:
                    break
        finally:
            self.display.end()
        if checkpoint is not None and not run.finished:
            checkpoint.save(run)
            if checkpoint.place == checkpoint.path:
                self.display.say(f"  the same command goes on from {checkpoint.path}")
        return not run.finished

    def _preview(self, prepared: Prepared, piece: Piece, keeping: Keeping) -> Preview | None:
        path = self.files.preview
        if path is None:
            return None

        def write(shown: Shown) -> None:
            with keeping.announced():
                write_snapshot(shown, path, keeping.may_replace(path))

        return Preview(write, piece.problem.finish, Shades(piece.problem.y, _limits(piece)), self.display.warn)

    def _write(
        self, prepared: Prepared, job: Job, source: Record, aids: Record, done: list[Done],
        shown: Seen, notes: list[str], keeping: Keeping,
    ) -> Record:  # fmt: skip
        """What was found besides and what there is to look at, then the result, then the record; what could not be
        written to its place is raised when all is done."""
        self.begun = True
        items = [item.record for item in done]
        picture = io.join(prepared.picture, [item.pixels for item in done])
        quality, note = quality_for(prepared.picture, job.target)
        if note is not None:
            notes.append(note)
            self.display.say(f"  {note}")
        left = [str(n) for n, item in enumerate(items, 1) if not item["restored"] and item["why"] == ENDED]
        if left:
            self._warn(notes, f"left as before, because of {self.interruption.by or 'Ctrl-C'}: item {', '.join(left)}")
        with suppress(OSError):  # told when the result is written
            job.target.parent.mkdir(parents=True, exist_ok=True)
        files = part_files(prepared.picture, done, job.target)
        made: dict[str, Any] = {"parts": write_parts(files, keeping, self.display.say, lambda n: self._warn(notes, n))}
        made |= self._look(prepared, shown, keeping)
        device, sha = Compute.choose(self.settings.device).device, pixel_digest(picture.pixels)

        def told(output: Record) -> Record:
            rest = {"device": str(device), "peak_memory": peak_memory(device), **made}
            output = output | {"pixels_sha256": sha}
            return record(self.settings, aids, source, items, notes, output=output, **rest)

        place, found = keeping.deliver(job.target, keeping.picture_ways(picture, job.target, quality), told)
        if keeping.failures:
            raise keeping.failures.pop(0)  # the others are told as it passes
        self._say_written(place, found, keeping)
        return found

    def _warn(self, notes: list[str], note: str) -> None:
        notes.append(note)
        self.display.warn(note)

    def _say_written(self, place: Path, found: Record, keeping: Keeping) -> None:
        if keeping.sibling:
            self.display.say(f"  {place} appeared meanwhile: another call made the same; it is left as it is")
            return
        best = "the best so far, " if found["interrupted"] and self.replay is None else ""
        self.display.say(f"  wrote {best}{place}, and {io.side_path(place).name}; {duration(found['seconds'])}")

    def _look(self, prepared: Prepared, shown: Seen, keeping: Keeping) -> dict[str, Record]:
        """Before and after side by side, and the last preview; where they are."""
        shades = shown.shades
        made: dict[str, Record] = {}
        for name, path in (("compare", self.files.compare), ("preview", self.files.preview)):
            if path is None:
                continue
            picture = snapshot(_seen(prepared, shown) if name == "compare" else shades(shown.after))
            kept = keeping.keep(path, keeping.picture_ways(picture, path))
            if kept is not None:
                made[name] = kept
                if name == "compare" and keeping.is_in_place(kept):
                    self.display.say(f"  wrote {path}: before and after")
        return made

    @contextmanager
    def _warnings_told(self, notes: list[str]) -> Iterator[None]:
        """Inside, Python's warnings become notes that are said.

        Warnings are of the whole process; a command has one of its own, and restores file after file in one thread.
        """

        def tell(message: Warning | str, *rest: Any) -> None:
            notes.append(str(message))
            self.display.warn(str(message))

        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = tell  # type: ignore[assignment]
            yield


def _seen(prepared: Prepared, shown: Seen) -> Shown:
    """Before and after: pictures side by side, recordings one above the other."""
    if prepared.rate is None:
        return side_by_side(shown.before, shown.after, shown.shades)
    rates = prepared.rate, prepared.rate * shown.after.shape[-1] / shown.before.shape[-1]
    both = zip((shown.before, shown.after), rates, strict=True)
    return one_above_the_other([((x[0] - sound.MIDDLE).numpy(), rate) for x, rate in both])


def _limits(piece: Piece) -> tuple[float, float] | None:
    """What is shown black and white: of 8 bit what it is, in units of the range that is worked in."""
    if piece.item.pixels.dtype not in (np.uint8, np.bool_):
        return None
    high = 255.0 if piece.item.pixels.dtype == np.uint8 else 1.0
    return (0.0 - piece.span.low) / piece.span.width, (high - piece.span.low) / piece.span.width


def _words(prepared: Prepared) -> str:
    """``256 × 256 px, 3 channels, uint8, 4 items``."""
    item, picture = prepared.items[0], prepared.picture
    channels = len(item.pixels)
    parts = [" × ".join(map(str, item.pixels.shape[1:])) + (" px" if len(item.axes) == 2 else " samples")]
    parts += [f"{channels} channels"] if channels > 1 else []
    parts.append(str(picture.pixels.dtype))
    return ", ".join([*parts, f"{len(prepared.items)} items"] if len(prepared.items) > 1 else parts)
