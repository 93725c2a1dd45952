"""Half of a problem for the network, half for a denoiser: the alternating direction method of multipliers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from oneself.core import Fit, Term
from oneself.terms.coupling import Coupling

__all__ = ["SplitFit"]

Proximal = Callable[[Tensor, Tensor], Tensor]


class SplitFit(Fit):
    """A fit whose image is split from the network's output ``h``; the copy ``v`` and its scaled dual ``u`` move
    between steps.

    ``penalty * mean |h - v + u|²`` joins the loss; every ``every`` steps ``v <- proximal(h + u, v)`` and
    ``u <- u + h - v``.

    Parameters
    ----------
    proximal : callable
        From ``h + u`` and the present ``v`` to the next ``v``: a denoiser, or a step of one.
    every : int
        Steps from one such move to the next.
    start : Tensor
        The first ``v``, ``(1, C, *spatial)``.
    penalty : float
        Weight of the coupling.
    **fit
        As of ``Fit``.

    Notes
    -----
    Boyd, Parikh, Chu, Peleato, Eckstein. Distributed optimization and statistical learning via the alternating
    direction method of multipliers. 2011.
    """

    moves: Tensor

    def __init__(
        self, *, proximal: Proximal, every: int, start: Tensor, penalty: float, loss: Term, **fit: Any
    ) -> None:
        coupling = Coupling(start)
        super().__init__(loss=loss, regularisation=penalty * coupling, **fit)
        self.coupling, self.proximal, self.every = coupling, proximal, every
        self.register_buffer("moves", torch.zeros((), dtype=torch.long))

    def between(self) -> None:
        super().between()
        self.moves += 1
        if self.last_output is None or int(self.moves) % self.every:
            return
        v, u, h = self.coupling.copy, self.coupling.dual, self.last_output
        v.copy_(self.proximal(h + u, v))
        u.add_(h - v)
