"""The devices of this machine: which there are, their random numbers, and what they lack."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["CPU", "find_device", "lacks", "random_state", "seeded_state", "set_random_state", "widest"]

CPU = torch.device("cpu")
TOLD = ("cpu", "cuda", "mps", "xpu")  # what a message lists of what is there; others are found by their name
WITHOUT_FLOAT64 = ("mps",)


def find_device(name: str | torch.device) -> torch.device:
    """A device by its name, whichever torch knows. Raises ValueError for one that is unknown or not there."""
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"Run(device={name!r}): unknown. Give 'cpu', 'cuda', 'cuda:0', 'mps' or 'xpu'.") from error
    if (device.index or 0) >= _count(device.type):
        here = ", ".join(kind for kind in TOLD if _count(kind))
        raise ValueError(f"Run(device={str(name)!r}): there is none here. Give one of {here}, or none at all.")
    return device


def _count(kind: str) -> int:
    """How many devices of a kind there are; none of what only stands for devices, as ``meta`` does."""
    module = getattr(torch, kind, None)
    if module is None or not hasattr(module, "device_count"):
        return 0
    available = getattr(module, "is_available", torch.backends.mps.is_available)  # older versions of torch.mps lack it
    return int(module.device_count()) if available() else 0


def widest(device: torch.device) -> torch.dtype:
    """The floating point type of the most digits that a device computes with."""
    return torch.float32 if device.type in WITHOUT_FLOAT64 else torch.float64


def lacks(device: torch.device, error: BaseException) -> bool:
    """Whether an error says that a device, other than the CPU, has not what an operation takes."""
    said = str(error).lower()
    unsupported = isinstance(error, TypeError | RuntimeError) and device.type in said and "support" in said
    return device != CPU and (isinstance(error, NotImplementedError) or unsupported)


def seeded_state(device: torch.device, seed: int) -> Tensor:
    """What a generator of a device begins with."""
    return torch.Generator(device).manual_seed(seed).get_state()


def random_state(device: torch.device) -> Tensor:
    """The state of the default generator of a device other than the CPU."""
    found: Tensor = getattr(torch, device.type).get_rng_state(*_which(device))
    return found


def set_random_state(state: Tensor, device: torch.device) -> None:
    getattr(torch, device.type).set_rng_state(state, *_which(device))


def _which(device: torch.device) -> list[Any]:
    """How torch is told which device it is: of some kinds there is one, and its functions take none."""
    return [] if device.type == "mps" else [device]
