"""Operators that keep some elements and drop the others are told from those that do anything else."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from oneself.core import Identity
from oneself.operators.kept import kept_elements

from ..core.toys import image

Y = image()
KNOWN = (torch.rand(Y.shape, generator=torch.Generator().manual_seed(1)) > 0.4).to(Y)


def operator(A: Callable[[Tensor], Tensor]) -> SimpleNamespace:
    return SimpleNamespace(A=A)


def drops(x: Tensor) -> Tensor:
    return KNOWN * x


@pytest.mark.parametrize(
    "other", [lambda x: 2 * x, lambda x: x.roll(1, -1), lambda x: x[..., ::2], lambda x: KNOWN - x]
)
def test_which_elements_an_operator_keeps(other: Callable[[Tensor], Tensor]) -> None:
    assert torch.equal(kept_elements(Identity(), Y), torch.ones_like(Y))
    assert torch.equal(kept_elements(operator(drops), Y * KNOWN), KNOWN)
    assert kept_elements(operator(other), Y) is None
