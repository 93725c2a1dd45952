"""The promise that a picture's units do not count: scaled and shifted, its answer is scaled and shifted along."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from oneself.core import Method
from oneself.operators.mixture import MIXTURES
from oneself.tasks.restoration import denoise, inpaint, restore, separate, super_resolve
from oneself.testing.cases import FEW, Case
from oneself.testing.promise import require

__all__ = ["answer_in_own_units", "check_units_do_not_count"]

CHANGES = ((0.003, 100.0), (40.0, -900.0))  # float counts of a dark camera, and computed tomography
SAME = 2e-3  # of the range: what rounding the values and a few steps of descent make of it


def check_units_do_not_count(case: Case) -> None:
    """The front door's answer for ``a y + b`` is ``a`` times that for ``y``, plus ``b``.

    Layers of light that is added up (haze, watermarks, …) begin at black, so that these are only scaled. Of a kernel,
    and of what is learned to make other pictures, it is the picture's working range that the caller brings along.
    """
    if case.task in ("kernel", "generate"):
        return
    first = answer_in_own_units(case, 1.0, 0.0)
    width = float(case.y.max() - case.y.min())
    for scale, shift in CHANGES:
        offset = 0.0 if case.task in MIXTURES else shift
        moved = answer_in_own_units(case, scale, offset)
        worst = float(((moved - offset) / scale - first).abs().max()) / width
        require(worst < SAME, case, f"y times {scale:g} plus {offset:g} gave an answer {worst:.2g} of the range away")


def answer_in_own_units(case: Case, scale: float, shift: float, **given: Any) -> Tensor:
    """What the front door makes of ``scale * y + shift``, float64."""
    y = scale * case.y.double() + shift
    options = {**case.options, **case.taking(steps=FEW), "device": "cpu", **given}
    if "second" in options and case.method.takes("second"):
        options["second"] = scale * options["second"].double() + shift
    options |= {name: scale * options[name] for name in _levels(case.method) if options.get(name) is not None}
    known = None if case.task != "inpaint" else case.physics.A(torch.ones_like(case.y)) > 0
    method, found = case.method, None
    if case.task == "denoise":
        found = denoise(y, method, **options)
    elif known is not None:
        found = inpaint(torch.where(known, y, torch.full_like(y, torch.nan)), ~known, method, **options)
    elif case.task == "super-resolve":
        found = super_resolve(y, 2, method=method, **options)
    elif case.task in MIXTURES:
        hints, mask, second = (getattr(case.physics, name, None) for name in ("hints", "mask", "second"))
        found = separate(
            y,
            case.task,
            hints=None if hints is None else hints[0, 0].long(),
            mask=None if mask is None else mask[0, 0],
            second=None if second is None else scale * second.double(),
            method=method,
            **options,
        )
    else:
        found = restore(y, case.physics, method, **options)  # the contract's operators leave a constant as it is
    answer: Tensor = torch.as_tensor(found).double()
    return answer


def _levels(method: Method) -> list[str]:
    """The options that are in units of the image."""
    return [record.name for record in method.options if record.option.unit]
