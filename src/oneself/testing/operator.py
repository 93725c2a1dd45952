"""Promises about what a method is given: operators of any origin, and refusals before the first step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from oneself.testing.cases import Case
from oneself.testing.operators import Mask, Only, Scaled
from oneself.testing.promise import BrokenPromise, require

__all__ = [
    "check_bad_measurements_are_refused",
    "check_foreign_operator",
    "check_lacking_operator_is_refused",
    "check_operator_counts",
    "refusal",
]


def refusal(of: Callable[[], Any], kinds: tuple[type[Exception], ...], where: object, what: str) -> str:
    """The message with which ``of`` is refused; a broken promise where it is not."""
    try:
        of()
    except kinds as error:
        return str(error)
    except Exception as error:
        raise BrokenPromise(f"{where}: {what} ended in {type(error).__name__}: {error}") from error
    raise BrokenPromise(f"{where}: {what} was not refused")


def check_foreign_operator(case: Case) -> None:
    """Any object that has the functions of ``needs`` will do, and gives the same answer."""
    foreign = Only(case.physics, case.method.needs)
    same = case.same(case.run(physics=foreign).finish().answer, case.whole.answer)
    require(same, case, "an operator with only the needed functions gives another answer")


def check_lacking_operator_is_refused(case: Case) -> None:
    """An operator without one of ``needs`` is refused by name, before the first step."""
    for need in case.method.needs:
        lacking = Only(case.physics, set(case.method.needs) - {need})
        message = refusal(lambda physics=lacking: case.run(physics=physics), (TypeError,), case, f"no {need}")  # type: ignore[misc]
        require(need in message and case.method.key in message, case, f"the refusal does not name {need}: {message}")


def check_operator_counts(case: Case) -> None:
    """An operator outside the method's tasks is refused, one within them makes a difference: none is ignored."""
    others: list[Any] = [Scaled(case.physics, 0.5)]
    if case.y.shape == case.truth.shape:
        known = torch.ones_like(case.y)
        known[..., ::3] = 0
        others.append(Mask(known))
    image = case.whole.image
    for physics in others:
        try:
            other = case.run(physics=physics).finish().image
        except (TypeError, ValueError) as error:
            require(case.method.key in str(error) or "physics" in str(error), case, f"an unclear refusal: {error}")
            continue
        require(not torch.equal(image, other), case, f"the operator {type(physics).__name__} was ignored")


def check_bad_measurements_are_refused(case: Case) -> None:
    """A measurement of the wrong kind, shape or values is refused before the first step, with the method's name."""
    missing_value = case.y.clone()
    missing_value.view(-1)[0] = math.nan
    absent = next(dims for dims in (4, 1, 2, 3) if dims not in case.method.dims)
    bad: dict[str, Tensor] = {
        "a batch": torch.cat([case.y, case.y]),
        "whole numbers": (255 * case.y).to(torch.int32),
        "complex numbers": case.y.to(torch.complex64),
        "NaN": missing_value,
        "no elements": case.y[..., :0],
        f"{absent}D": torch.rand(1, 1, *[8] * absent),
    }
    for what, y in bad.items():
        message = refusal(lambda y=y: case.run(y), (TypeError, ValueError), case, what)  # type: ignore[misc]
        require(case.method.key in message, case, f"the refusal of {what} does not name the method: {message}")
