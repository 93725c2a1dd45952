"""A call that is killed at any point of its writing is done again, or finished, by the same call; nothing is left."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from oneself.cli import main
from oneself.io import temporary
from oneself.jobs import journal, records

from .conftest import QUICK, read_png

SAMPLED = ("--method", "dip_sgld", "--steps", "4", "--burn-in", "2", "--width", "4", "--levels", "2")
RESTORING = ["denoise", "photo.png", "out.png", "--checkpoint", "state", "--preview", "now.png", "--compare",
             "both.png", *SAMPLED]  # fmt: skip
GENERATING = ["generate", "photo.png", "out", "-n", "2", "--method", "singan", "--min-size", "12", "--layers", "3",
              "--width", "8", "--steps", "2", "--checkpoint", "state"]  # fmt: skip
CORRECTING = ["correct", "photo.png", "out.png", "--kernel", "k.npy"]
CALLS = ("link", "replace", "fsync", "unlink")


class Killed(BaseException):
    pass


@pytest.fixture
def killed_at(monkeypatch):
    """Run a command that is killed when it calls for the n-th time what changes a folder; whether it came so far."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    mine = temporary.owner()
    dead = f"{mine.split('-')[0]}-{process.pid}-1"

    def run(arguments, number):
        left = number

        def counted(work):
            def call(*args, **more):
                nonlocal left
                left -= 1
                if left <= 0:  # and nothing is put in order afterwards
                    raise Killed
                return work(*args, **more)

            return call

        with monkeypatch.context() as patch:
            for module in (temporary, journal):
                patch.setattr(module, "owner", lambda: dead)
            for name in CALLS:
                patch.setattr(os, name, counted(getattr(os, name)))
            try:
                main(arguments)
            except Killed:
                return True
        return False

    return run


@pytest.mark.parametrize(("arguments", "apart"), [(RESTORING, 9), (GENERATING, 9), (CORRECTING, 1)])
def test_the_same_call_goes_on_after_a_kill_at_any_point(folder, monkeypatch, killed_at, arguments, apart):
    """``apart``: every so many of the points, since each takes two calls."""
    np.save("k.npy", np.full((3, 3), 1 / 9, np.float32))
    arguments = [str(folder / "k.npy") if word == "k.npy" else word for word in arguments]
    whole = folder / "whole"
    whole.mkdir()
    shutil.copy("photo.png", whole)
    monkeypatch.chdir(whole)
    assert main(arguments) == 0
    names = {str(path.relative_to(whole)) for path in whole.rglob("*") if path.is_file()}
    number, killed = 1 - apart, True
    while killed:
        number += apart
        place = folder / str(number)
        place.mkdir()
        shutil.copy(folder / "photo.png", place)
        monkeypatch.chdir(place)
        killed = killed_at(arguments, number)
        assert main(arguments) == (0 if killed else 2), number
        assert {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()} == names, number
        for path in place.rglob("*.png"):
            assert np.array_equal(read_png(path), read_png(whole / path.relative_to(place))), (number, path)
        for path in place.rglob("*.json"):
            told = json.loads(path.read_text())
            if "output" in told:
                assert told["output"]["sha256"] == records.digest(path.with_suffix("")), number
    assert number > 9


def test_skipping_what_is_there_takes_no_result_for_done_without_its_record(folder, killed_at):
    (folder / "in").mkdir()
    shutil.copy("photo.png", "in/a.png")
    arguments = ["denoise", "in", "out", *QUICK]
    number = 1
    while not (folder / "out" / "a.png").exists():
        shutil.rmtree("out", ignore_errors=True)
        killed_at(arguments, number)
        number += 1
    assert not (folder / "out" / "a.png.json").exists()
    assert main([*arguments, "--skip-existing"]) == 0
    assert {path.name for path in (folder / "out").iterdir()} == {"a.png", "a.png.json"}


def test_a_finished_result_is_not_taken_for_that_of_another_command(oneself, folder, killed_at):
    number = 1
    while not (folder / "out.png").exists():
        killed_at(["denoise", "photo.png", "out.png", *QUICK], number)
        number += 1
    made = (folder / "out.png").read_bytes()
    said = oneself("denoise photo.png out.png --seed 1", *QUICK)
    assert said.code == 2
    assert (folder / "out.png").read_bytes() == made
    assert json.loads((folder / "out.png.json").read_text())["seed"] == 0


@pytest.mark.parametrize(
    "text",
    ["", "[]", "[" * 100_000, '{"format": "oneself-pending-1"}',
     '{"format": "oneself-pending-1", "side": "../photo.png", "files": {}, "record": {}, "last": "x"}',
     '{"format": "oneself-pending-1", "side": "photo.png", "files": {"photo.png": 3}, "record": {}, "last": "x"}',
     '{"format": "oneself-pending-1", "side": "photo.png", "files": {"a": ["b"]}, "record": {}, "last": "a"}',
     '{"format": "oneself-pending-1", "side": "photo.png", "files": {"a\\u0000": [[]]}, "record": {}, "last": 3}'],
)  # fmt: skip
def test_a_journal_is_checked_before_it_is_believed(oneself, folder, text):
    machine = temporary.owner().split("-")[0]
    (folder / f"{journal.BEGINNING}{machine}-999999999-1-0123456789ab").write_text(text)
    before = (folder / "photo.png").read_bytes()
    assert oneself("denoise photo.png", *QUICK).code == 0
    assert (folder / "photo.png").read_bytes() == before


def test_a_journal_cannot_make_a_record_of_a_file_that_is_none(folder):
    """A file that is no record of ours is not replaced by one."""
    (folder / "photo.png.json").write_text('{"mine": true}')
    sha = records.digest(folder / "photo.png")
    machine = temporary.owner().split("-")[0]
    path = str(folder / "photo.png")
    told = {"format": "oneself-pending-1", "side": "photo.png.json", "files": {path: [sha]}, "record": {}, "last": path}
    (folder / f"{journal.BEGINNING}{machine}-999999999-1-0123456789ab").write_text(json.dumps(told))
    journal.finish_killed(folder)
    assert (folder / "photo.png.json").read_text() == '{"mine": true}'
