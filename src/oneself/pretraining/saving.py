"""Weights and checkpoints of a training as safetensors: they appear whole, or are saved elsewhere."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from oneself import io
from oneself.networks import SplitDenoiser
from oneself.networks.pretrained import read_state

if TYPE_CHECKING:
    from oneself.pretraining.training import Plan

__all__ = ["Progress", "load_checkpoint", "save_checkpoint", "save_weights", "started_from"]

MOST_CHANNELS = 4
LENGTH = ("steps", "seconds")  # what may be another when a training goes on


@dataclass
class Progress:
    """How far a training is: steps taken, and seconds spent in them."""

    step: int = 0
    seconds: float = 0.0


def save_weights(path: Path, plan: Plan, done: Progress, weights: Mapping[str, Tensor]) -> None:
    """Half-precision weights; the plan and what was done of it in the header. Raises as ``io.save``."""
    _save(path, {name: value.half() for name, value in weights.items()}, plan, done)


def save_checkpoint(
    path: Path, plan: Plan, done: Progress, network: nn.Module, average: Mapping[str, Tensor],
    optimiser: torch.optim.Optimizer,
) -> None:  # fmt: skip
    """All that a training needs to go on. Raises as ``io.save``."""
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.items()}
    for number, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{name}": value for name, value in state.items()}
    _save(path, tensors, plan, done)


def load_checkpoint(
    path: Path, plan: Plan, network: nn.Module, average: dict[str, Tensor], optimiser: torch.optim.Optimizer
) -> Progress:
    """Put everything back in place. Raises ValueError for the checkpoint of another plan."""
    tensors = read_state(path)
    told = _outline(path)
    if told.get("kind", "denoiser") != plan.kind or not isinstance(told.get("plan"), dict):
        raise ValueError(f"pretrain(checkpoint={str(path)!r}): no checkpoint of training {plan.kind}. Give another.")
    made = {**asdict(type(plan)()), **told["plan"]}
    for name, value in asdict(plan).items():
        if name not in LENGTH and made[name] != value:
            raise ValueError(
                f"pretrain(checkpoint={str(path)!r}): its {name} is {made[name]}, not {value}. Give it the plan "
                "that it is of, or another name."
            )
    try:
        return _placed(tensors, Progress(**told["done"]), network, average, optimiser)
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"pretrain(checkpoint={str(path)!r}): damaged, or no checkpoint. Give another.") from error


def _outline(path: Path) -> dict[str, Any]:
    """What the header of a file says of its training; nothing where that cannot be read."""
    with safe_open(str(path), framework="pt") as file:
        said = (file.metadata() or {}).get("training", "{}")
    try:
        told = json.loads(said)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _placed(
    tensors: Mapping[str, Tensor], done: Progress, network: nn.Module, average: dict[str, Tensor],
    optimiser: torch.optim.Optimizer,
) -> Progress:  # fmt: skip
    """Put a checkpoint's tensors where they belong. Raises where some are missing, or of another shape."""
    held = _under("average.", tensors)
    if {name: x.shape for name, x in held.items()} != {name: x.shape for name, x in average.items()}:
        raise ValueError("the average of the weights")
    states: dict[int, dict[str, Tensor]] = {}
    for name, value in _under("optimiser.", tensors).items():
        number, _, key = name.partition(".")
        states.setdefault(int(number), {})[key] = value
    if not (
        type(done.step) is int and done.step >= 0 and 0 <= done.seconds < math.inf and bool(states) == (done.step > 0)
    ):
        raise ValueError("how far it is")
    network.load_state_dict(_under("network.", tensors))
    for name, value in held.items():
        average[name].copy_(value)
    optimiser.load_state_dict({**optimiser.state_dict(), "state": states})
    return done


def started_from(path: Path, network: SplitDenoiser) -> dict[str, Tensor]:
    """The weights of a file for ``network``; of other numbers of channels, those of a picture whose channels are alike.

    Raises ValueError where the width or the number of blocks differs.
    """
    state = {name: value.float() for name, value in read_state(path).items()}
    first = state.get("first.weight", torch.empty(()))
    held = first.shape[1] // 5 if first.ndim == 4 else 0
    if not 1 <= held <= MOST_CHANNELS or not _fits(state, network, held):
        raise ValueError(
            f"pretrain(start={str(path)!r}): weights of a network of another width or depth. "
            "Give those of one like this, or leave it out."
        )
    wanted = network.channels
    if held == wanted:
        return state
    maps, halves = state["first.weight"].split([held, 4 * held], dim=1)
    alike = [maps.sum(1, keepdim=True).repeat(1, wanted, 1, 1) / wanted]
    alike.append(halves.unflatten(1, (held, 4)).sum(1, keepdim=True).repeat(1, wanted, 1, 1, 1).flatten(1, 2) / wanted)
    state["first.weight"] = torch.cat(alike, dim=1)
    for name in ("last.weight", "last.bias"):
        mean = state[name].unflatten(0, (held, 4)).mean(0, keepdim=True)
        state[name] = mean.repeat(wanted, *[1] * (mean.ndim - 1)).flatten(0, 1)
    return state


def _fits(state: Mapping[str, Tensor], network: SplitDenoiser, channels: int) -> bool:
    """Whether weights are of such a network for so many channels."""
    with torch.device("meta"):
        alike = SplitDenoiser(channels, network.first.out_channels, len(network.blocks)).state_dict()
    return {name: x.shape for name, x in state.items()} == {name: x.shape for name, x in alike.items()}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _save(path: Path, tensors: Mapping[str, Tensor], plan: Plan, done: Progress) -> None:
    held = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
    told = {"training": json.dumps({"kind": plan.kind, "plan": asdict(plan), "done": asdict(done)})}

    def encode(place: Path) -> None:
        save_file(held, str(place), told)

    io.save(path, encode, overwrite=True, aside=[(path.suffix, encode)])
