"""A gap of a recording, filled by the part of it whose surroundings are most like the gap's own."""

from __future__ import annotations

import torch
from torch import Tensor

from oneself.generative.texture import best_shift
from oneself.recipes.sound.moments import pasts

__all__ = ["extrapolated", "filled", "gaps_of", "joined"]

FADE = 0.02  # seconds over which what is foretold goes over into what is put in
HEARD = 0.12  # seconds beside a gap that a foretelling is learned from
ORDER = 64  # samples that one is foretold by
MATCH = 0.03  # seconds beside a gap whose wave is compared
SHIFT = 0.02  # seconds by which a part is moved so that waves meet
LOAD = 1e-4  # of the power, that keeps a foretelling from growing


def gaps_of(known: Tensor) -> list[slice]:
    """The runs of false, in order: two gaps that touch are one."""
    edges = torch.diff(torch.nn.functional.pad((~known).int(), (1, 1)))
    starts, ends = (edges == 1).nonzero()[:, 0].tolist(), (edges == -1).nonzero()[:, 0].tolist()
    return [slice(start, end) for start, end in zip(starts, ends, strict=True)]


def filled(
    samples: Tensor, known: Tensor, gap: slice, moments: Tensor, hop: int, context: int, rate: float
) -> tuple[Tensor, Tensor]:
    """Samples ``(C, T)`` with one gap filled, and the mean squared distance of the surroundings.

    A gap for which no part that is whole is long enough is filled half by half.

    Parameters
    ----------
    known : Tensor
        ``(T,)``, false in all gaps.
    moments, hop, context
        As of ``moments``.
    rate : float
        Samples in a second.
    """
    found = _part(known, gap, moments, hop, context)
    if found is None:
        middle = (gap.start + gap.stop) // 2
        if middle == gap.start:
            return samples, moments.new_zeros(())
        first = slice(gap.start, middle), slice(middle, gap.stop)
        samples, one = filled(samples, known, first[0], moments, hop, context, rate)
        samples, other = filled(samples, known, first[1], moments, hop, context, rate)
        return samples, (one + other) / 2
    place, distance = found
    return _put(samples, known, gap, place, rate), distance


def _part(known: Tensor, gap: slice, moments: Tensor, hop: int, context: int) -> tuple[int, Tensor] | None:
    """The place of the part most like the gap's surroundings, all of it known; ``None`` where there is none."""
    length, size = gap.stop - gap.start, known.shape[0]
    wide = torch.nn.functional.pad((~known).int().cumsum(0), (1, 0))
    starts = torch.arange(0, size - length + 1, hop, device=known.device)
    margin = context * hop // 4
    before, after = (starts - margin).clamp(min=0), (starts + length + margin).clamp(max=size)
    free = wide[after] == wide[before]
    if not bool(free.any()):
        free = wide[starts + length] == wide[starts]
    if not bool(free.any()):
        return None
    past, future = pasts(moments, context), pasts(moments.flip(0), context).flip(0)
    score = moments.new_zeros(len(starts))
    last = len(moments) - 1
    if gap.start > 0:
        score = score + (past[starts // hop] - past[gap.start // hop]).square().mean(1)
    if gap.stop < size:
        ends = ((starts + length) // hop).clamp(max=last)
        score = score + (future[ends] - future[min(gap.stop // hop + 1, last)]).square().mean(1)
    best = int(torch.where(free, score, torch.inf).argmin())
    return int(starts[best]), score[best]


def _put(samples: Tensor, known: Tensor, gap: slice, place: int, rate: float) -> Tensor:
    """The part at a place, moved so that its waves meet the gap's edges, with what the edges foretell going over."""
    length, size = gap.stop - gap.start, samples.shape[1]
    match, reach = max(1, round(MATCH * rate)), round(SHIFT * rate)
    left = samples[:, max(0, gap.start - match) : gap.start]
    if left.shape[1]:
        place = best_shift(samples, left, place - left.shape[1], reach) + left.shape[1]
    place = max(0, min(place, size - length))
    whole = bool(known[place : place + length].all())
    part = samples[:, place : place + length] if whole else samples[:, _clear(known, place, length)]
    return joined(samples, gap, part, rate)


def joined(samples: Tensor, gap: slice, part: Tensor, rate: float) -> Tensor:
    """Samples ``(C, T)`` with a part in a gap that goes over, at the gap's edges, from what these foretell."""
    length, size = gap.stop - gap.start, samples.shape[1]
    made = samples.clone()
    inside = part.clone()
    fade = min(round(FADE * rate), length // 2)
    rising = 0.5 - 0.5 * torch.cos(torch.pi * (torch.arange(fade, device=samples.device) + 0.5) / max(fade, 1))
    if gap.start > 0 and fade:
        told = extrapolated(samples[:, max(0, gap.start - round(HEARD * rate)) : gap.start], fade)
        inside[:, :fade] = told * (1 - rising) + inside[:, :fade] * rising
    if gap.stop < size and fade:
        after = samples[:, gap.stop : gap.stop + round(HEARD * rate)]
        told = extrapolated(after.flip(-1), fade).flip(-1)
        inside[:, -fade:] = told * (1 - rising.flip(0)) + inside[:, -fade:] * rising.flip(0)
    made[:, gap] = inside
    return made


def _clear(known: Tensor, place: int, length: int) -> slice:
    """The nearest place whose part is all known: the shift led into a gap."""
    wide = torch.nn.functional.pad((~known).int().cumsum(0), (1, 0))
    free = (wide[length:] == wide[: len(wide) - length]).nonzero()[:, 0]
    nearest = int(free[(free - place).abs().argmin()])
    return slice(nearest, nearest + length)


def extrapolated(heard: Tensor, count: int) -> Tensor:
    """``count`` samples that follow ``heard`` ``(C, n)``, each foretold by those before it (linear prediction).

    The coefficients have the least squared error on what was heard. Etter. Restoration of a discrete-time signal
    segment by interpolation based on the left-sided and right-sided autoregressive parameters. 1996.
    """
    order = min(ORDER, heard.shape[1] // 3)
    if order < 1:
        return heard.new_zeros(heard.shape[0], count)
    made = []
    for channel in heard.double():
        rows = channel.unfold(0, order + 1, 1)
        before, now = rows[:, :-1], rows[:, -1]
        load = LOAD * channel.square().mean() * len(rows) + torch.finfo(torch.float64).tiny
        gram = before.T @ before + load * torch.eye(order, dtype=channel.dtype, device=channel.device)
        weights = torch.linalg.solve(gram, before.T @ now)
        tail, limit = channel, channel.abs().max()
        for _ in range(count):
            tail = torch.cat([tail, (tail[-order:] @ weights).clamp(-limit, limit)[None]])
        made.append(tail[len(channel) :])
    return torch.stack(made).to(heard)
