"""One plain function per task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from oneself.core import Method, Run, own_context
from oneself.core.physics import check_physics
from oneself.domains.grid import check_shapes
from oneself.domains.image import ChannelAxis, DataRange, Given, unpack
from oneself.domains.masks import blanked, channels_first, read_hints, read_mask
from oneself.domains.ranges import to_unit
from oneself.operators.listed import listed
from oneself.operators.mixture import check_mixture
from oneself.registry import find
from oneself.tasks.auto import Quality
from oneself.tasks.estimation import as_kernel, blur
from oneself.tasks.problems import (
    Problem,
    check_quality,
    choose_method,
    deblurring,
    denoising,
    inpainting,
    separation,
    super_resolution,
)
from oneself.tasks.scaling import (
    Scaling,
    measurement_range,
    part_in_own_units,
    range_note,
    scaled_measurement,
    unit_level,
    unit_options,
)
from oneself.tasks.sound import hears

__all__ = ["deblur", "denoise", "inpaint", "restore", "separate", "super_resolve"]


@hears("denoise")
def denoise(
    image: Any,
    method: str | Method = "auto",
    *,
    sigma: float | None = None,
    quality: Quality | None = None,
    seed: int = 0,
    seconds: float | None = None,
    device: str | None = None,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
    full: bool = False,
    **options: Any,
) -> Any:
    """Remove the noise of one image, volume or signal, learning from it alone.

    Parameters
    ----------
    image : ndarray, Tensor or Recording
        An array of 1 to 3 spatial dimensions, with channels along ``channel_axis`` or none; a tensor
        ``(B, C, *spatial)``, each restored alone; or one recording. Values in any units: an image scaled or shifted
        gives the answer scaled or shifted. NaN and infinite values are worked around and left as they are.
    method : str or Method
        A key of ``methods()``, or a method of one's own; ``"auto"`` looks at the image and picks, and fills in
        outliers (impulses, hot and dead pixels, dead lines) and takes stripes away before.
    sigma : float, optional
        Standard deviation of the noise where it is known, in the image's own units (of a ``uint8``: up to 255).
    quality : "fast" or "best", optional
        What ``"auto"`` picks by: seconds for a photograph, or as long as it needs; about a minute without it.
    seed : int
        Same seed, same answer on a CPU.
    seconds : float, optional
        Time allowed for each image; the best so far is returned when it is used up.
    device : str, optional
        ``"cpu"``, ``"cuda"``; a GPU where there is one.
    channel_axis : int, None or "infer"
        Which axis of an array holds the channels; ``"infer"``: the last of three where it has 3 or 4 elements.
    data_range : float or (float, float), optional
        What black and white are. Without it the least and the largest value of each image that are no outliers, which
        are told where they are not what the type suggests.
    full : bool
        Return a ``Result`` (image, history, why it stopped, …) instead of the image.
    **options
        The method's own, and ``preset``, ``precision``, ``compile``. Noise levels and gains among them are in the
        image's own units. Those that are images are laid out as ``image`` is, of the result's size, with any number of
        channels; another shot (``second``) is in the units of ``image``, a ``guide`` in any.

    Returns
    -------
    ndarray or Tensor, or Result
        Of the input's kind, shape, dtype and range; a list of ``Result`` for a batch of several.

    Raises
    ------
    TypeError, ValueError
        Bad input, before the work starts.

    Examples
    --------
    >>> import numpy as np, oneself
    >>> noisy = np.random.default_rng(0).normal(0.5, 0.1, (32, 32)).clip(0, 1)
    >>> oneself.denoise(noisy, "zs_n2n", steps=5).shape
    (32, 32)
    """
    check_quality("denoise", method, quality)
    scaling = Scaling.of("denoise", method, options)
    given = unpack(
        image, caller="denoise", channel_axis=channel_axis, data_range=data_range, scaling=scaling, gaps=True
    )
    problem = denoising(given.y, mend=method == "auto", stripes=sigma is None)
    return _run(problem, method, given, full, seed, seconds, device, options, sigma, quality)


@hears("inpaint")
def inpaint(
    image: Any,
    mask: Any,
    method: str | Method = "auto",
    *,
    known: str = "keep",
    seed: int = 0,
    seconds: float | None = None,
    device: str | None = None,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
    full: bool = False,
    **options: Any,
) -> Any:
    """Fill in what is missing from an image.

    Parameters
    ----------
    mask : ndarray or Tensor
        True (or above 0) where the image is **missing**, as in scikit-image; of the image's spatial shape, for all
        channels, or of its whole shape; of a recording ``(T,)``. What the image holds there counts for nothing.
    known : str
        ``"keep"`` leaves the rest of the image as it is; ``"restore"`` takes the method's answer, without noise, there.

    Other parameters, returns and errors as of ``denoise``; besides, ``ValueError`` for a mask of another shape, or
    one that marks nothing or everything.
    """
    missing = read_mask(mask)
    seen, scaling = blanked(image, missing, channel_axis), Scaling.of("inpaint", method, options)
    given = unpack(seen, caller="inpaint", channel_axis=channel_axis, data_range=data_range, scaling=scaling, gaps=True)
    marked = channels_first(missing, seen, given.y, channel_axis)
    problem = inpainting(given.y, marked, known, given.missing())
    if known == "keep":
        given = replace(given, kept=~marked.expand(given.y.shape[1:]))
    return _run(problem, method, given, full, seed, seconds, device, options)


@hears("super-resolve")
def super_resolve(
    image: Any,
    scale: float | Sequence[float],
    kernel: Any = None,
    method: str | Method = "auto",
    *,
    seed: int = 0,
    seconds: float | None = None,
    device: str | None = None,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
    full: bool = False,
    **options: Any,
) -> Any:
    """Enlarge an image, learning from its own smaller self.

    Parameters
    ----------
    scale : float or sequence of float
        Above 1, of a recording's rate; one for all spatial axes or one for each. Whole numbers with a kernel.
    kernel : ndarray, Tensor or "estimate", optional
        The blur that the image was made with before it was sampled: odd-sized, non-negative, of sum 1; or
        ``"estimate"``: found from the picture. Antialiased cubic resampling otherwise.

    Other parameters, returns and errors as of ``denoise``.
    """
    scaling = Scaling.of("super-resolve", method, options)
    given = unpack(
        image, caller="super_resolve", channel_axis=channel_axis, data_range=data_range, scaling=scaling, gaps=True
    )
    plain = given.in_range(to_unit) if isinstance(kernel, str) else given.y  # as ``kernel`` looks at it
    found, notes = blur(kernel, plain, scale, seed=seed, device=device)
    problem = replace(super_resolution(given.y, scale, found), notes=notes)
    return _run(problem, method, given, full, seed, seconds, device, options)


@own_context()
def deblur(
    image: Any,
    kernel: Any,
    method: str | Method = "auto",
    *,
    boundary: str = "unknown",
    seed: int = 0,
    seconds: float | None = None,
    device: str | None = None,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
    full: bool = False,
    **options: Any,
) -> Any:
    """Undo a known blur.

    Parameters
    ----------
    kernel : ndarray or Tensor
        The blur (of a convolution): odd-sized, non-negative, of sum 1; 2D for images, 3D for volumes.
    boundary : str
        ``"unknown"``: what lies beyond the border is restored along and cut off; ``"circular"``: the scene wraps round.

    Other parameters, returns and errors as of ``denoise``.
    """
    scaling = Scaling.of("deblur", method, options)
    given = unpack(image, caller="deblur", channel_axis=channel_axis, data_range=data_range, scaling=scaling, gaps=True)
    problem = deblurring(given.y, as_kernel(kernel), boundary)
    return _run(problem, method, given, full, seed, seconds, device, options)


@own_context()
def restore(
    y: Tensor,
    physics: Any,
    method: str | Method = "auto",
    *,
    seed: int = 0,
    seconds: float | None = None,
    device: str | None = None,
    data_range: DataRange = None,
    full: bool = False,
    **options: Any,
) -> Any:
    """Invert any linear operator, such as those of ``deepinv.physics``.

    Parameters
    ----------
    y : Tensor
        The measurement, ``(B, C, *spatial)``, or a list of numbers, ``(B, M)``; each of a batch is restored alone.
    physics : object
        With ``A`` and what else the method needs (``A_adjoint``).
    data_range : float or (float, float), optional
        The **image's** values of black and white. Where the operator keeps and drops elements, or leaves a constant
        image as it is, they are measured; any other operator's image is in [0, 1] unless they are given.

    Returns
    -------
    Tensor, or Result, as of ``denoise``.

    Raises
    ------
    TypeError, ValueError
        As ``denoise``; a measurement that cannot be that of an image in [0, 1], where no ``data_range`` is given.
    """
    if not isinstance(y, Tensor):
        raise TypeError(f"restore(y={type(y).__name__}): not a tensor. Give (B, channels, *spatial), float in [0, 1].")
    if physics is None:
        raise TypeError("restore(physics=None): no operator. Give one, such as of deepinv.physics, or use denoise.")
    y, physics = listed(y, physics, "restore")
    record = find(choose_method("restore", method, y[:1], device=device).method)
    record.domain.check(record, y[:1])
    check_physics(record.key, record.needs, physics)
    if "A_adjoint" in record.needs:
        check_shapes(record.key, y[:1], physics)
    spans, units, margins = [], [], not Scaling.of("restore", record).trained
    for one in y.detach():
        spans.append(measurement_range(one[None], physics, data_range, margins=margins))
        units.append(scaled_measurement(one[None], physics, spans[-1]))
    given = Given("restore", y, None, "infer", data_range, torch.cat(units), tuple(spans), (None,) * len(y))
    return _run(Problem("restore", given.y, physics), method, given, full, seed, seconds, device, options)


@own_context()
def separate(
    image: Any,
    task: str,
    *,
    hints: Any = None,
    mask: Any = None,
    second: Any = None,
    method: str | Method = "auto",
    seed: int = 0,
    seconds: float | None = None,
    device: str | None = None,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
    full: bool = False,
    **options: Any,
) -> Any:
    """Take one picture apart: haze, a watermark, what shines through, or foreground and background.

    Parameters
    ----------
    image : ndarray or Tensor
        A picture (2D), as of ``denoise``.
    task : str
        ``"dehaze"``: gives the scene without haze, and ``parts`` ``transmission`` and ``airlight``.
        ``"transparency"``: one of two layers (which one is left open), and ``second``, ``share``.
        ``"watermark"``: the picture without it, and ``opacity`` and ``watermark``.
        ``"segment"``: the foreground, 0 elsewhere, and ``mask``, ``foreground`` and ``background``.
    hints : ndarray or Tensor
        For ``"segment"``: of the spatial shape; 1 where the foreground is, 2 where the background is, 0 unknown.
    mask : ndarray or Tensor
        For ``"watermark"``: of the spatial shape; above 0 where the watermark may be. The rest stays as it is.
    second : ndarray or Tensor, optional
        For ``"transparency"``: another mixture of the same layers, of the image's kind and shape.
    full : bool
        Return a ``Result``, whose ``parts`` are the other layers, instead of the image.

    Other parameters, returns and errors as of ``denoise``; besides, ``ValueError`` for an unknown task, for what the
    task lacks or does not use, for other shapes, and for hints that miss a side.
    """
    check_mixture(task, {"hints": hints, "mask": mask, "second": second})
    scaling = Scaling.of(task, method, options)
    given = unpack(
        image, caller="separate", channel_axis=channel_axis, data_range=data_range, scaling=scaling, gaps=True
    )
    if len(given.y) > 1 and second is not None:
        raise ValueError("separate(second): another mixture for a batch of images. Give one image at a time.")
    other = None if second is None else given.beside(second, "second")
    marks = None if mask is None else read_mask(mask, "separate")
    problem = separation(given.y, task, hints=None if hints is None else read_hints(hints), mask=marks, second=other)
    if task == "watermark" and marks is not None:
        given = replace(given, kept=~marks.expand(given.y.shape[1:]))
    return _run(problem, method, given, full, seed, seconds, device, options)


def _run(
    problem: Problem,
    method: str | Method,
    given: Given,
    full: bool,
    seed: int,
    seconds: float | None,
    device: str | None,
    options: dict[str, Any],
    sigma: float | None = None,
    quality: Quality | None = None,
) -> Any:
    results = []
    for number, one in enumerate(problem.y):
        span = given.spans[number]
        level = unit_level(sigma, span)
        asked: dict[str, Any] = {"sigma": level, "seconds": seconds, "device": device, "quality": quality}
        choice = choose_method(problem.task, method, one[None], **asked)
        record = find(choice.method)
        own = unit_options(record, _with_images(record, options, problem, number, given), span)
        settings = {**choice.options, **own, "seed": seed, "seconds": seconds, "device": device}
        result = Run(record, one[None], problem.physics, **settings).finish()
        found, doubt = problem.last_look(result.image.cpu(), number)
        image = given.pack(problem.finish(found, number), number)
        parts = {name: part_in_own_units(name, problem.part(part.cpu()), span) for name, part in result.parts.items()}
        doubts = () if doubt is None else (doubt,)
        notes = (*_notes(given, number), *problem.notes, f"{result.method}: {choice.why}", *result.notes, *doubts)
        results.append(replace(result, answer=image, parts=parts, notes=notes))
    if full:
        return results if len(results) > 1 else results[0]
    images = [result.image for result in results]
    return torch.cat(images) if isinstance(given.image, Tensor) else images[0]


def _notes(given: Given, number: int) -> tuple[str, ...]:
    """What was found out of an image before the work."""
    gaps, told = given.gaps[number], range_note(given.spans[number]) if given.data_range is None else None
    return tuple(note for note in (told, None if gaps is None else gaps.words()) if note is not None)


def _with_images(
    method: Method, options: dict[str, Any], problem: Problem, number: int, given: Given
) -> dict[str, Any]:
    """The options for one of the inputs, those that are images as the method takes them."""
    found = dict(options)
    for record in method.options:
        value = options.get(record.name)
        if value is None or not record.is_input:
            continue
        if given.caller == "restore":  # an operator's image has the layout that the method takes
            found[record.name] = _one_of(value, record.name, problem, number)
            continue
        pictures = given.beside(value, record.name, own_range=record.option.apart, number=number)
        found[record.name] = problem.beside(record.name, _one_of(pictures, record.name, problem, number))
    return found


def _one_of(pictures: Any, name: str, problem: Problem, number: int) -> Any:
    """The picture that goes with one of a batch, ``(1, C, *spatial)``."""
    if not isinstance(pictures, Tensor) or len(pictures) <= 1:
        return pictures
    if len(pictures) != len(problem.y):
        raise ValueError(
            f"{problem.task}({name}): {len(pictures)} for {len(problem.y)} images. Give one for all, or one for each."
        )
    return pictures[number][None]
