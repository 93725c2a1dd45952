"""Operators that lack what a method needs, or do not fit, are refused before the first step."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from oneself.core import Identity, Physics
from oneself.core.physics import check_physics, check_task, kept_elements, physics_on

from .toys import image

Y = image()
BOTH = ("A", "A_adjoint")


def check(physics: object, needs: tuple[str, ...] = BOTH) -> None:
    check_physics("toy", needs, Y, physics)


def test_any_object_that_has_what_is_needed_will_do() -> None:
    check(Identity(), ("A", "A_adjoint", "A_dagger"))
    check(SimpleNamespace(A=lambda x: x, A_adjoint=lambda y: y))
    check(SimpleNamespace(A=lambda x: x), ("A",))
    assert isinstance(SimpleNamespace(A=lambda x: x), Physics)


@pytest.mark.parametrize("need", ["A", "A_adjoint", "A_dagger"])
def test_what_is_missing_is_named(need: str) -> None:
    parts = {name: lambda x: x for name in ("A", "A_adjoint", "A_dagger") if name != need}
    with pytest.raises(TypeError, match=rf"toy\(physics=SimpleNamespace\).* needs the operator's {need}, .*has none"):
        check(SimpleNamespace(**parts), (need,))
    with pytest.raises(TypeError, match=f"operator's {need}"):
        check(SimpleNamespace(**parts, **{need: 3.0}), (need,))


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


def test_the_callers_operator_stays_as_it_is() -> None:
    operator = nn.Linear(2, 2)
    moved = physics_on(operator, torch.device("cpu"))
    assert moved is not operator
    with torch.no_grad():
        moved.weight.zero_()
    assert operator.weight.abs().sum() > 0
    plain = Identity()
    assert physics_on(plain, torch.device("cpu")) is plain


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
