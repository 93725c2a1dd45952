"""Blur kernels: made, moved, and composed for larger factors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.operators.resize import resize

__all__ = ["centre_of_mass", "composed", "cubic_kernel", "gaussian_kernel", "moved", "spread"]


def cubic_kernel(scale: int, side: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """The kernel ``(side, side)`` of antialiased cubic shrinking, ``Resize(scale)``, for ``Downsample(scale, kernel)``.

    Its centre of mass lies ``(scale - 1) / 2`` before its middle, and some of its values are negative.
    """
    reach = side + scale  # far enough from the edges
    line = torch.eye(2 * reach * scale, dtype=torch.float64)[None, None]
    rows = resize(line, [2 * reach, line.shape[3]])[0, 0]
    taken = rows[reach].roll(side // 2 - reach * scale).flip(0).roll(side // 2 * 2 + 1)[:side]
    taken = taken / taken.sum()
    return (taken[:, None] * taken).to(dtype)


def gaussian_kernel(
    side: int, widths: float | Sequence[float], angle: float = 0.0, centre: Sequence[float] = (0.0, 0.0)
) -> Tensor:
    """A sampled Gaussian ``(side, side)`` of sum 1.

    Parameters
    ----------
    widths : float or (float, float)
        Standard deviations in samples, along the first axis and the second, before turning.
    angle : float
        Radians.
    centre : (float, float)
        Where it lies, in samples from the middle.
    """
    first, second = widths if isinstance(widths, Sequence) else (widths, widths)
    steps = torch.arange(side, dtype=torch.float64) - side // 2
    a, b = steps[:, None] - centre[0], steps - centre[1]
    along, across = math.cos(angle) * a + math.sin(angle) * b, math.cos(angle) * b - math.sin(angle) * a
    made = torch.exp(-((along / first).square() + (across / second).square()) / 2)
    return (made / made.sum()).float()


def centre_of_mass(kernel: Tensor) -> tuple[float, ...]:
    """Of ``(*spatial)``, in samples from the middle."""
    total = kernel.sum()
    found = []
    for axis, n in enumerate(kernel.shape):
        places = torch.arange(n, dtype=kernel.dtype, device=kernel.device) - n // 2
        others = [other for other in range(kernel.ndim) if other != axis]
        found.append(float((kernel.sum(others) * places).sum() / total))
    return tuple(found)


def spread(kernel: Tensor) -> tuple[float, ...]:
    """The standard deviation of ``(*spatial)``, not negative, along each axis, in samples."""
    found = []
    for axis, (n, centre) in enumerate(zip(kernel.shape, centre_of_mass(kernel), strict=True)):
        places = torch.arange(n, dtype=kernel.dtype, device=kernel.device) - n // 2 - centre
        line = kernel.sum([other for other in range(kernel.ndim) if other != axis])
        found.append(float((line * places.square()).sum() / line.sum()) ** 0.5)
    return tuple(found)


def moved(kernel: Tensor, centre: Sequence[float]) -> Tensor:
    """A kernel that is not negative, its centre of mass brought to ``centre`` (in samples from the middle); sum 1."""
    made = kernel.clamp(min=0)
    for _ in range(4):  # what leaves the frame, or was cut off at 0, moves the centre a little
        gap = [wanted - now for wanted, now in zip(centre, centre_of_mass(made), strict=True)]
        if max(map(abs, gap)) < 1e-3:
            break
        border = math.ceil(max(map(abs, gap))) + 2
        wide = F.pad(made[None, None], [border] * (2 * kernel.ndim))
        wide = resize(wide, wide.shape[2:], gap)[0, 0]
        made = wide[tuple(slice(border, border + n) for n in kernel.shape)].clamp(min=0)
    return made / made.sum()


def composed(kernel: Tensor, scale: int, times: int) -> Tensor:
    """The kernel of ``times`` shrinkings by ``scale`` one after another, each with ``kernel``: ``k * k↑s * k↑s² …``."""
    made, factor = kernel, 1
    for _ in range(times - 1):
        factor *= scale
        spread = kernel.new_zeros([factor * (n - 1) + 1 for n in kernel.shape])
        spread[tuple(slice(None, None, factor) for _ in kernel.shape)] = kernel
        border = [n for side in reversed(spread.shape) for n in (side - 1, side - 1)]
        made = F.conv2d(F.pad(made[None, None], border), spread.flip(0, 1)[None, None])[0, 0]
    return made
