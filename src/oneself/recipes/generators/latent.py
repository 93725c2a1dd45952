"""The search for the code of which a generator makes the measurement: where every method with a generator begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from oneself.core import Example, Learner, Score, Stage, Step
from oneself.optim import adam
from oneself.recipes.generators.prior import Prior, Unconditioned
from oneself.stopping import Best, Plateau

__all__ = ["LatentSearch", "code_search"]

LR, SHARE = 0.1, 0.5  # where a search comes before more: its learning rate, and its part of a time budget
WINDOW, TOLERANCE = 50, 0.01  # steps over which the error must fall by this share, or the search ends


class LeastError(Score):
    """The least of the objectives of codes that are searched side by side."""

    name = "least_error"

    def __init__(self, of: Callable[[], Tensor]) -> None:
        super().__init__()
        self.of = of

    def measure(self, step: Step) -> Tensor:
        return self.of().min()


class BestCode(Best):
    """The picture and the code at which the least error was lowest; the other codes' pictures tell an uncertainty."""

    def __init__(self, score: LeastError, codes: Callable[[], tuple[Tensor, Tensor]]) -> None:
        super().__init__(score)
        self.codes = codes

    def update(self, step: Step) -> None:
        code, spread = self.codes()
        better = (self.score(step) < self.lowest) | (self.step < 0)
        for name, value in (("code", code), ("spread", spread)):
            before = self.registered(name)
            self.register(name, value if before is None else torch.where(better, value, before))
        super().update(step)

    def parts(self) -> Mapping[str, Tensor]:
        spread = self.registered("spread")
        return {} if spread is None else {"uncertainty": spread}


class LatentSearch(Stage):
    """``min over z of mean (A(G(z)) − y)² + weight ‖z‖²``, from several random codes side by side, each for itself.

    Parameters
    ----------
    prior : Prior
    y, A : Tensor, callable
    restarts, steps : int
    weight, lr : float
    where : Tensor, optional
        Which elements of the measurement count.
    first : Tensor, optional
        The codes to begin with, ``(restarts, *latent)``; drawn otherwise.

    Notes
    -----
    Bora, Jalal, Price, Dimakis. Compressed sensing using generative models. ICML 2017.
    """

    errors: Tensor

    def __init__(
        self,
        prior: Prior,
        y: Tensor,
        A: Callable[[Tensor], Tensor],
        *,
        restarts: int,
        weight: float,
        lr: float,
        steps: int,
        where: Tensor | None = None,
        first: Tensor | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        score = LeastError(lambda: self.errors)
        stop = Plateau(score, WINDOW, TOLERANCE)
        super().__init__(steps=steps, stop=stop, selection=BestCode(score, self._code), notes=notes)
        self.prior, self.A, self.weight, self.lr = prior, A, weight, lr
        drawn = torch.randn(restarts, *prior.latent, device=y.device) if first is None else first
        self.z = nn.Parameter(drawn)
        self.input = Unconditioned(y, where)
        self.register_buffer("errors", torch.full((restarts,), torch.inf, device=y.device), persistent=False)

    def learners(self) -> Sequence[Learner]:
        return [Learner(self, self.input, self.terms, adam(self.lr))]

    def terms(self, example: Example) -> Mapping[str, Tensor]:
        x = self.prior(self.z)
        fidelity, length = self._energies(x, example)
        self.errors = (fidelity + length).detach()
        self.spread = x.detach().std(0, keepdim=True, correction=0)
        self.seen_codes = self.z.detach().clone()
        self.last_output = self._best(x.detach().float(), self.errors)
        return {"fidelity": fidelity.mean(), **({"code": length.mean()} if self.weight else {})}

    def _energies(self, x: Tensor, example: Example) -> tuple[Tensor, Tensor]:
        gap = (self.A(x) - example.target).square()
        counted = torch.ones_like(example.target) if example.where is None else example.where
        fidelity = (gap * counted).flatten(1).sum(1) / counted.sum()
        return fidelity, self.weight * self.z.square().flatten(1).sum(1)

    def _best(self, of: Tensor, errors: Tensor) -> Tensor:
        return of.index_select(0, errors.argmin()[None])

    def _code(self) -> tuple[Tensor, Tensor]:
        return self._best(self.seen_codes, self.errors), self.spread

    @property
    def code(self) -> Tensor:
        """The best code that was found, ``(1, *latent)``."""
        found = self.selection.registered("code")
        return self._now()[0] if found is None else found

    def _now(self) -> tuple[Tensor, Tensor]:
        """The best of the codes as they stand, and its picture."""
        with torch.no_grad():
            x = self.prior(self.z)
            fidelity, length = self._energies(x, self.input())
            errors = fidelity + length
            return self._best(self.z, errors), self._best(x, errors)

    def estimate(self) -> Tensor:
        return self._now()[1]


def code_search(
    prior: Prior,
    y: Tensor,
    A: Callable[[Tensor], Tensor],
    *,
    restarts: int,
    steps: int,
    where: Tensor | None,
    notes: Sequence[str],
) -> LatentSearch:
    """The first stage of the methods that change the generator, or its inner layers, from the best code on."""
    search = LatentSearch(prior, y, A, restarts=restarts, weight=0.0, lr=LR, steps=steps, where=where, notes=notes)
    search.time_share = SHARE
    return search
