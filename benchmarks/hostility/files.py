"""Hostile files, in every place of the command line that takes a picture."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hostility import others, png, tiff
from hostility.arena import Room
from hostility.damage import damaged
from hostility.judging import Fault, Played, see, standard
from hostility.stock import QUICK, Stock

__all__ = ["play"]

SOUND = {"png": ("in.png", "deep.png"), "jpeg": ("in.jpg",), "webp": ("in.webp",), "bmp": ("in.bmp",),
         "tiff": ("in.tif", "stack.tif"), "gif": ("in.gif",), "npy": ("in.npy",)}  # fmt: skip
KINDS = ("png", "png", "png", "tiff", "tiff", "tiff", "jpeg", "jpeg", "webp", "bmp", "gif", "npy", "npy")
USES: tuple[tuple[str, ...], ...] = (
    ("info", "FILE"),
    ("info", "FILE", "--json"),
    ("denoise", "FILE", "out.png"),
    ("denoise", "FILE", "--seconds", "2", "--json"),
    ("denoise", "FILE", *QUICK),
    ("denoise", "FILE", *QUICK, "--data-range", "0", "255"),
    ("denoise", "FILE", *QUICK, "--axes", "YX"),
    ("denoise", "in.png", "out.png", "--method", "noise2noise", "--steps", "2", "--second", "FILE"),
    ("denoise", "folder", "results/", *QUICK),
    ("inpaint", "in.png", "out.png", "--mask", "FILE", "--method", "dip", "--steps", "2"),
    ("inpaint", "FILE", "out.tif", "--mask", "mask.png", "--method", "dip", "--steps", "2"),
    ("inpaint", "in.png", "out.png", "--mask", "mask.png", "--method", "dip", "--steps", "2", "--guide", "FILE"),
    ("deblur", "in.png", "out.png", "--kernel", "FILE", "--method", "dip", "--steps", "2"),
    ("super-resolve", "in.png", "out.png", "--scale", "2", "--kernel", "FILE", "--method", "zssr", "--steps", "2"),
    ("super-resolve", "FILE", "--scale", "2", "--method", "dip", "--steps", "2"),
    ("separate", "in.png", "out.png", "--task", "segment", "--hints", "FILE", "--method", "double_dip", "--steps", "2"),
    ("separate", "in.png", "out.png", "--task", "transparency", "--second", "FILE", "--method", "double_dip", "--steps",
     "2"),
    ("generate", "FILE", "made/", "--method", "sinfusion", "--steps", "2", "--width", "4"),
    ("correct", "FILE"),
    ("kernel", "FILE", "found.npy", "--seconds", "2", "--method", "kernel_spectra"),
    ("calibrate", "FILE", "--seconds", "1", "--methods", "nonlocal_wiener"),
    ("edit", "singan.safetensors", "FILE", "out.png"),
    ("harmonise", "singan.safetensors", "in.png", "out.png", "--mask", "FILE"),
    ("enlarge", "sinddm.safetensors", "FILE", "out.png", "--factor", "1.5"),
)  # fmt: skip
ENDINGS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "bmp": ".bmp", "tiff": ".tif", "gif": ".gif", "npy": ".npy"}


def play(stock: Stock, room: Room, random: Random, number: int) -> Played:
    """One hostile file in one place."""
    kind = random.choice(KINDS)
    content = hostile(random, kind, stock)
    ending = ENDINGS[kind] if random.random() < 0.9 else random.choice(list(ENDINGS.values()))
    use: Sequence[str] = USES[number % 7] if random.random() < 0.5 else random.choice(USES)
    name = f"folder/hostile{ending}" if "folder" in use else f"hostile{ending}"
    room.put(name, content)
    for other in ("in.png", "mask.png", "singan.safetensors", "sinddm.safetensors"):
        if other in use:
            stock.fill(room, other)
    if "folder" in use:
        room.put("folder/a.png", stock["in.png"])
        room.put("folder/z.png", stock["gray.png"])
    command = [name if word == "FILE" else word for word in use]
    before = see(room)
    said = room.call(command)
    faults = standard(room, said, before)
    if "folder" in use and said.code in (0, 1):
        faults += [Fault("lost", f"{one} was not restored") for one in ("a.png", "z.png")
                   if not (room.work / "results" / one).exists()]  # fmt: skip
    return Played(" ".join(command), said.code, faults, said.err)


def hostile(random: Random, kind: str, stock: Stock) -> bytes:
    """A file of a kind that claims to be sound."""
    content = stock[random.choice(SOUND[kind])]
    lie = random.random() < 0.6
    if lie:
        if kind == "png":
            content = png.lying(random, content)
        elif kind == "tiff":
            content = tiff.lying(random)
        else:
            content = others.LYING[kind](random, content)
    return damaged(random, content) if not lie or random.random() < 0.15 else content
