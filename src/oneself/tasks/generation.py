"""New pictures from one: train on it once, then sample and edit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from oneself.core import Identity, Memory, Method, Result, callers_context, own_context
from oneself.core.randomness import Randomness
from oneself.core.room import telling
from oneself.core.runner import StageRunner
from oneself.domains import IMAGE, RECORDING, Recording
from oneself.domains.image import ChannelAxis, DataRange, channel_axis_of, unpack
from oneself.generative import Sampler
from oneself.generative.model import Kind, Model, checked_size
from oneself.quantities import duration, memory
from oneself.registry import Run
from oneself.tasks.problems import choose_method

__all__ = [
    "Generated",
    "Training",
    "edit",
    "first_scale",
    "generate",
    "harmonise",
    "paint",
]

PLACES = {"paint": 0.25, "edit": 0.5, "harmonise": 0.65}  # of the way from the coarsest scale to the finest
EDGE = 2  # pixels over which a mask fades inwards
TRIED = 3  # steps that tell what a stage costs
LONG = 7200.0  # seconds of training after which a GPU is recommended


class Generated(NamedTuple):
    """What ``generate`` gives: ``images`` along a new first axis, the trained ``model``, and the training's ``result``,
    whose image is the reconstruction of the picture."""

    images: Any
    model: Model
    result: Result[Any]


@own_context()
def generate(
    image: Any,
    n: int = 1,
    size: Sequence[int] | None = None,
    method: str | Method = "auto",
    *,
    seed: int = 0,
    seconds: float | None = None,
    device: str | None = None,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
    tell: Callable[[str], None] | None = None,
    **options: Any,
) -> Generated:
    """New pictures, of any size, that look like one picture.

    Parameters
    ----------
    image : ndarray or Tensor
        One picture (2D), with channels along ``channel_axis`` or none; or a tensor ``(1, C, H, W)``. Or one clip, whose
        frames are along the first axis beside the channels' (say ``channel_axis=-1`` for ``(T, H, W, 3)``); or a tensor
        ``(1, C, T, H, W)``. Or one recording.
    n : int
        How many pictures.
    size : (int, int), optional
        Their height and width; the picture's own unless given. Of recordings ``(samples,)``.
    method : str or Method
        ``"patch_diffusion"``, ``"singan"``, …; of a clip ``"sinfusion"``; ``"auto"`` picks.
    seed : int
        Of the training and of the samples.
    seconds : float, optional
        Time allowed for the training.
    tell : callable, optional
        Called with a line that says what the training will cost, before it begins; such as ``print``.
    device, channel_axis, data_range, **options
        As of ``denoise``.

    Returns
    -------
    Generated
        ``images``: ndarray ``(n, ...)`` of the picture's dtype and layout, or Tensor ``(n, C, H, W)``; of a clip, clips
        of as many frames; of a recording a Tensor ``(n, C, T)``, at its rate. ``model``, to ``sample`` again, ``save``
        and edit with; ``result``.

    Raises
    ------
    TypeError, ValueError
        Bad input, before the work starts: besides what ``denoise`` refuses, several pictures, an alpha channel, a
        picture too small for the pyramid, a size that is not two whole numbers.
    """
    if size is not None:
        checked_size(size, 1 if isinstance(image, Recording) else 2)
    training = Training(
        image,
        method,
        seed=seed,
        seconds=seconds,
        device=device,
        channel_axis=channel_axis,
        data_range=data_range,
        **options,
    )
    if size is not None:
        training.check(size)
    if tell is not None:
        cost = training.cost()
        with callers_context():
            tell(cost)
    result, model = training.run.finish(), training.model()
    return Generated(model.sample(n, size, seed=seed), model, result)


class Training:
    """The training of a generator: ``run`` is a ``Run`` to iterate, and ``model()`` what it has learned so far.

    Parameters, errors as of ``generate``.
    """

    @own_context()
    def __init__(
        self,
        image: Any,
        method: str | Method = "auto",
        *,
        seed: int = 0,
        seconds: float | None = None,
        device: str | None = None,
        channel_axis: ChannelAxis = "infer",
        data_range: DataRange = None,
        **options: Any,
    ) -> None:
        y: Any
        if isinstance(image, Recording):
            y, self.kind = one_recording(image)
            choice = choose_method("generate", method, y.samples, rate=y.rate)
            self.picture = RECORDING.fingerprint(y)
        else:
            y, self.kind = one_picture(image, "generate", channel_axis, data_range, clips=True)
            choice = choose_method("generate", method, y, seconds=seconds, device=device)
            self.picture = IMAGE.fingerprint(y)
        self.why = choice.why
        self._settings = {"device": device, **choice.options, **options, "seed": seed}
        self.run = Run(choice.method, y, Identity(), **self._settings, seconds=seconds)
        self.sizes = self.untrained().sampler.sizes

    @own_context()
    def check(self, size: Sequence[int], start: int = 0) -> None:
        """Refuse, before the training, a size of samples that would not fit in memory, or a scale to begin with that
        there will not be."""
        model = self.untrained()
        model.check_memory(model.checked_size(size))
        model.check_start(start)

    @own_context()
    def untrained(self) -> Model:
        """What the first stage begins with; this also refuses what the method cannot work on."""
        run = self._copy()
        with Randomness(run.seed, 0, run.compute.device):
            found: Sampler = next(run._stages()).sampler()
        return Model(run.method.key, {}, 0, found, self.kind, self.picture)

    def _copy(self) -> Run:
        return Run(self.run.method, self.run.y, Identity(), **self._settings)

    @own_context()
    def cost(self) -> str:
        """What the training takes, in words, from a few steps of every stage of a copy of it."""
        expected = training_cost(self._copy())
        allowed, device, seconds = self.run.seconds, self.run.compute.device, expected.seconds
        parts = "scales" if len(set(self.sizes)) > 1 else "networks"
        over = "" if expected.stages == 1 else f" over {expected.stages} {parts}"
        told = f"{self.run.method.key}: {expected.steps} steps{over}, about {duration(seconds)}"
        room = "" if expected.memory is None else f" and {memory(expected.memory)} of memory"
        if allowed is not None and allowed < seconds:
            return f"{told}{room} on {device}, cut to the {duration(allowed)} allowed"
        late = device.type == "cpu" and seconds > LONG
        return f"{told}{room} on {device}" + "; this is work for a GPU (device='cuda')" * late

    @own_context()
    def model(self) -> Model:
        """The model as it stands; finer scales that were not reached yet are what those below made of them.

        Raises
        ------
        RuntimeError
            No step was taken yet.
        """
        sampler = self.run.stages[-1].sampler()  # type: ignore[operator]
        run = self.run
        return Model(run.method.key, run.options, run.seed, sampler, self.kind, self.picture)


@dataclass(frozen=True)
class TrainingCost:
    """Seconds, steps and stages that a run will take, and bytes in all (``None`` where the system does not tell)."""

    seconds: float
    steps: int
    stages: int
    memory: float | None


def training_cost(run: Run) -> TrainingCost:
    """What a run will take; a few steps of every stage are tried on what is untrained."""
    seconds, steps, count = 0.0, 0, 0
    stages, sent = run._stages(), None
    with Memory(run.compute.device) as watched, telling(run.method, run.options):
        while True:
            stream = Randomness(run.seed, count, run.compute.device)
            with stream:
                try:
                    stage = stages.send(sent)
                except StopIteration:
                    break
            fitting = StageRunner(count, stage, stream, run.compute)
            seconds, steps, count = seconds + _pace(fitting, run) * stage.steps, steps + stage.steps, count + 1
            sent = fitting.stage
    taken = None if watched.taken is None else watched.before + watched.taken
    return TrainingCost(seconds, steps, count, taken)


def _pace(fitting: StageRunner, run: Run) -> float:
    """Seconds of the fastest of a few steps."""
    taken = []
    for _ in range(TRIED):
        began = time.monotonic()
        fitting.advance()
        if run.compute.device.type == "cuda":
            torch.cuda.synchronize(run.compute.device)
        taken.append(time.monotonic() - began)
    return min(taken)


def one_picture(
    image: Any, caller: str, channel_axis: ChannelAxis, data_range: DataRange, clips: bool = False
) -> tuple[Tensor, Kind]:
    """The picture as ``(1, C, H, W)`` in [0, 1], and its kind; with ``clips`` a clip ``(1, C, T, H, W)`` will do."""
    if isinstance(image, Tensor):
        axis: int | None = 1
    elif isinstance(image, np.ndarray):
        axis = channel_axis_of(image, channel_axis, caller)
        if channel_axis == "infer" and axis is not None and image.shape[axis] == 4:
            raise ValueError(
                f"{caller}(image.shape={image.shape}): four channels, of which the last may be alpha, which cannot be "
                f"learned. Leave it out (image[..., :3]), or say channel_axis={axis} where all four are colours."
            )
        if clips and channel_axis == "infer" and axis is None and image.ndim == 3 and image.shape[0] in (3, 4):
            raise ValueError(
                f"{caller}(image.shape={image.shape}): the first axis may hold channels or frames. Say channel_axis=0, "
                "or channel_axis=None for a clip."
            )
    else:
        axis = None
    given = unpack(image, caller=caller, channel_axis=channel_axis, data_range=data_range)
    y = given.y
    if y.ndim not in ((4, 5) if clips else (4,)) or len(y) != 1:
        told = f"{y.ndim - 2} spatial axes" if len(y) == 1 else f"{len(y)} pictures"
        learned = "One picture (2D), or one clip (frames first)," if clips else "One picture (2D)"
        raise ValueError(f"{caller}(image): {told}. {learned} at a time is learned from.")
    dtype = str(image.dtype).removeprefix("torch.")
    return y, Kind(given.span.low, given.span.high, dtype, axis, isinstance(image, Tensor))


def one_recording(recording: Recording) -> tuple[Recording, Kind]:
    """The recording, float32, and the kind of samples like it. Raises TypeError or ValueError where it is none."""
    RECORDING.check_values("generate(recording", recording)
    y = RECORDING.own(recording, torch.device("cpu"))
    return y, Kind(0.0, 1.0, str(recording.samples.dtype).removeprefix("torch."), 1, True)


@own_context()
def paint(model: Model, image: Any, *, scale: int | None = None, seed: int = 0) -> Any:
    """A picture from a rough painting in the picture's colours: only its coarse structure is kept.

    Parameters
    ----------
    model : Model
    image : ndarray or Tensor
        The painting, of any size, with the channels and range of the training picture.
    scale : int, optional
        The first scale that adds anything, from 1; the smaller, the freer. A coarse one unless given.
    seed : int

    Returns
    -------
    ndarray or Tensor
        Of the painting's shape and kind.

    Raises
    ------
    TypeError, ValueError
        A model of one scale, a scale it does not have, a picture of other channels, or what ``denoise`` refuses.
    """
    return _injected("paint", model, image, None, scale, seed)


@own_context()
def edit(model: Model, image: Any, mask: Any = None, *, scale: int | None = None, seed: int = 0) -> Any:
    """Makes an edited picture whole: parts that were moved, copied or stretched blend with their new surroundings.

    Parameters
    ----------
    mask : ndarray or Tensor, optional
        Of the spatial shape, above 0 where the picture was edited; the rest stays as it is.
    scale : int, optional
        The first scale that adds anything; a middle one unless given.

    Other parameters, returns and errors as of ``paint``.
    """
    return _injected("edit", model, image, mask, scale, seed)


@own_context()
def harmonise(model: Model, image: Any, mask: Any = None, *, scale: int | None = None, seed: int = 0) -> Any:
    """Gives what was pasted into a picture the picture's own texture.

    Parameters
    ----------
    mask : ndarray or Tensor, optional
        Of the spatial shape, above 0 where it was pasted; the rest stays as it is.
    scale : int, optional
        The first scale that adds anything; a fine one unless given.

    Other parameters, returns and errors as of ``paint``.
    """
    return _injected("harmonise", model, image, mask, scale, seed)


def _injected(task: str, model: Model, image: Any, mask: Any, scale: int | None, seed: int) -> Any:
    """The image, shrunk, takes the place of what the scales below ``scale`` make; one function for all edits."""
    start = first_scale(task, model, scale)
    x, own = given_picture(task, model, image)
    size = tuple(x.shape[2:])
    weight = None if mask is None else _mask(task, mask, size)
    made = model.draw(size, seed=seed, start=start, image=x)
    if weight is not None:
        made = torch.lerp(x, made, weight.to(x))
    return own.pack(made) if own.tensor else own.pack(made)[0]


def given_picture(caller: str, model: Model, image: Any) -> tuple[Tensor, Kind]:
    """A picture ``(1, C, H, W)`` in [0, 1] on the model's device, read as the training picture was, and its kind.

    Raises
    ------
    TypeError, ValueError
        A model of a clip, a picture of other channels, or what ``denoise`` refuses.
    """
    if model.sampler.picture.ndim != 4:
        raise ValueError(f"{caller}(model): a model of a clip. Train one of a picture, such as one of its frames.")
    kind = model.kind
    dtype = str(image.dtype).removeprefix("torch.") if isinstance(image, np.ndarray | Tensor) else ""
    same = dtype == kind.dtype or ("float" in dtype and "float" in kind.dtype)
    told = (kind.low, kind.high) if same else None
    axis = None if kind.axis is None or getattr(image, "ndim", 0) == 2 else kind.axis
    x, own = one_picture(image, caller, "infer" if isinstance(image, Tensor) else axis, told)
    if x.shape[1] != model.sampler.picture.shape[1]:
        raise ValueError(
            f"{caller}(image): {x.shape[1]} channels, the model has learned {model.sampler.picture.shape[1]}. "
            "Give as many."
        )
    return x.to(model.sampler.picture.device), own


def first_scale(task: str, model: Model, scale: int | None) -> int:
    """The first scale that adds anything in an edit. Raises ValueError for one that the model has not."""
    if model.scales < 2:
        raise ValueError(
            f"{task}(model): it has one scale, and nothing below to replace. Train with smaller min_size=."
        )
    if scale is None:
        return max(1, round(PLACES[task] * (model.scales - 1)))
    if not isinstance(scale, int) or not 1 <= scale < model.scales:
        raise ValueError(f"{task}(scale={scale!r}): out of range. Give 1 (coarse) to {model.scales - 1} (finest).")
    return scale


def _mask(task: str, mask: Any, size: tuple[int, ...]) -> Tensor:
    """The mask with a soft edge inwards, ``(1, 1, H, W)``."""
    found = mask.detach().cpu().numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    if found.dtype.kind not in "buif" or found.shape != size:
        raise ValueError(f"{task}(mask.shape={found.shape}): the image is {size}. Give a mask of that shape.")
    if not (found > 0).any():
        raise ValueError(f"{task}(mask): it marks nothing. Mark what was changed.")
    from oneself.imaging.filters import box_mean

    marked = torch.from_numpy(np.ascontiguousarray(found > 0)).float()[None, None]
    return marked * box_mean(marked, EDGE)
