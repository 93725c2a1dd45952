"""A training of any kind: the pictures, the loop, the average of the weights, and what is written."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn

from oneself.core import Compute
from oneself.pretraining.photographs import photographs
from oneself.pretraining.pool import Pool
from oneself.pretraining.saving import Progress, load_checkpoint, save_checkpoint, save_weights

__all__ = ["DRAWN", "Plan", "Training", "train"]

DRAWN = "drawn"
LONGEST_STEP = 5.0  # seconds that count of one step: a process that was stopped for a while has lost no time
DECAY = 0.999  # of the average of the weights
AT_LEAST_EVERY = 120.0  # seconds between two checkpoints


@dataclass(frozen=True)
class Plan:
    """What is trained and how long.

    Attributes
    ----------
    channels, width : int
        Of the network.
    steps : int
    seconds : float or None
        The schedule is laid out over whichever of the two comes first.
    batch, patch : int
        How many patches (or tasks) a step, and a patch's side in pixels.
    lr : float
        The highest.
    pictures, pause, kept, size : int
        How many pictures there are in the beginning, how many steps are taken before one more is drawn, how many are
        kept, and their side in pixels.
    seed : int
    source : str
        Where pictures come from: they are drawn, or the SHA-256 of those of a folder.
    """

    kind: ClassVar[str]

    channels: int = 3
    width: int = 64
    steps: int = 50_000
    seconds: float | None = None
    batch: int = 4
    patch: int = 64
    lr: float = 2e-3
    pictures: int = 40
    pause: int = 20
    kept: int = 400
    size: int = 256
    seed: int = 0
    source: str = DRAWN


class Training(ABC):
    """A network in training: everything of a step follows from the plan and the step's number, on one machine.

    Parameters
    ----------
    plan : Plan
    start : Path, optional
        Weights to begin with.
    device : str or None
        As of a run.
    drawers : int
        Processes that draw pictures ahead; none: they are drawn between steps.
    folder : Path, optional
        Of pictures to train on; drawn ones otherwise.

    Raises
    ------
    OSError, ValueError
        No such file, or a damaged one; a start of another network; a device that is not there; pictures in the folder
        that cannot be read, or are too small.
    """

    def __init__(
        self, plan: Plan, start: Path | None = None, device: str | None = "cpu", drawers: int = 0,
        folder: Path | None = None,
    ) -> None:  # fmt: skip
        drawing = None
        if folder is not None:
            drawing = photographs(folder, plan.channels, plan.size, plan.patch, plan.seed)
            plan = replace(plan, source=drawing.sha256, size=drawing.size)
        self.plan, self.done = plan, Progress()
        self.compute = Compute.choose(device)
        with torch.random.fork_rng(devices=[]):  # the caller's own numbers go on as they would have
            torch.manual_seed(plan.seed)
            self.network = self.build()
        if start is not None:
            self.network.load_state_dict(self.started_from(start))
        self.network.to(self.compute.device).to(memory_format=torch.channels_last)
        self.average = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.optimiser = self.optimiser_of(self.network.parameters())
        self.pool = Pool(
            plan.channels, size=plan.size, most=plan.kept, seed=plan.seed, drawers=drawers, device=self.compute.device,
            drawing=drawing,
        )  # fmt: skip

    @abstractmethod
    def build(self) -> nn.Module:
        """The network of the plan, its weights by chance."""

    @abstractmethod
    def started_from(self, path: Path) -> dict[str, Tensor]:
        """The weights of a file for the network. Raises OSError and ValueError."""

    @abstractmethod
    def optimiser_of(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """What moves the weights."""

    @abstractmethod
    def rate(self) -> float:
        """The learning rate at this progress."""

    @abstractmethod
    def learn(self, chance: Generator) -> Tensor:
        """The loss of a fresh batch, its gradient left at the weights."""

    @property
    def progress(self) -> float:
        """Of the schedule, in [0, 1]."""
        by_time = self.done.seconds / self.plan.seconds if self.plan.seconds else 0.0
        return min(1.0, max(self.done.step / self.plan.steps, by_time))

    def step(self) -> Tensor:
        """Learn from one batch; the loss."""
        began = time.monotonic()
        chance = Generator(self.compute.device).manual_seed(self.plan.seed << 32 | self.done.step)
        self.pool.draw_until(self.plan.pictures + self.done.step // self.plan.pause)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        self.optimiser.zero_grad()
        loss = self.learn(chance).detach()
        self.optimiser.step()
        self._follow()
        self.done.step += 1
        self.done.seconds += min(LONGEST_STEP, time.monotonic() - began)
        return loss

    def resume(self, checkpoint: Path) -> None:
        """Go on where a checkpoint left. Raises OSError, and ValueError for that of another plan."""
        self.done = load_checkpoint(checkpoint, self.plan, self.network, self.average, self.optimiser)

    def keep(self, path: Path) -> None:
        """Write all that is needed to go on. Raises as ``io.save``."""
        save_checkpoint(path, self.plan, self.done, self.network, self.average, self.optimiser)

    def _follow(self) -> None:
        decay = min(DECAY, (1 + self.done.step) / (10 + self.done.step))
        state: dict[str, Any] = self.network.state_dict()
        torch._foreach_lerp_(list(self.average.values()), [state[name] for name in self.average], 1 - decay)


def train(
    training: Training,
    out: Path,
    checkpoint: Path | None = None,
    *,
    tell: Callable[[Progress, float, float], None] = lambda done, progress, loss: None,
    asked_to_end: Callable[[], bool] = lambda: False,
) -> Progress:
    """Train, and write the averaged weights to ``out`` as safetensors, with the plan in the file's header.

    Parameters
    ----------
    training : Training
    out : Path
    checkpoint : Path, optional
        Written every two minutes. It and the weights replace what is in their places.
    tell : callable
        Given what was done, the progress in [0, 1] and the mean loss, every hundred steps.
    asked_to_end : callable
        Asked after every step; where true, the checkpoint and the weights as they are then are written.

    Returns
    -------
    Progress
        What was done.

    Raises
    ------
    io.SavedAside, io.NotSaved
        A file could not be written to its place, and is where the error says, or nowhere. The weights are written
        whether or not the checkpoint was.
    """
    losses, saved, began = [], time.monotonic(), training.done.step
    whole = False
    try:
        while training.progress < 1 and not asked_to_end():
            losses.append(training.step())
            if training.done.step % 100 == 0:
                tell(training.done, training.progress, float(torch.stack(losses).mean()))
                losses.clear()
            if checkpoint is not None and time.monotonic() - saved > AT_LEAST_EVERY:
                training.keep(checkpoint)
                saved = time.monotonic()
        whole = True
    finally:
        training.pool.close()
        if whole or training.done.step > began:  # what was learned is kept, whatever ended it
            _written(training, out, checkpoint)
    return training.done


def _written(training: Training, out: Path, checkpoint: Path | None) -> None:
    try:
        if checkpoint is not None:
            training.keep(checkpoint)
    finally:
        save_weights(out, training.plan, training.done, training.average)
