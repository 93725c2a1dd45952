"""What files say and hold, as a person meets it on the command line."""

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from oneself import io

from .conftest import QUICK, noisy


def test_a_folder_says_what_it_passes_over(oneself, folder):
    for name in ("photo.jp2", "b.AVIF", "c.avif", "words", ".hidden.jp2", "photo.png.json"):
        (folder / name).write_bytes(b"x")
    said = oneself("denoise . out/", *QUICK)
    assert said.code == 0
    assert "skipped 2 .avif, 1 .jp2, 1 no ending: not a file format that is read here" in said.err
    assert io.passed_over(folder / "out") == {}


def test_what_the_result_cannot_hold_is_said_and_recorded(oneself, folder):
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "Moon")
    Image.fromarray(noisy()).save(folder / "a.png", pnginfo=info)
    (folder / "a.png").rename(folder / "a.jpg")
    said = oneself("denoise a.jpg b.jpg --json", *QUICK)
    assert said.code == 0
    for words in ("JPEG cannot hold its PNG chunks tEXt: left out", "a.jpg holds a PNG: the result is written as JPEG"):
        assert words in said.err
        assert any(words in note for note in said.record["results"][0]["notes"])


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp"])
def test_an_animation_is_restored_frame_by_frame(oneself, folder, name):
    frames = [Image.fromarray(noisy((20, 24), seed)) for seed in range(3)]
    frames[0].save(folder / name, save_all=True, append_images=frames[1:], duration=[50, 60, 70])
    said = oneself(f"denoise {name} --json", *QUICK)
    assert said.code == 0
    assert len(said.record["results"][0]["items"]) == 3
    found = io.read(folder / f"a-denoised.{name[2:]}")
    assert found.axes[0] == "T"
    assert found.metadata.timing.durations == (50, 60, 70)


@pytest.mark.parametrize("mode", ["CMYK", "P", "1"])
def test_other_colours_of_tiff_are_restored(oneself, folder, mode):
    Image.fromarray(noisy()).convert(mode).save(folder / "a.tif", **({"compression": "group4"} if mode == "1" else {}))
    assert oneself("denoise a.tif", *QUICK).code == 0
    assert io.read(folder / "a-denoised.tif").axes == ("YX" if mode == "1" else "YXC")


def test_a_pipe_is_refused_with_the_reason(oneself, folder):
    import os

    os.mkfifo(folder / "pipe.png")
    said = oneself("denoise pipe.png out.png", *QUICK)
    assert said.code == 2
    assert "a pipe, which can be read only once. Save what it gives as a file first." in said.err


def test_a_measured_kernel_in_three_dimensions_is_divided_by_its_sum(folder):
    from oneself.jobs.aids import read_kernel

    kernel = np.random.default_rng(0).random((3, 5, 7), np.float32)
    tifffile.imwrite(folder / "psf.tif", kernel, photometric="minisblack")
    found = read_kernel(folder / "psf.tif")
    assert found.shape == (3, 5, 7)
    assert float(found.sum()) == pytest.approx(1)
