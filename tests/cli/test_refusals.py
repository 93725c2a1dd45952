"""Everything wrong is said in one line before the work; nothing is lost or left behind."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import QUICK, noisy, read_png

KERNEL = np.full((3, 3), 1 / 9, np.float32)


@pytest.fixture
def files(folder):
    """All kinds of files that cannot do."""
    (folder / "empty.png").touch()
    (folder / "cut.png").write_bytes((folder / "photo.png").read_bytes()[:300])
    (folder / "words.png").write_text("no picture at all")
    Image.fromarray(np.full((9, 9), 3, np.uint8)).save("blank.png")
    np.save("floats.npy", np.linspace(-3, 9, 400, dtype=np.float32).reshape(20, 20))
    np.save("nan.npy", np.full((20, 20), np.nan, np.float32))
    np.save("complex.npy", np.ones((20, 20), np.complex64))
    np.save("signal.npy", np.linspace(0, 1, 40))
    np.save("even.npy", np.full((2, 2), 0.25, np.float32))
    np.save("nine.npy", KERNEL * 9)
    np.save("kernel.npy", KERNEL)
    for name, value, shape in (("none", 0, (20, 24)), ("all", 255, (20, 24)), ("small", 255, (5, 5))):
        Image.fromarray(np.full(shape, value, np.uint8)).save(f"mask-{name}.png")
    Image.fromarray(np.where(noisy((20, 24)) > 128, 200, 0).astype(np.uint8)).save("mask.jpg")
    (folder / "there.png").write_bytes(b"mine")
    (folder / "hollow").mkdir()
    return folder


REFUSED = [
    ("denoise foto.png", "Did you mean 'photo.png'?"),
    ("denoise empty.png", "empty (0 bytes)"),
    ("denoise cut.png", "cut off or damaged"),
    ("denoise words.png", "not an image that can be read"),
    ("denoise blank.png", "nothing can be restored"),
    ("denoise floats.npy --data-range 9 -3", "not a range"),
    ("denoise nan.npy", "400 of 400 values are NaN"),
    ("denoise complex.npy", "complex"),
    ("denoise signal.npy --preview p.png", "no picture to look at"),
    ("denoise photo.png there.png", "the file exists"),
    ("denoise photo.png new.xcf", "no format written here"),
    ("denoise photo.png none/new.png", "no folder 'none'"),
    ("denoise photo.png new.png --preview new.png", "already written as out"),
    ("denoise photo.png new.png --compare new.png.json", "already written as out's .json"),
    ("denoise photo.png new.png --compare there.png", "the file exists"),
    ("denoise photo.png new.png --preview there.png", "the file exists"),
    ("denoise photo.png new.png --compare new.txt", "no format written here"),
    ("denoise photo.png new.png --checkpoint there.png", "damaged or no checkpoint"),
    ("denoise photo.png new.png --checkpoint none/state", "no folder 'none'"),
    ("denoise photo.png photo.png --overwrite", "Results never replace inputs"),
    ("denoise hollow", "no pictures in this folder"),
    ("denoise photo.png new.png --method zs_n2m", "Did you mean 'zs_n2n'?"),
    ("denoise photo.png new.png --method dip --stepz 3", "Did you mean '--steps'?"),
    ("denoise photo.png new.png --levels 3", "is an option of"),
    ("denoise photo.png new.png --method zs_n2n --steps 0", "at least 1"),
    ("denoise photo.png new.png --method zs_n2n --steps many", "a whole number"),
    ("denoise photo.png new.png --method zs_n2n --preset publisched", "Did you mean 'published'?"),
    ("denoise photo.png new.png --preset published", "Choose one with --method"),
    ("denoise photo.png new.png --method zssr", "does super-resolve"),
    ("denoise photo.png new.png --sigma -1", "Give a number above 0"),
    ("denoise photo.png new.png --sigma nan", "Give a number above 0"),
    ("denoise photo.png new.png --sigma 5 --method deep_decoder", "no use for it"),
    ("denoise photo.png new.png --seconds 0", "Give a number at least 0.001"),
    ("denoise photo.png new.png --device abacus", "unknown"),
    ("denoise photo.png new.png --precision half", "Give one of float32, bfloat16"),
    ("denoise photo.png new.png --axes ZYX", "Leave axes out"),
    ("denoise photo.png new.png other.png", "name their folder"),
    ("inpaint photo.png new.png", "Give --mask of a picture"),
    ("inpaint photo.png new.png --mask no.png", "there is no such file"),
    ("inpaint photo.png new.png --mask mask-none.png", "marks nothing"),
    ("inpaint photo.png new.png --mask mask-all.png", "marks everything"),
    ("inpaint photo.png new.png --mask mask-small.png", "the image is (20, 24)"),
    ("inpaint photo.png new.png --mask mask.jpg", "Save it as PNG"),
    ("inpaint photo.png new.png --mask mask-all.png --sigma 3", "only denoise picks by it"),
    ("deblur photo.png new.png --kernel even.npy", "even-sized"),
    ("deblur photo.png new.png --kernel nine.npy", "its sum is 9"),
    ("deblur photo.png new.png --kernel photo.png", "a colour picture"),
    ("deblur photo.png new.png --kernel kernel.npy --boundary open", "'unknown' or 'circular'"),
    ("super-resolve photo.png new.png --scale 1", "no enlargement"),
    ("super-resolve photo.png new.png --scale 0.5", "no enlargement"),
    ("super-resolve photo.png new.png --scale big", "no enlargement"),
    ("super-resolve photo.png new.png --scale 2x2x2", "2 axes"),
    ("super-resolve photo.png new.png --scale 1.5 --kernel kernel.npy", "whole number"),
    ("repeat photo.png", "not a record"),
    ("repeat no.json", "there is no such file"),
    ("info no.png", "there is no such file"),
    (f"info {'x' * 300}.png", "Choose another name"),
    (f"edit {'x' * 300} photo.png new.png", "Choose another name"),
    ("denoyse photo.png", "Did you mean 'denoise'?"),
]


@pytest.mark.parametrize(("line", "words"), REFUSED)
def test_refused_before_the_work(oneself, files, line, words):
    before = {path: path.read_bytes() if path.is_file() else None for path in files.rglob("*")}
    said = oneself(line)
    assert said.code == 2, said.err
    assert words in said.err
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    assert said.out == ""
    assert {path: path.read_bytes() if path.is_file() else None for path in files.rglob("*")} == before


def test_a_record_that_is_there_is_not_replaced_either(oneself, folder):
    (folder / "photo-denoised.png.json").write_text("mine")
    said = oneself("denoise photo.png", *QUICK)
    assert said.code == 2
    assert (folder / "photo-denoised.png.json").read_text() == "mine"
    assert not (folder / "photo-denoised.png").exists()


def test_overwriting_when_asked(oneself, folder):
    (folder / "there.png").write_bytes(b"mine")
    assert oneself("denoise photo.png there.png --overwrite", *QUICK).code == 0
    assert read_png("there.png").shape == (20, 24, 3)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything is allowed to root")
def test_a_folder_without_permission(oneself, folder):
    (folder / "locked").mkdir(mode=0o500)
    said = oneself("denoise photo.png locked/new.png", *QUICK)
    assert said.code == 2
    assert "no permission" in said.err


def test_a_picture_too_small_for_a_method_is_refused_by_its_first_step(oneself, folder):
    Image.fromarray(noisy((3, 5))).save("tiny.png")
    said = oneself("denoise tiny.png", *QUICK)
    assert said.code == 2
    assert "or use method='dip'" in said.err
    assert not (folder / "tiny-denoised.png").exists()


def test_a_failure_after_the_first_step_is_no_refusal(oneself, folder, monkeypatch):
    from oneself.core import Diverged, runner

    def fall(self, value):
        raise Diverged("the objective left the finite numbers")

    monkeypatch.setattr(runner.StageRunner, "_guard", fall)
    monkeypatch.setattr(runner, "GUARD", 2)
    said = oneself("denoise photo.png", *QUICK)
    assert said.code == 1
    assert "left the finite numbers" in said.err
    assert not (folder / "photo-denoised.png").exists()


def test_an_unforeseen_error_shows_where(oneself, monkeypatch):
    from oneself.jobs import restoring

    def stumble(*arguments):
        raise KeyError("unforeseen")

    monkeypatch.setattr(restoring, "prepare", stumble)
    said = oneself("denoise photo.png", *QUICK)
    assert said.code != 0
    assert "Traceback" in said.err
    assert "please report it" in said.err


def test_a_full_disk_does_not_lose_the_result(oneself, folder, monkeypatch, tmp_path_factory):
    from oneself.io import saving

    aside = tmp_path_factory.mktemp("aside")
    monkeypatch.setattr(saving.tempfile, "gettempdir", lambda: str(aside))
    whole = saving._flush

    def full(path):
        if path.parent == folder:
            raise OSError(28, "No space left on device")
        whole(path)

    monkeypatch.setattr(saving, "_flush", full)
    said = oneself("denoise photo.png", *QUICK)
    assert said.code == 1
    assert "No space left on device" in said.err
    assert "The result is saved in" in said.err
    (saved,) = aside.glob("*.png")
    assert str(saved) in said.err
    assert read_png(saved).shape == (20, 24, 3)
    assert (aside / f"{saved.name}.json").exists()
    assert {path.name for path in folder.iterdir()} == {"photo.png"}


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited on Linux")
@pytest.mark.parametrize("gigabytes", [1, 3])
def test_libraries_that_do_not_fit_are_told_in_one_line(gigabytes: int, tmp_path: Path) -> None:
    """As under ``ulimit -v``."""
    limit = gigabytes * 10**9
    code = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
from oneself.cli import main
sys.exit(main(["denoise", "none.png"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
