"""A larger picture by a trained generator: its finest scale adds the detail again and again."""

from __future__ import annotations

import math
from typing import Any

from oneself.core import own_context
from oneself.generative.model import Model
from oneself.operators import Resize, project
from oneself.operators.resize import resize
from oneself.tasks.generation import given_picture

__all__ = ["check_enlargement", "enlarge"]

MOST = 16
ROUNDS, PASSES = 3, 10  # projections on what shrinks to the picture and on [0, 1]; conjugate gradients of each


@own_context()
def enlarge(model: Model, image: Any = None, factor: float = 2.0, *, seed: int = 0) -> Any:
    """A picture enlarged, with detail as the training picture has it at its finest scale.

    It is enlarged by the ratio of the two finest scales and given to the finest one, until it is large enough; shrunk
    to the size; and moved to the nearest picture that, shrunk further, is the given one (back-projection). Detail is
    made up: where the error counts, use ``super_resolve``.

    Parameters
    ----------
    model : Model
        Of a method with scales (``patch_diffusion``, ``patch_transport``), best trained on the picture itself.
    image : ndarray or Tensor, optional
        The picture, with the channels and range of the training picture, which it is unless given.
    factor : float
        Above 1, up to 16.
    seed : int

    Returns
    -------
    ndarray or Tensor
        Of the picture's kind, ``round(factor * n)`` along each spatial axis.

    Raises
    ------
    TypeError, ValueError, NotEnoughMemory
        A model without scales, a factor out of range, a picture of other channels or what ``denoise`` refuses, a result
        that would not fit in memory.

    Notes
    -----
    Rott Shaham, Dekel, Michaeli. SinGAN. ICCV 2019, section 4.
    """
    ratio = check_enlargement(model, factor)
    given, kind = given_picture("enlarge", model, _own_picture(model) if image is None else image)
    size, x = tuple(given.shape[2:]), given
    count = math.ceil(math.log(factor) / math.log(ratio) - 1e-6)
    steps = [[round(n * ratio**k) for n in size] for k in range(1, count + 1)]
    model.check_memory(steps[-1])
    for k, step in enumerate(steps):
        x = model.draw(step, seed=seed, start=model.scales - 1, image=x, number=k)
    wanted = [round(factor * n) for n in size]
    physics = Resize([large / n for large, n in zip(wanted, size, strict=True)], wanted)
    x = resize(x, wanted)
    for _ in range(ROUNDS):
        x = project(physics.A, physics.A_adjoint, x, given, steps=PASSES).clamp(0, 1)
    return kind.pack(x) if kind.tensor else kind.pack(x)[0]


def _own_picture(model: Model) -> Any:
    """The picture that a model was trained on, of its kind."""
    pictures = model.kind.pack(model.sampler.picture)
    return pictures if model.kind.tensor else pictures[0]


def check_enlargement(model: Model, factor: float) -> float:
    """Refuse what ``enlarge`` cannot make, before it begins; the ratio of the two finest scales."""
    sizes = model.sampler.sizes
    if len(sizes) < 2 or len(sizes[-1]) != 2 or math.prod(sizes[-2]) >= math.prod(sizes[-1]):
        raise ValueError(
            f"enlarge(model): a model of {model.method} without smaller scales has not learned to enlarge. Train one "
            "of method 'patch_diffusion' or 'patch_transport', of a picture larger than its coarsest scale."
        )
    if not 1 < factor <= MOST:
        raise ValueError(f"enlarge(factor={factor!r}): out of range. Give more than 1, up to {MOST}.")
    return math.sqrt(math.prod(sizes[-1]) / math.prod(sizes[-2]))
