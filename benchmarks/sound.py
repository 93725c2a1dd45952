"""Recordings: noise taken away, high frequencies given back, gaps filled, new ones made; beside Catch-A-Waveform's
published output.

    python benchmarks/sound.py denoise --data PATH/audio --methods auto zs_n2n --seconds 4
    python benchmarks/sound.py extend fill --data PATH/audio --methods auto catch_a_waveform --out results
    python benchmarks/sound.py generate --data PATH/audio --methods auto catch_a_waveform --set loss=spectral

``--data`` holds the recordings of the public repository of Catch-A-Waveform and its page: ``*_hr.wav``, ``*_lr``,
``*_gt``, ``*_training``, ``*_ours`` (theirs), ``inpainting_N-{real,with_hole,ours,gacela}.flac``. White noise is made
with numpy's generator, seed 0, and not clipped. SNR is ``10 log10(Σ x² / Σ (x − x̂)²)``. LSD is the mean over frames of
the root of the mean over frequencies of ``(ln |X|² − ln |X̂|²)²``, Hann windows of 2048 samples, as many apart, in
natural logarithms (others take log10, which divides it by 2.3 for powers); of gaps, over the gap alone; of bandwidth
extension with the ends mirrored, which is what the authors' code of Catch-A-Waveform computes.

A method's name may be followed by a preset (``catch_a_waveform:published``); in denoising by ``told``, the noise's
level, or by ``spectra``: short-time spectra are then denoised as a picture of two channels.

Of new recordings there is no truth. ``frechet`` is the Fréchet distance of two Gaussians, of the decibels in 24 bands
of frequency at a moment and 0.1 s later, in the new recording and the old one; ``heard`` is the mean over pieces of
0.25 s of the largest correlation with any place of the old one: 1 where every piece was copied.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.interpolate import CubicSpline
from torch import Tensor

import oneself
from measuring import report
from oneself import Recording, methods, read_recording, write_recording
from oneself.cli.allocation import keep_memory
from oneself.operators.rates import resampled
from oneself.recipes.sound.moments import moments_of
from oneself.recipes.sound.spectra import samples_of, spectra_of, window_length

FRAME = 2048
EXTENSION = "4 to 16 kHz"
SPECTRA = 64.0  # milliseconds of the windows of spectra that are denoised as pictures
NOISY = {  # seconds from which on some are taken; settings were chosen on others
    "JosephJoachim_BachAdagio_1904.wav": 12.0,
    "TenorSaxophone_MedleyDB_185.wav": 60.0,
    "FMA_rock_for_inpainting.wav": 0.0,
    "VCTK_p347_410_hr.wav": 0.0,
}
NEW = {"JosephJoachim_BachAdagio_1904.wav": 0.0, "TenorSaxophone_MedleyDB_185.wav": 60.0}
LOW = {"p347_402_lr.flac": ("p347_402_gt.flac", "p347_402_training.flac", "p347_402_ours.flac"),
       "VCTK_p347_410_lr.wav": ("VCTK_p347_410_hr.wav", "VCTK_p347_363_to_371.wav", None)}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One method on one recording; decibels before and after, log-spectral distance, seconds and steps taken."""

    task: str
    recording: str
    method: str
    snr: float
    lsd: float
    seconds: float = float("nan")
    steps: int | None = None


@dataclass(frozen=True)
class New:
    """New recordings of one: how alike their sounds are, and how much is copied."""

    recording: str
    method: str
    frechet: float
    heard: float
    seconds: float = float("nan")
    steps: int | None = None


@dataclass(frozen=True)
class Asked:
    """What the command line says of all runs."""

    data: Path
    methods: tuple[str, ...]
    only: str
    seconds: float
    time: float | None
    options: dict[str, Any]
    write: Path | None

    def settings(self, method: str) -> tuple[str, dict[str, Any]]:
        """The method's key, and what it is run with."""
        key, _, more = method.partition(":")
        settings: dict[str, Any] = {} if self.time is None else {"seconds": self.time}
        if key != "auto":
            record = next(one for one in methods() if one.key == key)
            names = {option.name for option in record.options}
            settings |= record.presets[more] if more not in ("", "told", "spectra") else {}
            settings |= {name: value for name, value in self.options.items() if name in names}
        return key, settings

    def keep(self, made: Recording, *names: str) -> None:
        """Write a result beside the table."""
        if self.write is not None:
            self.write.mkdir(parents=True, exist_ok=True)
            name = "-".join(names).replace(":", "_").replace(" ", "_")
            write_recording(made, self.write / f"{name}.flac", overwrite=True)


def snr(x: Tensor, made: Tensor) -> float:
    return float(10 * torch.log10(x.square().sum() / (x - made).square().sum().clamp(min=1e-20)))


def lsd(x: Tensor, made: Tensor, frame: int = FRAME, mirrored: bool = False) -> float:
    """Of samples ``(T,)``; what is left over behind the last whole frame does not count.

    ``mirrored``: half a frame is put before and after, as Catch-A-Waveform's authors do.
    """
    if mirrored:
        x, made = (F.pad(v[None], (frame // 2, frame // 2), mode="reflect")[0] for v in (x, made))
    window = torch.hann_window(frame)
    one, other = (
        torch.fft.rfft(v[: len(v) // frame * frame].reshape(-1, frame) * window).abs().square().clamp(min=1e-10).log()
        for v in (x, made)
    )
    return float((one - other).square().mean(1).sqrt().mean())


def row(
    task: str, name: str, method: str, x: Tensor, made: Tensor, seconds: float = float("nan"), steps: int | None = None
) -> Row:
    x, made = (v[: min(len(x), len(made))] for v in (x, made))
    return Row(task, name, method, snr(x, made), lsd(x, made, mirrored=task == EXTENSION), seconds, steps)


def denoise(asked: Asked) -> Iterator[Row]:
    for name, start in NOISY.items():
        if asked.only not in name:
            continue
        whole = read_recording(asked.data / name)
        first = round(start * whole.rate)
        x = whole.samples[..., first : first + round(asked.seconds * whole.rate)]
        for level in (5, 10):
            sigma = float(x.square().mean().sqrt()) * 10 ** (-level / 20)
            noise = np.random.default_rng(0).normal(0, sigma, tuple(x.shape)).astype(np.float32)
            noisy = Recording(x + torch.from_numpy(noise), whole.rate)
            task = f"white noise, {level} dB"
            yield row(task, Path(name).stem, "noisy", x[0, 0], noisy.samples[0, 0])
            for method in asked.methods:
                key, settings = asked.settings(method)
                told = {"sigma": sigma} if method.endswith(":told") else {}
                began = time.monotonic()
                door = denoised_spectra if method.endswith(":spectra") else oneself.denoise
                found = door(noisy, key, full=True, **told, **settings)
                took, made = time.monotonic() - began, found.answer.samples[0, 0]
                yield row(task, Path(name).stem, method, x[0, 0], made, took, found.steps)
                asked.keep(found.answer, "denoise", Path(name).stem, str(level), method)


def denoised_spectra(noisy: Recording, method: str, **settings: Any) -> Any:
    """A method of pictures on short-time spectra: their real and imaginary parts as a picture of two channels."""
    length = window_length(SPECTRA, noisy.rate, noisy.samples.shape[-1])
    spectra = spectra_of(noisy.samples[0], length)[0]
    found = oneself.denoise(torch.view_as_real(spectra).permute(2, 0, 1)[None].contiguous(), method, **settings)
    clean = torch.view_as_complex(found.answer[0].permute(1, 2, 0).contiguous())
    made = samples_of(clean[None], length, noisy.samples.shape[-1])
    return replace(found, answer=Recording(made[None], noisy.rate))


def extend(asked: Asked) -> Iterator[Row]:
    for low, (high, example, theirs) in LOW.items():
        if asked.only not in low:
            continue
        y, x = read_recording(asked.data / low), read_recording(asked.data / high).samples[0, 0]
        task, told = EXTENSION, read_recording(asked.data / example)
        up = 4 * y.samples.shape[-1]
        yield row(task, Path(high).stem, "band-limited", x, resampled(y.samples, up)[0, 0])
        yield row(task, Path(high).stem, "cubic spline", x, spline(y.samples, up)[0, 0])
        if theirs is not None:
            made = read_recording(asked.data / theirs).samples[0, 0]
            yield row(task, Path(high).stem, "Catch-A-Waveform, as published", x, made)
        for method in asked.methods:
            key, settings = asked.settings(method)
            began = time.monotonic()
            found = oneself.super_resolve(y, 4.0, method=key, example=told, full=True, **settings)
            took, made = time.monotonic() - began, found.answer.samples[0, 0]
            yield row(task, Path(high).stem, method, x, made, took, found.steps)
            asked.keep(found.answer, "extend", Path(high).stem, method)


def spline(x: Tensor, size: int) -> Tensor:
    """``(…, n)`` at ``size`` samples by a cubic spline, its first sample staying at its time."""
    places = np.arange(size) * (x.shape[-1] / size)
    return torch.from_numpy(CubicSpline(np.arange(x.shape[-1]), x.numpy(), axis=-1)(places).astype(np.float32))


def fill(asked: Asked) -> Iterator[Row]:
    for number in (1, 13, 16):
        if asked.only not in f"inpainting_{number}-":
            continue
        told = {kind: read_recording(asked.data / f"inpainting_{number}-{kind}.flac") for kind in
                ("real", "with_hole", "ours", "gacela")}  # fmt: skip
        x, hole = told["real"].samples[0, 0], told["with_hole"]
        where = (x != hole.samples[0, 0]).nonzero()[:, 0]
        mask = torch.zeros(len(x), dtype=torch.bool)
        mask[int(where[0]) : int(where[-1]) + 1] = True
        published = {"silence": "with_hole", "Catch-A-Waveform, as published": "ours",
                     "GACELA, as published there": "gacela"}  # fmt: skip
        for name, kind in published.items():
            yield row("gap of 750 ms", f"inpainting_{number}", name, x[mask], told[kind].samples[0, 0][mask])
        for method in asked.methods:
            key, settings = asked.settings(method)
            began = time.monotonic()
            found = oneself.inpaint(hole, mask, key, full=True, **settings)
            took, made = time.monotonic() - began, found.answer.samples[0, 0]
            yield row("gap of 750 ms", f"inpainting_{number}", method, x[mask], made[mask], took, found.steps)
            asked.keep(found.answer, "fill", str(number), method)


def generate(asked: Asked) -> Iterator[New]:
    for name, start in NEW.items():
        if asked.only not in name:
            continue
        whole = read_recording(asked.data / name)
        first = round(start * whole.rate)
        x = whole.samples[..., first : first + round(asked.seconds * whole.rate)]
        half = x.shape[-1] // 2
        yield new(name, "one half, of the other", Recording(x[..., :half], whole.rate), x[..., half:])
        for method in asked.methods:
            key, settings = asked.settings(method)
            began = time.monotonic()
            made, _, result = oneself.generate(Recording(x, whole.rate), 1, (x.shape[-1],), key, **settings)
            yield new(name, method, Recording(x, whole.rate), made, time.monotonic() - began, result.steps)
            asked.keep(Recording(made, whole.rate), "generate", Path(name).stem, method)


def new(
    name: str, method: str, old: Recording, made: Tensor, seconds: float = float("nan"), steps: int | None = None
) -> New:
    return New(Path(name).stem, method, frechet(old, made), heard(old, made), seconds, steps)


def frechet(old: Recording, made: Tensor) -> float:
    """The Fréchet distance of the sounds of two recordings, those of a tenth of a second together."""
    hop = round(0.01 * old.rate)
    moments = [moments_of(Recording(x, old.rate), hop) for x in (old.samples, made)]
    pairs = [torch.cat([one[:-10], one[10:]], 1).double() for one in moments]
    one, other = (pair.T.cov() for pair in pairs)
    middle = torch.linalg.eigvals(one @ other).real.clamp(min=0).sqrt().sum()
    apart = (pairs[0].mean(0) - pairs[1].mean(0)).square().sum()
    return float(apart + one.trace() + other.trace() - 2 * middle)


def heard(old: Recording, made: Tensor) -> float:
    """The mean over pieces of 0.25 s of the largest normalised correlation with any place of the old recording."""
    length = round(0.25 * old.rate)
    source = old.samples[0, 0]
    size = len(source)
    energy = F.pad(source.square().double().cumsum(0), (1, 0))
    power = (energy[length:] - energy[:-length]).clamp(min=1e-9).sqrt().float()
    spectrum = torch.fft.rfft(source, n=2 * size)
    found = []
    for piece in made[0, 0, : made.shape[-1] // length * length].reshape(-1, length):
        inner = torch.fft.irfft(spectrum * torch.fft.rfft(piece, n=2 * size).conj())[: size - length + 1]
        found.append(float((inner / power).abs().max() / piece.norm().clamp(min=1e-9)))
    return float(np.mean(found))


TASKS: dict[str, Callable[[Asked], Iterator[Row] | Iterator[New]]] = {
    "denoise": denoise, "extend": extend, "fill": fill, "generate": generate
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=tuple(TASKS))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", default=["auto"])
    parser.add_argument("--only", default="", help="recordings whose file's name has this in it")
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=VALUE", help="of the methods that have it")
    parser.add_argument("--time", type=float, help="seconds allowed for each run")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each recording that is taken, where not all is")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--write", type=Path, help="a folder for what was made")
    parser.add_argument("--name", default="sound")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if "generate" in given.what and len(given.what) > 1:
        parser.error("generate has a table of its own: ask for it alone")
    torch.set_num_threads(given.threads)
    keep_memory()  # as the command line does
    options = {name: _value(text) for name, text in (one.split("=", 1) for one in given.set)}
    methods = tuple(given.methods)
    asked = Asked(given.data, methods, given.only, given.seconds, given.time, options, given.write)
    rows = [one for what in given.what for one in TASKS[what](asked)]
    report(rows, given.name, given.out, "Recordings")


def _value(text: str) -> Any:
    """A number, or the text as it is."""
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return text


if __name__ == "__main__":
    main()
