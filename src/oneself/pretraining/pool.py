"""A store of pictures, from which patches are cut."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from oneself.drawing import draw

__all__ = ["Pool"]

AHEAD = 4  # pictures that each process that draws has before it


class Pool:
    """The last ``most`` of the pictures that were drawn so far; ``draw_until(n)`` draws further ones.

    Picture ``k`` is ``draw(seed + k)`` unless said otherwise, so a pool that is told to draw until ``n`` holds the same
    whenever it is told, and however many processes draw.

    Parameters
    ----------
    channels, size, most : int
    seed : int
    drawers : int
        Processes that draw ahead; none: this one draws.
    device : torch.device or str
        Where the pictures are kept and patches are cut.
    drawing : callable, optional
        Makes picture ``k``, ``(size, size, channels)`` in [0, 1], in place of ``draw``.
    """

    def __init__(
        self, channels: int, *, size: int = 256, most: int = 400, seed: int = 0, drawers: int = 0,
        device: torch.device | str = "cpu", drawing: Callable[[int], NDArray[np.float16]] | None = None,
    ) -> None:  # fmt: skip
        self.channels, self.size, self.most = channels, size, most
        self.drawn = 0
        self.pictures = torch.empty((most, size, size, channels), dtype=torch.float16, device=device)  # k at k % most
        self._ahead: dict[int, Future[NDArray[np.float16]]] = {}
        self._drawing = drawing or partial(_drawn, seed, channels, size)
        self._drawers, self._processes = drawers, None if drawers == 0 else _processes(drawers)

    def draw_until(self, count: int) -> None:
        """Draw pictures until there were ``count``; those that would leave again are left out."""
        self.drawn = max(self.drawn, count - self.most)
        self._order(count)
        while self.drawn < count:
            picture = torch.from_numpy(self._picture(self.drawn))
            self.pictures[self.drawn % self.most] = picture.to(self.pictures.device)
            self.drawn += 1

    def _order(self, count: int) -> None:
        """Let the processes draw what is asked for, and some of what comes after."""
        if self._processes is None:
            return
        for number in range(self.drawn, count + AHEAD * self._drawers):
            if number not in self._ahead:
                self._ahead[number] = self._processes.submit(self._drawing, number)

    def _picture(self, number: int) -> NDArray[np.float16]:
        ordered = self._ahead.pop(number, None)
        return self._drawing(number) if ordered is None else ordered.result()

    def close(self) -> None:
        """End the processes that draw."""
        if self._processes is not None:
            self._processes.shutdown(wait=False, cancel_futures=True)
        self._processes, self._ahead = None, {}

    def patches(self, chance: Generator, count: int, side: int) -> Tensor:
        """Patches, ``(count, channels, side, side)`` in [0, 1]: turned, flipped, now and then shrunk to half, and in
        other colours. ``chance`` is of the pool's device."""
        shrunk = int((self._uniform(chance, count) < 0.2).sum()) if 2 * side <= self.size else 0
        found = [self._cut(chance, count - shrunk, side)]
        if shrunk:
            found.append(torch.nn.functional.avg_pool2d(self._cut(chance, shrunk, 2 * side), 2))
        return self._recoloured(chance, torch.cat(found))

    def _cut(self, chance: Generator, count: int, side: int) -> Tensor:
        """Squares, each turned or flipped in one of eight ways."""
        device = self.pictures.device
        which = torch.randint(min(self.drawn, self.most), (count,), generator=chance, device=device)
        corner = torch.randint(self.size - side + 1, (2, count), generator=chance, device=device)
        turns = self._uniform(chance, 3, count) < 0.5
        there = torch.arange(side, device=device).expand(count, side)
        back, swapped = there.flip(1), turns[2][:, None, None]
        rows, columns = (torch.where(turned[:, None], back, there) for turned in turns[:2])
        rows, columns = rows[:, :, None], columns[:, None, :]
        rows, columns = torch.where(swapped, columns, rows), torch.where(swapped, rows, columns)
        places = which[:, None, None], corner[0, :, None, None] + rows, corner[1, :, None, None] + columns
        return self.pictures[places].float().movedim(-1, 1)

    def _recoloured(self, chance: Generator, x: Tensor) -> Tensor:
        """Other colours by formula: channels in another order, less colourful, the negative, darker, flatter."""
        count = len(x)
        if self.channels > 1:
            order = self._uniform(chance, count, self.channels).argsort(1)
            x = x.gather(1, order[:, :, None, None].expand_as(x))
            gray = x.mean(1, keepdim=True)
            x = gray + 1.3 * self._uniform(chance, count, 1, 1, 1) * (x - gray)
        x = torch.where(self._uniform(chance, count, 1, 1, 1) < 0.3, 1 - x, x)
        middle, contrast = (self._uniform(chance, count, 1, 1, 1) for _ in range(2))
        return ((0.2 + 0.6 * middle) + (0.4 + 0.75 * contrast) * (x - 0.5)).clamp(0, 1)

    def _uniform(self, chance: Generator, *shape: int) -> Tensor:
        return torch.rand(shape, generator=chance, device=self.pictures.device)


def _processes(count: int) -> Executor:
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))  # a fork would take torch's threads along


def _drawn(seed: int, channels: int, size: int, number: int) -> NDArray[np.float16]:
    return draw(seed + number, channels, size).astype(np.float16)
