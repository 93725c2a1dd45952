"""Common restoration networks in files of weights, which the library spandrel tells and builds (optional)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from oneself.networks.pretrained.architectures import Architecture

__all__ = ["INSTALL", "Restorer", "restorer"]

INSTALL = "pip install 'oneself[restorers]'"


class Padded(nn.Module):
    """A network that keeps the size, for pictures of any: continued by reflection to sizes that it takes.

    Parameters
    ----------
    network : Module
        ``(B, C, H, W)`` to the same.
    least, multiple : int
        Sides must be at least the one, and multiples of the other.
    """

    def __init__(self, network: nn.Module, least: int, multiple: int) -> None:
        super().__init__()
        self.network, self.least, self.multiple = network, least, multiple

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        more = [-max(n, self.least) % self.multiple + max(n, self.least) - n for n in (width, height)]
        made: Tensor = self.network(F.pad(x, (0, more[0], 0, more[1]), mode="reflect") if any(more) else x)
        return made[..., :height, :width]


@dataclass(frozen=True)
class Restorer(Architecture):
    """An architecture of spandrel's, with the weights that it was told by."""

    network: nn.Module = field(default_factory=nn.Identity)

    def load(self, state: Mapping[str, Tensor]) -> nn.Module:
        return self.network.float().eval()


def restorer(state: Mapping[str, Tensor], told: str) -> Restorer | None:
    """The network that the tensors are of, as spandrel tells; ``None`` where it knows none.

    Raises
    ------
    ImportError
        spandrel is not installed.
    ValueError
        The network is no denoiser: it enlarges, or takes and makes other channels.
    """
    try:
        from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError
    except ImportError as error:
        raise ImportError(f"spandrel is not installed. {INSTALL}") from error
    try:
        found: Any = ModelLoader(device="cpu").load_from_state_dict(dict(state))
    except (UnsupportedModelError, RuntimeError, KeyError, ValueError, IndexError, TypeError, AssertionError):
        return None
    name = f"spandrel: {found.architecture.name}"
    if not isinstance(found, ImageModelDescriptor) or found.scale != 1 or found.input_channels != found.output_channels:
        raise ValueError(
            f"{told}): weights of a network ({name}, {found.purpose}, scale {found.scale}, {found.input_channels} "
            f"channels to {found.output_channels}) that is no denoiser. Give weights of one; in Python, "
            "oneself.correct takes any module that enlarges."
        )
    needs = found.size_requirements
    padded = Padded(found.model, needs.minimum or 1, needs.multiple_of or 1)
    return Restorer(name, found.architecture.name, found.input_channels, lambda: padded, network=padded)
