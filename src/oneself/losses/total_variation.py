"""How much an image changes from element to element."""

from __future__ import annotations

from torch import Tensor

from oneself.core import Example, Term

__all__ = ["TotalVariation"]


class TotalVariation(Term):
    """``sum over axes of the mean |difference of neighbours|``, anisotropic; in any number of dimensions.

    Rudin, Osher, Fatemi. Nonlinear total variation based noise removal algorithms. Physica D 1992.
    """

    name = "total_variation"

    def forward(self, x: Tensor, example: Example) -> Tensor:
        first, *others = (x.diff(dim=axis).abs().mean() for axis in range(2, x.ndim) if x.shape[axis] > 1)
        return sum(others, first)
