"""Several inputs at once, for several networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import Tensor, nn

from oneself.core import Example, Input

__all__ = ["Together"]


class Together(Input):
    """What each of several inputs makes, side by side; the target is ``target``.

    Parameters
    ----------
    target : Tensor
    inputs : iterable of Input
        One for each network, in their order.
    """

    target: Tensor

    def __init__(self, target: Tensor, inputs: Iterable[Input]) -> None:
        super().__init__()
        self.inputs: list[Input] = nn.ModuleList(inputs)  # type: ignore[assignment]
        self.register_buffer("target", target, persistent=False)

    def _joined(self, examples: Sequence[Example]) -> Example:
        return Example(tuple(z for example in examples for z in example.input), self.target)

    def forward(self) -> Example:
        return self._joined([one() for one in self.inputs])

    def evaluation_example(self) -> Example:
        return self._joined([one.evaluation_example() for one in self.inputs])
