"""Recordings before and after: ``python docs/gallery/recordings.py PATH/audio``; data as of ``benchmarks/sound.py``."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from PIL import Image

import oneself
from oneself import Recording, read_recording
from oneself.jobs.spectrograms import one_above_the_other

HERE = Path(__file__).parent


def save(name: str, *recordings: Recording) -> None:
    shown = [(one.samples[0].numpy(), one.rate) for one in recordings]
    Image.fromarray(one_above_the_other(shown)).quantize(64).save(HERE / f"{name}.png", optimize=True)


def main(data: Path) -> None:
    joachim = read_recording(data / "JosephJoachim_BachAdagio_1904.wav")
    made = oneself.generate(joachim, 1).images
    save("sound-generated", joachim, Recording(made, joachim.rate))
    low = read_recording(data / "p347_402_lr.flac")
    wide = oneself.super_resolve(low, 4.0, example=read_recording(data / "p347_402_training.flac"))
    save("sound-extended", low, wide, read_recording(data / "p347_402_gt.flac"))
    x = read_recording(data / "VCTK_p347_410_hr.wav")
    noise = torch.randn(x.samples.shape, generator=torch.Generator().manual_seed(0))
    noisy = Recording(x.samples + x.samples.square().mean().sqrt() * 10**-0.25 * noise, x.rate)
    save("sound-denoised", noisy, oneself.denoise(noisy))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
