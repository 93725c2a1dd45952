"""From a file and what is asked for to the problems that are solved one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself import io
from oneself.core import Identity, Method
from oneself.domains import Recording
from oneself.domains.gaps import Gaps, check_pixels, close_gaps
from oneself.domains.ranges import Range, from_unit, to_unit
from oneself.io import Item, Picture
from oneself.io.raster import JpegCoding
from oneself.io.sound import SoundCoding
from oneself.jobs.aids import Aids, is_apart, of_task, spread
from oneself.jobs.request import ESTIMATE, Settings, parse_gap
from oneself.operators.mixture import MIXTURES
from oneself.operators.resize import resize
from oneself.registry import find
from oneself.tasks import sound
from oneself.tasks.auto import Choice
from oneself.tasks.estimation import blur
from oneself.tasks.problems import (
    Problem,
    choose_method,
    deblurring,
    denoising,
    inpainting,
    separation,
    super_resolution,
)
from oneself.tasks.scaling import Scaling, part_in_own_units, range_note, unit_level, unit_options

__all__ = ["Piece", "Prepared", "prepare", "quality_for"]

Pixels = np.ndarray[Any, np.dtype[Any]]
COARSE, FINE = 90, 95  # JPEG quality under which the result is coded anew, and at what
PLAIN_TABLE = 3688  # the sum of the luminance table that JPEG's example quantisation, quality 50, has


@dataclass(frozen=True)
class Piece:
    """One item of a picture as a problem; ``size`` is that of its result, ``blank`` whether it has one value only,
    ``gaps`` and ``kept`` where it is left as it was."""

    item: Item
    problem: Problem
    span: Range
    size: tuple[int, ...]
    blank: bool
    gaps: Gaps | None = None
    kept: Pixels | None = None

    def pixels(self, x: Tensor) -> Pixels:
        """A result ``(1, C, *size)`` in [0, 1] in the file's own values, its gaps as they were."""
        made = from_unit(x[0].cpu().numpy(), self.span)
        made = made if self.kept is None else np.where(self.kept, self.item.pixels, made)
        return made if self.gaps is None else self.gaps.put_back(made)

    def part(self, name: str, part: Tensor) -> Pixels:
        """What was found besides the image, ``(C, *size)``, float32, in the file's own units where it has any."""
        found: Pixels = part_in_own_units(name, part[0].float(), self.span).numpy()
        return found

    def notes(self, told: bool) -> list[str]:
        """What was found out of the item before the work; ``told``: whether its range was given."""
        words = [None if told else range_note(self.span), None if self.gaps is None else self.gaps.words()]
        return [note for note in words if note is not None]

    def untouched(self) -> Pixels:
        """The item as it was, in the size of the result: plain cubic interpolation where that is larger."""
        if self.size == self.item.pixels.shape[1:]:
            return self.item.pixels
        if self.blank:
            return np.full((len(self.item.pixels), *self.size), self.item.pixels.flat[0])
        return self.pixels(resize(self.problem.y, self.size))

    def options(self, method: str | Method, given: Mapping[str, Any]) -> dict[str, Any]:
        """Options that were given in the file's own units as the method takes them."""
        return unit_options(find(method), given, self.span)


@dataclass(frozen=True)
class Prepared:
    """A file that can be restored; ``beside`` are its aids' pictures, by name, for each item."""

    picture: Picture
    items: list[Item]
    settings: Settings
    kernel: Tensor | None = None
    beside: Mapping[str, list[Any]] = field(default_factory=dict)
    found: dict[int, tuple[Tensor | None, tuple[str, ...]]] = field(default_factory=dict)

    def piece(self, number: int) -> Piece:
        """One item's problem. Raises ValueError where what is asked for does not fit it."""
        item, settings = self.items[number], self.settings
        empty = item.pixels.dtype.kind == "f" and not np.isfinite(item.pixels).any()
        closed, gaps = (np.zeros_like(item.pixels), None) if empty else close_gaps(item.pixels)
        unit, span = self.scaling(closed, settings.data_range if self.rate is None else sound.symmetric_range(closed))
        y = torch.from_numpy(np.ascontiguousarray(unit))[None]
        size, problem = tuple(y.shape[2:]), self._problem(y, number, gaps, span)
        if settings.task == "super-resolve":
            size = problem.physics.large_size(y)
        blank = bool((closed == closed.flat[0]).all())
        keeps = settings.task == "watermark" or (settings.task == "inpaint" and settings.known != "restore")
        mask = self.beside.get("mask")
        kept = ~(mask[number].numpy() > 0) if keeps and mask is not None else None
        return Piece(item, problem, span, size, blank, gaps, kept)

    @property
    def rate(self) -> float | None:
        """Samples in a second of a recording."""
        return sound.rate_of(self.picture)

    @property
    def scaling(self) -> Scaling:
        """How the range of an item is found."""
        return Scaling.of(self.settings.task, self.settings.method, self.settings.options)

    def images(self, piece: Piece, number: int) -> dict[str, Tensor | Recording]:
        """The options that are images, or recordings, for one item. Raises ValueError for an image of another size."""
        images = {name: found[number] for name, found in self.beside.items() if not of_task(name, self.settings.task)}
        with told_as_shown(self.picture):
            return {
                name: image
                if isinstance(image, Recording)
                else piece.problem.beside(name, self._scaled(name, image, piece.span))
                for name, image in images.items()
            }

    def _scaled(self, name: str, image: Pixels, span: Range) -> Tensor:
        """A second picture ``(C, *spatial)`` as ``(1, C, *spatial)`` in the item's range, or in its own."""
        unit, _ = to_unit(image, None if is_apart(name, self.settings.method) else (span.low, span.high))
        return torch.from_numpy(np.ascontiguousarray(unit))[None]

    def choice(self, piece: Piece) -> Choice:
        """What is done with it."""
        s = self.settings
        level = unit_level(s.sigma, piece.span, s.task)
        return choose_method(
            s.task,
            s.method,
            piece.problem.y,
            sigma=level,
            seconds=s.seconds,
            device=s.device,
            quality=s.quality,
            rate=self.rate,
        )

    def as_written(self) -> Picture:
        """The picture in the size of its result, holding no memory: to ask whether a format could hold it."""
        axes = self.items[0].axes
        size = dict(zip(axes, self.piece(0).size, strict=True))
        if len(axes) > 1 and io.is_swapped(self.picture):
            size["Y"], size["X"] = size["X"], size["Y"]
        picture = self.picture
        shape = tuple(size.get(axis, n) for axis, n in picture.sizes.items())
        alpha = None
        if picture.alpha is not None:
            clear = tuple(n for axis, n in zip(picture.axes, shape, strict=True) if axis != "C")
            alpha = np.broadcast_to(np.zeros((), picture.alpha.dtype), clear)
        return replace(picture, pixels=np.broadcast_to(np.zeros((), picture.pixels.dtype), shape), alpha=alpha)

    def _estimate(self, number: int) -> tuple[Tensor | None, tuple[str, ...]]:
        """The blur behind an item, found once; of one that is blank there is none."""
        unit, _ = to_unit(close_gaps(self.items[number].pixels)[0], self.settings.data_range)
        y = torch.from_numpy(np.ascontiguousarray(unit))[None]
        if number not in self.found and bool((y == y.flatten()[0]).all()):
            self.found[number] = None, ()
        if number not in self.found:
            s = self.settings
            assert s.scale is not None
            self.found[number] = blur(ESTIMATE, y, _factors(s.scale), seed=s.seed, device=s.device)
        return self.found[number]

    def _problem(self, y: Tensor, number: int, gaps: Gaps | None, span: Range) -> Problem:
        with told_as_shown(self.picture):
            return self._posed(y, number, gaps, span)

    def _posed(self, y: Tensor, number: int, gaps: Gaps | None, span: Range) -> Problem:
        s, kernel = self.settings, self.kernel
        if s.task == "denoise":
            if self.rate is not None:
                return Problem("denoise", y, Identity())
            return denoising(y, mend=s.method == "auto", stripes=s.sigma is None)
        if s.task == "inpaint":
            unknown = None if gaps is None else torch.from_numpy(gaps.where)[None]
            return inpainting(y, self.beside["mask"][number], s.known or "keep", unknown)
        if s.task == "deblur":
            assert kernel is not None
            return deblurring(y, kernel, s.boundary or "unknown")
        if s.task in MIXTURES:
            ours = {name: found[number] for name, found in self.beside.items() if of_task(name, s.task)}
            made = {name: v if isinstance(v, Tensor) else self._scaled(name, v, span) for name, v in ours.items()}
            return separation(y, s.task, **made)
        if self.rate is not None and s.rate is not None:
            return sound.resampling(y, self.rate, s.rate)
        assert s.scale is not None
        if s.estimate:
            kernel, notes = self._estimate(number)
            return replace(super_resolution(y, _factors(s.scale), kernel), notes=notes)
        factors = [int(f) if kernel is not None and f.is_integer() else f for f in s.scale]
        return super_resolution(y, _factors(factors), kernel)


@contextmanager
def told_as_shown(picture: Picture) -> Iterator[None]:
    """Inside, what does not fit a picture that is shown turned is told so."""
    try:
        yield
    except ValueError as error:
        if picture.orientation == 1:
            raise
        raise ValueError(
            f"{error} The picture is taken as it is shown, turned by its EXIF orientation ({picture.orientation})."
        ) from error


def _factors(scale: Sequence[float]) -> float | Sequence[float]:
    """One factor for all axes, or one for each."""
    return scale[0] if len(scale) == 1 else scale


def prepare(source: Path, settings: Settings, aids: Aids) -> Prepared:
    """Read a file and check it.

    Raises
    ------
    OSError, TypeError, ValueError
        A file that cannot be read, pixels that cannot be restored, or what is asked for does not fit them.
    """
    picture = _for_recording(io.read(source, axes=settings.axes), settings)
    beside = {
        name: spread(name, aid, picture, settings) if sound.rate_of(aid) is None else [sound.heard(aid)[0]]
        for name, aid in aids.pictures.items()
    }
    items = io.split(picture)
    if settings.gap:
        gaps, rate = [parse_gap(text) for text in settings.gap], sound.rate_of(picture) or 0.0
        beside["mask"] = [sound.gap_mask(gaps, rate, items[0].pixels.shape[-1])]
    if settings.task == "inpaint":
        with told_as_shown(picture):
            items = [_without(item, where, settings.task) for item, where in zip(items, beside["mask"], strict=True)]
    if len(items) == 1 or settings.task != "inpaint":
        shown = items[0].pixels if settings.task == "inpaint" else picture.pixels
        check_pixels(shown, f"{settings.task}(in={str(source)!r})", gaps=True)
    prepared = Prepared(picture, items, settings, aids.kernel, beside)
    for number in range(len(items)):
        prepared.images(prepared.piece(number), number)
    return prepared


def _for_recording(picture: Picture, settings: Settings) -> Picture:
    """The file, with the rate that its result will have. Raises ValueError for what is of the other kind alone."""
    coding, told = picture.metadata.native, f"{settings.task}(in={str(picture.source)!r})"
    if not isinstance(coding, SoundCoding):
        if settings.gap or settings.rate is not None:
            raise ValueError(f"{told}: no recording. Leave out {'--gap' if settings.gap else '--rate'}.")
        return picture
    if settings.task == "super-resolve" and settings.rate is None:
        raise ValueError(f"{told}: a recording. Say --rate, the samples in a second that it shall have.")
    if settings.data_range is not None:
        raise ValueError(f"{told}: a recording, in which silence is 0. Leave out --data-range.")
    if settings.rate is None:
        return picture
    return replace(picture, metadata=replace(picture.metadata, native=replace(coding, target=round(settings.rate))))


def _without(item: Item, missing: Tensor, task: str) -> Item:
    """The item with the least known value where it is missing: what stands there may be NaN, or beyond all range.

    Raises
    ------
    ValueError
        A mask of another shape, or one that marks everything.
    """
    where = missing.numpy()
    if where.shape != item.pixels.shape[1:] or where.all():
        inpainting(torch.zeros(1, *item.pixels.shape), missing)  # says what is wrong
    known = item.pixels[:, ~where]
    check_pixels(known, f"{task}(in) where nothing is missing", gaps=True)
    least = known[np.isfinite(known)].min() if known.dtype.kind == "f" else known.min()
    return replace(item, pixels=np.where(where, least, item.pixels))


def quality_for(picture: Picture, target: Path) -> tuple[int | None, str | None]:
    """The JPEG quality to write a result with, and why; None where the input's own will do.

    A coarse input's tables would put the coarseness back into what was restored.
    """
    coding = picture.metadata.native
    if not isinstance(coding, JpegCoding) or target.suffix.lower() not in (".jpg", ".jpeg", ".jpe", ".jfif"):
        return None, None
    quality = _jpeg_quality(coding)
    if quality >= COARSE:
        return None, None
    return FINE, f"the input's JPEG quality is about {quality}; written at {FINE}, so that nothing is lost again"


def _jpeg_quality(coding: JpegCoding) -> int:
    """The quality that libjpeg scales its example table to these sums with."""
    percent = 100 * sum(coding.tables[min(coding.tables)]) / PLAIN_TABLE
    quality = (200 - percent) / 2 if percent <= 100 else 5000 / percent
    return math.floor(min(100.0, max(1.0, quality)) + 0.5)
