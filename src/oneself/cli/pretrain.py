"""`oneself pretrain`: train a prior offline, on drawn pictures. Light until the work begins."""

from __future__ import annotations

from dataclasses import fields
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oneself.cli import flags
from oneself.jobs.errors import DONE, INTERRUPTED, say, working
from oneself.jobs.places import Places

if TYPE_CHECKING:
    from oneself.pretraining import Progress

__all__ = ["SUMMARY", "main", "parameters"]

SUMMARY = "Train a denoiser or a super-resolver on pictures drawn from formulas: weights, and no photograph seen."
KINDS = {
    "denoiser": "a denoiser that is told the level, for 'oneself adapt', stein_blend and all that takes one",
    "mzsr": "where MZSR's few steps on a picture begin, by meta-learning; twice the size",
}

OF_THE_PAPER = ("channels", "width")  # MZSR's network is for colour, 64 wide


def parameters() -> list[Parameter]:
    """The command's flags; those of a plan have no default of their own, as each kind has its own."""
    return [
        flags.positional("kind", "What is trained: denoiser or mzsr.", metavar="KIND"),
        flags.positional("out", "The weights, .safetensors.", metavar="OUT"),
        _of_plan("channels", int, "Of a denoiser's pictures; 3.", "NUMBER", low=1, high=4),
        _of_plan("width", int, "Channels of a denoiser's hidden layers; 64.", "NUMBER", low=16, high=512),
        _of_plan("blocks", int, "Of a denoiser: residual blocks, two convolutions each; 5.", "NUMBER", low=1, high=32),
        _of_plan("steps", int, "Steps at most; 50000.", "NUMBER", low=1, high=10**8),
        _of_plan("seconds", float, "Time at most; the schedule is laid out over it.", "S", low=flags.SHORTEST,
                 high=flags.LONGEST),
        _of_plan("batch", int, "Patches a step; 4, and of mzsr 8 for each blur.", "NUMBER", low=1, high=4096),
        _of_plan("patch", int, "Side of a patch in pixels, a multiple of 4; 64.", "PIXELS", low=16, high=128),
        _of_plan("tasks", int, "Of mzsr: blurs in a step; 5.", "NUMBER", low=1, high=1000),
        _of_plan("inner_steps", int, "Of mzsr: steps on the smaller copy; 5.", "NUMBER", low=1, high=100),
        _of_plan("inner_lr", float, "Of mzsr: their learning rate; 0.01.", "NUMBER", above=0, high=1),
        _of_plan("pictures", int, "Pictures drawn before the first step; 40.", "NUMBER", low=1, high=10**5),
        _of_plan("pause", int, "Steps after which one more is drawn; 20.", "STEPS", low=1, high=10**6),
        _of_plan("kept", int, "Pictures that are kept, the oldest leave; 400.", "NUMBER", low=1, high=10**5),
        _of_plan("lr", float, "The highest learning rate; 2e-3, and of mzsr 1e-4.", "NUMBER", above=0, high=1),
        flags.flag("drawers", int, "Processes that draw ahead; 0: pictures are drawn between steps.", default=0,
                   metavar="NUMBER", low=0, high=256),
        flags.flag("start", str, "Weights to begin with, of the same width and blocks.", metavar="FILE"),
        *(parameter for parameter in flags.COMMON if parameter.name == "device"),
        flags.flag("checkpoint", str, "Written every two minutes; OUT with .checkpoint unless given.", metavar="FILE"),
        flags.switch("resume", "Go on from the checkpoint."),
        _of_plan("seed", int, "The same seed draws the same pictures and noise; 0.", "NUMBER", low=0, high=2**31),
        flags.switch("overwrite", "Replace files that are already there."),
    ]  # fmt: skip


def _of_plan(name: str, kind: type, help: str, metavar: str, **limits: Any) -> Parameter:
    return flags.flag(name, kind, help, metavar=metavar, **limits)


def main(kind: str, out: str, start: str | None, checkpoint: str | None, resume: bool, overwrite: bool,
         device: str | None, drawers: int, **plan: int | float | None) -> int:  # fmt: skip
    """Train, tell how it goes, and write the weights; the exit code.

    Raises
    ------
    OSError, ValueError
        What is refused before the work: an unknown kind, a flag of another kind, files that are there, a checkpoint of
        another plan.
    """
    if kind not in KINDS:
        raise ValueError(f"pretrain(KIND={kind!r}): there is no such kind. Known: {', '.join(KINDS)}.")
    target, kept = Path(out), Path(checkpoint or f"{out}.checkpoint")
    _check_places(target, kept, start, resume, overwrite)
    if int(plan["patch"] or 0) % 4:
        raise ValueError(f"pretrain(--patch {plan['patch']}): a patch is halved twice. Give a multiple of 4.")
    from oneself.jobs.interruption import Interruption
    from oneself.pretraining import DenoiserPlan, DenoiserTraining, MetaPlan, MetaTraining, Plan, Training, train

    made: tuple[type[Plan], type[Training]] = (
        (DenoiserPlan, DenoiserTraining) if kind == "denoiser" else (MetaPlan, MetaTraining)
    )
    asked: dict[str, Any] = {name: value for name, value in plan.items() if value is not None}
    known = {field.name for field in fields(made[0])} - set(() if kind == "denoiser" else OF_THE_PAPER)
    foreign = next((name for name in asked if name not in known), None)
    if foreign is not None:
        flag = "--" + foreign.replace("_", "-")
        raise ValueError(f"pretrain({flag}): counts for nothing in the training of a {kind}. Leave it out.")
    training = made[1](made[0](**asked), Path(start) if start else None, kept if resume else None, device=device,
                       drawers=drawers)  # fmt: skip
    with Interruption(say) as interruption, working():
        done = train(training, target, kept, tell=_told, asked_to_end=lambda: interruption.asked)
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
