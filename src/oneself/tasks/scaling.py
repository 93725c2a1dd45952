"""The range that a picture is worked on in: its own values, whatever its type could hold.

Every task measures the least and the largest value of the picture (``data.measured_range``), works on them as 0 and 1,
and undoes that at the end. So the answer for a picture scaled or shifted is the answer scaled and shifted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.core import Method
from oneself.domains.ranges import Range, measured_range, to_unit
from oneself.operators.kept import kept_elements
from oneself.operators.mixture import MIXTURES
from oneself.registry import find

__all__ = ["Scaling", "measurement_range", "part_in_own_units", "range_note", "unit_level", "unit_options"]

MARGINS = {"inpaint": 0.1, "super-resolve": 0.1, "deblur": 0.25, "restore": 0.25}
PARTS = {
    "uncertainty": "level",
    **dict.fromkeys(("airlight", "watermark", "second", "foreground", "background"), "image"),
}
"""What is found besides an image, in units of the picture: a ``level`` is a difference of values, an ``image`` holds
values; others (a transmission, an opacity, a mask) have no unit."""
ROUNDED = 1e-5  # how far float32 may leave it, which would count where the range lies far from 0
SAME = 0.02  # how far A(1) may be from 1 for a measurement to have the units of its image
PLAUSIBLE = (-0.5, 1.5)  # the mean brightness that the image behind a measurement in [0, 1] may have
FAINTEST, FURTHEST = 1e-6, 1e6  # what a measurement of an image in [0, 1] may reach to
FAINT = 0.02  # the share of [0, 1] under which a measurement is of no such image
MOST = 10.0  # times the picture's range that a noise level may be


@dataclass(frozen=True)
class Scaling:
    """How the range of pictures is found: ``margin``, how far results may leave the picture's values, as a share of
    their range; ``from_zero``, whether 0 stays 0; ``trained``, whether weights know 0 and 255 of 8 bits as 0 and 1."""

    margin: float = 0.0
    from_zero: bool = False
    trained: bool = False

    @classmethod
    def of(cls, task: str, method: str | Method = "auto", options: Mapping[str, Any] | None = None) -> Scaling:
        """What a task, and the options given for a method, ask for.

        What is hidden or blurred may be brighter or darker than all that is seen; haze and other layers are light that
        is added, and so are counts: there 0 is black.
        """
        records = () if method == "auto" else find(method).options
        counts = any(
            record.option.unit == "counts" and (options or {}).get(record.name) is not None for record in records
        )
        trained = any(record.option.own_range for record in records)
        return cls(0.0 if trained else MARGINS.get(task, 0.0), counts or task in MIXTURES, trained)

    def __call__(self, pixels: np.ndarray[Any, Any], data_range: Any = None) -> tuple[np.ndarray[Any, Any], Range]:
        """``to_unit`` with the margin beside a range that is measured."""
        if data_range is None and self.trained and pixels.dtype == np.uint8:
            data_range = (0.0, float(np.iinfo(np.uint8).max))
        unit, span = to_unit(pixels, data_range, from_zero=self.from_zero)
        if data_range is not None or not self.margin or span.dtype.kind == "b":
            return unit, span
        low = span.low if self.from_zero else span.low - self.margin * span.width
        return to_unit(pixels, (low, span.high + self.margin * span.width))


def unit_level(sigma: Any, span: Range, caller: str = "denoise") -> float | None:
    """A noise level in the picture's own units in units of the range that is worked in.

    Raises
    ------
    TypeError, ValueError
        Not a number above 0, or one beyond the picture's whole range.
    """
    if sigma is None:
        return None
    if not _is_number(sigma):
        raise TypeError(f"{caller}(sigma={sigma!r}): not a number. Give one above 0, or none to estimate it.")
    level = float(sigma)
    if not (math.isfinite(level) and level > 0):
        raise ValueError(
            f"{caller}(sigma={sigma!r}): not a noise level. Give a number above 0, or none to estimate it."
        )
    if not 0 < level / span.width <= MOST:
        raise ValueError(
            f"{caller}(sigma={sigma!r}): the picture has values of {span.low:.6g} to {span.high:.6g}. Give the noise "
            "level in the same units, or none to estimate it."
        )
    return level / span.width


def unit_options(method: Method, options: Mapping[str, Any], span: Range) -> dict[str, Any]:
    """Options given in the picture's own units (noise levels, gains) in units of the range that is worked in."""
    units = {record.name for record in method.options if record.option.unit}
    return {
        name: value / span.width if name in units and _is_number(value) else value for name, value in options.items()
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def part_in_own_units(name: str, part: Tensor, span: Range) -> Tensor:
    """What was found besides an image, in the picture's own units where it has any, float32."""
    unit = PARTS.get(name)
    made = part * span.width if unit else part
    return made + span.low if unit == "image" else made


def range_note(span: Range) -> str | None:
    """A word on the range where it is not what the type suggests: under half of it, or beyond [0, 1] for floats."""
    kind = span.dtype.kind
    if kind == "b":
        return None
    low, high = (0.0, 1.0) if kind == "f" else (float(np.iinfo(span.dtype).min), float(np.iinfo(span.dtype).max))
    inside = span.low >= low - 0.5 * (high - low) and span.high <= high + 0.5 * (high - low)
    return None if inside and span.width >= 0.5 * (high - low) else span.words()


def measurement_range(
    y: Tensor, physics: Any, data_range: Any, caller: str = "restore", *, margins: bool = True
) -> Range:
    """The range of the image behind one measurement ``(1, C, *spatial)`` of a linear operator.

    Where the operator keeps and drops elements the kept ones tell it; where ``A(1)`` is 1 (blurs, means) the
    measurement does; any other operator's image is taken to be in [0, 1] unless ``data_range`` says otherwise.
    ``margins``: whether what is not seen may leave a range that is measured.

    Raises
    ------
    ValueError
        The measurement cannot be that of an image in [0, 1]; a range that is empty or not finite.
    """
    dtype = np.dtype("float32")
    if data_range is not None:
        return to_unit(np.zeros(1, np.float32), data_range)[1]
    known, ones = kept_elements(physics, y.float()), _of_ones(y, physics)
    values = y.double().cpu().numpy()
    if known is not None and bool(known.all()):
        return Range(*measured_range(values), dtype)
    if known is not None and not bool((known > 0).any()):
        raise ValueError(f"{caller}(physics): the operator keeps nothing of an image. Check its mask.")
    if known is not None:
        return _widened(*measured_range(values[known.cpu().numpy() > 0]), margins * MARGINS["inpaint"], dtype)
    if bool(((ones - 1).abs() < SAME).all()):
        return _widened(*measured_range(values), margins * MARGINS["restore"], dtype)
    _check_plausible(y, ones, caller)
    return Range(0.0, 1.0, dtype)


def scaled_measurement(y: Tensor, physics: Any, span: Range) -> Tensor:
    """``A((x - low) / width)`` from ``y = A(x)``, A linear."""
    if (span.low, span.high) == (0.0, 1.0):
        return y
    ones = _of_ones(y, physics).double()
    ones = torch.where((ones - 1).abs() < ROUNDED, torch.ones_like(ones), ones)
    scaled: Tensor = (y.double() - span.low * ones) / span.width
    if not FAINTEST < float(scaled.abs().max()) < FURTHEST:
        raise ValueError(
            f"restore(data_range=({span.low:g}, {span.high:g})): nothing of the measurement would be left in that "
            "range. Give the image's values of black and white."
        )
    return scaled.float()


def _widened(low: float, high: float, margin: float, dtype: np.dtype[Any]) -> Range:
    return Range(low - margin * (high - low), high + margin * (high - low), dtype)


def _of_ones(y: Tensor, physics: Any) -> Tensor:
    """What the operator makes of an image that is 1 everywhere."""
    with torch.no_grad():
        seen = y.float()
        image = physics.A_adjoint(seen) if callable(getattr(physics, "A_adjoint", None)) else seen
        made: Tensor = physics.A(torch.ones_like(image))
        return made


def _check_plausible(y: Tensor, ones: Tensor, caller: str) -> None:
    most = float(ones.abs().max())
    square = float(ones.square().sum())
    level = float((ones * y).sum()) / square if square > 0 else 0.5
    strength = float(y.abs().max()) / most if most > 0 else 1.0
    if not PLAUSIBLE[0] <= level <= PLAUSIBLE[1] or strength < FAINT:
        raise ValueError(
            f"{caller}(y): the image behind it would have a mean of {level:.3g}; images in [0, 1] are expected. "
            "Give data_range=(low, high), the image's values of black and white."
        )
