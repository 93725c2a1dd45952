"""`oneself pretrain`: train a prior offline, on drawn pictures or on yours. Light until the work begins."""

from __future__ import annotations

from dataclasses import fields
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from oneself.cli import flags
from oneself.jobs.errors import DONE, INTERRUPTED, say, working
from oneself.jobs.places import Places

if TYPE_CHECKING:
    from oneself.pretraining import Plan, Progress

__all__ = ["SUMMARY", "main", "parameters"]

SUMMARY = "Train a denoiser, or a super-resolver that adapts quickly, on pictures drawn from formulas, or on yours."
KINDS = ("denoiser", "mzsr", "mlsr")
META = "mzsr and mlsr: "


def parameters() -> list[Parameter]:
    """The command's flags. Where none has a default, it is the kind's own."""
    return [
        flags.positional("kind", "What is trained: denoiser, or the start of mzsr or mlsr.", metavar="KIND"),
        flags.positional("out", "The weights, .safetensors.", metavar="OUT"),
        flags.positional("folder", "Pictures to train on; drawn ones unless given.", default=None, metavar="FOLDER"),
        flags.flag("channels", int, "Of the pictures; mzsr and mlsr are for 3.", default=3, metavar="NUMBER", low=1,
                   high=4),
        flags.flag("width", int, "Channels of the hidden layers.", default=64, metavar="NUMBER", low=16, high=512),
        flags.flag("blocks", int, "denoiser: residual blocks, of two convolutions each; 5 unless given.",
                   metavar="NUMBER", low=1, high=32),
        flags.flag("noise", Literal["white", "camera"], "denoiser: of every level alike at all frequencies, or as "
                   "cameras make it, of 3 channels; white unless given.", metavar="NOISE"),
        flags.flag("steps", int, "Steps at most; 50000 unless given, mzsr and mlsr 100000.", metavar="NUMBER", low=1,
                   high=10**8),
        flags.flag("seconds", float, "Time of the steps at most; the schedule is laid out over it.", metavar="S",
                   low=flags.SHORTEST, high=flags.LONGEST),
        flags.flag("batch", int, "Patches a step, 4 unless given; tasks a step, mzsr 5 and mlsr 16.", metavar="NUMBER",
                   low=1, high=4096),
        flags.flag("patch", int, "Side of a patch in pixels, an even number; 64 unless given, mlsr 128.",
                   metavar="PIXELS", low=16, high=128),
        flags.flag("pictures", int, "Pictures drawn before the first step.", default=40, metavar="NUMBER", low=1,
                   high=10**5),
        flags.flag("pause", int, "Steps after which one more is drawn.", default=20, metavar="STEPS", low=1,
                   high=10**6),
        flags.flag("kept", int, "Pictures that are kept; the oldest leave.", default=400, metavar="NUMBER", low=1,
                   high=10**5),
        flags.flag("drawers", int, "Processes that draw ahead; 0: pictures are drawn between steps.", default=0,
                   metavar="NUMBER", low=0, high=256),
        flags.flag("lr", float, "The highest learning rate; 0.002 unless given, mzsr and mlsr 0.001.",
                   metavar="NUMBER", above=0, high=1),
        flags.flag("scale", int, META + "how much larger a picture is made; 2 unless given.", metavar="NUMBER", low=2,
                   high=8),
        flags.flag("shots", int, META + "patches of a task; 8 unless given, mlsr 1.", metavar="NUMBER", low=1,
                   high=256),
        flags.flag("large", float, META + "part of the schedule before tasks are met: pictures shrunk alike; 0.25 "
                   "unless given.", metavar="PART", low=0, high=1),
        flags.flag("inner_steps", int, META + "steps of an adaptation; 5 unless given.", metavar="NUMBER", low=1,
                   high=100),
        flags.flag("inner_lr", float, META + "learning rate of an adaptation; mzsr 0.05 and mlsr 0.5 unless given.",
                   metavar="NUMBER", above=0, high=100),
        flags.flag("start", str, "Weights to begin with, of the same width and depth.", metavar="FILE"),
        *(parameter for parameter in flags.COMMON if parameter.name == "device"),
        flags.flag("checkpoint", str, "Written every two minutes; OUT with .checkpoint unless given.", metavar="FILE"),
        flags.switch("resume", "Go on from the checkpoint."),
        flags.flag("seed", int, "The same seed draws the same pictures and noise.", default=0, metavar="NUMBER", low=0,
                   high=2**31),
        flags.switch("overwrite", "Replace files that are already there."),
    ]  # fmt: skip


def main(kind: str, out: str, folder: str | None, start: str | None, checkpoint: str | None, resume: bool,
         overwrite: bool, device: str | None, drawers: int, **told: int | float | None) -> int:  # fmt: skip
    """Train, tell how it goes, and write the weights; the exit code.

    Raises
    ------
    OSError, ValueError
        What is refused before the work: an unknown kind, files that are there, a checkpoint of another plan, a folder
        of what is no picture.
    """
    if kind not in KINDS:
        raise ValueError(f"pretrain(KIND={kind!r}): there is no such kind. Known: {', '.join(KINDS)}.")
    target, kept = Path(out), Path(checkpoint or f"{out}.checkpoint")
    reads = [Path(path) for path in (start, folder) if path]
    _check_places(target, kept, reads, resume, overwrite)
    _check_folder(folder, target, kept)
    from oneself import pretraining
    from oneself.jobs.interruption import Interruption

    kind_of_plan, kind_of_training = pretraining.KINDS[kind]
    plan = _plan(kind_of_plan, {name: value for name, value in told.items() if value is not None})
    training = kind_of_training(plan, Path(start) if start else None, device, drawers, Path(folder) if folder else None)
    if resume:
        training.resume(kept)
    if folder is None:
        say(f"{plan.pictures} pictures are drawn before the first step; then a line tells of every hundred steps")
    with Interruption(say) as interruption, working():
        done = pretraining.train(training, target, kept, tell=_told, asked_to_end=lambda: interruption.asked)
    say(f"{target}: {done.step} steps in {done.seconds:.0f} s")
    if interruption.asked:
        say(f"ended before its time; the same call with --resume goes on from {kept}")
    return INTERRUPTED if interruption.asked else DONE


def _plan(kind: type[Plan], told: dict[str, Any]) -> Plan:
    """The plan of a kind. ValueError for what does not count for it."""
    known = {field.name for field in fields(kind)}
    for name, value in told.items():
        if name not in known:
            flag = "--" + name.replace("_", "-")
            raise ValueError(f"pretrain({flag} {value}): does not count for {kind.kind}. Leave it out.")
    plan = kind(**told)
    if plan.patch % 2:
        raise ValueError(f"pretrain(--patch {plan.patch}): a patch is split in two. Give an even number.")
    colour = "noise as cameras make it" if told.get("noise") == "camera" else kind.kind
    if colour != "denoiser" and plan.channels != 3:
        raise ValueError(f"pretrain(--channels {plan.channels}): {colour} is of colour pictures. Leave it out.")
    return plan


def _check_places(target: Path, kept: Path, reads: list[Path], resume: bool, overwrite: bool) -> None:
    Places("pretrain", reads, [("OUT", target), ("--checkpoint", kept)])
    if target.suffix != ".safetensors":
        raise ValueError(f"pretrain(OUT={str(target)!r}): weights are safetensors. Name it so.")
    if not target.parent.is_dir():
        raise ValueError(f"pretrain(OUT={str(target)!r}): there is no folder {target.parent}. Make it.")
    if target.exists() and not overwrite:
        raise ValueError(f"pretrain(OUT={str(target)!r}): is there already. Say --overwrite, or choose another name.")
    if kept.exists() and not (resume or overwrite):
        raise ValueError(f"pretrain(--checkpoint {kept}): is there already. Say --resume to go on, or --overwrite.")
    if resume and not kept.exists():
        raise ValueError(f"pretrain(--resume): there is no checkpoint {kept}. Leave --resume out to begin.")


def _check_folder(folder: str | None, target: Path, kept: Path) -> None:
    """Nothing is written among the pictures that are learned from, and nothing where it cannot be."""
    from oneself.io import check_target

    for name, path in (("OUT", target), ("--checkpoint", kept)):
        if folder is not None and path.resolve().is_relative_to(Path(folder).resolve()):
            raise ValueError(f"pretrain({name}={str(path)!r}): lies in the folder of pictures to learn from. Name "
                             "another place.")  # fmt: skip
        check_target(path, overwrite=True)


def _told(done: Progress, progress: float, loss: float) -> None:
    say(f"step {done.step}  {100 * progress:.1f} %  {done.seconds:.0f} s  loss {loss:.5f}")
