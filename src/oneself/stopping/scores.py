"""Numbers per step that judge an iterate without the truth; lower is better."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from oneself.core import Example, Score, Step, total
from oneself.core.devices import widest
from oneself.stopping.selections import Average

__all__ = ["HeldOut", "MovingVariance", "Objective", "Residual", "Validation", "WindowVariance"]

ALPHA, WARM = 0.1, 100  # of the moving variance: a in its recursion, and steps until it counts


class WindowVariance(Score):
    """ES-WMV: the variance of the last ``size`` outputs about their mean, averaged over pixels.

    ``(1/W) sum_w ||x_w - mean||^2 / n``. While the network learns the signal the outputs settle; when it begins
    to learn the noise they move again. Running sums make the cost of a step independent of ``size``; at most
    ``pixels`` regularly spaced elements are watched, all of them in small images.

    With ``smoothing`` the window watches the outputs' running average of that decay: the jitter of the code makes
    the outputs of a small network vary more than learning does, and hides the turn; a short average shows it.

    Wang, Li, Zhuang, Chen, Liang, Sun. Early stopping for deep image prior. TMLR 2023.
    """

    name = "window_variance"
    pointwise = True
    window: Tensor
    moments: Tensor
    count: Tensor

    def __init__(self, size: int, smoothing: float = 0.0, pixels: int = 65536) -> None:
        super().__init__()
        self.size, self.smoothing, self.pixels = size, smoothing, pixels

    def measure(self, step: Step) -> Tensor:
        x, wide = step.seen.flatten(), widest(step.seen.device)
        x = x[:: max(1, math.ceil(x.numel() / self.pixels))].to(wide)
        if self.smoothing:
            before = self.registered("smooth")
            x = self.register("smooth", x if before is None else torch.lerp(x, before, self.smoothing))
        if self.registered("window") is None:
            self.register("window", x.new_zeros(self.size, x.numel(), dtype=torch.float32))
            self.register("moments", x.new_zeros(2, x.numel()))
            self.register("count", torch.zeros((), dtype=torch.long, device=x.device))
        place = (self.count % self.size)[None]  # of the outputs seen: going back after a fall takes some away
        oldest, newest = self.window.index_select(0, place)[0].to(wide), x.float().to(wide)
        self.moments[0] += newest - oldest
        self.moments[1] += newest.square() - oldest.square()
        self.window.index_copy_(0, place, newest.float()[None])
        self.count += 1
        mean, square = self.moments / self.size
        variance = (square - mean.square()).mean().clamp(min=0).float()
        return torch.where(self.count >= self.size, variance, torch.inf)


class MovingVariance(Score):
    """ES-EMV: the exponential moving variance of the outputs; the memory of one image instead of a window.

    ``V <- (1-a) (V + a ||x - m||^2 / n)``, ``m <- (1-a) m + a x``.

    Wang, Li, Zhuang, Chen, Liang, Sun. Early stopping for deep image prior. TMLR 2023.
    """

    name = "moving_variance"
    pointwise = True
    mean: Tensor
    variance: Tensor

    def measure(self, step: Step) -> Tensor:
        x = step.seen
        if self.registered("mean") is None:
            self.register("mean", x)
            self.register("variance", torch.zeros((), device=x.device))
        gap = x - self.mean
        self.variance.add_(ALPHA * gap.square().mean()).mul_(1 - ALPHA)
        self.mean.add_(ALPHA * gap)
        return self.variance.clone() if step.index >= WARM else torch.full_like(self.variance, torch.inf)


class Objective(Score):
    """The objective itself, or one ``term`` of it, or all but some; or the running average of decay ``smoothing``.

    Worth watching where it estimates the error (SURE and its kin), or where the network cannot overfit. ``inf`` for the
    first ``1 / (1 - smoothing)`` steps, which the average still remembers.
    """

    name = "objective"

    def __init__(self, smoothing: float = 0.0, term: str | None = None, without: Sequence[str] = ()) -> None:
        super().__init__()
        self.smoothing, self.term, self.without = smoothing, term, without
        self.name = self.name if term is None else f"{term}_average"

    def measure(self, step: Step) -> Tensor:
        among = {name: value for name, value in step.terms.items() if name not in self.without}
        value, before = total(among) if self.term is None else step.terms[self.term], self.registered("mean")
        mean = self.register("mean", value if before is None else torch.lerp(value, before, self.smoothing))
        warm = step.index + 1 >= round(1 / (1 - self.smoothing))
        return mean.clone() if warm else torch.full_like(mean, torch.inf)


class HeldOut(Score):
    """Mean squared error of the output, or of a running average of it, on measurements that the loss does not see.

    Parameters
    ----------
    y : Tensor
        The measurement.
    hidden : Tensor
        1 where the loss does not look, 0 elsewhere; broadcastable to ``y``.
    A : callable
        The forward operator.
    of : Average, optional
        The running average that is judged.

    Raises
    ------
    ValueError
        Nothing is hidden.
    """

    name = "held_out"
    y: Tensor
    hidden: Tensor

    def __init__(self, y: Tensor, hidden: Tensor, A: Callable[[Tensor], Tensor], of: Average | None = None) -> None:
        super().__init__()
        if not bool(hidden.any()):
            raise ValueError("HeldOut(hidden): no element is hidden. Hide a larger share, or stop by another score.")
        self.A, self.of = A, of
        self.register_buffer("y", y, persistent=False)
        self.register_buffer("hidden", hidden.expand_as(y), persistent=False)

    def measure(self, step: Step) -> Tensor:
        x = step.seen
        if self.of is not None:
            self.of.update(step)
            mean = self.of.registered("mean")
            x = x if mean is None else mean
        gap = (self.A(x) - self.y) * self.hidden
        return gap.square().sum() / self.hidden.sum()


class Residual(Score):
    """``||A x - y||^2 / (n sigma^2)``: 1 where the residual is as large as the noise (the discrepancy principle)."""

    name = "residual"
    y: Tensor

    def __init__(self, y: Tensor, sigma: float, A: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.A, self.sigma = A, sigma
        self.register_buffer("y", y, persistent=False)

    def measure(self, step: Step) -> Tensor:
        return (self.A(step.seen) - self.y).square().mean() / self.sigma**2


class Validation(Score):
    """Mean squared error of a network on an example that it is not trained on, where the example says.

    Computed every ``every`` steps, and carried over in between; ``inf`` before the first.

    Parameters
    ----------
    network : Module
        The one that makes the answer: the averaged one where there is one.
    example : Example

    Raises
    ------
    ValueError
        The example counts nowhere.
    """

    name = "held_out"
    target: Tensor
    where: Tensor

    def __init__(self, network: nn.Module, example: Example, every: int) -> None:
        super().__init__()
        where = torch.ones(()) if example.where is None else example.where
        if not bool(where.any()):
            raise ValueError("Validation(example): no element is held out. Hold out a larger share, or give more.")
        self.every = every
        self._watched = (network,)  # hidden from torch: its weights are the stage's
        for index, x in enumerate(example.input):
            self.register_buffer(f"input_{index}", x, persistent=False)
        self.register_buffer("target", example.target, persistent=False)
        self.register_buffer("where", where.expand_as(example.target), persistent=False)

    def measure(self, step: Step) -> Tensor:
        if (step.index + 1) % self.every == 0 or step.index + 1 == step.steps:
            inputs = [x for name, x in self.named_buffers() if name.startswith("input_")]
            gap = (self._watched[0](*inputs).float() - self.target) * self.where
            self.register("value", gap.square().sum() / self.where.sum())
        value = self.registered("value")
        return torch.full((), torch.inf, device=self.target.device) if value is None else value.clone()
