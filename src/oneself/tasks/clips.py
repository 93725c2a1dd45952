"""What a model of a clip is used for: longer clips, forward and backward in time, and slower ones."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.core import NotEnoughMemory, own_context
from oneself.core.compute import available_memory
from oneself.core.randomness import Randomness
from oneself.domains.image import ChannelAxis
from oneself.generative import Fusion
from oneself.generative.model import APART, SHARE, Model
from oneself.tasks.generation import one_picture

__all__ = ["check_extrapolation", "check_interpolation", "extrapolate", "interpolate"]

DIRECTIONS = {"forward": 1, "backward": -1}


@own_context()
def extrapolate(model: Model, n: int = 1, *, direction: str = "forward", frame: Any = None, seed: int = 0) -> Any:
    """What comes after a clip, or came before it: each frame is made from the one next to it, and cleaned.

    Parameters
    ----------
    model : Model
        Of a clip (``generate(clip, method="sinfusion")``).
    n : int
        How many new frames.
    direction : str
        ``"forward"`` or ``"backward"`` in time.
    frame : ndarray or Tensor, optional
        The frame to begin with, of any size, laid out as the clip's frames are; the clip's last (or first, backward)
        unless given.
    seed : int
        The same seed gives the same frames (on one kind of device).

    Returns
    -------
    ndarray or Tensor
        The new frames alone, in the order of time, of the clip's kind: ``n`` along its first spatial axis.

    Raises
    ------
    TypeError, ValueError, NotEnoughMemory
        A model of a picture, a number or direction out of range, a frame that ``denoise`` would refuse or of other
        channels; more frames than fit in memory.
    """
    sampler = check_extrapolation(model, n, direction)
    ends = {"forward": sampler.frames[-1:], "backward": sampler.frames[:1]}
    begin = ends[direction] if frame is None else _given("extrapolate", model, frame)
    model.check_memory(tuple(begin.shape[2:]))
    with Randomness(seed, APART, begin.device), torch.no_grad():
        made = sampler.following(begin, n, DIRECTIONS[direction])
    return _packed(model, made if direction == "forward" else made.flip(2))


@own_context()
def interpolate(model: Model, factor: int = 2, *, drawn: bool = False, seed: int = 0) -> Any:
    """The clip at a higher rate: frames are made in the middle of neighbours, again and again; its own frames stay.

    A frame is the mean of all that may be there, which is nearest to the truth: what the model tells beside the mean of
    the neighbours is weighted by how well it predicted held-out frames of the clip (0 to 1,
    ``model.sampler.correction_weight``).

    Parameters
    ----------
    model : Model
        Of a clip.
    factor : int
        2, 4, 8 or 16: how many times the rate.
    drawn : bool
        One of the frames that may be there in place of their mean: as sharp as the clip's and with the like of its
        noise, but further from the truth.
    seed : int

    Returns
    -------
    ndarray or Tensor
        ``factor (T - 1) + 1`` frames, of the clip's kind.

    Raises
    ------
    ValueError, NotEnoughMemory
        A model of a picture, another factor; more frames than fit in memory.
    """
    sampler = check_interpolation(model, factor)
    frames = sampler.frames
    with Randomness(seed, APART, frames.device), torch.no_grad():
        while len(frames) < factor * (len(sampler.frames) - 1) + 1:
            made = torch.cat([sampler.middle(one[None], other[None], drawn=drawn) for one, other in pairwise(frames)])
            woven = torch.stack([frames[:-1], made], dim=1).flatten(0, 1)
            frames = torch.cat([woven, frames[-1:]])
    return _packed(model, frames.transpose(0, 1)[None])


def check_extrapolation(model: Model, n: int, direction: str) -> Fusion:
    """Refuse what ``extrapolate`` cannot make, before it begins; the model's sampler."""
    sampler = _of_clip("extrapolate", model)
    if direction not in DIRECTIONS:
        raise ValueError(f"extrapolate(direction={direction!r}): unknown. Give 'forward' or 'backward'.")
    if not isinstance(n, int) or n < 1:
        raise ValueError(f"extrapolate(n={n!r}): not a number of frames. Give a whole number, at least 1.")
    _check_memory("extrapolate", "n", n, sampler.frames[:1])
    return sampler


def check_interpolation(model: Model, factor: int) -> Fusion:
    """Refuse what ``interpolate`` cannot make, before it begins; the model's sampler."""
    sampler = _of_clip("interpolate", model)
    if factor not in (2, 4, 8, 16):
        raise ValueError(f"interpolate(factor={factor!r}): the rate is doubled, or doubled again. Give 2, 4, 8 or 16.")
    _check_memory("interpolate", "factor", factor * len(sampler.frames), sampler.frames[:1])
    return sampler


def _of_clip(caller: str, model: Model) -> Fusion:
    sampler = model.sampler
    if not isinstance(sampler, Fusion) or not sampler.is_clip:
        raise ValueError(
            f"{caller}(model): a model of one picture ({model.method}). Train one of a clip: generate(clip, "
            "method='sinfusion')."
        )
    return sampler


def _given(caller: str, model: Model, frame: Any) -> Tensor:
    """The frame as ``(1, C, H, W)`` in [0, 1], as the model's clip was read."""
    kind = model.kind
    same = str(getattr(frame, "dtype", "")).removeprefix("torch.") == kind.dtype
    axis: ChannelAxis = "infer" if isinstance(frame, Tensor) else None if kind.axis is None else max(0, kind.axis - 1)
    channels = model.sampler.picture.shape[1]
    flat = isinstance(frame, np.ndarray) and frame.ndim < (2 if axis is None else 3)
    x = None if flat else one_picture(frame, caller, axis, (kind.low, kind.high) if same else None)[0]
    if x is None or x.shape[1] != channels:
        raise ValueError(f"{caller}(frame): no frame of {channels} channels. Give one that is like the clip's.")
    return x.to(model.sampler.picture.device)


def _check_memory(caller: str, name: str, frames: int, like: Tensor) -> None:
    needed, there = 12.0 * frames * like.numel(), SHARE * available_memory(like.device)
    if needed > there:
        raise NotEnoughMemory(
            f"{caller}({name}): {frames} frames would take about {needed / 1e9:.3g} GB, {there / 1e9:.3g} GB are at "
            "hand. Ask for fewer."
        )


def _packed(model: Model, clip: Tensor) -> Any:
    packed = model.kind.pack(clip)
    return packed if model.kind.tensor else packed[0]
