"""Sound inputs that hostile cases start from: pictures of every format, aids, trained models, checkpoints, a record."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from hostility.arena import Hook, Room

__all__ = ["QUICK", "Stock", "encoded", "noisy"]

QUICK = ("--method", "zs_n2n", "--steps", "3", "--width", "8")
TRAINED = {
    "singan": ("--steps", "2", "--width", "4", "--min-size", "12"),
    "sinddm": (
        "--steps",
        "2",
        "--width",
        "4",
        "--layers",
        "2",
        "--dilated-layers",
        "0",
        "--min-size",
        "12",
        "--timesteps",
        "3",
    ),
    "sinfusion": ("--steps", "2", "--width", "4", "--blocks", "2", "--crop-ratio", "0.9"),
}
SIDE = 24


def noisy(random: np.random.Generator, shape: tuple[int, ...], dtype: str = "uint8") -> np.ndarray:
    """A ramp with noise, over most of the type's range."""
    ramp = np.linspace(0.2, 0.8, shape[1]).reshape(1, -1, *[1] * (len(shape) - 2))
    values = (np.broadcast_to(ramp, shape) + random.normal(0, 0.1, shape)).clip(0, 1)
    return (values * (1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max)).astype(dtype)


def encoded(pixels: np.ndarray, kind: str, **settings: object) -> bytes:
    """The pixels as a file of that kind, by the formats' own libraries."""
    there = io.BytesIO()
    if kind == "npy":
        np.save(there, pixels)
    elif kind == "tiff":
        tifffile.imwrite(there, pixels, **{"photometric": "rgb" if pixels.shape[-1] == 3 else "minisblack", **settings})
    else:
        Image.fromarray(pixels).save(there, kind, **settings)
    return there.getvalue()


class Stock:
    """The folder of sound files; ``self["mask.png"]`` is one's content."""

    def __init__(self, root: Path) -> None:
        self.room = Room(root)
        random = np.random.default_rng(0)
        colour, gray = noisy(random, (SIDE, SIDE, 3)), noisy(random, (SIDE, SIDE))
        deep = noisy(random, (SIDE, SIDE), "uint16")
        files = {
            "in.png": encoded(colour, "png"),
            "gray.png": encoded(gray, "png"),
            "deep.png": encoded(deep, "png"),
            "in.jpg": encoded(colour, "jpeg", quality=90),
            "in.webp": encoded(colour, "webp", lossless=True),
            "in.bmp": encoded(colour, "bmp"),
            "in.tif": encoded(deep, "tiff"),
            "in.npy": encoded(noisy(random, (SIDE, SIDE), "float32"), "npy"),
            "stack.tif": encoded(noisy(random, (2, SIDE, SIDE)), "tiff", metadata={"axes": "TYX"}),
            "clip.npy": encoded(noisy(random, (4, SIDE, SIDE)), "npy"),
            "second.png": encoded(noisy(random, (SIDE, SIDE, 3)), "png"),
            "mask.png": encoded(((np.indices((SIDE, SIDE)).sum(0) % 7 == 0) * 255).astype("uint8"), "png"),
            "hints.png": encoded(np.repeat(np.uint8([[255, 128] + [0] * (SIDE - 2)]), SIDE, 0), "png"),
            "kernel.npy": encoded(np.full((3, 3), 1 / 9, "float32"), "npy"),
            "in.gif": _gif(random),
        }
        for name, content in files.items():
            self.room.put(name, content)

    def __getitem__(self, name: str) -> bytes:
        return (self.room.work / name).read_bytes()

    def train(self) -> None:
        """Add what takes the commands themselves: models, checkpoints, a record. Raises where one fails."""
        for method, settings in TRAINED.items():
            self._do("generate", "in.png", f"{method}/", "-n", "1", "--method", method, *settings,
                     "--model", f"{method}.safetensors", "--checkpoint", f"{method}.run")  # fmt: skip
        self._do("generate", "clip.npy", "moving/", "-n", "1", "--method", "sinfusion", "--axes", "TYX",
                 *TRAINED["sinfusion"], "--model", "clip.safetensors")  # fmt: skip
        self._do("denoise", "in.png", "old.png", *QUICK)
        self._do("denoise", "stack.tif", "half.tif", "--checkpoint", "half.run", *QUICK, hook=_ended_early)

    def _do(self, *command: str, hook: Hook | None = None) -> None:
        said = self.room.call(command, hook)
        if said.code not in (0, 130):
            raise RuntimeError(f"the sound command {' '.join(command)} ended with {said.code}:\n{said.err}")

    def fill(self, room: Room, *names: str) -> None:
        """Copies of these files, in another room."""
        for name in names:
            room.put(name, self[name])


def _gif(random: np.random.Generator) -> bytes:
    there = io.BytesIO()
    frames = [Image.fromarray(noisy(random, (SIDE, SIDE))) for _ in range(4)]
    frames[0].save(there, "gif", save_all=True, append_images=frames[1:])
    return there.getvalue()


def _ended_early() -> None:
    """In a child: Ctrl-C after the second step."""
    import signal

    from oneself.core import loop

    inner, steps = loop.Run.__next__, []

    def stepping(run: loop.Run) -> object:
        made = inner(run)
        steps.append(made)
        if len(steps) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return made

    loop.Run.__next__ = stepping
