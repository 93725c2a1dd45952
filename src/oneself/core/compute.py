"""Where and how a run computes: device, precision, memory format, compiling. Chosen by the loop alone."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from oneself.core.devices import CPU, find_device, widest
from oneself.machine import free_memory

__all__ = ["Compute", "NotEnoughMemory", "available_memory", "peak_memory"]

M = TypeVar("M", bound=nn.Module)
PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16}


class NotEnoughMemory(MemoryError):
    """The run would need more memory than there is; raised in its first step, before the memory is taken."""


@dataclass(frozen=True)
class Compute:
    """How a run computes.

    Attributes
    ----------
    device : torch.device
    precision : torch.dtype or None
        The type that autocast computes convolutions in; ``None`` is float32 throughout.
    compile : bool
        Whether the objective is compiled where a compiler exists.
    """

    device: torch.device
    precision: torch.dtype | None = None
    compile: bool = False

    @classmethod
    def choose(
        cls, device: str | torch.device | None = None, precision: str = "float32", compile: bool = False
    ) -> Compute:
        """The device asked for, or a GPU where there is one.

        Raises
        ------
        ValueError
            An unknown or absent device, or an unknown precision.
        """
        if precision not in PRECISIONS:
            raise ValueError(f"Run(precision={precision!r}): unknown. Give one of {', '.join(PRECISIONS)}.")
        best = torch.device("cuda") if torch.cuda.is_available() else CPU
        found = best if device is None else find_device(device)
        return cls(found, PRECISIONS[precision], compile=compile)

    @property
    def cadence(self) -> int:
        """Every how many steps the host asks the device whether to stop; asking a GPU makes it wait."""
        return 1 if self.device.type == "cpu" else 20

    def place(self, stage: M) -> M:
        wide = widest(self.device)
        stage.to(self.device, None if wide == torch.float64 else wide)
        for parameter in stage.parameters():
            if parameter.ndim == 4:  # channels last in memory: convolutions of few channels take half the time
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        return stage

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Inside, arithmetic runs at the run's precision."""
        if self.precision is None:
            yield
        else:
            with torch.autocast(self.device.type, self.precision):
                torch.clear_autocast_cache()  # within a caller's autocast it would keep the weights of an earlier step
                yield

    def compiled(self, terms: Callable[..., Any]) -> Callable[..., Any]:
        """The objective compiled if asked for and possible; as it is, with a warning, where no compiler works."""
        if not self.compile:
            return terms
        fast: Callable[..., Any] | None = None

        def attempt(example: Any) -> Any:
            nonlocal fast
            if fast is terms:
                return terms(example)
            try:
                fast = fast or torch.compile(terms)
                return fast(example)
            except Exception as error:  # torch raises many kinds where no compiler works
                fast = terms
                warnings.warn(f"compiling failed ({type(error).__name__}); going on without it", stacklevel=2)
                return terms(example)

        return attempt

    @contextlib.contextmanager
    def bounded(self) -> Iterator[None]:
        """Inside, what autograd keeps for the backward pass is counted, and too much raises before it is taken.

        Raises
        ------
        NotEnoughMemory
            The count passed 85 % of the memory available at the start.
        """
        limit = 0.85 * available_memory(self.device)
        seen: dict[int, int] = {}

        def count(tensor: Tensor) -> Tensor:
            if tensor.device.type == self.device.type:
                storage = tensor.untyped_storage()  # views of one memory count once
                seen[storage.data_ptr()] = storage.nbytes()
            if sum(seen.values()) > limit:
                raise NotEnoughMemory(f"one step on {self.device} needs more than the {limit / 2**30:.1f} GB at hand.")
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            yield


def available_memory(device: torch.device) -> float:
    """Bytes that can be taken on a device now; infinite where the system does not tell."""
    memory = getattr(getattr(torch, device.type), "mem_get_info", None)
    return free_memory() if memory is None else float(memory(device)[0])


def peak_memory(device: torch.device) -> int:
    """The most bytes taken so far: by torch on a GPU that counts them, else by this process; 0 where it is not told."""
    counted = getattr(getattr(torch, device.type), "max_memory_allocated", None)
    if counted is not None:
        return int(counted(device))
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
