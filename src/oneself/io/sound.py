"""Recordings: WAV, FLAC and OGG files, by soundfile, which is imported when the first one is met."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .bounds import DENSEST, check_claim
from .picture import Metadata, Picture, Pixels

__all__ = ["KINDS", "SoundCoding", "coding_of", "misfit", "read", "write"]

KINDS = ("wav", "flac", "ogg")
SUBTYPES = {"int16": "PCM_16", "int32": "PCM_32", "float32": "FLOAT", "float64": "DOUBLE"}
"""How the types that samples are held in are stored in WAV where the source says nothing finer."""
DTYPES = {"PCM_S8": "int16", "PCM_U8": "int16", "PCM_16": "int16", "PCM_24": "int32", "PCM_32": "int32",
          "ULAW": "int16", "ALAW": "int16", "IMA_ADPCM": "int16", "MS_ADPCM": "int16", "DOUBLE": "float64"}  # fmt: skip
BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_24": 24}  # of samples that are held in more, in the upper ones
TAGS = ("title", "artist", "album", "comment", "copyright", "date", "genre", "license", "tracknumber")
BLOCK = 2**18  # frames that are read at once
UNSAID = (0, 0x7FFFFFFF, 0x7FFFFFFF - 36, 0xFFFFFFFF)  # sizes that who writes to a pipe puts into a WAV header
MOST_CHANNELS = 64
MOST_RATE = 10**7  # samples in a second
ADVICE = "Install it: pip install 'oneself[sound]'."


@dataclass(frozen=True)
class SoundCoding:
    """How a recording was stored: samples in a second, the format's name of their coding, and its words.

    `target` is the rate of a result that has another one.
    """

    rate: int
    subtype: str
    words: dict[str, str] = field(default_factory=dict)
    target: int | None = None

    @property
    def written_rate(self) -> int:
        return self.rate if self.target is None else self.target


def coding_of(picture: Picture) -> SoundCoding | None:
    """How a recording was stored; None of what is none."""
    native = picture.metadata.native
    return native if isinstance(native, SoundCoding) else None


def read(path: Path, kind: str) -> Picture:
    """A recording: axes X, or XC where it has several channels, of the type that holds its samples.

    Samples of 8 and 24 bits stand in the upper bits of 16 and 32. What a header claims is compared with the file
    before it is believed.

    Raises EOFError for a file that is cut off, ValueError for one that holds no samples, or where soundfile is missing.
    """
    soundfile = _library(f"read(path={str(path)!r})")
    if kind == "wav":
        _check_riff(path)
    with soundfile.SoundFile(str(path)) as file:
        _check_format(file, path)
        dtype = DTYPES.get(file.subtype, "float32")
        claimed = file.frames * file.channels * np.dtype(dtype).itemsize
        unknown = file.frames >= 2**62  # a FLAC whose writer did not know
        if not unknown:
            check_claim(claimed, path.stat().st_size, most=DENSEST)
        samples = _samples(file, dtype, math.inf if unknown else file.frames, path.stat().st_size)
        if len(samples) < file.frames and not unknown:
            raise EOFError(f"it claims {file.frames:,} samples, and has {len(samples):,}")
        words = {name: text for name in TAGS if (text := getattr(file, name, ""))}
        coding = SoundCoding(int(file.samplerate), str(file.subtype), words)
    pixels = samples if samples.shape[1] > 1 else samples[:, 0]
    return Picture(pixels, "XC"[: pixels.ndim], kind, Metadata(native=coding), source=path)


def write(picture: Picture, path: Path, kind: str) -> None:
    """The samples, as the source had them where the format can: rounded to as many bits, with its words."""
    soundfile = _library(f"write(path={str(path)!r})")
    coding = coding_of(picture)
    assert coding is not None
    subtype = _subtype(coding, picture.pixels.dtype, kind)
    samples = _rounded(picture.pixels, subtype)
    if kind == "ogg":
        samples = np.clip(samples, -1, 1) if samples.dtype.kind == "f" else samples
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    told = {"samplerate": coding.written_rate, "channels": channels, "format": kind.upper(), "subtype": subtype}
    with path.open("wb+") as raw, soundfile.SoundFile(raw, "w", **told) as file:
        for name, text in coding.words.items():
            setattr(file, name, text)
        for start in range(0, len(samples), BLOCK):  # libsndfile's Vorbis needs much stack for long ones
            file.write(samples[start : start + BLOCK])


def misfit(picture: Picture, kind: str) -> str | None:
    """What about a picture a sound format cannot hold, in words."""
    coding = coding_of(picture)
    if coding is None:
        return "a picture or a signal without a rate"
    dtype = picture.pixels.dtype
    if kind == "flac" and (dtype.kind == "f" or _subtype(coding, dtype, kind) not in ("PCM_S8", "PCM_16", "PCM_24")):
        return f"samples of {dtype}"
    if kind == "flac" and picture.sizes.get("C", 1) > 8:
        return f"{picture.sizes['C']} channels"
    return None


def _subtype(coding: SoundCoding, dtype: Any, kind: str) -> str:
    if kind == "ogg":
        return coding.subtype if coding.subtype in ("VORBIS", "OPUS") else "VORBIS"
    if coding.subtype in BITS and dtype.name in ("int16", "int32"):
        return "PCM_24" if BITS[coding.subtype] == 24 else "PCM_U8" if kind == "wav" else "PCM_S8"
    coded = coding.subtype in ("ULAW", "ALAW") and kind == "wav"
    return coding.subtype if coded else SUBTYPES.get(dtype.name, "FLOAT")


def _rounded(samples: Pixels, subtype: str) -> Pixels:
    """Samples of fewer bits than they are held in, on the grid that is left when the lower bits are cut off."""
    if subtype not in BITS or samples.dtype.kind != "i":
        return samples
    step, most = 2 ** (8 * samples.dtype.itemsize - BITS[subtype]), np.iinfo(samples.dtype).max
    rounded = np.floor(samples.astype(np.float64) / step + 0.5) * step
    return np.asarray(np.minimum(rounded, most // step * step).astype(samples.dtype))


def _library(told: str) -> Any:
    try:
        import soundfile
    except (ImportError, OSError) as error:  # the latter where its libsndfile is missing
        raise ValueError(f"{told}: recordings need the package soundfile. {ADVICE}") from error
    return soundfile


def _check_format(file: Any, path: Path) -> None:
    if not 0 < file.channels <= MOST_CHANNELS or not 0 < file.samplerate <= MOST_RATE:
        told = f"{file.channels} channels at {file.samplerate} samples in a second"
        raise ValueError(f"read(path={str(path)!r}): {told}. Is it a recording?")
    if file.frames == 0:
        raise ValueError(f"read(path={str(path)!r}): the recording has no samples. Get it again from where it came.")


def _samples(file: Any, dtype: str, frames: float, held: int) -> Pixels:
    """Block after block, so that what is not there takes no memory."""
    blocks: list[Pixels] = []
    found = 0
    while found < frames:
        block = file.read(BLOCK, dtype=dtype, always_2d=True)
        if not len(block):
            break
        blocks.append(block)
        found += len(block)
        check_claim(found * block.itemsize * block.shape[1], held, most=DENSEST)
    return np.concatenate(blocks) if blocks else np.zeros((0, file.channels), dtype)


def _check_riff(path: Path) -> None:
    """Refuse a WAV whose samples are cut off, which libsndfile takes as they are."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        order = ">" if head[:4] == b"RIFX" else "<"
        while len(chunk := file.read(8)) == 8:
            name, length = chunk[:4], struct.unpack(order + "I", chunk[4:])[0]
            start = file.tell()
            if name == b"data":
                if length not in UNSAID and start + length > size:
                    raise EOFError(f"it claims {length:,} bytes of samples, and has {size - start:,}")
                return
            file.seek(start + length + length % 2)
