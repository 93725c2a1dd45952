"""One plain function per task."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.core import Method, own_context
from oneself.estimation import as_kernel, blur
from oneself.images import ChannelAxis, DataRange, Layout, channel_axis_of, limits, unpack
from oneself.physics.mixture import check_mixture
from oneself.problems import Problem, deblurring, denoising, inpainting, separation, settle, super_resolution
from oneself.registry import Run, find

__all__ = ["deblur", "denoise", "inpaint", "restore", "separate", "super_resolve"]


@own_context()
def denoise(
    image: Any,
    method: str | Method = "auto",
    *,
    sigma: float | None = None,
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
    image : ndarray or Tensor
        An array of 1 to 3 spatial dimensions, with channels along ``channel_axis`` or none; or a tensor
        ``(B, C, *spatial)``, of which each is restored alone.
    method : str or Method
        A key of ``methods()``, or a method of one's own; ``"auto"`` looks at the image and picks.
    sigma : float, optional
        Standard deviation of the noise where it is known, in the image's own units (of a ``uint8``: up to 255).
    seed : int
        Same seed, same answer on a CPU.
    seconds : float, optional
        Time allowed for each image; the best so far is returned when it is used up.
    device : str, optional
        ``"cpu"``, ``"cuda"``; a GPU where there is one.
    channel_axis : int, None or "infer"
        Which axis of an array holds the channels; ``"infer"``: the last of three where it has 3 or 4 elements.
    data_range : float or (float, float), optional
        What black and white are; needed for floats that leave [0, 1].
    full : bool
        Return a ``Result`` (image, history, why it stopped, …) instead of the image.
    **options
        The method's own, and ``preset``, ``precision``, ``compile``. Those that are images (``guide`` of ``dip``) are
        laid out and scaled as ``image`` is, of the result's size, with any number of channels.

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
    y, pack = unpack(image, caller="denoise", channel_axis=channel_axis, data_range=data_range)
    layout = Layout("denoise", channel_axis, data_range)
    level = _unit_sigma(sigma, image, data_range)
    return _run(denoising(y), method, pack, full, seed, seconds, device, options, layout, level)


@own_context()
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
        channels, or of its whole shape. What the image holds there (NaN, a marker) counts for nothing.
    known : str
        ``"keep"`` leaves the rest of the image as it is; ``"restore"`` takes the method's answer there too, which also
        removes noise.

    Other parameters, returns and errors as of ``denoise``; besides, ``ValueError`` for a mask of another shape, or
    one that marks nothing or everything.
    """
    missing = _missing(mask)
    image = _blanked(image, missing, channel_axis)
    y, pack = unpack(image, caller="inpaint", channel_axis=channel_axis, data_range=data_range)
    layout = Layout("inpaint", channel_axis, data_range)
    problem = inpainting(y, _channels_first(missing, image, y, channel_axis), known)
    return _run(problem, method, pack, full, seed, seconds, device, options, layout)


@own_context()
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
        Above 1; one for all spatial axes or one for each. Whole numbers where a kernel is given.
    kernel : ndarray, Tensor or "estimate", optional
        The blur that the image was made with before it was sampled: odd-sized, non-negative, of sum 1; or
        ``"estimate"``: found from the picture. Antialiased cubic resampling otherwise.

    Other parameters, returns and errors as of ``denoise``.
    """
    y, pack = unpack(image, caller="super_resolve", channel_axis=channel_axis, data_range=data_range)
    layout = Layout("super_resolve", channel_axis, data_range)
    found, notes = blur(kernel, y, scale, seed=seed, device=device)
    problem = replace(super_resolution(y, scale, found), notes=notes)
    return _run(problem, method, pack, full, seed, seconds, device, options, layout)


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
    y, pack = unpack(image, caller="deblur", channel_axis=channel_axis, data_range=data_range)
    layout = Layout("deblur", channel_axis, data_range)
    problem = deblurring(y, as_kernel(kernel), boundary)
    return _run(problem, method, pack, full, seed, seconds, device, options, layout)


@own_context()
def restore(
    y: Tensor,
    physics: Any,
    method: str | Method = "auto",
    *,
    seed: int = 0,
    seconds: float | None = None,
    device: str | None = None,
    full: bool = False,
    **options: Any,
) -> Any:
    """Invert any linear operator, such as those of ``deepinv.physics``.

    Parameters
    ----------
    y : Tensor
        The measurement, ``(B, C, *spatial)``, of an image in [0, 1]; each of a batch is restored alone.
    physics : object
        With ``A`` and what else the method needs (``A_adjoint``).

    Returns
    -------
    Tensor, or Result, as of ``denoise``.
    """
    if not isinstance(y, Tensor):
        raise TypeError(f"restore(y={type(y).__name__}): not a tensor. Give (B, channels, *spatial), float in [0, 1].")
    if y.ndim < 3 or y.shape[0] == 0:
        raise ValueError(f"restore(y.shape={tuple(y.shape)}): no measurement. Give (B, channels, *spatial).")
    if physics is None:
        raise TypeError(
            "restore(physics=None): no operator. Give one, such as those of deepinv.physics, or use denoise."
        )
    problem = Problem("restore", y, physics)
    return _run(problem, method, lambda x: x.to(y.device), full, seed, seconds, device, options, None)


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
    y, pack = unpack(image, caller="separate", channel_axis=channel_axis, data_range=data_range)
    if len(y) > 1 and second is not None:
        raise ValueError("separate(second): another mixture for a batch of images. Give one image at a time.")
    layout = Layout("separate", channel_axis, data_range)
    other = None if second is None else layout.unpack(second, "second", y.ndim - 2)
    marks = None if mask is None else _missing(mask, "separate")
    problem = separation(y, task, hints=None if hints is None else _hints(hints), mask=marks, second=other)
    return _run(problem, method, pack, full, seed, seconds, device, options, layout)


def _hints(hints: Any) -> Tensor:
    found = hints.detach().cpu().numpy() if isinstance(hints, Tensor) else np.asarray(hints)
    if found.dtype.kind not in "bui":
        raise TypeError(
            f"separate(hints={type(hints).__name__} of {found.dtype}): not hints. Give whole numbers 0 to 2."
        )
    return torch.from_numpy(np.ascontiguousarray(found.astype(np.int64)))


def _run(
    problem: Problem,
    method: str | Method,
    pack: Callable[[Tensor], Any],
    full: bool,
    seed: int,
    seconds: float | None,
    device: str | None,
    options: dict[str, Any],
    layout: Layout | None,
    sigma: float | None = None,
) -> Any:
    results = []
    for number, one in enumerate(problem.y):
        choice = settle(problem.task, method, one[None], sigma=sigma, seconds=seconds, device=device)
        given = _with_images(choice.method, options, problem, number, layout)
        settings = {**choice.options, **given, "seed": seed, "seconds": seconds, "device": device}
        result = Run(choice.method, one[None], problem.physics, **settings).finish()
        image = problem.finish(result.image.cpu(), number)
        parts = {name: problem.part(part.cpu()) for name, part in result.parts.items()}
        notes = (*problem.notes, f"{result.method}: {choice.why}", *result.notes)
        results.append(replace(result, image=image, parts=parts, notes=notes))
    if full:
        packed = [replace(result, image=pack(result.image)) for result in results]
        return packed if len(packed) > 1 else packed[0]
    return pack(torch.cat([result.image for result in results]))


def _with_images(
    method: str | Method, options: dict[str, Any], problem: Problem, number: int, layout: Layout | None
) -> dict[str, Any]:
    """The options for one of the inputs, those that are images as the method takes them."""
    found = dict(options)
    for name in (record.name for record in find(method).options if record.is_image):
        value = options.get(name)
        if value is None:
            continue
        pictures = value if layout is None else layout.unpack(value, name, problem.y.ndim - 2)
        if isinstance(pictures, Tensor) and len(pictures) not in (1, len(problem.y)):
            raise ValueError(
                f"{problem.task}({name}): {len(pictures)} for {len(problem.y)} images. Give one for all, or one for "
                "each."
            )
        one = pictures[number % len(pictures)][None] if isinstance(pictures, Tensor) and len(pictures) > 1 else pictures
        found[name] = one if layout is None else problem.beside(name, one)
    return found


def _unit_sigma(sigma: Any, image: Any, data_range: DataRange) -> float | None:
    """The noise level in units of the [0, 1] range."""
    if sigma is None:
        return None
    if type(sigma) is bool or not isinstance(sigma, Real):
        raise TypeError(f"denoise(sigma={sigma!r}): not a number. Give one above 0, or none to estimate it.")
    level = float(sigma)
    if not (math.isfinite(level) and level > 0):
        raise ValueError(f"denoise(sigma={sigma!r}): not a noise level. Give a number above 0, or none to estimate it.")
    low, high = limits(image, data_range)
    return level / (high - low)


def _missing(mask: Any, caller: str = "inpaint") -> Tensor:
    """The mask as a boolean tensor, its axes as they are."""
    found = mask.detach().cpu().numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    if found.dtype.kind not in "buif":
        raise TypeError(
            f"{caller}(mask={type(mask).__name__} of {found.dtype}): not a mask. Give an array of booleans."
        )
    if not np.isfinite(found).all():
        raise ValueError(
            f"{caller}(mask): NaN or infinite values. Give True where the image is marked, False elsewhere."
        )
    return torch.from_numpy(np.ascontiguousarray(found > 0))


def _blanked(image: Any, missing: Tensor, channel_axis: ChannelAxis) -> Any:
    """The image with a known value wherever one is missing; as it is where image and mask do not go together."""
    if isinstance(image, Tensor):
        fits = tuple(missing.shape) in [tuple(image.shape[first:]) for first in (0, 1, 2)]
        if not fits or bool(missing.all()):
            return image
        spread = missing.to(image.device).expand(image.shape)
        return torch.where(spread, image[~spread][0], image)
    if not isinstance(image, np.ndarray) or isinstance(image, np.ma.MaskedArray):
        return image
    image = np.asarray(image)
    axis = channel_axis_of(image, channel_axis, "inpaint")
    places = missing.numpy()
    if places.shape != image.shape and axis is not None:
        places = np.expand_dims(places, axis)
    if places.ndim != image.ndim or any(n not in (1, m) for n, m in zip(places.shape, image.shape, strict=True)):
        return image
    places = np.broadcast_to(places, image.shape)
    return image if places.all() else np.where(places, image[~places][0], image)


def _channels_first(missing: Tensor, image: Any, y: Tensor, channel_axis: ChannelAxis) -> Tensor:
    """The mask of the spatial shape, or of channels and spatial shape."""
    if missing.shape == y.shape and isinstance(image, Tensor):
        if not torch.equal(missing, missing[:1].expand(y.shape)):
            raise ValueError(
                "inpaint(mask): another mask for each of a batch. Give one mask for all, or one image at a time."
            )
        return missing[0]
    if isinstance(image, np.ndarray) and tuple(missing.shape) == image.shape:
        axis = channel_axis_of(image, channel_axis, "inpaint")
        return missing if axis is None else missing.movedim(axis, 0)
    return missing
