"""Every way into the library on the smallest input, and what it gives; and the state that a caller can have set."""

from __future__ import annotations

import logging
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor

import oneself
from oneself.noise import describe_noise
from oneself.testing import Pool

WAVES = 0.5 + 0.3 * np.sin(np.arange(24) / 3)[:, None] * np.sin(np.arange(20) / 2)[None]
GRAY = (WAVES + np.random.default_rng(0).normal(0, 0.15, WAVES.shape)).clip(0, 1)
HOLE = np.zeros(GRAY.shape, dtype=bool)
HOLE[5:8, 6:9] = True
HINTS = np.zeros(GRAY.shape, dtype=int)
HINTS[:, :4], HINTS[:, -4:] = 1, 2
BLUR = np.full((3, 3), 1 / 9)
SMALL: dict[str, Any] = {"width": 8, "levels": 2, "steps": 2}
QUICK: dict[str, Any] = {"method": "zs_n2n", "steps": 3, "device": "cpu"}
MODELS: dict[str, Any] = {}


def tensor(array: np.ndarray = GRAY) -> Tensor:
    return torch.from_numpy(array).to("cpu", torch.float32)[None, None]


def model(method: str) -> Any:
    """Trained once, by whoever asks first."""
    if method not in MODELS:
        few = {"singan": {"steps": 1, "width": 8, "min_size": 12}, "sinfusion": {"steps": 2, "width": 8}}[method]
        image = np.stack([GRAY, GRAY[:, ::-1], GRAY]) if method == "sinfusion" else GRAY
        axis = {"channel_axis": None} if method == "sinfusion" else {}
        MODELS[method] = oneself.generate(image, method=method, device="cpu", **few, **axis).model
    return MODELS[method]


def by_hand() -> Any:
    """A run stepped, looked at, saved, gone on with elsewhere, and left."""
    run = oneself.Run("dip", tensor(), device="cpu", **{**SMALL, "steps": 4})
    looks = [step.estimate for step, _ in zip(run, range(2), strict=False)]
    with TemporaryDirectory() as folder:
        run.save(Path(folder) / "state")
        other = oneself.Run("dip", tensor(), device="cpu", **{**SMALL, "steps": 4})
        other.load(Path(folder) / "state")
    next(other)
    return [*looks, run.answer, run.result().image, other.answer, other.finish().image]


def enlarger(small: Any) -> Any:
    return np.repeat(np.repeat(small, 2, 0), 2, 1)


def restored() -> Tensor:
    return oneself.restore(Pool().A(tensor()), Pool(), "dip", device="cpu", **SMALL)


def calibrated() -> Any:
    candidates = [("zs_n2n", {"steps": 2}), ("dip", SMALL), np.array]
    found = oneself.calibrate(GRAY, candidates, seconds=600, data_range=1.0, device="cpu")
    return [np.array([one.loss for one in found.ranking])]


def trained() -> Any:
    made = oneself.generate(GRAY, method="singan", n=2, device="cpu", steps=1, width=8)
    return [made.images, made.model.sample(1, seed=3), made.result.image]


def kept_model() -> Any:
    with TemporaryDirectory() as folder:
        model("singan").save(Path(folder) / "model")
        return oneself.Model.load(Path(folder) / "model", device="cpu").sample(1, (26, 30), seed=1)


def noise() -> Any:
    found = describe_noise(GRAY[None])
    return np.array([found.sigma, found.gain, *found.correlation])


ENTRIES: dict[str, Callable[[], Any]] = {
    "denoise": lambda: oneself.denoise(GRAY, **QUICK),
    "denoise_auto": lambda: oneself.denoise(GRAY, device="cpu"),
    "denoise_half": lambda: oneself.denoise(GRAY, "dip", precision="bfloat16", device="cpu", **SMALL),
    "inpaint": lambda: oneself.inpaint(GRAY, HOLE, "dip", device="cpu", **SMALL),
    "super_resolve": lambda: oneself.super_resolve(GRAY, 2, method="dip", device="cpu", **SMALL),
    "deblur": lambda: oneself.deblur(GRAY, BLUR, "dip", device="cpu", **SMALL),
    "restore": restored,
    "separate": lambda: oneself.separate(GRAY, "segment", hints=HINTS, steps=1, device="cpu"),
    "kernel": lambda: oneself.kernel(np.tile(GRAY, (2, 2)), 2, steps=20, device="cpu"),
    "correct": lambda: oneself.correct(GRAY, 2, np.pad(BLUR, 1), super_resolver=None),
    "correct_turns": lambda: oneself.correct(np.tile(GRAY, (2, 2)), 2, super_resolver=enlarger, rounds=1, device="cpu"),
    "calibrate": calibrated,
    "Run": by_hand,
    "Reconstructor": lambda: oneself.Reconstructor("zs_n2n", steps=2, device="cpu")(torch.cat([tensor(), tensor()])),
    "generate": trained,
    "Model": kept_model,
    "reconstruction": lambda: model("singan").reconstruction(),
    "paint": lambda: oneself.paint(model("singan"), GRAY[::-1]),
    "edit": lambda: oneself.edit(model("singan"), GRAY, HOLE),
    "harmonise": lambda: oneself.harmonise(model("singan"), GRAY, HOLE),
    "animate": lambda: oneself.animate(model("singan"), 3),
    "enlarge": lambda: oneself.enlarge(model("singan"), factor=1.5),
    "extrapolate": lambda: oneself.extrapolate(model("sinfusion"), 1),
    "interpolate": lambda: oneself.interpolate(model("sinfusion"), 2),
    "describe_noise": noise,
}


def given(entry: str) -> list[np.ndarray]:
    """What an entry gives, as arrays."""
    found = ENTRIES[entry]()
    several = found if isinstance(found, list) else [found]
    return [np.asarray(one.cpu() if isinstance(one, Tensor) else one) for one in several]


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    """The same bits."""
    alike = (a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    return len(one) == len(other) and all(alike)


def state() -> dict[str, Any]:
    """What a caller may have set, in torch, numpy, Python, Pillow and the loggers."""
    from PIL import Image, ImageFile

    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": np.random.get_state()[1].tobytes(),
        "python": random.getstate(),
        "modes": (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu")),
        "defaults": (torch.get_default_dtype(), torch.get_default_device()),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "backends": (torch.are_deterministic_algorithms_enabled(), torch.get_float32_matmul_precision()),
        "errors": np.geterr(),
        "warnings": list(warnings.filters),
        "pillow": (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES),
        "loggers": {
            name: (logging.getLogger(name).level, tuple(logging.getLogger(name).handlers))
            for name in (None, "tifffile", "PIL", "torch")
        },
    }
