"""Networks that come with weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor, nn

from oneself.core.identity import weights_digest

__all__ = ["Pretrained"]

DIGEST = "frozen_sha256"


class Pretrained(nn.Module):
    """A network that comes with weights: ``Pretrained(network)(x)`` is ``network(x)``.

    It computes as in ``eval()``, whatever is said of the stage around it: no dropout, statistics as they were trained.
    Its buffers, and its parameters that require no gradient, are **frozen**: they never change, and so they stay out of
    ``state_dict``, that is, of the healthy states that the loop remembers and of checkpoints. Their SHA-256 stands
    there in their place, and a state of other weights is refused.

    Parameters
    ----------
    network : Module
        Not copied. Say ``requires_grad_(False)`` before of what a run does not train, the whole of it or parts.
    statistics : str
        What layers that normalise by running statistics do: ``"trained"``, use those that came along; ``"input"``,
        take the mean and the variance of what they are given.
    """

    def __init__(self, network: nn.Module, statistics: Literal["trained", "input"] = "trained") -> None:
        super().__init__()
        self.network = network
        if statistics == "input":
            for layer in network.modules():
                _forget_statistics(layer)
        held = super().state_dict(keep_vars=True)
        self._frozen = {n for n, x in held.items() if isinstance(x, Tensor) and not x.requires_grad}
        digest = weights_digest({name: held[name] for name in self._frozen})
        self._digest = torch.frombuffer(bytearray.fromhex(digest), dtype=torch.uint8)
        self.train(False)

    def forward(self, *inputs: Any, **more: Any) -> Any:
        return self.network(*inputs, **more)

    def frozen(self) -> Iterator[Tensor]:
        """The tensors that never change."""
        held = super().state_dict(keep_vars=True)
        return (held[name] for name in sorted(self._frozen))

    def train(self, mode: bool = True) -> Pretrained:
        """As in ``eval()``, whatever ``mode`` says."""
        return super().train(False)

    def state_dict(self, *args: Any, prefix: str = "", **more: Any) -> Any:
        found = super().state_dict(*args, prefix=prefix, **more)
        for name in self._frozen:
            del found[prefix + name]
        found[prefix + DIGEST] = self._digest
        return found

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        told = state_dict.pop(prefix + DIGEST, None)
        if not isinstance(told, Tensor) or not torch.equal(told.cpu(), self._digest):
            raise ValueError(f"the state is of other weights than those of {prefix.rstrip('.') or 'the network'}")
        state_dict.update(zip((prefix + name for name in sorted(self._frozen)), self.frozen(), strict=True))
        super()._load_from_state_dict(state_dict, prefix, *args)


def _forget_statistics(layer: nn.Module) -> None:
    """Let a normalising layer do without running statistics."""
    if getattr(layer, "track_running_stats", False):
        without = {"track_running_stats": False, "running_mean": None, "running_var": None, "num_batches_tracked": None}
        for name, value in without.items():
            setattr(layer, name, value)
