"""Recordings from files and into them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from oneself.domains import Recording
from oneself.io.files import read, write
from oneself.io.picture import Metadata, Picture
from oneself.io.sound import SoundCoding, coding_of

__all__ = ["read_recording", "write_recording"]


def read_recording(path: str | Path) -> Recording:
    """What a WAV, FLAC or OGG file holds, full scale being ±1. Raises as ``io.read``; ValueError for a picture."""
    picture = read(path)
    coding = coding_of(picture)
    if coding is None:
        raise ValueError(f"read_recording(path={str(path)!r}): a picture. Give a recording: WAV, FLAC or OGG.")
    pixels = picture.pixels.reshape(len(picture.pixels), -1).T
    scale = 2.0 ** (8 * pixels.dtype.itemsize - 1) if pixels.dtype.kind == "i" else 1.0
    return Recording(torch.from_numpy((pixels / scale).astype(np.float32))[None], float(coding.rate))


def write_recording(recording: Recording, path: str | Path, *, overwrite: bool = False) -> None:
    """Write it: WAV in 32 bits, floating point; FLAC in 24 bits; OGG as Vorbis. Raises as ``io.write``."""
    samples = np.ascontiguousarray(recording.samples[0].detach().cpu().numpy().astype(np.float32).T)
    coding = SoundCoding(round(recording.rate), "FLOAT")
    if Path(path).suffix.lower() == ".flac":
        samples = (np.clip(samples.astype(np.float64), -1, 1 - 2.0**-23) * 2.0**31).astype(np.int32)
        coding = SoundCoding(round(recording.rate), "PCM_24")
    samples = samples[:, 0] if samples.shape[1] == 1 else samples
    write(Picture(samples, "XC"[: samples.ndim], metadata=Metadata(native=coding)), path, overwrite=overwrite)
