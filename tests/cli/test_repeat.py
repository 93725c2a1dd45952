"""`oneself repeat`: the same again, or why not."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from oneself.cli import repeat

from ..tampering import ABSENT, places, tampered
from .conftest import QUICK, noisy, read_png


@pytest.fixture
def done(oneself):
    """A picture restored in a time too short for all steps."""
    assert oneself("denoise photo.png --method zs_n2n --width 8 --seed 7 --sigma 20 --seconds 0.1").code == 0
    return json.loads(Path("photo-denoised.png.json").read_text())


def test_bit_for_bit_though_time_had_shortened_it(oneself, done):
    assert done["items"][0]["stages"][0]["steps"] < 1000
    said = oneself("repeat photo-denoised.png.json --json")
    assert said.code == 0, said.err
    assert "the same result, bit for bit" in said.err
    assert np.array_equal(read_png("photo-denoised.png"), read_png("photo-denoised-repeated.png"))
    (again,) = said.record["results"]
    assert again["items"][0]["stages"][0]["steps"] == done["items"][0]["stages"][0]["steps"]
    assert again["output"]["pixels_sha256"] == done["output"]["pixels_sha256"]


def test_a_repetition_can_be_repeated_and_named(oneself, done):
    assert oneself("repeat photo-denoised.png.json --output again.png").code == 0
    assert oneself("repeat again.png.json --output more.png").code == 0
    assert np.array_equal(read_png("more.png"), read_png("photo-denoised.png"))
    said = oneself("repeat again.png.json --output more.png")
    assert said.code == 2
    assert "the file exists" in said.err
    assert oneself("repeat again.png.json --output more.png --overwrite").code == 0


def test_a_changed_input_is_refused_by_name(oneself, folder, done):
    Image.fromarray(noisy(seed=1)).save("photo.png")
    said = oneself("repeat photo-denoised.png.json")
    assert said.code == 2
    assert "photo.png" in said.err
    assert "has changed since" in said.err
    (folder / "photo.png").unlink()
    said = oneself("repeat photo-denoised.png.json")
    assert said.code == 2
    assert "is not there" in said.err


def test_files_that_moved_together_are_found(oneself, folder, done):
    (folder / "moved").mkdir()
    for name in ("photo.png", "photo-denoised.png", "photo-denoised.png.json"):
        (folder / name).rename(folder / "moved" / name)
    assert oneself("repeat moved/photo-denoised.png.json").code == 0
    assert (folder / "moved" / "photo-denoised-repeated.png").exists()


def test_another_result_is_told_with_what_has_changed(oneself, folder, done):
    done["output"]["pixels_sha256"] = "0" * 64
    done["processor"] = "Abacus 3000"
    (folder / "record.json").write_text(json.dumps(done))
    said = oneself("repeat record.json")
    assert said.code == 1
    assert "not the same result" in said.err
    assert "processor Abacus 3000 then" in said.err


@pytest.mark.parametrize("lost", ["items", "asked", "input", "output", "threads", "task"])
def test_a_damaged_record_is_refused(oneself, folder, done, lost):
    del done[lost]
    (folder / "record.json").write_text(json.dumps(done))
    said = oneself("repeat record.json")
    assert said.code == 2, said.err
    assert "damaged" in said.err


def test_kernels_and_masks_are_checked_too(oneself):
    np.save("k.npy", np.full((3, 3), 1 / 9, np.float32))
    oneself("deblur photo.png --kernel k.npy --boundary circular --method dip --steps 3 --width 4 --levels 2")
    assert oneself("repeat photo-deblurred.png.json").code == 0
    np.save("k.npy", np.full((3, 1), 1 / 3, np.float32))
    said = oneself("repeat photo-deblurred.png.json --output other.png")
    assert said.code == 2
    assert "the kernel has changed" in said.err


def test_every_item_of_auto_is_repeated(oneself):
    pages = np.stack([noisy((20, 24), seed) for seed in range(2)])
    tifffile.imwrite("stack.tif", pages, photometric="minisblack")
    oneself("denoise stack.tif --seconds 0.2")
    record = json.loads(Path("stack-denoised.tif.json").read_text())
    levels = {item["options"]["sigma"] for item in record["items"]}
    assert len(levels) == 2
    assert oneself("repeat stack-denoised.tif.json").code == 0


def test_the_threads_are_those_of_the_record(oneself, folder, done, monkeypatch):
    import torch

    asked = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    now = torch.get_num_threads()
    done["threads"] = 3
    (folder / "record.json").write_text(json.dumps(done))
    oneself("repeat record.json")
    assert asked == [3, now]


def test_a_folder_of_results_can_be_repeated(oneself, folder):
    (folder / "in").mkdir()
    (folder / "photo.png").rename(folder / "in" / "photo.png")
    oneself("denoise in out", *QUICK)
    assert oneself("repeat out/photo.png.json").code == 0
    assert np.array_equal(read_png("out/photo.png"), read_png("out/photo-repeated.png"))


WRONG = (ABSENT, "text", 10**30, [])
UNREAD = {"history", "versions", "notes", "cite", "processor", "compare", "preview", "parts", "peak_memory", "options"}


def test_any_part_of_a_record_may_be_wrong(oneself, folder, monkeypatch):
    oneself("denoise photo.png --method zs_n2n --width 4 --steps 1 --no-ensemble")
    record = json.loads((folder / "photo-denoised.png.json").read_text())
    work = repeat.attempt
    for number, path in enumerate(path for path in places(record) if not set(path) & UNREAD):
        inside = path[0] == "items"  # what is used along the way
        monkeypatch.setattr(repeat, "attempt", work if inside else lambda *given: 2)
        for value in [WRONG[number % 4]] if inside else WRONG:
            (folder / "record.json").write_text(json.dumps(tampered(record, path, value)))
            said = oneself("repeat record.json --output again.png --overwrite")
            assert "Traceback" not in said.err, path
            assert said.code == 2 or said.err.count("\n") > 1, (path, said.err)


@pytest.mark.parametrize("threads", [0, -1, 10**4, 10**6, 1.5, "two", None])
def test_absurd_threads_are_refused(oneself, folder, done, threads):
    (folder / "record.json").write_text(json.dumps(done | {"threads": threads}))
    said = oneself("repeat record.json")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "the record is damaged (threads is" in said.err


def test_what_is_no_file_is_not_read(oneself, folder):
    for name in ("/dev/zero", str(folder)):
        assert "there is no such file" in oneself(f"repeat {name}").err
    (folder / "deep.json").write_text("[" * 10**5)
    assert "not a record" in oneself("repeat deep.json").err
    with (folder / "long.json").open("wb") as file:
        file.truncate(2**26 + 1)
    assert "not a record (67108865 bytes)" in oneself("repeat long.json").err


def test_an_input_that_is_a_device_is_not_read(oneself, folder, done):
    done["input"]["path"] = "/dev/zero"
    (folder / "record.json").write_text(json.dumps(done))
    assert "the input is not there" in oneself("repeat record.json").err
