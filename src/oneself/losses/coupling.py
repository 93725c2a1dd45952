"""The coupling of ADMM between an image and its split copy."""

from __future__ import annotations

from torch import Tensor

from oneself.core import Example, Term

__all__ = ["Coupling"]


class Coupling(Term):
    """``mean |x - v + u|^2`` with the copy ``v`` and the scaled dual ``u``, moved in place between steps."""

    name = "coupling"
    copy: Tensor
    dual: Tensor

    def __init__(self, copy: Tensor) -> None:
        super().__init__()
        self.register_buffer("copy", copy.clone())
        self.register_buffer("dual", copy.new_zeros(copy.shape))

    def forward(self, x: Tensor, example: Example) -> Tensor:
        return (x - self.copy + self.dual).square().mean()
