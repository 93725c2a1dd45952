"""What is asked for: a measurement, the operator that made it, and how to read the answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.core import Identity, Method, Result
from oneself.core.room import check_room
from oneself.domains import IMAGE, RECORDING
from oneself.imaging.cropping import cut
from oneself.registry import Run, find, methods
from oneself.tasks.auto import QUALITIES, Choice, Quality, choose, choose_for_recording
from oneself.tasks.doubt import believed

__all__ = [
    "Problem",
    "check_quality",
    "choose_method",
    "deblurring",
    "denoising",
    "find_kernel",
    "inpainting",
    "kernel_run",
    "separation",
    "shrinking",
    "super_resolution",
]

STRIPED, WIDE = 3, 16  # times lines are made level at most, and sides of a picture whose lines are
FEWEST = 4  # elements along an axis for its noise to be told


@dataclass(frozen=True)
class Problem:
    """``task`` of those of images, the measurement ``y`` as ``(B, C, *spatial)``, the operator, and ``read``, which
    leads from a restored image and its measurement to what was asked for, ``place`` from a picture of the size of what
    was asked for to one of the size that is restored. ``notes``: what was found out to pose it. ``doubted``: whether
    what a method takes off is looked at, whether it is noise."""

    task: str
    y: Tensor
    physics: Any
    read: Callable[[Tensor, Tensor], Tensor] = lambda x, measured: x
    place: Callable[[Tensor], Tensor] = lambda x: x
    notes: tuple[str, ...] = ()
    doubted: bool = False

    def last_look(self, x: Tensor, number: int = 0) -> tuple[Tensor, str | None]:
        """The restored image ``(1, C, *spatial)`` of one of the inputs, or less where what was taken off is doubted and
        is no noise; and a note then."""
        return believed(self.y[number : number + 1], x) if self.doubted else (x, None)

    def finish(self, x: Tensor, number: int = 0) -> Tensor:
        """What was asked for, from the restored image ``(1, C, *spatial)`` of one of the inputs."""
        return self.read(x, self.y[number : number + 1])

    def part(self, x: Tensor) -> Tensor:
        """As ``finish``, for what was found besides the image: 0 where what was measured is kept."""
        return self.read(x, torch.zeros_like(self.y[:1]))

    def beside(self, name: str, picture: Tensor) -> Tensor:
        """A second picture of the scene, ``(1, C, *spatial)``, on the grid of the image that is restored.

        Raises
        ------
        ValueError
            It is not of the result's size.
        """
        with torch.no_grad():
            size = tuple(self.part(self.physics.A_adjoint(self.y[:1])).shape[2:])
        if tuple(picture.shape[2:]) != size:
            raise ValueError(
                f"{self.task}({name}): its size is {tuple(picture.shape[2:])}, the result's is {size}. "
                "Give a picture of that size."
            )
        return self.place(picture)


def denoising(y: Tensor, mend: bool = False, stripes: bool = False) -> Problem:
    """Remove noise.

    Parameters
    ----------
    mend : bool
        With outliers (impulses, dead and hot pixels, dead lines) taken for missing first.
    stripes : bool
        Then, too, with the offsets of the lines of pictures taken away first, where they are noise. That was part of
        their noise, so no level can be told beside it.
    """
    if not mend:
        return Problem("denoise", y, Identity())
    mended, notes = y.clone(), []
    for number, one in enumerate(y.cpu().numpy()):
        if max(one.shape[1:]) < FEWEST:
            continue
        found, told = _mended(one)
        found, more = _without_stripes(found) if stripes else (found, [])
        mended[number] = torch.from_numpy(found).to(y)
        of = "" if len(y) == 1 else f" of image {number + 1}"
        notes += [f"{words}{of}: {done}" for words, done in (*told, *more)]
    return Problem("denoise", mended, Identity(), notes=tuple(notes), doubted=True)


Found = tuple[np.ndarray[Any, Any], list[tuple[str, str]]]


def _mended(x: np.ndarray[Any, Any]) -> Found:
    """One image without its outliers; what was found, and done."""
    from oneself.noise import fill_outliers, find_outliers

    outliers = find_outliers(x)
    if not outliers.any():
        return x, []
    told = f"{outliers.mean():.1%} of the values are outliers", "taken for missing, and filled in"
    return fill_outliers(x, outliers).astype(x.dtype), [told]


def _without_stripes(x: np.ndarray[Any, Any]) -> Found:
    """One picture without what whole lines along one axis share; what was found, and done."""
    from oneself.noise import line_offsets, percent, stripe_levels

    told: list[tuple[str, str]] = []
    for _ in range(STRIPED):
        levels = stripe_levels(x) if x.ndim == 3 and min(x.shape[1:]) >= WIDE else ()
        if sum(level > 0 for level in levels) != 1:
            break
        axis = int(np.argmax(levels))
        words = f"stripes along {'yx'[axis]} of {percent(levels[axis])}"
        told = told or [(words, "the lines' offsets were taken away")]
        x = (x - line_offsets(x, axis)).astype(x.dtype)
    return x, told


def inpainting(y: Tensor, missing: Tensor, known: str = "keep", unknown: Tensor | None = None) -> Problem:
    """Fill in where ``missing`` is true: of the spatial shape of ``y``, or of its channels and spatial shape.

    Parameters
    ----------
    unknown : Tensor, optional
        Elements ``(B, C, *spatial)`` that nothing is to be learned from either, though they are not asked for.
    known : str
        What becomes of the other elements: ``"keep"`` leaves them as they are, ``"restore"`` takes the method's answer
        there too, which also removes noise.

    Raises
    ------
    ValueError
        A mask of another shape, or one that marks nothing or everything; an unknown ``known``.
    """
    if known not in ("keep", "restore"):
        raise ValueError(f"inpaint(known={known!r}): unknown. Give 'keep' or 'restore'.")
    if tuple(missing.shape) not in (tuple(y.shape[1:]), tuple(y.shape[2:])):
        raise ValueError(
            f"inpaint(mask.shape={tuple(missing.shape)}): the image is {tuple(y.shape[2:])}. Give a mask of that "
            "shape, True where the image is missing."
        )
    if bool(missing.all()) or not bool(missing.any()):
        which = "everything" if bool(missing.any()) else "nothing"
        raise ValueError(f"inpaint(mask): it marks {which} as missing. Mark what is missing, and that alone.")
    from deepinv.physics import Inpainting

    mask = (~missing).to(y).expand(y.shape[1:]).clone()
    if unknown is not None:
        mask = mask * (~unknown.any(dim=0)).to(mask)
    physics = Inpainting(img_size=tuple(y.shape[1:]), mask=mask)
    if known == "restore":
        return Problem("inpaint", y * mask, physics)
    return Problem("inpaint", y * mask, physics, lambda x, measured: torch.where(mask > 0, measured.to(x), x))


def super_resolution(y: Tensor, scale: float | Sequence[float], kernel: Tensor | None = None) -> Problem:
    """Enlarge by ``scale`` what was shrunk by antialiased cubic resampling, or blurred by ``kernel`` and sampled.

    Raises
    ------
    ValueError
        A scale not above 1, or that adds less than one sample, or not whole where a kernel is given; a kernel that is
        no blur, or larger than the enlarged image.
    """
    from oneself.operators import Downsample, Resize, check_kernel

    factors = _factors(scale, y.ndim - 2)
    large = [n * s for n, s in zip(y.shape[2:], factors, strict=True)]
    advice = "Give a smaller scale, or a crop of the picture."
    check_room(f"super_resolve(scale={scale!r})", [y.shape[1], *large], advice)
    if all(math.floor(n * s + 0.5) == n for n, s in zip(y.shape[2:], factors, strict=True)):
        raise ValueError(
            f"super_resolve(scale={scale!r}): adds less than one sample to {tuple(y.shape[2:])}. Give a larger scale."
        )
    if kernel is None:
        return Problem("super-resolve", y, Resize(factors))
    if any(k > n for k, n in zip(check_kernel(kernel, y.ndim - 2).shape, large, strict=True)):
        raise ValueError(
            f"super_resolve(kernel.shape={tuple(kernel.shape)}): larger than the enlarged image "
            f"{tuple(map(round, large))}. Cut the kernel to where it is not zero."
        )
    return Problem("super-resolve", y, Downsample(factors, kernel))


def shrinking(scale: float | Sequence[float], dims: int) -> int:
    """The whole factor that a picture's kernel is looked for at.

    Raises
    ------
    ValueError
        Not a picture; not one whole factor for both axes.
    """
    if dims != 2:
        raise ValueError(f"kernel(image): {dims}D. The blur of pictures (2D) can be found.")
    factors = _factors(scale, dims, "kernel")
    if factors[0] != factors[1] or factors[0] not in (2, 3, 4):
        raise ValueError(f"kernel(scale={scale!r}): kernels are found for 2, 3 and 4, the same for both axes.")
    return int(factors[0])


def find_kernel(
    y: Tensor,
    scale: int,
    method: str | Method = "auto",
    *,
    seed: int = 0,
    seconds: float | None = None,
    device: str | torch.device | None = None,
    **options: Any,
) -> Result[Tensor]:
    """The result whose image is the kernel ``(1, 1, *kernel)`` of one picture. Raises as the method."""
    return kernel_run(y, scale, method, seed=seed, seconds=seconds, device=device, **options).finish()


def kernel_run(
    y: Tensor, scale: int, method: str | Method = "auto", *, seconds: float | None = None,
    device: str | torch.device | None = None, **settings: Any,
) -> Run:  # fmt: skip
    """The run that looks for the kernel of one picture; parameters as ``find_kernel``. Raises as the method."""
    choice = choose_method("kernel", method, y, seconds=seconds, device=device)
    return Run(choice.method, y, seconds=seconds, device=device, **{**choice.options, **settings, "scale": scale})


def _factors(scale: Any, dims: int, caller: str = "super_resolve") -> tuple[float, ...]:
    """One factor for each axis, if they enlarge."""
    try:
        given = [float(factor) for factor in (scale if isinstance(scale, Iterable) else [scale])]
    except (TypeError, ValueError):
        given = []
    if isinstance(scale, str) or len(given) not in (1, dims):
        raise ValueError(f"{caller}(scale={scale!r}): one number, or one for each of {dims} axes, is needed.")
    factors = tuple(given * (dims // len(given)))
    if not all(math.isfinite(factor) and factor >= 1 for factor in factors) or max(factors) <= 1:
        raise ValueError(f"{caller}(scale={scale!r}): enlarges nothing. Give a finite number above 1.")
    return factors


def deblurring(y: Tensor, kernel: Tensor, boundary: str = "unknown") -> Problem:
    """Undo the convolution with ``kernel``.

    Parameters
    ----------
    boundary : str
        ``"unknown"``: what lies beyond the border is restored along, and cut off; ``"circular"``: the scene wraps.

    Raises
    ------
    ValueError
        A kernel that is no blur, does not fit the image, or an unknown boundary.
    """
    from deepinv.physics import Blur

    from oneself.operators import check_kernel

    paddings = {"unknown": "valid", "circular": "circular"}
    if boundary not in paddings:
        raise ValueError(f"deblur(boundary={boundary!r}): unknown. Give 'unknown' or 'circular'.")
    if y.ndim - 2 not in (2, 3):
        raise ValueError(f"deblur(image): {y.ndim - 2}D. Blurs of images (2D) and volumes (3D) can be undone.")
    kernel = check_kernel(kernel, y.ndim - 2)
    if any(k > n for k, n in zip(kernel.shape, y.shape[2:], strict=True)):
        raise ValueError(
            f"deblur(kernel.shape={tuple(kernel.shape)}): larger than the image {tuple(y.shape[2:])}. "
            "Cut the kernel to where it is not zero."
        )
    physics = Blur(filter=kernel[None, None].to(y), padding=paddings[boundary])
    margins = [k // 2 if boundary == "unknown" else 0 for k in kernel.shape]

    def inner(x: Tensor, measured: Tensor) -> Tensor:
        return cut(x, [slice(m, n - m) for m, n in zip(margins, x.shape[2:], strict=True)])

    def wider(x: Tensor) -> Tensor:
        return F.pad(x, [m for m in reversed(margins) for _ in range(2)], mode="replicate")

    return Problem("deblur", y, physics, inner, wider)


def separation(
    y: Tensor,
    task: str,
    *,
    hints: Tensor | None = None,
    mask: Tensor | None = None,
    second: Tensor | None = None,
) -> Problem:
    """Take apart what was mixed: ``task`` of ``physics.MIXTURES``.

    Parameters
    ----------
    hints, mask : Tensor, optional
        Of the spatial shape of ``y``; as of ``physics.Mixture``.
    second : Tensor, optional
        Of the shape of one input.

    Raises
    ------
    ValueError
        As ``physics.Mixture``; shapes that do not fit; not a 2D picture.
    """
    from oneself.operators import Mixture

    if y.ndim != 4:
        raise ValueError(f"separate(image): {y.ndim - 2}D. Pictures (2D) can be taken apart.")
    size = tuple(y.shape[2:])
    for name, value in (("hints", hints), ("mask", mask)):
        if value is not None and tuple(value.shape) != size:
            raise ValueError(f"separate({name}.shape={tuple(value.shape)}): the image is {size}. Give that shape.")
    if second is not None and tuple(second.shape) != (1, *y.shape[1:]):
        raise ValueError(
            f"separate(second): {tuple(second.shape[1:])} (channels first), the image is {tuple(y.shape[1:])}. "
            "Give another mixture of the same size and channels."
        )
    if second is not None and torch.equal(second.to(y), y[:1]):
        raise ValueError(
            "separate(second): it is the picture itself. Give another mixture of the layers, or leave it out."
        )
    spatial = {name: None if value is None else value.to(y)[None, None] for name, value in
               (("hints", hints), ("mask", mask))}  # fmt: skip
    return Problem(task, y, Mixture(task, second=second, **spatial))


def choose_method(
    task: str,
    method: str | Method,
    y: Tensor,
    *,
    sigma: float | None = None,
    seconds: float | None = None,
    device: str | torch.device | None = None,
    quality: Quality | None = None,
    rate: float | None = None,
) -> Choice:
    """What ``auto`` picks for one input, or the method asked for where it does the task.

    Parameters
    ----------
    rate : float, optional
        Of a recording: samples in a second. Methods of recordings may then be asked for, too.

    Raises
    ------
    ValueError
        The method does not do the task, or is given a ``sigma`` that it has no use for; an unknown ``quality``, or one
        beside a method.
    """
    check_quality(task, method, quality)
    if method == "auto" and rate is not None:
        return choose_for_recording(task, sigma)
    if method == "auto":
        return choose(task, y, sigma=sigma, seconds=seconds, device=device, quality=quality)
    record = find(method)
    if record.domain is not IMAGE and not (record.domain is RECORDING and rate is not None):
        told = f"{task}(method={record.key!r}): {record.title} works on a {record.domain.name}, not on images"
        raise ValueError(f"{told}. Give what it works on to oneself.Run.")
    if task not in record.tasks:
        able = ", ".join(other.key for other in methods() if task in other.tasks and other.domain is record.domain)
        raise ValueError(
            f"{task}(method={record.key!r}): {record.title} does {', '.join(record.tasks)}. Use one of {able}."
        )
    if sigma is not None and not record.takes("sigma"):
        raise ValueError(f"{task}(method={record.key!r}, sigma=…): {record.title} has no use for it. Leave sigma out.")
    return Choice(method, "as asked", {} if sigma is None else {"sigma": sigma})


def check_quality(task: str, method: str | Method, quality: Any) -> None:
    """Raises ValueError for a quality that is unknown, or that nothing picks by."""
    if quality is not None and quality not in QUALITIES:
        raise ValueError(f"{task}(quality={quality!r}): unknown. Give one of {', '.join(QUALITIES)}, or none.")
    if quality is not None and method != "auto":
        raise ValueError(f"{task}(quality={quality!r}): 'auto' picks by it, and a method is chosen. Leave one out.")
