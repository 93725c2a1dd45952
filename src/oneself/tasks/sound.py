"""What can be asked for of recordings: the range they are worked on in, gaps in time, the method that suits them."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.core import Identity, Method, Result, own_context
from oneself.domains import RECORDING, Recording
from oneself.domains.ranges import Range
from oneself.generative.model import Kind
from oneself.io.picture import Picture
from oneself.io.sound import coding_of
from oneself.operators.rates import Rate
from oneself.registry import Run, find
from oneself.tasks.problems import Problem, choose_method, inpainting
from oneself.tasks.scaling import unit_level, unit_options

__all__ = [
    "MIDDLE",
    "as_unit",
    "gap_mask",
    "handle",
    "heard",
    "hears",
    "of_unit",
    "rate_of",
    "resampling",
    "run_on",
    "symmetric_range",
]

Pixels = np.ndarray[Any, np.dtype[Any]]
MIDDLE = 0.5  # where silence is in the range that is worked in
MOST_FACTOR = 32.0  # times its rate that a recording is brought to


def rate_of(picture: Picture) -> float | None:
    """Samples in a second of a recording; None of what is none."""
    coding = coding_of(picture)
    return None if coding is None else float(coding.rate)


def symmetric_range(samples: Pixels) -> tuple[float, float]:
    """The range in which silence is in the middle and the loudest sample at an end."""
    known = samples[np.isfinite(samples)] if samples.dtype.kind == "f" else samples
    peak = float(np.abs(known.astype(np.float64)).max()) if known.size else 0.0
    return (-peak, peak) if peak > 0 else (-1.0, 1.0)


def of_unit(y: Tensor, rate: float) -> Recording:
    """Samples ``(1, C, T)`` in [0, 1] as a recording with its silence at 0."""
    return Recording(y - MIDDLE, rate)


def as_unit(result: Result[Any]) -> Result[Tensor]:
    """The result of a method of recordings with samples in [0, 1], as those of images have."""
    if not isinstance(result.answer, Recording):
        return result
    parts = {name: part.samples + MIDDLE for name, part in result.parts.items()}
    return replace(result, answer=result.answer.samples + MIDDLE, parts=parts)


def run_on(method: str | Method, y: Tensor, physics: Any, rate: float | None, options: Mapping[str, Any]) -> Run:
    """A run on samples in [0, 1]: of a method of recordings, or of one of images on them as a signal."""
    record = find(method)
    if rate is None or record.domain is not RECORDING:
        return Run(method, y, physics, **options)
    return Run(method, of_unit(y, rate), physics, **options)


def gap_mask(gaps: Sequence[tuple[float, float]], rate: float, length: int, caller: str = "inpaint") -> Tensor:
    """Where samples are missing, ``(T,)``: gaps ``(start, end)`` in seconds, which may overlap or lie at the ends.

    Raises
    ------
    ValueError
        No gap; one that is empty or lies outside of the recording; all of it.
    """
    mask = torch.zeros(length, dtype=torch.bool)
    for start, end in gaps:
        first, last = round(start * rate), round(end * rate)
        if not (math.isfinite(start) and math.isfinite(end) and 0 <= first < last <= length):
            raise ValueError(
                f"{caller}(gap={start:g}:{end:g}): not within the recording, which has {length / rate:.3f} seconds. "
                "Give the seconds at which it starts and ends."
            )
        mask[first:last] = True
    if not mask.any() or mask.all():
        raise ValueError(f"{caller}(gap): {'all of the recording' if len(gaps) else 'no gap'}. Give what is missing.")
    return mask


def resampling(y: Tensor, rate: float, target: float) -> Problem:
    """Bring samples to a higher rate. Raises ValueError where the rate is none, or no higher."""
    if not (math.isfinite(target) and rate < target <= MOST_FACTOR * rate):
        raise ValueError(
            f"super-resolve(rate={target:g}): the recording has {rate:g} samples in a second. Give a higher rate, at "
            f"most {MOST_FACTOR:g} times that."
        )
    return Problem("super-resolve", y, Rate(target / rate))


def heard(picture: Picture) -> tuple[Recording, Kind]:
    """The recording in a file, its loudest sample being 0.5, and how samples like it are stored."""
    coding = coding_of(picture)
    assert coding is not None
    low, high = symmetric_range(picture.pixels)
    samples = picture.pixels.reshape(len(picture.pixels), -1).T.astype(np.float64) / (high - low)
    axis = 1 if picture.pixels.ndim == 2 else None
    kind = Kind(0.0, high - low, picture.pixels.dtype.name, axis)
    return Recording(torch.from_numpy(samples.astype(np.float32))[None], float(coding.rate)), kind


def hears(task: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a front door, whose first argument is an image, take a recording, too; in a context of its own."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        @own_context()
        @functools.wraps(function)
        def call(*positional: Any, **named: Any) -> Any:
            first = positional[0] if positional else named.get("image")
            if not isinstance(first, Recording):
                return function(*positional, **named)
            bound = inspect.signature(function).bind(*positional, **named)
            bound.apply_defaults()
            return handle(task, **bound.arguments)

        return call

    return wrap


def handle(
    task: str,
    image: Recording,
    method: str | Method,
    *,
    seed: int,
    seconds: float | None,
    device: str | None,
    full: bool,
    options: Mapping[str, Any],
    mask: Any = None,
    known: str = "keep",
    scale: Any = None,
    sigma: float | None = None,
    **others: Any,
) -> Any:
    """A task on a recording: what the front doors do where they are given one.

    Parameters
    ----------
    options : mapping
        The method's own.
    mask : ndarray or Tensor, optional
        For inpainting: ``(T,)``, true where samples are missing.
    scale : float, optional
        For super-resolution: the factor of the rate.
    others
        What is of images alone, at its defaults.

    Returns
    -------
    Recording, or Result
        In the dtype of what was given.

    Raises
    ------
    TypeError, ValueError
        Bad input, before the work starts.
    """
    recording = image
    RECORDING.check_values(f"{task}(recording", recording)
    _refuse_others(task, others)
    span = Range(*symmetric_range(recording.samples.detach().cpu().numpy()), np.dtype(np.float64))
    y = ((recording.samples.detach().double() - span.low) / span.width).float()
    problem = _posed(task, y, recording.rate, mask, known, scale)
    level = unit_level(sigma, span, task)
    choice = choose_method(task, method, y, sigma=level, rate=recording.rate)
    own = {**choice.options, **unit_options(find(choice.method), options, span)}
    own |= {"seed": seed, "seconds": seconds, "device": device}
    result = as_unit(run_on(choice.method, problem.y, problem.physics, recording.rate, own).finish())
    made = problem.finish(result.answer.cpu()).double() * span.width + span.low
    if task == "inpaint" and known == "keep":
        made = torch.where(as_mask(mask, made.shape[-1]), made, recording.samples.detach().cpu().double())
    rate = recording.rate * (1.0 if scale is None else float(scale))
    answer = Recording(made.to(recording.samples), rate)
    parts = {name: Recording(part - MIDDLE, rate) for name, part in result.parts.items()}
    notes = (f"{result.method}: {choice.why}", *result.notes)
    return replace(result, answer=answer, parts=parts, notes=notes) if full else answer  # type: ignore[arg-type]


def _refuse_others(task: str, others: Mapping[str, Any]) -> None:
    """Refuse what is said of images alone."""
    usual = {"channel_axis": "infer"}
    for name, value in others.items():
        if value is not None and value != usual.get(name):
            raise ValueError(f"{task}({name}={value!r}): of images, not of a recording. Leave it out.")


def as_mask(mask: Any, length: int) -> Tensor:
    """Where samples are missing, ``(T,)``. Raises ValueError for a mask of another shape."""
    found = torch.as_tensor(np.asarray(mask)) > 0
    if tuple(found.shape) != (length,):
        raise ValueError(
            f"inpaint(mask.shape={tuple(found.shape)}): the recording has {length} samples. Give ({length},)."
        )
    return found


def _posed(task: str, y: Tensor, rate: float, mask: Any, known: str, scale: Any) -> Problem:
    if task == "inpaint":
        return inpainting(y, as_mask(mask, y.shape[-1]), known)
    if task == "super-resolve":
        if not isinstance(scale, int | float) or isinstance(scale, bool):
            raise ValueError(f"super_resolve(scale={scale!r}): not a number. Give the factor of the rate.")
        return resampling(y, rate, rate * scale)
    return Problem(task, y, Identity())
