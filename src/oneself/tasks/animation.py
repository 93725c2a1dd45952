"""A short clip of a picture: a walk through the noise of what has learned it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from oneself.core import NotEnoughMemory, own_context
from oneself.core.compute import available_memory
from oneself.generative import Noise, Steered
from oneself.generative.model import SHARE, Model

__all__ = ["animate", "check_animation"]


@own_context()
def animate(model: Model, frames: int = 24, *, start_scale: int = 1, pull: float = 0.1, calm: float = 0.9,
            seed: int = 0) -> Any:  # fmt: skip
    """A short clip of the picture: a smooth random walk of its noise, near the noise of the reconstruction.

    ``z' = pull z* + (1 - pull)(z + calm (z - z⁻) + (1 - calm) u)`` with fresh noise ``u`` for every frame. A model of
    diffusion is given ``z' / rms(z')``, and ``z*`` is some noise.

    Parameters
    ----------
    model : Model
        Of a picture.
    frames : int
    start_scale : int
        Scales below it do not move: they are the picture's. At 0 everything does.
    pull : float
        In [0, 1]: how strongly frames resemble the picture.
    calm : float
        In [0, 1): how slowly the motion changes.

    Returns
    -------
    ndarray ``(frames, ...)`` or Tensor ``(frames, C, H, W)``.

    Raises
    ------
    ValueError
        A number out of its range; a model that cannot be animated.
    """
    check_animation(model, frames, start_scale, pull, calm)
    walk = _Walk(model, start_scale, pull, calm)
    start = start_scale if isinstance(model.sampler, Steered) else 0  # what is below is remade from the noise z*
    return model.kind.pack(torch.cat([model.draw(seed=seed, number=k, start=start, noise=walk) for k in range(frames)]))


def check_animation(model: Model, frames: int, start_scale: int, pull: float, calm: float) -> None:
    """Refuse what ``animate`` cannot make, before it begins."""
    if not isinstance(frames, int) or frames < 2:
        raise ValueError(f"animate(frames={frames!r}): no clip. Give at least 2.")
    for name, value, high in (("pull", pull, 1.0), ("calm", calm, 0.999)):
        if not 0 <= value <= high:
            raise ValueError(f"animate({name}={value!r}): out of range. Give 0 to {high}.")
    if not 0 <= start_scale < model.scales:
        raise ValueError(f"animate(start_scale={start_scale!r}): out of range. Give 0 to {model.scales - 1}.")
    if model.sampler.picture.ndim != 4:
        raise ValueError("animate(model): a model of a clip. Use extrapolate, or train one of a picture.")
    needed, there = 12.0 * frames * model.sampler.picture.numel(), SHARE * available_memory(torch.device("cpu"))
    if needed > there:  # the frames, stacked, and as the caller has them
        raise NotEnoughMemory(
            f"animate(frames={frames}): would take about {needed / 1e9:.3g} GB, {there / 1e9:.3g} GB are at hand. Give "
            f"fewer, such as {int(frames * there / needed)}."
        )


class _Walk:
    """Noise that remembers the two frames before, level by level."""

    def __init__(self, model: Model, start: int, pull: float, calm: float) -> None:
        self.fixed: Noise = model.sampler.fixed
        self.unit = isinstance(model.sampler, Steered)
        self.start, self.pull, self.calm = start, pull, calm
        self.before: dict[int, tuple[Tensor, Tensor]] = {}

    def __call__(self, level: int, like: Tensor) -> Tensor:
        anchor: Tensor = self.fixed(level, like)
        if level < self.start:
            return anchor
        u = torch.randn_like(like)
        last, older = self.before.get(level, (anchor, anchor))
        moved = last + self.calm * (last - older) + (1 - self.calm) * u
        now = self.pull * anchor + (1 - self.pull) * moved
        self.before[level] = now, last
        return now / now.square().mean().sqrt() if self.unit else now
