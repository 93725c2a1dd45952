"""Tensors that outlive a step: registered, updated in place, saved and restored whole."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["State"]


class State(nn.Module):
    """A module whose tensors may come into being at the first step.

    ``register`` creates a buffer at its first use and copies into it afterwards, so that checkpoints, ``.to(device)``
    and fixed addresses all follow from one rule; a value of another shape, as of a point cloud that grows, takes its
    place. Loading creates the buffers that the saved state has and removes those that it has not.
    """

    def __init__(self) -> None:
        super().__init__()
        self._made: set[str] = set()

    def register(self, name: str, value: Tensor) -> Tensor:
        held = self._buffers.get(name)
        if held is None or held.shape != value.shape:
            self._made.add(name)
            self.register_buffer(name, held := value.detach().clone())
        else:
            held.copy_(value.detach())
        return held

    def registered(self, name: str) -> Tensor | None:
        return self._buffers.get(name)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        saved = {key.removeprefix(prefix): value for key, value in state_dict.items() if key.startswith(prefix)}
        for name in self._made - saved.keys():
            del self._buffers[name]
        for name in saved.keys() - self._parameters.keys():
            held = self._buffers.get(name)
            if "." not in name and (held is None or (name in self._made and held.shape != saved[name].shape)):
                self.register_buffer(name, torch.empty_like(saved[name]))
        self._made = (self._made | (saved.keys() & self._buffers.keys())) - (self._made - saved.keys())
        super()._load_from_state_dict(state_dict, prefix, *args)
