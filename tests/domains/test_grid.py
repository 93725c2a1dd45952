"""Operators that do not fit an image, or that a method would ignore, are refused before the first step."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from oneself.core import Identity
from oneself.domains.grid import check_shapes, check_task

from ..core.toys import image

Y = image()
KNOWN = (torch.rand(Y.shape, generator=torch.Generator().manual_seed(1)) > 0.4).to(Y)


def operator(A: Callable[[Tensor], Tensor]) -> SimpleNamespace:
    return SimpleNamespace(A=A)


def drops(x: Tensor) -> Tensor:
    return KNOWN * x


def check(physics: object) -> None:
    check_shapes("toy", Y, physics)


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"y\.shape=\(1, 2, 6, 8\).*makes measurements of shape \(1, 2, 6, 4\)"):
        check(SimpleNamespace(A=lambda x: x[..., ::2], A_adjoint=lambda y: y))


def test_what_the_operator_itself_refuses_is_told() -> None:
    def broken(x: Tensor) -> Tensor:
        return x + torch.zeros(1, 2, 5, 8)

    with pytest.raises(ValueError, match=r"refuses this measurement \(.*must match.*Give the operator that made"):
        check(SimpleNamespace(A=broken, A_adjoint=lambda y: y))


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match=r"not finite\. Check the operator's filter or mask"):
        check(SimpleNamespace(A=lambda x: x * float("nan"), A_adjoint=lambda y: y))


def test_a_method_is_given_no_operator_that_it_would_ignore() -> None:
    check_task("toy", ("denoise",), Y, Identity())
    check_task("toy", ("inpaint",), Y, Identity())
    check_task("toy", ("denoise", "inpaint"), Y, operator(drops))
    check_task("toy", ("denoise", "restore"), Y, operator(lambda x: 2 * x))
    with pytest.raises(
        ValueError, match=r"toy\(physics=SimpleNamespace\): the operator drops elements; .*only denoise"
    ):
        check_task("toy", ("denoise",), Y, operator(drops))
    with pytest.raises(ValueError, match=r"does more than keeping or dropping .* only denoise or inpaint"):
        check_task("toy", ("denoise", "inpaint"), Y, operator(lambda x: 2 * x))
