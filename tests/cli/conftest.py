"""Tiny files in a folder of their own, and a way to call the command line."""

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from oneself.cli import main
from oneself.jobs.progress import Display

QUICK = ("--method", "zs_n2n", "--steps", "3", "--width", "8")


@dataclass
class Said:
    """What a call left: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def record(self):
        return json.loads(self.out)


def noisy(shape=(20, 24, 3), seed=0, dtype=np.uint8, high=255):
    random = np.random.default_rng(seed)
    ramp = np.linspace(0.2, 0.8, shape[1]).reshape(1, -1, *([1] * (len(shape) - 2)))
    values = np.broadcast_to(ramp, shape) + random.normal(0, 0.1, shape)
    return (values.clip(0, 1) * high).astype(dtype)


def read_png(path):
    return np.array(Image.open(path))


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The folder that a call works in, with a noisy colour picture in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Image.fromarray(noisy()).save("photo.png")
    return tmp_path


@pytest.fixture
def oneself(folder, capsys):
    """``oneself("denoise photo.png", *QUICK)`` runs one command in the folder."""

    def call(line: str, *more: str) -> Said:
        capsys.readouterr()
        code = main([*line.split(), *map(str, more)])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def stop_after(monkeypatch):
    """Ctrl-C, or another signal, after so many steps of all runs: ``stop_after(3)``; ``.taken`` counts those taken."""
    counter = SimpleNamespace(taken=0, at=None, by=signal.SIGINT)
    watch = Display.step

    def step(self, *arguments):
        watch(self, *arguments)
        counter.taken += 1
        if counter.taken == counter.at:
            signal.raise_signal(counter.by)

    def after(steps, by=signal.SIGINT):
        counter.taken, counter.at, counter.by = 0, steps, by
        return counter

    monkeypatch.setattr(Display, "step", step)
    return after
