"""What a run gives back."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

__all__ = ["Result", "StageRecord", "joined", "versions"]

V = TypeVar("V")


@dataclass(frozen=True)
class StageRecord:
    """What one stage did: ``planned`` steps for its schedule, ``steps`` taken, and why it ended."""

    planned: int
    steps: int
    stopped_by: str


@dataclass(frozen=True)
class Result(Generic[V]):
    """The answer and everything needed to trust and to repeat it.

    Attributes
    ----------
    answer
        Of the input's kind, dtype and range.
    history : mapping of str to list of float
        Every part of the objective and every score, step by step; NaN where a step had none.
    stages : tuple of StageRecord
    seconds, peak_memory : float, int
        Time spent, and the most bytes taken (by the process on a CPU, by torch on a GPU).
    notes : tuple of str
        What the user should know, such as an estimate in place of what was not given.
    parts : mapping of str to Tensor
        What the method found besides: an ``uncertainty`` (standard deviation of every element), a layer, a mask; of
        images ``(1, C, *spatial)`` in units of the [0, 1] range.
    """

    answer: V
    method: str
    history: Mapping[str, list[float]] = field(repr=False)
    stages: tuple[StageRecord, ...]
    seconds: float
    peak_memory: int
    options: Mapping[str, Any]
    seed: int
    device: str
    versions: Mapping[str, str]
    cite: str
    notes: tuple[str, ...] = ()
    parts: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def image(self) -> V:
        """The answer, of a method that works on images."""
        return self.answer

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    @property
    def stopped_by(self) -> str:
        """Why the run ended, in words."""
        if len(self.stages) == 1:
            return self.stages[0].stopped_by
        return "; ".join(f"stage {i}: {stage.stopped_by}" for i, stage in enumerate(self.stages, 1))


def versions() -> dict[str, str]:
    """What computed the result."""
    try:
        own = importlib.metadata.version("oneself")
    except importlib.metadata.PackageNotFoundError:
        own = "not installed"
    return {
        "oneself": own,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def joined(traces: list[dict[str, Tensor]]) -> dict[str, list[float]]:
    """The traces of stages one after another; NaN where a stage had none."""
    names = dict.fromkeys(name for trace in traces for name in trace)
    lengths = [len(next(iter(trace.values()))) if trace else 0 for trace in traces]
    nan = float("nan")
    return {
        name: [v for t, n in zip(traces, lengths, strict=True) for v in (t[name].tolist() if name in t else [nan] * n)]
        for name in names
    }
