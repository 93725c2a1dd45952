"""Operators that lack what a method needs are refused before the first step."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from oneself.core import Identity, Physics
from oneself.core.physics import check_physics, physics_on

BOTH = ("A", "A_adjoint")


def check(physics: object, needs: tuple[str, ...] = BOTH) -> None:
    check_physics("toy", needs, physics)


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


def test_the_callers_operator_stays_as_it_is() -> None:
    operator = nn.Linear(2, 2)
    moved = physics_on(operator, torch.device("cpu"))
    assert moved is not operator
    with torch.no_grad():
        moved.weight.zero_()
    assert operator.weight.abs().sum() > 0
    plain = Identity()
    assert physics_on(plain, torch.device("cpu")) is plain


class Blurring:
    """No module itself, but made of one."""

    def __init__(self) -> None:
        with torch.inference_mode():
            self.blur = nn.Conv2d(1, 1, 3, padding=1, bias=False)

    def A(self, x: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.blur(x))

    A_adjoint = A


def test_modules_within_an_operator_collect_no_gradients_and_may_be_of_inference_mode() -> None:
    operator = Blurring()
    moved = physics_on(operator, torch.device("cpu"))
    x = torch.rand(1, 1, 8, 8, requires_grad=True)
    moved.A(x).square().sum().backward()
    assert x.grad is not None
    assert moved.blur.weight.grad is None
    assert operator.blur.weight.requires_grad
    assert moved.blur is not operator.blur
