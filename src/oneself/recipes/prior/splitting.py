"""Half of a problem for the network, half for a denoiser: the alternating direction method of multipliers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from oneself.core import Fit
from oneself.losses.coupling import Coupling

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
    copy : Tensor
        The first ``v``, ``(1, C, *spatial)``.
    penalty : float
        Weight of the coupling.
    begin : int
        Steps before the denoiser's first use; until then ``v`` follows ``h``, whose first shapes would stay in ``u``.
    **fit
        As of ``Fit``, or of the kind of fit that this is made together with.

    Notes
    -----
    Boyd, Parikh, Chu, Peleato, Eckstein. Distributed optimization and statistical learning via the alternating
    direction method of multipliers. 2011.
    """

    moves: Tensor

    def __init__(
        self, *, proximal: Proximal, every: int, copy: Tensor, penalty: float, begin: int = 0, **fit: Any
    ) -> None:
        coupling = Coupling(copy)
        super().__init__(regularisation=penalty * coupling, **fit)
        self.coupling, self.proximal, self.every, self.begin = coupling, proximal, every, begin
        self.register_buffer("moves", torch.zeros((), dtype=torch.long))

    def after_step(self) -> None:
        super().after_step()
        self.moves += 1
        if self.last_output is None or int(self.moves) % self.every:
            return
        v, u, h = self.coupling.copy, self.coupling.dual, self.last_output
        if int(self.moves) <= self.begin:
            v.copy_(h)
            return
        v.copy_(self.proximal(h + u, v))
        u.add_(h - v)
