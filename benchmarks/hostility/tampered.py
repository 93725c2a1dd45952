"""Models, checkpoints and records that someone changed: a field, the header, a tensor, a byte."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from random import Random
from typing import Any

from hostility.arena import Room
from hostility.damage import EXTREMES, damaged, tampered, written
from hostility.judging import Played, see, standard
from hostility.stock import QUICK, TRAINED, Stock

__all__ = ["play_checkpoints", "play_models", "play_records"]

MODELS = ("singan.safetensors", "sinddm.safetensors", "sinfusion.safetensors", "clip.safetensors")
KINDS = ("I64", "F16", "BOOL", "F8_E4M3", "C64", "F64", "U8", "XX", 3)


def play_models(stock: Stock, room: Room, random: Random, number: int) -> Played:
    """A command that uses a model, with a model that is none any more."""
    name = MODELS[number % len(MODELS)]
    stock.fill(room, "in.png", "mask.png", "clip.npy")
    room.put(name, _harmed(random, stock[name]))
    uses: list[tuple[str, ...]] = [
        ("animate", name, "out.gif", "--frames", "2"),
        ("paint", name, "in.png", "out.png"),
        ("edit", name, "in.png", "out.png", "--mask", "mask.png"),
        ("enlarge", name, "in.png", "out.png", "--factor", "1.5"),
        ("generate", "in.png", "made/", "-n", "1", "--model", name),
        ("generate", "in.png", "made/", "-n", "1", "--model", name, "--size", "32x32"),
    ]
    if name == "clip.safetensors":
        uses = [("extrapolate", name, "out.gif", "--frames", "2"), ("interpolate", name, "out.tif"), ("interpolate",
                                                                                                      name, "out/"),
                ("generate", "clip.npy", "made/", "-n", "1", "--axes", "TYX", "--model", name)]  # fmt: skip
    return _called(room, random.choice(uses))


def play_checkpoints(stock: Stock, room: Room, random: Random, number: int) -> Played:
    """The same command again, with a checkpoint that is none any more."""
    if number % 2:
        method = random.choice(list(TRAINED))
        stock.fill(room, "in.png")
        room.put(f"{method}.run", _harmed(random, stock[f"{method}.run"]))
        command = (
            "generate",
            "in.png",
            "made/",
            "-n",
            "1",
            "--method",
            method,
            *TRAINED[method],
            "--checkpoint",
            f"{method}.run",
        )
        return _called(room, command, f"desk/{method}.run")
    stock.fill(room, "stack.tif", "half.tif")
    room.put("half.run", _harmed(random, stock["half.run"]))
    side = stock["half.tif.json"].replace(str(stock.room.work).encode(), str(room.work).encode())
    room.put("half.tif.json", _harmed_text(random, side) if random.random() < 0.2 else side)
    command = ("denoise", "stack.tif", "half.tif", "--checkpoint", "half.run", *QUICK)
    return _called(room, command, "desk/half.run", "desk/half.tif", "desk/half.tif.json")


def play_records(stock: Stock, room: Room, random: Random, number: int) -> Played:
    """`repeat`, of a record that says something else."""
    stock.fill(room, "in.png")
    record = stock["old.png.json"].replace(str(stock.room.work).encode(), str(room.work).encode())
    room.put("old.png.json", _harmed_text(random, record) if random.random() < 0.9 else damaged(random, record))
    return _called(room, ("repeat", "old.png.json", *random.choice(((), ("--output", "out.png"), ("--json",)))))


def _called(room: Room, command: tuple[str, ...], *allowed: str) -> Played:
    before = see(room)
    said = room.call(command)
    return Played(" ".join(command), said.code, standard(room, said, before, allowed), said.err)


def _harmed_text(random: Random, content: bytes) -> bytes:
    tree = json.loads(content)
    for _ in range(random.choice((1, 1, 1, 3))):
        tree, _ = tampered(random, tree)
    return written(json.dumps(tree)).encode("utf-8", "surrogatepass")


def _harmed(random: Random, content: bytes) -> bytes:
    """A safetensors file of ours, harmed in its outline, its header, its tensors, or anywhere."""
    return random.choice((_outline, _outline, _outline, _outline, _header, _header, _sizes, _tensors, damaged))(
        random, content
    )


def _taken_apart(content: bytes) -> tuple[dict[str, Any], bytes]:
    (size,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def _together(header: dict[str, Any], data: bytes, size: int | None = None) -> bytes:
    text = written(json.dumps(header)).encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def _outline(random: Random, content: bytes) -> bytes:
    """The plain values, which our own code believes or does not."""
    header, data = _taken_apart(content)
    (key,) = (key for key, text in header["__metadata__"].items() if text.startswith("{"))
    outline = json.loads(header["__metadata__"][key])
    for _ in range(random.choice((1, 1, 1, 3))):
        outline, _ = tampered(random, outline)
    header["__metadata__"][key] = written(json.dumps(outline))
    return _together(header, data)


def _header(random: Random, content: bytes) -> bytes:
    """What safetensors itself believes or does not."""
    header, data = _taken_apart(content)
    return _together(tampered(random, header)[0], data)


def _sizes(random: Random, content: bytes) -> bytes:
    """A header said to be longer or shorter than it is."""
    header, data = _taken_apart(content)
    return _together(header, data, random.choice(EXTREMES))


def _tensors(random: Random, content: bytes) -> bytes:
    """Tensors of other shapes and types, consistently; or values that are none."""
    header, data = _taken_apart(content)
    name = random.choice([name for name in header if name != "__metadata__"])
    about = header[name]
    way: Callable[[], Any] = random.choice((
        lambda: about.update(shape=[1, *about["shape"]]),
        lambda: about.update(shape=about["shape"][::-1]),
        lambda: about.update(shape=[max(1, _product(about["shape"]))]),
        lambda: about.update(dtype=random.choice(KINDS)),
        lambda: header.pop(name),
        lambda: header.update({name: header[random.choice(list(header))]}),
    ))  # fmt: skip
    if random.random() < 0.3:
        start, end = about["data_offsets"]
        return _together(header, data[:start] + b"\xff" * (end - start) + data[end:])  # NaN, or -1
    way()
    return _together(header, data)


def _product(shape: list[int]) -> int:
    found = 1
    for n in shape:
        found *= n
    return found
