"""Which method, with which options, suits one noisy image: told by its own held-out pixels."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.core import Method, callers_context, own_context
from oneself.core.randomness import check_seed
from oneself.domains.image import ChannelAxis, DataRange, Given, unpack
from oneself.imaging.cropping import cut
from oneself.registry import Run, find, methods
from oneself.tasks.problems import choose_method
from oneself.tasks.scaling import unit_options

__all__ = ["Calibration", "Ranked", "calibrate"]

Candidate = str | Method | tuple[str | Method, Mapping[str, Any]] | Callable[[Any], Any]

SECONDS = 120.0
SIDE = {1: 2**14, 2: 160, 3: 40}  # of the part that is looked at
CELL = {1: 8, 2: 4, 3: 3}  # one pixel of each cell of this side is held out
FIRST = ("nonlocal_wiener", "zs_n2n", "dip", "self2self", "deep_decoder")
AWAY = 5  # samples from which the noise that stands in is taken
CLIP = 4.5  # times the median deviation that it may reach: three standard deviations
POOL = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)


@dataclass(frozen=True)
class Ranked:
    """A candidate: its name, ``method`` and ``options`` (of a function of one's own: itself), the ``loss``, the seconds
    it took, and why it has no loss where it failed."""

    name: str
    method: Any
    options: Mapping[str, Any]
    loss: float
    seconds: float
    failed: str = ""


@dataclass(frozen=True)
class Calibration:
    """The candidates, the best first; what was looked at, and what to know of it."""

    ranking: tuple[Ranked, ...]
    held_out: int
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> Ranked:
        """``oneself.denoise(image, best.method, **best.options)``."""
        return self.ranking[0]

    def __str__(self) -> str:
        lines = [f"{'loss':>10} {'seconds':>8}  candidate"]
        for one in self.ranking:
            told = f"{one.loss:10.3e}" if math.isfinite(one.loss) else f"{'–':>10}"
            lines.append(f"{told} {one.seconds:8.1f}  {one.name}" + f": {one.failed}" * bool(one.failed))
        return "\n".join([*lines, *self.notes])


@own_context()
def calibrate(
    image: Any,
    candidates: Sequence[Candidate] | None = None,
    seconds: float = SECONDS,
    *,
    side: int | None = None,
    seed: int = 0,
    device: str | None = None,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
) -> Calibration:
    """Rank ways of denoising an image by pixels that none of them is shown. No truth is needed.

    About one pixel in sixteen is replaced by the mean of its neighbours with noise from elsewhere in the image; every
    candidate denoises that image, and its loss is the mean of ``(its answer − the pixel that was there)²`` over those.
    Noise that neighbours do not share adds the same σ² to everyone's, so that losses rank as the true errors do.
    Batson, Royer. Noise2Self. ICML 2019.

    Parameters
    ----------
    image : ndarray or Tensor
        One image, as of ``denoise``.
    candidates : sequence, optional
        Keys, pairs of a key and options, or functions that take such an image and give one back. Some quick methods
        otherwise.
    seconds : float
        Time allowed for all of them; every one gets an equal share, and what others left of theirs. Functions are not
        interrupted.
    side : int, optional
        Of the part in the middle that is looked at; 160 (of pictures) unless given.
    seed, device, channel_axis, data_range
        As of ``denoise``.

    Returns
    -------
    Calibration
        ``.best.method`` and ``.best.options`` are those for ``denoise``; losses are in units of the [0, 1] range.

    Raises
    ------
    TypeError, ValueError
        Bad input; no candidates, unknown ones or options; a time that is not above 0; an image too small.
    RuntimeError
        Every candidate failed.

    Examples
    --------
    >>> import numpy as np, oneself
    >>> noisy = np.random.default_rng(0).normal(0.5, 0.1, (32, 32)).clip(0, 1)
    >>> ranks = oneself.calibrate(noisy, [("zs_n2n", {"steps": 2}), lambda x: x])
    >>> len(ranks.ranking)
    2
    """
    given = unpack(image, caller="calibrate", channel_axis=channel_axis, data_range=data_range, gaps=True)
    y = given.y
    if len(y) > 1:
        raise ValueError(f"calibrate(image): {len(y)} images. Give one at a time.")
    if not 0 < seconds < math.inf:
        raise ValueError(f"calibrate(seconds={seconds}): no time allowed. Give a number above 0.")
    asked = [_candidate(one, y, device) for one in (_defaults(y.ndim - 2) if candidates is None else candidates)]
    if not asked:
        raise ValueError("calibrate(candidates): none. Give keys of methods(), or leave it out.")
    y = _middle(y, side or SIDE[y.ndim - 2])
    held, holes = _held_out(y, seed), given.missing()
    if holes is not None:
        held = held & ~_middle(holes, side or SIDE[y.ndim - 2]).any(1, keepdim=True)
    shown = torch.where(held, _stand_in(y, held), y)
    ranking, ends = [], time.monotonic() + seconds
    for number, (name, method, options) in enumerate(asked):
        share = max(1e-3, (ends - time.monotonic()) / (len(asked) - number))
        began = time.monotonic()
        loss, failed = math.inf, ""
        try:
            made = _answer(method, options, shown, given, seed, share, device)
            loss = float((made - y)[held.expand_as(y)].square().mean())
        except (ArithmeticError, RuntimeError) as error:
            failed = str(error).splitlines()[0] or type(error).__name__
        loss = loss if math.isfinite(loss) else math.inf
        ranking.append(Ranked(name, method, options, loss, time.monotonic() - began, failed))
    if all(one.failed for one in ranking):
        raise RuntimeError(f"calibrate: every candidate failed, the first by: {ranking[0].failed}")
    return Calibration(tuple(sorted(ranking, key=lambda one: one.loss)), int(held.sum()), _notes(y))


def _answer(
    method: Any, options: Mapping[str, Any], shown: Tensor, given: Given, seed: int, seconds: float, device: str | None
) -> Tensor:  # fmt: skip
    """What a candidate makes of the image, in [0, 1]."""
    if isinstance(method, str | Method):
        own = unit_options(find(method), options, given.span)
        x: Tensor = Run(method, shown, seed=seed, seconds=seconds, device=device, **own).finish().image.cpu()
        return x
    asked = given.pack(shown)
    with callers_context():
        made = method(asked)
    if type(made) is not type(asked) or tuple(made.shape) != tuple(asked.shape):
        raise RuntimeError(f"gave {type(made).__name__} back, not an image of {tuple(asked.shape)}")
    return unpack(made, caller="calibrate", channel_axis=given.channel_axis, spans=given.spans, gaps=True).y


def _candidate(one: Candidate, y: Tensor, device: str | None) -> tuple[str, Any, dict[str, Any]]:
    """Name, method and options, checked before any work."""
    if callable(one) and not isinstance(one, Method):
        return getattr(one, "__name__", type(one).__name__), one, {}
    method, options = one if isinstance(one, tuple) else (one, {})
    choice = choose_method("denoise", method, y, device=device)
    record, given = find(choice.method), {**choice.options, **options}
    own = {name: value for name, value in given.items() if name != "preset"}
    record.resolve_options(own, given.get("preset"))
    if y.ndim - 2 not in record.dims:
        raise ValueError(f"calibrate(candidates): {record.key} does not work on {y.ndim - 2}D images. Leave it out.")
    told = ", ".join(f"{name}={value}" for name, value in options.items())
    return record.key + f" ({told})" * bool(told), choice.method, given


def _defaults(dims: int) -> list[Candidate]:
    """Those of the first ones that work in so many dimensions."""
    return [record.key for key in FIRST for record in methods() if record.key == key and dims in record.dims]


def _middle(y: Tensor, side: int) -> Tensor:
    starts = [max(0, (n - side) // 2) for n in y.shape[2:]]
    return cut(y, [slice(a, a + side) for a in starts])


def _held_out(y: Tensor, seed: int) -> Tensor:
    """``(1, 1, *spatial)``, true at one random pixel of each cell."""
    side = CELL[y.ndim - 2]
    if min(y.shape[2:]) < 2 * side:
        raise ValueError(
            f"calibrate(image): {tuple(y.shape[2:])} is too small to hold pixels out of. Give a larger one."
        )
    random = torch.Generator().manual_seed(check_seed(seed))
    cells = [n // side for n in y.shape[2:]]
    held = torch.zeros(1, 1, *y.shape[2:], dtype=torch.bool)
    at = torch.cartesian_prod(*(torch.arange(n) for n in cells)).reshape(-1, len(cells)) * side
    at = at + torch.randint(side, at.shape, generator=random)
    held[(0, 0, *at.T)] = True
    return held


def _stand_in(y: Tensor, held: Tensor) -> Tensor:
    """What is shown in place of a pixel: the mean of its neighbours, as noisy as a pixel is.

    The noise is that of pixels a few steps away, which the neighbourhood knows nothing of. Without it a candidate that
    does next to nothing would be given credit for the mean.
    """
    near = _neighbours(y, held)
    rest = (y - near) / (1 + 1 / (3 ** (y.ndim - 2) - 1)) ** 0.5
    axes = tuple(range(2, y.ndim))
    most = CLIP * rest[(~held).expand_as(y)].abs().median()
    made: Tensor = near + rest.clamp(-most, most).roll([AWAY] * len(axes), axes)
    return made


def _neighbours(y: Tensor, held: Tensor) -> Tensor:
    """The mean of the neighbours that are not held out, without the pixel itself; itself where all of them are."""
    known, pool = (~held).to(y), POOL[y.ndim - 3]
    total, count = (3 ** (y.ndim - 2) * pool(part, 3, 1, 1) - part for part in (y * known, known))
    return torch.where(count > 0.5, total / count.clamp(min=1), y)


def _notes(y: Tensor) -> tuple[str, ...]:
    from oneself.noise import describe_noise

    if not describe_noise(y[0].numpy()).correlated:
        return ()
    return ("neighbours share noise: a candidate that keeps it looks better than it is",)
