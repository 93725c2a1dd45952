"""What the fuzzer of `benchmarks/hostile.py` counts as a fault, and that its cases can be played again."""

import json
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
pytest.importorskip("resource", reason="POSIX")

from hostility import judging, others, png, tiff
from hostility.arena import Room, Said
from hostility.damage import damaged, tampered
from hostility.stock import encoded

SOUND = encoded(np.arange(64, dtype=np.uint8).reshape(8, 8), "png")
COMMAND = ("denoise", "in.png", "out.png")


def said(code=0, err="wrote out.png", finished=1, **more):
    """How a call ended that was sound but for what is given."""
    ended = {"ended_by": 0, "hung": False, "out": "", "seconds": 1.0, "taken": 0.0, "steps": 3, **more}
    return Said(COMMAND, code, err=err, finished=finished, **ended)


@pytest.fixture
def room(tmp_path):
    room = Room(tmp_path / "room")
    room.put("in.png", SOUND)
    return room


def left(room, **end):
    """The faults of a call that has ended so, and left the room as it is now."""
    before = {"desk/in.png": judging.see(room)["desk/in.png"]}
    return judging.standard(room, said(**end), before)


def test_a_sound_call(room):
    room.put("out.png", SOUND)
    room.put("out.png.json", b"{}")
    assert left(room) == []
    assert judging.standard(room, said(2, "error: no", 0, steps=0), judging.see(room)) == []


@pytest.mark.parametrize(
    ("end", "column"),
    [
        ({"code": 1, "err": "Traceback (most recent call last)"}, "tracebacks"),
        ({"code": None, "ended_by": 11}, "tracebacks"),
        ({"code": 2, "err": "error: 'NoneType' object is not iterable", "finished": 0}, "tracebacks"),
        ({"code": 1, "err": ""}, "tracebacks"),
        ({"code": None, "ended_by": 9, "hung": True}, "hangs"),
        ({"taken": 2e9}, "memory"),
        ({"code": 2}, "lost"),
    ],
)
def test_an_end_that_is_wrong(room, end, column):
    room.put("out.png", SOUND)
    assert column in {fault.column for fault in left(room, **end)}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("out.png", SOUND[:45], "unreadable desk/out.png"),
        (".out.png.part", SOUND, "left desk/.out.png.part"),
        ("out.png.json", b"{", "unreadable desk/out.png.json"),
        ("note.txt", b"", "its result is nowhere"),
    ],
)
def test_what_is_left_wrong(room, name, content, words):
    room.put(name, content)
    faults = left(room)
    assert [fault.column for fault in faults if words in fault.words] == ["lost"]


def test_an_input_that_changes(room):
    before = judging.see(room)
    room.put("out.png", SOUND)
    room.put("in.png", SOUND + b"x")
    assert "changed desk/in.png" in [fault.words for fault in judging.standard(room, said(), before)]


@pytest.mark.parametrize("seed", range(20))
def test_cases_are_played_again(seed):
    makers = [
        lambda random: damaged(random, SOUND),
        lambda random: png.lying(random, SOUND),
        tiff.lying,
        tiff.lying_exif,
        lambda random: json.dumps(tampered(random, {"a": [1, {"b": "c"}], "d": 2.5})),
        lambda random: others.LYING["npy"](random, SOUND * 3),
    ]
    for make in makers:
        assert make(Random(seed)) == make(Random(seed))
