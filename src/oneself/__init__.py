"""Restore a picture, volume or signal with networks that learn from that one input alone."""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself takes longer to import than all that is here
if TYPE_CHECKING:
    from typing import Any

    from oneself.core import Result
    from oneself.domains import Recording
    from oneself.generative.model import Model
    from oneself.registry import Reconstructor, Run, methods
    from oneself.tasks.adaptation import Adapted, adapt
    from oneself.tasks.animation import animate
    from oneself.tasks.calibration import Calibration, calibrate
    from oneself.tasks.clips import extrapolate, interpolate
    from oneself.tasks.enlarging import enlarge
    from oneself.tasks.estimation import correct, kernel
    from oneself.tasks.generation import edit, generate, harmonise, paint
    from oneself.tasks.recordings import read_recording, write_recording
    from oneself.tasks.restoration import deblur, denoise, inpaint, restore, separate, super_resolve
    from oneself.tasks.shapes import consolidate, orient, reconstruct
    from oneself.tasks.text import text_guide

__all__ = [
    "Adapted",
    "Calibration",
    "Model",
    "Reconstructor",
    "Recording",
    "Region",
    "Result",
    "Run",
    "adapt",
    "animate",
    "calibrate",
    "consolidate",
    "correct",
    "deblur",
    "denoise",
    "edit",
    "enlarge",
    "extrapolate",
    "generate",
    "harmonise",
    "inpaint",
    "interpolate",
    "kernel",
    "methods",
    "orient",
    "paint",
    "read_recording",
    "reconstruct",
    "restore",
    "separate",
    "super_resolve",
    "text_guide",
    "write_recording",
]

_HOMES = {
    **dict.fromkeys(["Adapted", "adapt"], "tasks.adaptation"),
    "animate": "tasks.animation",
    **dict.fromkeys(["extrapolate", "interpolate"], "tasks.clips"),
    **dict.fromkeys(["edit", "generate", "harmonise", "paint"], "tasks.generation"),
    "Model": "generative.model",
    "enlarge": "tasks.enlarging",
    "Recording": "domains",
    **dict.fromkeys(["read_recording", "write_recording"], "tasks.recordings"),
    "Region": "generative",
    "Result": "core",
    "Calibration": "tasks.calibration",
    "calibrate": "tasks.calibration",
    "correct": "tasks.estimation",
    "kernel": "tasks.estimation",
    "Reconstructor": "registry",
    "Run": "registry",
    "methods": "registry",
    **dict.fromkeys(["deblur", "denoise", "inpaint", "restore", "separate", "super_resolve"], "tasks.restoration"),
    **dict.fromkeys(["consolidate", "orient", "reconstruct"], "tasks.shapes"),
    "text_guide": "tasks.text",
}


def __getattr__(name: str) -> Any:
    """Public names are imported at their first use, so that ``import oneself`` costs nothing; without lazy_loader,
    whose own import would come before a command hears signals."""
    if name not in _HOMES:
        raise AttributeError(f"module 'oneself' has no attribute {name!r}")
    import importlib

    module = importlib.import_module(f"oneself.{_HOMES[name]}")
    globals()[name] = found = getattr(module, name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
