"""Recordings: samples of one or several channels, and how many there are in a second."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.domains.domain import Domain

__all__ = ["RECORDING", "Recording"]


@dataclass(frozen=True, eq=False)
class Recording:
    """``samples``, ``(1, C, T)``, real floating point; ``rate`` of them in a second (Hz)."""

    samples: Tensor
    rate: float


class Recordings(Domain[Recording]):
    """One recording; estimates are its samples, ``(1, C, T)``, of another rate where their number is another: they
    last as long."""

    name = "recording"
    kind = Recording
    tasks = ("denoise", "inpaint", "super-resolve", "generate")
    beside = "a recording"

    def check_values(self, told: str, value: Recording) -> None:
        samples, rate = value.samples, value.rate
        if not samples.is_floating_point():
            raise TypeError(f"{told}.samples of {samples.dtype}): not real floating point. Convert them to [-1, 1].")
        if samples.ndim != 3 or samples.shape[0] != 1 or samples.numel() == 0:
            raise ValueError(f"{told}.samples.shape={tuple(samples.shape)}): no samples. Give (1, channels, time).")
        if not bool(torch.isfinite(samples).all()):
            raise ValueError(f"{told}.samples): NaN or infinite values. Remove those first.")
        if not 0 < rate < math.inf:
            raise ValueError(f"{told}.rate={rate}): not a rate. Give samples in a second, above 0.")

    def own(self, y: Recording, device: torch.device) -> Recording:
        return Recording(y.samples.detach().to(device, torch.float32, copy=True).contiguous(), float(y.rate))

    def shape(self, y: Recording) -> tuple[int, ...]:
        return tuple(y.samples.shape[1:])

    def answer(self, x: Tensor, y: Recording) -> Recording:
        return Recording(x.to(y.samples.dtype), y.rate * x.shape[-1] / y.samples.shape[-1])

    def arrays(self, y: Recording) -> dict[str, np.ndarray[Any, Any]]:
        return {"samples": y.samples.detach().cpu().numpy(), "rate": np.array(y.rate, np.float64)}

    def of_arrays(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Recording:
        return Recording(torch.from_numpy(arrays["samples"]), float(arrays["rate"]))

    def distance(self, one: Tensor, other: Tensor) -> Tensor:
        """The root of the mean squared difference."""
        return (one - other).square().mean().sqrt()


RECORDING = Recordings()
