"""A trained generator with all that is needed to sample it later: tensors and plain values, saved without code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import numpy as np
import torch
from torch import Tensor

from oneself.core import Compute, NotEnoughMemory, Option, own_context
from oneself.core.checkpoint import load_tree, save_tree
from oneself.core.compute import available_memory
from oneself.core.context import pass_on
from oneself.core.option import shown
from oneself.core.randomness import Randomness
from oneself.core.schema import Misfit, conform
from oneself.domains.ranges import Range, from_unit
from oneself.generative import Guide, Noise, Region, Sampler, Shaping, Steered, blank, fresh, steering

__all__ = ["VERSION", "Kind", "Model"]

VERSION = 1
KIND = "oneself-generator"
SHARE = 0.85  # of the memory at hand that a sample may take
APART = 2**20  # the streams of samples lie behind those of a training's stages, one of which made the fixed noise
LEAST = 8  # pixels along each side of a sample


@dataclass(frozen=True)
class Kind:
    """How a caller's pictures are laid out: their dtype, the values of black and white, the axis of an array's
    channels (``None``: it has none), and whether they are tensors."""

    low: float
    high: float
    dtype: str
    axis: int | None
    tensor: bool = False

    def pack(self, pictures: Tensor) -> Any:
        """Pictures ``(n, C, H, W)`` in [0, 1] as the caller has them; arrays with ``n`` along a new first axis."""
        stored = "float32" if self.dtype == "bfloat16" else self.dtype  # which numpy has not
        found = from_unit(pictures.cpu().numpy(), Range(self.low, self.high, np.dtype(stored)))
        if self.tensor:
            return torch.from_numpy(found).to(getattr(torch, self.dtype))
        return found[:, 0] if self.axis is None else np.moveaxis(found, 1, self.axis + 1)


Whole = Literal["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
Dtype = Whole | Literal["float16", "bfloat16", "float32", "float64"]


class Layout(TypedDict):
    """A ``Kind``, as a file says it."""

    low: float
    high: float
    dtype: Dtype
    axis: Annotated[int, Option("of the channels", low=0, high=4)] | None
    tensor: bool


class Saved(TypedDict):
    """What a file holds of a model, beside its sampler's own ``configuration`` and ``state``."""

    method: str
    options: dict[str, Any]
    seed: Annotated[int, Option("any")]
    layout: Layout
    picture: str
    configuration: dict[str, Any]
    state: dict[str, Tensor]


class Model:
    """What ``generate`` has learned from one picture.

    Attributes
    ----------
    method, options, seed
        What trained it.
    sampler : Sampler
        Its networks, and the picture itself.
    kind : Kind
        Samples are of the training picture's kind.
    picture : str
        A digest of the training picture.
    """

    @own_context()
    def __init__(
        self, method: str, options: Mapping[str, Any], seed: int, sampler: Sampler, kind: Kind, picture: str
    ) -> None:
        self.method, self.options, self.seed = method, dict(options), seed
        self.sampler, self.kind, self.picture = sampler.eval().requires_grad_(False), kind, picture
        Compute(sampler.picture.device).place(sampler)  # a trained and a loaded one compute alike, to the last bit

    def __repr__(self) -> str:
        sizes = " ".join(dict.fromkeys("x".join(map(str, size)) for size in self.sampler.sizes))
        return f"Model({self.method}, scales {sizes})"

    @property
    def size(self) -> tuple[int, ...]:
        """Height and width of the training picture."""
        return self.sampler.sizes[-1]

    @property
    def scales(self) -> int:
        return self.sampler.scales

    def checked_size(self, size: Any = None) -> tuple[int, ...]:
        """A size as whole numbers: of a recording one, the samples. Raises TypeError or ValueError."""
        return checked_size(self.size if size is None else size, 1 if self.sampler.picture.ndim == 3 else 2)

    @own_context()
    def to(self, device: str | torch.device | None) -> Model:
        """The same model, on a device."""
        self.sampler.to(Compute.choose(device).device)
        return self

    @own_context()
    def sample(
        self,
        n: int = 1,
        size: Sequence[int] | None = None,
        *,
        seed: int = 0,
        start_scale: int = 0,
        regions: Sequence[Region] = (),
        guide: Guide | None = None,
        strength: float = 0.2,
        fill: float = 1.0,
    ) -> Any:
        """New pictures, without training.

        Parameters
        ----------
        n : int
            How many. The k-th of a seed is the same however many are asked for.
        size : (int, int), optional
            Height and width; the training picture's unless given.
        seed : int
            The same seed gives the same pictures (on one kind of device).
        start_scale : int
            Scales below it keep the training picture's own structure: 0 makes everything up, the last one only the
            finest detail.
        regions : sequence of Region
            Parts of the training picture and where they shall stand in the samples (methods by
            diffusion).
        guide : callable, optional
            A score of a picture ``(1, C, H, W)`` in [0, 1], differentiable, which is raised along the way
            (methods by diffusion).
        strength : float
            Of the guide: how far a step goes along its slope, relative to the picture's norm.
        fill : float
            Share of the picture, in (0, 1], that the guide may change in a step: where its slope is steepest.

        Returns
        -------
        ndarray ``(n, ...)`` or Tensor ``(n, C, H, W)``, of the training picture's kind.

        Raises
        ------
        TypeError, ValueError, NotEnoughMemory
            A number, size or scale of the wrong type or out of range; a size that would not fit in memory; a region
            that leaves the picture or the sample; a guide that is not a function; a model that cannot be steered.
        """
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"sample(n={n!r}): not a number of pictures. Give a whole number, at least 1.")
        wanted = self.checked_size(size)
        shaping = self.shaping(wanted, regions, guide, strength, fill)
        made = [self.draw(wanted, seed=seed, number=k, start=start_scale, shaping=shaping) for k in range(n)]
        return self.kind.pack(torch.cat(made))

    @own_context()
    def shaping(
        self, size: Sequence[int], regions: Sequence[Region], guide: Guide | None, strength: float, fill: float
    ) -> Shaping | None:
        """What steers samples of a size; ``None`` where nothing does. Parameters and errors as of ``sample``."""
        if not regions and guide is None:
            return None
        if self.sampler.picture.ndim != 4:
            raise ValueError("sample(regions, guide): a model of a clip cannot be steered. Train one of a picture.")
        if not isinstance(self.sampler, Steered):
            raise ValueError(
                f"sample(): a model of {self.method} cannot be steered. Train one of method 'patch_diffusion', "
                "'sinddm' or 'sinfusion'."
            )
        with Randomness(self.seed, APART, self.sampler.picture.device):  # a guide may draw parts of a picture
            return steering(self.sampler.picture, size, self.scales, guide, strength, regions, fill)

    @own_context()
    def draw(
        self,
        size: Sequence[int] | None = None,
        *,
        seed: int = 0,
        number: int = 0,
        start: int = 0,
        image: Tensor | None = None,
        noise: Noise = fresh,
        shaping: Shaping | None = None,
    ) -> Tensor:
        """One picture ``(1, C, H, W)`` in [0, 1]; ``image`` in place of the scales below ``start``."""
        pass_on()  # of many pictures, one a turn
        wanted = self.checked_size(size)
        self.check_start(start)
        self.check_memory(wanted)
        steered = {} if shaping is None else {"shaping": shaping}
        with Randomness(seed, APART + number, self.sampler.picture.device), torch.no_grad():
            return self.sampler.sample(wanted, start=start, image=image, noise=noise, **steered).float()

    def check_start(self, start: int) -> None:
        """Refuse a scale that the model has not."""
        if not isinstance(start, int) or not 0 <= start < self.scales:
            raise ValueError(
                f"sample(start_scale={shown(start)}): this model has the scales 0 (coarsest) to {self.scales - 1}. "
                "Give one of them."
            )

    def check_memory(self, size: Sequence[int]) -> None:
        """Refuse a size whose networks would not fit in memory, before it is taken."""
        needed, there = self.sampler.memory(size), SHARE * available_memory(self.sampler.picture.device)
        if needed > there:
            most = [int(math.sqrt(there / needed) * n) for n in size]
            while min(most) > LEAST and self.sampler.memory(most) > there:  # the borders do not shrink along
                most = [n - 1 - n // 100 for n in most]
            raise NotEnoughMemory(
                f"sample(size={tuple(size)}): would take about {needed / 1e9:.3g} GB, {there / 1e9:.3g} GB are at "
                f"hand. Give a smaller size, such as {'x'.join(map(str, most))}."
            )

    @own_context()
    def reconstruction(self) -> Any:
        """The training picture as the model has learned it, of its kind."""
        with torch.no_grad():
            return self.kind.pack(self.sampler.reconstruction())[0]

    @own_context()
    def save(self, path: str | Path) -> None:
        """Write it to a file (safetensors): tensors and plain values; it contains the training picture."""
        save_tree(
            {
                "kind": KIND,
                "version": VERSION,
                "method": self.method,
                "options": self.options,
                "seed": self.seed,
                "layout": vars(self.kind),
                "picture": self.picture,
                "configuration": dict(self.sampler.configuration()),
                "state": dict(self.sampler.state_dict()),
            },
            path,
        )

    @classmethod
    @own_context()
    def load(cls, path: str | Path, method: str | None = None, device: str | torch.device | None = None) -> Model:
        """Read what ``save`` wrote.

        Parameters
        ----------
        method : str, optional
            The method it must be of.

        Raises
        ------
        FileNotFoundError
        ValueError
            Damaged, or no model; of another method or version, both of which are named.
        """
        tree = load_tree(path)
        told = f"load({str(path)!r})"
        if not isinstance(tree, dict) or tree.get("kind") != KIND:
            what = "the checkpoint of a run" if isinstance(tree, dict) and "belongs_to" in tree else "something else"
            raise ValueError(f"{told}: {what}, not a trained generator. Give a file that generate saved.")
        if tree.get("version") != VERSION:
            raise ValueError(
                f"{told}: of model version {shown(tree.get('version'))}, this library reads version {VERSION}. "
                "Train it again."
            )
        if method is not None and tree.get("method") != method:
            raise ValueError(
                f"{told}: a model of method {shown(tree.get('method'))}, method {method!r} was asked for. "
                "Give that one, or another file."
            )
        try:
            conform(tree, Saved)
            with Randomness(0, APART, torch.device("cpu")):  # networks begin at random
                sampler = blank(tree["method"], tree["configuration"], tree["state"])
            sampler.load_state_dict(tree["state"])
            kind = Kind(**{name: tree["layout"][name] for name in Layout.__annotations__})
        except (Misfit, RuntimeError) as error:
            raise ValueError(f"{told}: damaged ({' '.join(str(error).split())}). Train it again.") from error
        made = cls(tree["method"], tree["options"], tree["seed"], sampler, kind, tree["picture"])
        return made.to(device)


def checked_size(size: Any, axes: int = 2) -> tuple[int, ...]:
    """Height and width, or with one axis the number of samples, as whole numbers. Raises TypeError or ValueError."""
    try:
        found = tuple(int(n) for n in size)
        whole = len(found) == axes and all(a == b for a, b in zip(found, size, strict=True))
    except (TypeError, ValueError):
        whole = False
    if not whole or isinstance(size, str):
        wanted = "(height, width), such as (512, 768)" if axes == 2 else "(samples,), such as (160000,)"
        raise TypeError(f"sample(size={size!r}): no size. Give {wanted}.")
    if min(found) < LEAST:
        raise ValueError(f"sample(size={size!r}): too small. Give at least {LEAST} along each axis.")
    return found
