"""Weights and checkpoints of a training as safetensors: they appear whole, or are saved elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
    with safe_open(str(path), framework="pt") as file:
        told = json.loads((file.metadata() or {}).get("training", "{}"))
    if told.get("kind", "denoiser") != plan.kind or "plan" not in told:
        raise ValueError(f"pretrain(checkpoint={str(path)!r}): no checkpoint of training {plan.kind}. Give another.")
    made = {**asdict(type(plan)()), **told["plan"]}
    for name, value in asdict(plan).items():
        if name not in LENGTH and made[name] != value:
            raise ValueError(
                f"pretrain(checkpoint={str(path)!r}): its {name} is {made[name]}, not {value}. Give it the plan "
                "that it is of, or another name."
            )
    network.load_state_dict(_under("network.", tensors))
    for name, value in _under("average.", tensors).items():
        average[name].copy_(value)
    states: dict[int, dict[str, Tensor]] = {}
    for name, value in _under("optimiser.", tensors).items():
        number, _, key = name.partition(".")
        states.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": states})
    return Progress(**told["done"])


def started_from(path: Path, network: SplitDenoiser) -> dict[str, Tensor]:
    """The weights of a file for ``network``; of other numbers of channels, those of a picture whose channels are alike.

    Raises ValueError where the width or the number of blocks differs.
    """
    state = {name: value.float() for name, value in read_state(path).items()}
    own = network.state_dict()
    if state.keys() != own.keys() or any(state[name].shape != own[name].shape for name in own if "blocks" in name):
        raise ValueError(
            f"pretrain(start={str(path)!r}): weights of a network of another width or depth. "
            "Give those of one like this, or leave it out."
        )
    held, wanted = state["first.weight"].shape[1] // 5, network.channels
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


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _save(path: Path, tensors: Mapping[str, Tensor], plan: Plan, done: Progress) -> None:
    held = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
    told = {"training": json.dumps({"kind": plan.kind, "plan": asdict(plan), "done": asdict(done)})}

    def encode(place: Path) -> None:
        save_file(held, str(place), told)

    io.save(path, encode, overwrite=True, aside=[(path.suffix, encode)])
