"""Recordings: noise taken away, high frequencies given back, gaps filled; beside Catch-A-Waveform's published output.

    python benchmarks/sound.py denoise --data PATH/audio --methods auto zs_n2n --seconds 4
    python benchmarks/sound.py extend fill --data PATH/audio --out results

``--data`` holds the recordings of the public repository of Catch-A-Waveform and its page: ``*_hr.wav``, ``*_lr``,
``*_gt``, ``*_training``, ``*_ours`` (theirs), ``inpainting_N-{real,with_hole,ours,gacela}.flac``. White noise is made
with numpy's generator, seed 0, and not clipped. SNR is ``10 log10(Σ x² / Σ (x − x̂)²)``. LSD is the mean over frames of
the root of the mean over frequencies of ``(ln |X|² − ln |X̂|²)²``, Hann windows of 2048 samples, as many apart, in
natural logarithms (others take log10, which divides it by 2.3 for powers); of gaps, over the gap alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import oneself
from measuring import report
from oneself import Recording, read_recording
from oneself.operators.rates import resampled

FRAME = 2048
NOISY = {  # seconds from which on some are taken; settings were chosen on others
    "JosephJoachim_BachAdagio_1904.wav": 12.0,
    "TenorSaxophone_MedleyDB_185.wav": 60.0,
    "FMA_rock_for_inpainting.wav": 0.0,
    "VCTK_p347_410_hr.wav": 0.0,
}
LOW = {"p347_402_lr.flac": ("p347_402_gt.flac", "p347_402_training.flac", "p347_402_ours.flac"),
       "VCTK_p347_410_lr.wav": ("VCTK_p347_410_hr.wav", "VCTK_p347_363_to_371.wav", None)}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One method on one recording; decibels before and after, log-spectral distance, seconds taken."""

    task: str
    recording: str
    method: str
    snr: float
    lsd: float
    seconds: float = float("nan")


def snr(x: Tensor, made: Tensor) -> float:
    return float(10 * torch.log10(x.square().sum() / (x - made).square().sum().clamp(min=1e-20)))


def lsd(x: Tensor, made: Tensor, frame: int = FRAME) -> float:
    """Of samples ``(T,)``; what is left over behind the last whole frame does not count."""
    window = torch.hann_window(frame)
    one, other = (
        torch.fft.rfft(v[: len(v) // frame * frame].reshape(-1, frame) * window).abs().square().clamp(min=1e-10).log()
        for v in (x, made)
    )
    return float((one - other).square().mean(1).sqrt().mean())


def row(task: str, name: str, method: str, x: Tensor, made: Tensor, seconds: float = float("nan")) -> Row:
    length = min(len(x), len(made))
    return Row(task, name, method, snr(x[:length], made[:length]), lsd(x[:length], made[:length]), seconds)


def denoise(data: Path, methods: list[str], seconds: float) -> Iterator[Row]:
    for name, start in NOISY.items():
        whole = read_recording(data / name)
        first = round(start * whole.rate)
        x = whole.samples[..., first : first + round(seconds * whole.rate)]
        for level in (5, 10):
            sigma = float(x.square().mean().sqrt()) * 10 ** (-level / 20)
            noise = np.random.default_rng(0).normal(0, sigma, tuple(x.shape)).astype(np.float32)
            noisy = Recording(x + torch.from_numpy(noise), whole.rate)
            task = f"white noise, {level} dB"
            yield row(task, Path(name).stem, "noisy", x[0, 0], noisy.samples[0, 0])
            for method in methods:
                key, told = method.removesuffix(":told"), {"sigma": sigma} if method.endswith(":told") else {}
                began = time.monotonic()
                made = oneself.denoise(noisy, key, **told)
                yield row(task, Path(name).stem, method, x[0, 0], made.samples[0, 0], time.monotonic() - began)


def extend(data: Path) -> Iterator[Row]:
    for low, (high, example, theirs) in LOW.items():
        y, x = read_recording(data / low), read_recording(data / high).samples[0, 0]
        task = "4 to 16 kHz"
        yield row(task, Path(high).stem, "band-limited", x, resampled(y.samples, 4 * y.samples.shape[-1])[0, 0])
        if theirs is not None:
            made = read_recording(data / theirs).samples[0, 0]
            yield row(task, Path(high).stem, "Catch-A-Waveform, as published", x, made)
        began = time.monotonic()
        made = oneself.super_resolve(y, 4.0, example=read_recording(data / example)).samples[0, 0]
        yield row(task, Path(high).stem, "auto (band_attention)", x, made, time.monotonic() - began)


def fill(data: Path) -> Iterator[Row]:
    for number in (1, 13, 16):
        told = {kind: read_recording(data / f"inpainting_{number}-{kind}.flac") for kind in
                ("real", "with_hole", "ours", "gacela")}  # fmt: skip
        x, hole = told["real"].samples[0, 0], told["with_hole"]
        where = (x != hole.samples[0, 0]).nonzero()[:, 0]
        mask = torch.zeros(len(x), dtype=torch.bool)
        mask[int(where[0]) : int(where[-1]) + 1] = True
        began = time.monotonic()
        made = {"auto (audio_texture)": oneself.inpaint(hole, mask).samples[0, 0]}
        took = time.monotonic() - began
        made |= {name: told[kind].samples[0, 0] for name, kind in
                 (("Catch-A-Waveform, as published", "ours"), ("GACELA, as published there", "gacela"))}  # fmt: skip
        for name, samples in {"silence": hole.samples[0, 0], **made}.items():
            seconds = took if name.startswith("auto") else float("nan")
            yield row("gap of 750 ms", f"inpainting_{number}", name, x[mask], samples[mask], seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=("denoise", "extend", "fill"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", default=["auto", "block_thresholding:told"])
    parser.add_argument("--seconds", type=float, default=8.0, help="of each recording that noise is added to")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--name", default="sound")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows: list[Row] = []
    for what in given.what:
        rows += (
            {"extend": extend, "fill": fill}[what](given.data)
            if what != "denoise"
            else denoise(given.data, given.methods, given.seconds)
        )
    report(rows, given.name, given.out, "Recordings")


if __name__ == "__main__":
    main()
