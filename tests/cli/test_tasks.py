"""`oneself denoise`, `super-resolve`, `inpaint`, `deblur`, from file to file."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

import oneself as library

from .conftest import QUICK, noisy, read_png

DIP = ("--method", "dip", "--steps", "4", "--width", "4", "--levels", "2")


def test_a_file_gets_its_result_and_record_beside_it(oneself, folder):
    said = oneself("denoise photo.png", *QUICK)
    assert said.code == 0
    assert said.out == ""
    assert {path.name for path in folder.iterdir()} == {"photo.png", "photo-denoised.png", "photo-denoised.png.json"}
    for words in ("20 × 24 px, 3 channels, uint8", "Zero-Shot Noise2Noise, zs_n2n", "all 3 steps were taken"):
        assert words in said.err
    assert "wrote photo-denoised.png" in said.err


@pytest.mark.parametrize(("flags", "options"), [("--seed 5", {"seed": 5}), ("--sigma 20 --steps 20", {"sigma": 20})])
def test_the_command_line_and_the_function_give_the_same(oneself, flags, options):
    oneself("denoise photo.png out.png", *QUICK, *flags.split())
    image = read_png("photo.png")
    settings = {"steps": 20 if "sigma" in options else 3, "width": 8}
    made = read_png("out.png")
    assert np.array_equal(made, library.denoise(image, "zs_n2n", **settings, **options))
    assert not np.array_equal(made, library.denoise(image, "zs_n2n", **settings))
    assert not np.array_equal(made, image)


def test_auto_says_what_it_picked_and_why(oneself):
    said = oneself("denoise photo.png --seconds 0.2 --json")
    (record,) = said.record["results"]
    assert record["method"] == "nonlocal_wiener"
    assert "noise, sigma" in record["why"]
    assert record["why"] in said.err
    assert record["asked"]["method"] == "auto"
    assert record["asked"]["seconds"] == 0.2
    hurried = oneself("denoise photo.png hurried.png --seconds 0.001 --json").record["results"][0]
    assert hurried["method"] == "dct_wiener"
    fast = oneself("denoise photo.png fast.png --quality fast --json").record["results"][0]
    assert (fast["method"], fast["asked"]["quality"]) == ("dct_wiener", "fast")
    assert "'auto' picks by it" in oneself("denoise photo.png no.png --method dip --quality fast").err


def test_the_record_says_everything(oneself, folder):
    oneself("denoise photo.png", *QUICK, "--seed", "3")
    record = json.loads((folder / "photo-denoised.png.json").read_text())
    assert record["command"] == "oneself denoise photo.png --method zs_n2n --steps 3 --width 8 --seed 3"
    assert record["input"]["sha256"] == hashlib.sha256((folder / "photo.png").read_bytes()).hexdigest()
    assert record["output"]["sha256"] == hashlib.sha256((folder / "photo-denoised.png").read_bytes()).hexdigest()
    assert record["seed"] == 3
    assert record["options"]["steps"] == 3
    assert record["options"]["layers"] == 3
    assert record["device"] == "cpu" or record["device"].startswith("cuda")
    assert record["versions"]["torch"] == str(torch.__version__)
    assert "Mansour" in record["cite"]
    assert record["stopped_by"] == "all 3 steps were taken; returned the last iterate"
    history = record["items"][0]["history"]["pair"]
    assert history["lowest"] <= min(history["first"], history["last"])
    assert record["items"][0]["stages"] == [{"planned": 3, "steps": 3, "stopped_by": record["stopped_by"]}]


def test_enlarging_follows_in_pixel_size_and_alpha(oneself):
    pixels = noisy((16, 18, 3))
    alpha = np.zeros((16, 18, 1), np.uint8)
    alpha[:, 9:] = 255
    Image.fromarray(np.concatenate([pixels, alpha], 2)).save("small.png", dpi=(100, 100))
    said = oneself("super-resolve small.png --scale 2x1.5 --method zssr --steps 2 --width 4 --layers 2")
    assert said.code == 0, said.err
    with Image.open("small-enlarged.png") as made:
        assert made.size == (27, 32)
        assert made.mode == "RGBA"
        assert made.info["dpi"] == pytest.approx((150, 200), abs=0.1)
        transparent = np.array(made)[..., 3]
    assert (transparent[:, :12] < 10).all()
    assert (transparent[:, 15:] > 245).all()


def test_enlarging_with_a_kernel(oneself):
    np.save("k.npy", np.full((3, 3), 1 / 9, np.float32))
    said = oneself(
        "super-resolve photo.png --scale 2 --kernel k.npy --method dip --steps 3 --width 4 --levels 2 --json"
    )
    assert said.code == 0, said.err
    assert read_png("photo-enlarged.png").shape == (40, 48, 3)
    (record,) = said.record["results"]
    assert record["aids"]["kernel"]["sha256"] == hashlib.sha256(Path("k.npy").read_bytes()).hexdigest()


def test_inpainting_does_not_see_what_is_missing(oneself):
    mask = np.zeros((20, 24), np.uint8)
    mask[5:9, 5:20] = 255
    Image.fromarray(mask).save("mask.png")
    other = read_png("photo.png")
    other[mask > 0] = 255 - other[mask > 0]
    Image.fromarray(other).save("other.png")
    for name in ("photo", "other"):
        said = oneself(f"inpaint {name}.png --mask mask.png", *DIP)
        assert said.code == 0, said.err
    assert np.array_equal(read_png("photo-inpainted.png"), read_png("other-inpainted.png"))
    assert np.array_equal(read_png("photo-inpainted.png")[mask == 0], read_png("photo.png")[mask == 0])
    said = oneself("inpaint photo.png all.png --mask mask.png --known restore", *DIP)
    assert said.code == 0, said.err
    assert not np.array_equal(read_png("all.png")[mask == 0], read_png("photo.png")[mask == 0])


def test_inpainting_takes_what_is_no_number_where_it_is_missing(oneself):
    values = noisy((20, 24)).astype(np.float32) / 255
    mask = np.zeros(values.shape, np.uint8)
    mask[5:9, 5:20] = 1
    values[6, 6], values[7, 7] = np.nan, -9999
    np.save("scan.npy", values)
    np.save("mask.npy", mask)
    said = oneself("inpaint scan.npy --mask mask.npy", *DIP)
    assert said.code == 0, said.err
    assert np.isfinite(np.load("scan-inpainted.npy")).all()
    values[0, 0] = np.nan
    np.save("scan2.npy", values)
    said = oneself("inpaint scan2.npy --mask mask.npy", *DIP)
    assert said.code == 0, said.err
    made = np.load("scan2-inpainted.npy")
    assert np.isnan(made[0, 0])
    assert np.isfinite(made.reshape(-1)[1:]).all()
    assert "1 values (0.2%) are NaN or infinite; they were left as they are" in said.err


def test_deblurring_keeps_the_size(oneself):
    Image.fromarray(np.full((3, 5), 10, np.uint8)).save("kernel.png")
    said = oneself("deblur photo.png sharp.tif --kernel kernel.png", *DIP)
    assert said.code == 0, said.err
    assert tifffile.imread("sharp.tif").shape == (20, 24, 3)


def test_every_page_is_restored_alone_and_blank_ones_stay(oneself):
    pages = [noisy((20, 24), seed) for seed in range(3)]
    pages.insert(1, np.full((20, 24), 7, np.uint8))
    tifffile.imwrite("stack.tif", np.stack(pages), photometric="minisblack")
    tifffile.imwrite("page.tif", pages[2], photometric="minisblack")
    said = oneself("denoise stack.tif", *QUICK, "--json")
    assert said.code == 0
    assert "item 2/4: one value everywhere" in said.err
    assert [item["restored"] for item in said.record["results"][0]["items"]] == [True, False, True, True]
    oneself("denoise page.tif", *QUICK)
    made = tifffile.imread("stack-denoised.tif")
    assert made.shape == (4, 20, 24)
    assert (made[1] == 7).all()
    assert np.array_equal(made[2], tifffile.imread("page-denoised.tif"))


def test_sixteen_bits_signals_and_volumes(oneself):
    tifffile.imwrite("deep.tif", noisy((20, 24), dtype=np.uint16, high=4095))
    assert oneself("denoise deep.tif --sigma 400 --data-range 0 4095", *QUICK).code == 0
    made = tifffile.imread("deep-denoised.tif")
    assert made.dtype == np.uint16
    assert made.max() > 255
    record = json.loads(Path("deep-denoised.tif.json").read_text())
    assert record["options"]["sigma"] == pytest.approx(400 / 4095)
    np.save("signal.npy", noisy((1, 64))[0].astype(np.float32) / 255)
    assert oneself("denoise signal.npy", *QUICK).code == 0
    assert np.load("signal-denoised.npy").shape == (64,)
    np.save("volume.npy", noisy((14, 14, 14)))
    said = oneself("denoise volume.npy --axes ZYX --method zs_n2n --steps 2 --width 4 --patch 12")
    assert said.code == 0, said.err
    assert np.load("volume-denoised.npy").shape == (14, 14, 14)


@pytest.mark.parametrize(("quality", "coded_anew"), [(30, True), (70, True), (85, True), (93, False)])
def test_a_coarse_jpeg_does_not_coarsen_its_result(oneself, quality, coded_anew):
    Image.fromarray(noisy((24, 24, 3))).save("photo.jpg", quality=quality)
    said = oneself("denoise photo.jpg", *QUICK)
    with Image.open("photo.jpg") as before, Image.open("photo-denoised.jpg") as after:
        same = before.quantization == after.quantization
        finest = sum(after.quantization[0])
    assert same is not coded_anew
    assert (f"quality is about {quality}; written at 95" in said.err) is coded_anew
    assert finest < 800  # that of quality 90 is 736


def test_quiet_and_json_leave_the_other_stream_clean(oneself):
    said = oneself("denoise photo.png --quiet --json", *QUICK)
    assert said.err == ""
    assert said.record["failed"] == said.record["skipped"] == []


def test_what_a_person_should_know_becomes_a_note(oneself):
    Image.fromarray(noisy((20, 24))).convert("P").save("table.png")
    said = oneself("denoise table.png out.png --json", *QUICK)
    assert any("colour table" in note for note in said.record["results"][0]["notes"])
    assert "warning: the colour table" in said.err
