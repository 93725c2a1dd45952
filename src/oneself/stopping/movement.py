"""How far the output still moves."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from oneself.core import Score, Step

__all__ = ["Movement"]


class Movement(Score):
    """How far the output is from that of ``every`` steps before, by a domain's ``distance``; carried over in between.

    For outputs whose elements do not belong together, such as points, in place of a variance. ``inf`` before it can be
    told.
    """

    name = "movement"

    def __init__(self, distance: Callable[[Tensor, Tensor], Tensor], every: int = 1) -> None:
        super().__init__()
        self.distance, self.every = distance, every

    def measure(self, step: Step) -> Tensor:
        if step.index % self.every == 0:
            before = self.registered("before")
            if before is not None:
                self.register("value", self.distance(step.seen, before))
            self.register("before", step.seen)
        value = self.registered("value")
        return torch.full((), torch.inf, device=step.device) if value is None else value.clone()
