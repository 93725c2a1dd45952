"""A pretrained denoiser adapted to one picture: array in, array out, and the network for others."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from oneself.core import Result, own_context
from oneself.domains.image import ChannelAxis, DataRange, unpack
from oneself.domains.ranges import Range, to_unit
from oneself.networks.pretrained import load_weights
from oneself.registry import Run, find
from oneself.tasks.scaling import range_note, unit_level, unit_options

__all__ = ["Adapted", "adapt", "adapting_method", "trained_range"]

TAILS = (0.1, 0.9)  # quantiles of floats that are of 0 to 1, whatever noise they have:
WITHIN, SPREAD, BEYOND = (-0.25, 1.25), 0.1, (-2.0, 3.0)  # where they lie, how far apart, and where all values do


@dataclass(frozen=True)
class Adapted(Result[Any]):
    """A ``Result`` with the ``network`` as it is afterwards: a module as it was given, with other weights where they
    were better. ``adapt(other, result.network, steps=0)`` denoises another picture with it."""

    network: nn.Module = field(default_factory=nn.Identity, repr=False)


@own_context()
def adapt(
    image: Any,
    network: nn.Module | str | Path | None = None,
    *,
    architecture: str | None = None,
    what: str = "gains",
    loss: str = "sure",
    sigma: float | None = None,
    seed: int = 0,
    seconds: float | None = None,
    device: str | None = None,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
    full: bool = False,
    **options: Any,
) -> Any:
    """Denoise a picture with a pretrained network that is adapted to it; where that is not surely better, as it is.

    Parameters
    ----------
    image : ndarray or Tensor
        A picture, or a batch ``(B, C, H, W)`` of which each has the network adapted alone; as of ``denoise``.
    network : Module, str or Path
        A denoiser ``network(x)``, or ``network(x, sigma=…)``, of pictures ``(B, C, H, W)`` in [0, 1]: yours, one of
        ``deepinv.models``, or a file of weights of an architecture that ``oneself weights`` lists. It is not changed.
        Without one, the package's own, which was trained on drawn pictures.
        Normalisation layers keep their statistics. One for gray pictures denoises each channel by itself.
    architecture : str, optional
        What a file of weights must be of.
    what : str
        What may change: ``"gains"`` (one for each channel), ``"all"``, ``"biases"``, ``"norm"``, ``"last:N"`` layers,
        ``"progressive"`` (one layer after another, the last one first), ``"lora:R"``.
    loss : str
        ``"sure"`` (Stein's unbiased estimate of the error), ``"esure"`` (with fresh noise added), ``"noise2void"``,
        ``"noise2self"``, ``"pairs"`` (from one half-size picture to the other), ``"renoising"`` (taking new noise off
        the network's own answer).
    data_range : float or (float, float), optional
        What the network knows as 0 and 1. Without it 0 and 255 of ``uint8``, 0 and 1 of floats that lie about there,
        and of all others the least and the largest value that are no outliers.
    full : bool
        Return an ``Adapted`` (image, network, history, notes, …), a list of them for a batch of several.
    **options
        Those of the method ``gain_tuning`` (where gains change by ``"sure"`` or ``"noise2void"``) or ``fine_tuning``:
        ``steps`` (0: the network as it is), ``lr``, ``patch``, ``hold_out``, ``caution``, …

    Other parameters, returns and errors as of ``denoise``.

    Raises
    ------
    TypeError, ValueError
        Bad input, or a network that cannot take such a picture, before the first step; weights of another architecture,
        or a file that is damaged or holds more than tensors.

    Examples
    --------
    >>> import numpy as np, oneself, torch
    >>> noisy = np.random.default_rng(0).normal(0.5, 0.1, (32, 32)).astype("float32")
    >>> blur = torch.nn.AvgPool2d(3, stride=1, padding=1)
    >>> oneself.adapt(noisy, blur, steps=0).shape
    (32, 32)
    """
    module = _module(network, architecture)
    method, own = adapting_method(what, loss)
    given = unpack(image, caller="adapt", channel_axis=channel_axis, data_range=data_range, scaling=_scaled, gaps=True)
    made = []
    for number, one in enumerate(given.y):
        span = given.spans[number]
        asked = unit_options(find(method), options, span)
        settings = {**own, **asked, "seed": seed, "seconds": seconds, "device": device}
        run = Run(method, one[None], weights=module, sigma=unit_level(sigma, span, "adapt"), **settings)
        result = run.finish()
        notes = [note for note in (range_note(span) if data_range is None else None,) if note is not None]
        known = {part.name: getattr(result, part.name) for part in fields(result)}
        known |= {"answer": given.pack(result.image.cpu(), number), "notes": (*notes, *result.notes)}
        made.append(Adapted(**known, network=_adapted(run)))
    if full:
        return made if len(made) > 1 else made[0]
    images = [result.image for result in made]
    return torch.cat(images) if isinstance(given.image, Tensor) else images[0]


def _adapted(run: Run) -> nn.Module:
    """The network as a run has left it."""
    stage: Any = run.stages[-1]
    network: nn.Module = stage.adapted()
    return network


def _module(network: nn.Module | str | Path | None, architecture: str | None) -> nn.Module | Path | None:
    """The network; a file is checked to be of its architecture, and left for the run to read, which knows it by its
    contents."""
    if network is None or isinstance(network, nn.Module):
        if architecture is not None:
            raise ValueError(f"adapt(architecture={architecture!r}): only a file of weights is of one. Leave it out.")
        return network
    if not isinstance(network, str | Path):
        raise TypeError(f"adapt(network={type(network).__name__}): give a torch module, or a file of weights.")
    load_weights(network, architecture, "denoiser")
    return Path(network)


def adapting_method(what: str, loss: str) -> tuple[str, dict[str, str]]:
    """The method that lets this change by this loss, and its options that say so."""
    if what == "gains" and loss in ("sure", "noise2void"):
        return "gain_tuning", {"loss": loss}
    return "fine_tuning", {"what": what, "loss": loss}


def trained_range(pixels: NDArray[Any]) -> tuple[float, float] | None:
    """What a pretrained network knows as black and white of such pixels; ``None`` where only measuring tells."""
    if pixels.dtype == np.uint8:
        return 0.0, 255.0
    if pixels.dtype.kind != "f" or not pixels.size:
        return None
    low, high = (float(value) for value in np.quantile(pixels, TAILS))
    beyond = float(pixels.min()) < BEYOND[0] or float(pixels.max()) > BEYOND[1]
    return None if beyond or low < WITHIN[0] or high > WITHIN[1] or high - low < SPREAD else (0.0, 1.0)


def _scaled(pixels: NDArray[Any], data_range: DataRange = None) -> tuple[NDArray[Any], Range]:
    return to_unit(pixels, trained_range(pixels) if data_range is None else data_range)
