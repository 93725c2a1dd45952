"""What a method would have returned, the best it passed, and what becomes of it where it goes on past its own stop."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from oneself.core import Method, Run, Stage, Step, StoppingRule
from oneself.testing.quality import psnr

__all__ = ["Watched", "watch"]

DECAY = 0.99  # of the running average that is compared with the truth


@dataclass(frozen=True)
class Watched:
    """A run seen beside the truth.

    Attributes
    ----------
    returned : Tensor
        The answer when the method would have stopped by itself.
    stop_step : int
        After which step that was.
    stopped : bool
        Whether its own rule said so; otherwise all steps were taken.
    curve : list of float
        PSNR of the running average of the outputs (decay 0.99) after every step, those past the stop included.
    last : Tensor
        That average after the last step; where the method's answer is an average of its own (all it samples), that.
    seconds : float
        Time until the stop, without what watching cost.
    """

    returned: Tensor
    stop_step: int
    stopped: bool
    curve: list[float]
    last: Tensor
    seconds: float


class Noted(StoppingRule):
    """Stops nothing; another rule is asked all the same."""

    def __init__(self, rule: StoppingRule) -> None:
        super().__init__()
        self.rule = rule

    def met(self, step: Step) -> Tensor:
        return torch.zeros_like(self.rule(step))

    def reason(self) -> str:
        return "nothing"


def endless(method: Method) -> Method:
    """The method with its rule only noted: all steps are taken."""

    @wraps(method.function)
    def recipe(y: Tensor, physics: Any, **options: Any) -> Stage:
        stage = method(y, physics, **options)
        assert isinstance(stage, Stage)
        stage.stop = Noted(stage.stop)
        return stage

    return replace(method, function=recipe)


def watch(
    method: Method, y: Tensor, physics: Any, truth: Tensor, *, longer: float = 1.0, until: int | None = None, **run: Any
) -> Watched:
    """Run a method of one stage beside the truth, ``longer`` times as long as it would have run by itself.

    Parameters
    ----------
    until : int, optional
        After how many steps to end, whatever ``longer`` says; for a curve of a given length.
    **run
        As of ``Run``, the method's options among them.
    """
    own = method.resolve_options({k: v for k, v in run.items() if method.takes(k)}, run.get("preset"))["steps"]
    going = Run(endless(method), y, physics, **{**run, "steps": until or round(longer * own)})
    curve: list[float] = []
    mean = returned = None
    stop_step, busy, end = 0, 0.0, until
    while end is None or len(curve) < end:
        began = time.monotonic()
        step = next(going, None)
        busy += time.monotonic() - began
        if step is None:
            break
        assert step.output is not None
        x = step.output.float()
        mean = x if mean is None else torch.lerp(mean, x, max(1 / (len(curve) + 1), 1 - DECAY))
        curve.append(psnr(mean.clamp(0, 1), truth))
        fired = _fired(going)
        if returned is None and (fired or len(curve) == own):
            returned, stop_step, stopped, seconds = going.answer, len(curve), fired, busy
            end = end or round(longer * stop_step)
    assert mean is not None
    if returned is None:
        returned, stop_step, stopped, seconds = going.answer, len(curve), False, busy
    selection = going._now.stage.selection if going._now else None
    last = mean if selection is None or hasattr(selection, "score") else going.answer
    return Watched(returned, stop_step, stopped, curve, last, seconds)


def _fired(run: Run) -> bool:
    assert run._now is not None
    (noted,) = (module for module in run._now.stage.modules() if isinstance(module, Noted))
    return bool(noted.rule.registered("fired"))
