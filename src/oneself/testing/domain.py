"""Promises of the domain that a method works on."""

from __future__ import annotations

import torch

from oneself.testing.cases import Case
from oneself.testing.operator import refusal
from oneself.testing.promise import require

__all__ = ["check_domain", "check_other_kinds_are_refused"]


def check_domain(case: Case) -> None:
    """An input is the same after its arrays and after it was copied, another is not; an estimate is 0 from itself."""
    domain, cpu = case.method.domain, torch.device("cpu")
    y = domain.own(case.y, cpu)
    told = domain.fingerprint(y)
    require(domain.fingerprint(domain.of_arrays(domain.arrays(y))) == told, case, "its arrays make another input")
    require(domain.fingerprint(domain.own(y, cpu)) == told, case, "its copy is another input")
    require(domain.fingerprint(case.other()) != told, case, "another input has the same fingerprint")
    case.scribble(y)
    require(domain.fingerprint(domain.own(case.y, cpu)) == told, case, "a copy shares memory with its input")
    x = next(case.run()).estimate
    require(float(case.method.answers.distance(x, x)) == 0, case, "an estimate is not at distance 0 from itself")


def check_other_kinds_are_refused(case: Case) -> None:
    """What is no input of the domain is refused before the first step, with the method's name."""
    for what, y in {"an object": object(), "a text": "y", "a list": [0.5]}.items():
        message = refusal(lambda y=y: case.run(y), (TypeError,), case, what)  # type: ignore[misc]
        require(case.method.key in message, case, f"the refusal of {what} does not name the method: {message}")
