"""Recordings: samples of one or several channels, and how many there are in a second."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.domains.domain import Domain
from oneself.io.files import read, write
from oneself.io.picture import Metadata, Picture
from oneself.io.sound import SoundCoding, coding_of

__all__ = ["RECORDING", "Recording"]


@dataclass(frozen=True, eq=False)
class Recording:
    """``samples``, ``(1, C, T)``, real floating point; ``rate`` of them in a second (Hz)."""

    samples: Tensor
    rate: float

    @classmethod
    def read(cls, path: str | Path) -> Recording:
        """What a WAV, FLAC or OGG file holds, full scale being ±1. Raises as ``oneself.io.read``."""
        picture = read(path)
        coding = coding_of(picture)
        if coding is None:
            raise ValueError(f"Recording.read(path={str(path)!r}): a picture. Give a recording: WAV, FLAC or OGG.")
        pixels = picture.pixels.reshape(len(picture.pixels), -1).T
        scale = 2.0 ** (8 * pixels.dtype.itemsize - 1) if pixels.dtype.kind == "i" else 1.0
        return cls(torch.from_numpy((pixels / scale).astype(np.float32))[None], float(coding.rate))

    def write(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write it: WAV in 32 bits, floating point; FLAC in 24 bits; OGG as Vorbis. Raises as ``oneself.io.write``."""
        samples = np.ascontiguousarray(self.samples[0].detach().cpu().numpy().astype(np.float32).T)
        coding = SoundCoding(round(self.rate), "FLOAT")
        if Path(path).suffix.lower() == ".flac":
            samples = (np.clip(samples.astype(np.float64), -1, 1 - 2.0**-23) * 2.0**31).astype(np.int32)
            coding = SoundCoding(round(self.rate), "PCM_24")
        samples = samples[:, 0] if samples.shape[1] == 1 else samples
        write(Picture(samples, "XC"[: samples.ndim], metadata=Metadata(native=coding)), path, overwrite=overwrite)


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
