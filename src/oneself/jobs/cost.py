"""What restoring a picture will take, told from a few steps on a part of it."""

from __future__ import annotations

import inspect
import itertools
import math
import statistics
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from oneself.core import Compute, Memory, Step
from oneself.core.physics import Identity
from oneself.imaging.cropping import cut
from oneself.registry import find
from oneself.tasks.auto import Choice
from oneself.tasks.sound import run_on

__all__ = ["Cost", "expected_cost"]

PARTS = (2**12, 2**16, 2**18)  # elements of a channel in the parts that are tried; the first loads what is loaded once
ENOUGH = 2**16  # a part that tells enough; a larger one is tried where there is time
STAGES = 2**14  # of the part that all stages of a method of several are tried on
STEPS, TIME = 12, 2.0  # tried at most, and seconds
FIRST = 2  # steps that are slower than the rest
TILE = 2**18  # elements of a channel that a patch method's answer is made of at once
COPIES = 8  # of the picture, float32, that reading, turning and writing hold at most


@dataclass(frozen=True)
class Cost:
    """Seconds and bytes to expect (``None`` where the system does not tell), and whether a rule may stop it before."""

    seconds: float
    memory: float | None
    steps: int
    stops_early: bool
    device: str


@dataclass(frozen=True)
class Trial:
    """A few steps on a part: what a step and the answer took in seconds, and what the run says of itself."""

    part: Tensor
    step: Step
    pace: float
    answer: float
    spent: float
    before: float
    taken: float | None


def expected_cost(choice: Choice, y: Tensor, device: str | None = None, rate: float | None = None) -> Cost:
    """What denoising ``(1, C, *spatial)`` takes; of a recording with its rate.

    A few steps are taken on parts of growing size, the last of which counts. A method whose step yields the image
    costs in proportion to the size; one that learns from patches costs the same at every step, and in proportion for
    its answer; one of several stages is run whole on a small part, and costs in proportion.
    """
    compute = Compute.choose(device)
    if inspect.isgeneratorfunction(find(choice.method).function):
        return _cost_of_stages(choice, y, compute, rate)
    for most in PARTS:
        trial = _tried(choice, _part(y, most), compute, rate)
        if trial.part.numel() == y.numel() or (most >= ENOUGH and 4 * trial.spent > TIME):
            break
    step, size = trial.step, trial.part.numel()
    ratio = y.numel() / size
    whole = step.output is not None
    seconds = step.steps * trial.pace * (ratio if whole else 1.0) + trial.answer * ratio
    memory = None
    if trial.taken is not None:
        grows = ratio if whole else min(ratio, max(1.0, TILE * y.shape[1] / size))
        memory = trial.before + trial.taken * grows + COPIES * y.element_size() * (y.numel() - size)
    return Cost(seconds, memory, step.steps, bool(step.scores), str(compute.device))


def _cost_of_stages(choice: Choice, y: Tensor, compute: Compute, rate: float | None) -> Cost:
    """Stages differ, so all of them are run on parts, as long as they take on larger ones; the last counts."""
    for most in (PARTS[0], STAGES):
        part, begun = _part(y, most), time.monotonic()
        with Memory(compute.device) as memory:
            result = run_on(choice.method, part, Identity(), rate, _options(choice, compute)).finish()
        spent = time.monotonic() - begun
    ratio = y.numel() / part.numel()
    taken = memory.taken
    whole = None if taken is None else memory.before + taken + COPIES * y.element_size() * (y.numel() - part.numel())
    return Cost(spent * ratio, whole, math.ceil(result.steps * ratio), False, str(compute.device))


def _options(choice: Choice, compute: Compute) -> dict[str, Any]:
    return {**choice.options, "device": compute.device}


def _tried(choice: Choice, part: Tensor, compute: Compute, rate: float | None) -> Trial:
    times, begun = [], time.monotonic()
    with Memory(compute.device) as memory:
        for step in run_on(choice.method, part, Identity(), rate, _options(choice, compute)):  # noqa: B007
            _wait(compute.device)
            times.append(time.monotonic() - begun)
            if len(times) > FIRST and (len(times) >= STEPS or times[-1] > TIME):
                break
        looked = time.monotonic()
        _ = step.estimate
        _wait(compute.device)
        now = time.monotonic()
    pace = [after - before for before, after in itertools.pairwise(times)][FIRST - 1 :]
    return Trial(part, step, statistics.median(pace or times), now - looked, now - begun, memory.before, memory.taken)


def _part(y: Tensor, most: int) -> Tensor:
    """The middle of a picture, of ``most`` elements a channel."""
    side = math.floor(most ** (1 / (y.ndim - 2)) + 1e-9)
    sizes = [min(n, side) for n in y.shape[2:]]
    places = [slice((n - size) // 2, (n - size) // 2 + size) for n, size in zip(y.shape[2:], sizes, strict=True)]
    return cut(y, places).contiguous()


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
