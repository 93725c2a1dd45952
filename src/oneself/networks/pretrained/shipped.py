"""The weights that are part of the package: trained on drawn pictures, by `oneself pretrain denoiser`."""

from __future__ import annotations

from pathlib import Path

__all__ = ["shipped"]

FOLDER = Path(__file__).with_name("weights")
COLOUR = 3


def shipped(channels: int) -> Path:
    """The file of weights for pictures of so many channels: colour for three, gray, channel by channel, for others."""
    return FOLDER / ("drawn-colour.safetensors" if channels == COLOUR else "drawn-gray.safetensors")
