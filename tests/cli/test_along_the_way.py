"""Progress, previews, before and after, checkpoints and Ctrl-C."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
import torch
from rich.console import Console

import oneself
from oneself.core import Step
from oneself.core.checkpoint import load_tree, save_tree
from oneself.generative.model import Model
from oneself.jobs import checkpoints, progress, restoring, snapshots
from oneself.jobs.progress import Display
from oneself.quantities import duration, memory

from .conftest import QUICK, noisy, read_png

SOURCE = str(Path(oneself.__file__).parents[1])
DIP = ("--method", "dip", "--steps", "8", "--width", "4", "--levels", "2")


def test_ctrl_c_writes_the_best_so_far_and_says_so(oneself, folder, stop_after):
    counter = stop_after(3)
    said = oneself("denoise photo.png", *DIP)
    assert said.code == 130
    assert counter.taken == 3
    assert "Ctrl-C, at step 3" in said.err
    assert "wrote the best so far, photo-denoised.png" in said.err
    assert json.loads((folder / "photo-denoised.png.json").read_text())["interrupted"] is True
    stop_after(None)
    oneself("denoise photo.png three.png", *DIP, "--steps", "3")
    assert np.array_equal(read_png("photo-denoised.png"), read_png("three.png"))


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_other_signals_keep_the_best_so_far_and_a_checkpoint(oneself, folder, stop_after, name):
    counter = stop_after(3, getattr(signal, name))
    said = oneself("denoise photo.png --checkpoint state", *DIP)
    assert (said.code, counter.taken) == (130, 3)
    record = json.loads((folder / "photo-denoised.png.json").read_text())
    assert record["stopped_by"] == f"{name}, at step 3"
    counter = stop_after(None)
    assert oneself("repeat photo-denoised.png.json").code == 0
    counter = stop_after(None)
    assert oneself("denoise photo.png --checkpoint state", *DIP).code == 0
    assert counter.taken == 5


def test_an_interrupted_run_is_repeated(oneself, stop_after):
    stop_after(3)
    oneself("denoise photo.png", *DIP)
    counter = stop_after(None)
    said = oneself("repeat photo-denoised.png.json")
    assert said.code == 0, said.err
    assert counter.taken == 3
    assert np.array_equal(read_png("photo-denoised.png"), read_png("photo-denoised-repeated.png"))


def test_ctrl_c_between_the_stages_of_a_method(oneself, stop_after):
    options = ("--method", "zssr", "--steps", "3", "--width", "4", "--layers", "2", "--gradual")
    stop_after(4)
    said = oneself("super-resolve photo.png --scale 2", *options)
    assert said.code == 130
    assert read_png("photo-enlarged.png").shape == (40, 48, 3)
    stop_after(None)
    assert oneself("repeat photo-enlarged.png.json").code == 0


def test_ctrl_c_in_a_stack_keeps_what_is_done(oneself, stop_after):
    pages = np.stack([noisy((20, 24), seed) for seed in range(4)])
    tifffile.imwrite("stack.tif", pages, photometric="minisblack")
    oneself("denoise stack.tif whole.tif", *QUICK)
    stop_after(5)
    said = oneself("denoise stack.tif", *QUICK)
    assert said.code == 130
    assert "left as before, because of Ctrl-C: item 3, 4" in said.err
    made, whole = tifffile.imread("stack-denoised.tif"), tifffile.imread("whole.tif")
    assert np.array_equal(made[0], whole[0])
    assert not np.array_equal(made[1], pages[1])
    assert np.array_equal(made[2:], pages[2:])
    stop_after(None)
    assert oneself("repeat stack-denoised.tif.json").code == 0


def test_ctrl_c_in_a_folder_ends_with_the_picture_in_work(oneself, folder, stop_after):
    (folder / "in").mkdir()
    for name in "abc":
        (folder / "in" / f"{name}.png").write_bytes((folder / "photo.png").read_bytes())
    stop_after(4)
    said = oneself("denoise in out", *QUICK)
    assert said.code == 130
    assert {path.name for path in (folder / "out").glob("*.png")} == {"a.png", "b.png"}
    assert "1 not begun" in said.err


def test_a_second_ctrl_c_ends_at_once(oneself, folder, monkeypatch):
    def step(self, *arguments):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Display, "step", step)
    before = signal.getsignal(signal.SIGINT)  # a shell's background jobs begin with it ignored
    said = oneself("denoise photo.png", *DIP)
    assert said.code == 130
    assert "nothing was written" in said.err
    assert {path.name for path in folder.iterdir()} == {"photo.png"}
    assert signal.getsignal(signal.SIGINT) is before


def test_the_same_command_goes_on_from_a_checkpoint(oneself, stop_after):
    oneself("denoise photo.png whole.png", *DIP)
    line = "denoise photo.png --checkpoint state --compare both.png --preview now.png"
    stop_after(3)
    assert oneself(line, *DIP).code == 130
    counter = stop_after(None)
    said = oneself(line, *DIP)
    assert said.code == 0, said.err
    assert "going on from state" in said.err
    assert counter.taken == 5
    assert np.array_equal(read_png("photo-denoised.png"), read_png("whole.png"))
    counter = stop_after(None)
    said = oneself(line, *DIP)
    assert said.code == 2, "a finished result is not replaced unasked"
    assert oneself(line + " --overwrite", *DIP).code == 0
    assert counter.taken == 0, "all was in the checkpoint"


def test_going_on_does_not_replace_what_another_made(oneself, folder, stop_after):
    stop_after(3)
    oneself("denoise photo.png --checkpoint state", *DIP)
    (folder / "photo-denoised.png").write_bytes(b"mine")
    stop_after(None)
    assert oneself("denoise photo.png --checkpoint state", *DIP).code == 2
    assert (folder / "photo-denoised.png").read_bytes() == b"mine"


def test_a_stack_goes_on_from_a_checkpoint(oneself, stop_after):
    pages = np.stack([noisy((20, 24), seed) for seed in range(3)] + [np.full((20, 24), 7, np.uint8)])
    tifffile.imwrite("stack.tif", pages[[3, 0, 1, 2]], photometric="minisblack")
    oneself("denoise stack.tif whole.tif", *QUICK)
    stop_after(5)
    assert oneself("denoise stack.tif --checkpoint state", *QUICK).code == 130
    counter = stop_after(None)
    said = oneself("denoise stack.tif --checkpoint state", *QUICK)
    assert said.code == 0, said.err
    assert counter.taken == 4
    assert np.array_equal(tifffile.imread("stack-denoised.tif"), tifffile.imread("whole.tif"))


@pytest.mark.parametrize("steps", [2, 9])
def test_generating_goes_on_from_a_checkpoint(oneself, folder, stop_after, monkeypatch, steps):
    """Interrupted while it is trained, and between two pictures."""
    tiny = (
        "--method",
        "singan",
        "--min-size",
        "12",
        "--layers",
        "3",
        "--width",
        "8",
        "--steps",
        "3",
    )
    assert oneself("generate photo.png whole -n 2", *tiny).code == 0
    stop_after(steps if steps < 9 else None)
    draw = Model.draw

    def drawing(self, *given, **more):
        if steps == 9:
            signal.raise_signal(signal.SIGINT)
        return draw(self, *given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Model, "draw", drawing)
        said = oneself("generate photo.png out -n 2 --checkpoint state", *tiny)
    assert said.code == 130, said.err
    assert [path.name for path in sorted((folder / "out").glob("*.png"))] == ["photo-01.png"]
    counter = stop_after(None)
    said = oneself("generate photo.png out -n 2 --checkpoint state", *tiny)
    assert said.code == 0, said.err
    assert counter.taken == 9 - steps
    for name in ("photo-01.png", "photo-02.png"):
        assert np.array_equal(read_png(f"out/{name}"), read_png(f"whole/{name}"))
    assert oneself("generate photo.png out -n 2 --checkpoint state", *tiny).code == 2, "a finished one is left"


@pytest.mark.parametrize(("line", "words"), [("--seed 1", "seed is 0"), ("--lr 0.02", "options is")])
def test_a_checkpoint_of_other_settings_is_refused(oneself, folder, stop_after, line, words):
    stop_after(3)
    oneself("denoise photo.png --checkpoint state", *DIP)
    said = oneself(f"denoise photo.png other.png --checkpoint state {line}", *DIP)
    assert said.code == 2
    assert words in said.err
    assert not (folder / "other.png").exists()


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"pixels": np.zeros((1, 9, 9), np.uint8)}, "an item of the shape (1, 9, 9), the result's is (1, 20, 24)"),
        ({"pixels": np.zeros((1, 20, 24), np.float32)}, "pixels of type '<f4'"),
        ({"parts": {"../../out": np.zeros((1, 20, 24), np.float32)}}, "a part '../../out'"),
        ({"parts": {"depth": np.zeros((1, 9, 9), np.float32)}}, "a part 'depth' of the shape (1, 9, 9)"),
        ({"record": {"restored": True, "why": "as asked"}}, "record.method is missing"),
    ],
)
def test_finished_items_of_another_kind_are_refused(oneself, folder, item, words):
    tifffile.imwrite("stack.tif", np.stack([noisy((20, 24), seed) for seed in range(2)]), photometric="minisblack")
    oneself("denoise stack.tif --checkpoint state", *QUICK)
    tree = load_tree("state")
    pack = checkpoints._packed
    for name, value in item.items():
        found = (
            pack(value) if name == "pixels" else {key: pack(x) if name == "parts" else x for key, x in value.items()}
        )
        tree["items"][1][name] = found
    save_tree(tree, "state")
    said = oneself("denoise stack.tif again.tif --checkpoint state", *QUICK)
    assert said.code == 2
    assert words in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("tree", [[], "text", {}, {"items": []}, {"items": 3, "belongs_to": {}, "run": None}])
def test_a_checkpoint_of_another_layout_is_refused(oneself, folder, tree):
    save_tree(tree, "state")
    said = oneself("denoise photo.png --checkpoint state", *QUICK)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "--checkpoint state" in said.err


def test_the_checkpoint_is_saved_as_it_goes(oneself, folder, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    sizes = []
    tick = checkpoints.Checkpoint.tick

    def ticking(self, run):
        tick(self, run)
        sizes.append(self.path.stat().st_size)

    monkeypatch.setattr(checkpoints.Checkpoint, "tick", ticking)
    oneself("denoise photo.png --checkpoint state", *DIP)
    assert len(sizes) == 8
    assert min(sizes) > 1000


def test_a_checkpoint_that_cannot_be_saved_is_told(oneself, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "save_tree", full)
    said = oneself("denoise photo.png --checkpoint state", *DIP)
    assert said.code == 0
    assert "could not be saved" in said.err


def test_before_and_after_side_by_side(oneself):
    oneself("denoise photo.png --compare both.png", *QUICK)
    both = read_png("both.png")
    assert both.shape == (20, 24 + 8 + 24, 3)
    assert np.array_equal(both[:, :24], read_png("photo.png"))
    assert (both[:, 24:32] == 255).all()
    assert np.array_equal(both[:, 32:], read_png("photo-denoised.png"))


def test_before_and_after_of_deep_and_enlarged_pictures(oneself):
    tifffile.imwrite("deep.tif", noisy((20, 24), dtype=np.uint16, high=300))
    oneself("denoise deep.tif --compare both.png", *QUICK)
    both = read_png("both.png")
    assert both.shape == (20, 56)
    assert both[:, :24].min() == 0
    assert both[:, :24].max() == 255
    oneself("super-resolve photo.png --scale 2 --compare large.png --method zssr --steps 2 --width 4 --layers 2")
    assert read_png("large.png").shape == (40, 48 + 8 + 48, 3)


def test_the_preview_is_refreshed(oneself, monkeypatch):
    monkeypatch.setattr(snapshots, "EVERY", 0.0)
    shown = []
    write = snapshots.write_snapshot

    def writing(picture, path, overwrite):
        shown.append(picture)
        time.sleep(0.001)
        write(picture, path, overwrite)

    monkeypatch.setattr(restoring, "write_snapshot", writing)
    oneself("denoise photo.png --preview now.png", *DIP)
    assert len(shown) >= 1
    assert shown[0].shape == (20, 24, 3)
    assert np.array_equal(read_png("now.png"), read_png("photo-denoised.png"))


def test_a_preview_that_fails_does_not_stop_the_run(oneself, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restoring, "write_snapshot", full)
    said = oneself("denoise photo.png --preview now.png", *DIP)
    assert said.code == 0
    assert said.err.count("no more previews") == 1


def a_step(index, steps=100, **scores):
    found = {name: torch.tensor(value) for name, value in scores.items()}
    return Step(0, index, steps, torch.device("cpu"), {"fidelity": torch.tensor(0.25)}, None, lambda: None, found)


def test_the_words_of_progress(monkeypatch):
    display = Display()
    display.console = Console(file=io.StringIO(), width=200)
    clock = iter([0.0, 0.0, 11.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    said = []
    display.say = said.append
    run = SimpleNamespace(seconds=None, elapsed=11.0)
    display.begin("denoise")
    display.step(a_step(0), run)
    display.step(a_step(22, window_variance=0.5), run)
    assert said == ["  denoise: 23/100 steps  2/s  38.5 s left  window variance 0.5"]


def test_seconds_left_are_at_most_those_allowed():
    display = Display(quiet=True)
    display._first = (0.0, 0)
    words = display._words(a_step(10), SimpleNamespace(seconds=12.0, elapsed=10.0), 10.0)
    assert "2.0 s left" in words
    assert "fidelity 0.25" in words


@pytest.mark.parametrize(
    ("seconds", "words"), [(8.14, "8.1 s"), (59.97, "1:00 min"), (125, "2:05 min"), (3723, "1:02:03 h")]
)
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_memory():
    assert memory(1.24e9) == "1.2 GB"
    assert memory(5e6) == "5 MB"


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_from_a_terminal(folder):
    """A process of its own, with a real signal, while it runs."""
    line = [sys.executable, "-m", "oneself.cli", "denoise", "photo.png", "--method", "dip", "--steps", "100000"]
    process = subprocess.Popen(
        [*line, "--width", "4", "--levels", "2", "--stop", "never", "--preview", "now.png"],
        cwd=folder, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": SOURCE},
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (folder / "now.png").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "wrote the best so far" in err
    assert read_png(folder / "photo-denoised.png").shape == (20, 24, 3)
