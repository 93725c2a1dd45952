"""`oneself pretrain`: train a prior offline, on drawn pictures. Light until the work begins."""

from __future__ import annotations

from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING

from oneself.cli import flags
from oneself.jobs.errors import DONE, INTERRUPTED, say, working
from oneself.jobs.places import Places

if TYPE_CHECKING:
    from oneself.pretraining import Progress

__all__ = ["SUMMARY", "main", "parameters"]

SUMMARY = "Train a denoiser on pictures that are drawn from formulas: weights for 'oneself adapt', no photograph seen."
KINDS = ("denoiser",)


def parameters() -> list[Parameter]:
    """The command's flags."""
    return [
        flags.positional("kind", "What is trained: denoiser.", metavar="KIND"),
        flags.positional("out", "The weights, .safetensors.", metavar="OUT"),
        flags.flag("channels", int, "Of the pictures.", default=3, metavar="NUMBER", low=1, high=4),
        flags.flag("width", int, "Channels of the hidden layers.", default=64, metavar="NUMBER", low=16, high=512),
        flags.flag("blocks", int, "Residual blocks, of two convolutions each.", default=5, metavar="NUMBER", low=1,
                   high=32),
        flags.flag("steps", int, "Steps at most.", default=50_000, metavar="NUMBER", low=1, high=10**8),
        flags.flag("seconds", float, "Time at most; the schedule is laid out over it.", metavar="S",
                   low=flags.SHORTEST, high=flags.LONGEST),
        flags.flag("batch", int, "Patches a step.", default=4, metavar="NUMBER", low=1, high=4096),
        flags.flag("patch", int, "Side of a patch in pixels, an even number.", default=64, metavar="PIXELS", low=16,
                   high=128),
        flags.flag("pictures", int, "Pictures drawn before the first step.", default=40, metavar="NUMBER", low=1,
                   high=10**5),
        flags.flag("pause", int, "Steps after which one more is drawn.", default=20, metavar="STEPS", low=1,
                   high=10**6),
        flags.flag("kept", int, "Pictures that are kept; the oldest leave.", default=400, metavar="NUMBER", low=1,
                   high=10**5),
        flags.flag("drawers", int, "Processes that draw ahead; 0: pictures are drawn between steps.", default=0,
                   metavar="NUMBER", low=0, high=256),
        flags.flag("lr", float, "The highest learning rate.", default=2e-3, metavar="NUMBER", above=0, high=1),
        flags.flag("start", str, "Weights to begin with, of the same width and blocks.", metavar="FILE"),
        *(parameter for parameter in flags.COMMON if parameter.name == "device"),
        flags.flag("checkpoint", str, "Written every two minutes; OUT with .checkpoint unless given.", metavar="FILE"),
        flags.switch("resume", "Go on from the checkpoint."),
        flags.flag("seed", int, "The same seed draws the same pictures and noise.", default=0, metavar="NUMBER", low=0,
                   high=2**31),
        flags.switch("overwrite", "Replace files that are already there."),
    ]  # fmt: skip


def main(kind: str, out: str, start: str | None, checkpoint: str | None, resume: bool, overwrite: bool,
         device: str | None, drawers: int, **plan: int | float | None) -> int:  # fmt: skip
    """Train, tell how it goes, and write the weights; the exit code.

    Raises
    ------
    OSError, ValueError
        What is refused before the work: an unknown kind, files that are there, a checkpoint of another plan.
    """
    if kind not in KINDS:
        raise ValueError(f"pretrain(KIND={kind!r}): there is no such kind. Known: {', '.join(KINDS)}.")
    target, kept = Path(out), Path(checkpoint or f"{out}.checkpoint")
    _check_places(target, kept, start, resume, overwrite)
    if int(plan["patch"] or 0) % 2:
        raise ValueError(f"pretrain(--patch {plan['patch']}): a patch is split into four. Give an even number.")
    from oneself.jobs.interruption import Interruption
    from oneself.pretraining import Plan, begin, train_denoiser

    made = Plan(**plan)  # type: ignore[arg-type]  # the flags have the plan's names and types
    training = begin(made, Path(start) if start else None, kept if resume else None,
                     device=device, drawers=drawers)  # fmt: skip
    with Interruption(say) as interruption, working():
        done = train_denoiser(training, target, kept, tell=_told, asked_to_end=lambda: interruption.asked)
    say(f"{target}: {done.step} steps in {done.seconds:.0f} s")
    if interruption.asked:
        say(f"ended before its time; the same call with --resume goes on from {kept}")
    return INTERRUPTED if interruption.asked else DONE


def _check_places(target: Path, kept: Path, start: str | None, resume: bool, overwrite: bool) -> None:
    Places("pretrain", [Path(start)] if start else [], [("OUT", target), ("--checkpoint", kept)])
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


def _told(done: Progress, progress: float, loss: float) -> None:
    say(f"step {done.step}  {100 * progress:.1f} %  {done.seconds:.0f} s  loss {loss:.5f}")
