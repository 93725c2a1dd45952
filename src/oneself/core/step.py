"""What there is to see after one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

__all__ = ["Step"]


@dataclass(eq=False)
class Step:
    """One step of a run. Nothing is computed, and nothing is read back from the device, until it is looked at.

    Attributes
    ----------
    stage, index : int
        Which stage of the method, and which step of it, both from 0.
    steps : int
        How many steps the stage takes unless a rule stops it.
    terms, scores : mapping of str to Tensor
        Scalars on the device: each part of the objective, and each score that the stage computes.
    output : Tensor or None
        What this step already computed, of images ``(1, C, *spatial)``; ``None`` where a step sees only patches.
    """

    stage: int
    index: int
    steps: int
    device: torch.device
    terms: Mapping[str, Tensor]
    output: Tensor | None
    look: Callable[[], Tensor] = field(repr=False)
    scores: dict[str, Tensor] = field(default_factory=dict)

    @cached_property
    def estimate(self) -> Tensor:
        """A clean look at what is estimated as it stands. Costs a forward pass; changes nothing."""
        return self.look()

    @property
    def seen(self) -> Tensor:
        """The step's own output where there is one, else a clean look."""
        return self.estimate if self.output is None else self.output
