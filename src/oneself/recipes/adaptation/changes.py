"""What of a pretrained network may change, and what stays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

__all__ = ["WORDS", "allow", "merge"]

WORDS = "all, gains, biases, norm, last:N, progressive, lora:R"
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
LAYERS = (*CONVOLUTIONS, *TRANSPOSED, nn.Linear)
M = TypeVar("M", bound=nn.Module)


class Gains(nn.Module):
    """A weight whose every output channel is multiplied by a gain of its own, 1 at first.

    Mohan, Vincent, Manzorro, Crozier, Fernandez-Granda, Simoncelli. Adaptive denoising via GainTuning. NeurIPS 2021.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        weight, groups = layer.weight, getattr(layer, "groups", 1)
        assert isinstance(weight, Tensor)
        made = groups * weight.shape[1] if isinstance(layer, TRANSPOSED) else weight.shape[0]
        self.groups = groups if isinstance(layer, TRANSPOSED) else 0
        self.gains = nn.Parameter(torch.ones(made, dtype=weight.dtype, device=weight.device))

    def forward(self, weight: Tensor) -> Tensor:
        if not self.groups:  # (made, ...)
            return weight * self.gains.reshape(-1, *[1] * (weight.ndim - 1))
        parts = weight.unflatten(0, (self.groups, -1))  # (groups, given of a group, made of a group, ...)
        gains = self.gains.reshape(self.groups, 1, -1, *[1] * (weight.ndim - 2))
        made: Tensor = (parts * gains).flatten(0, 1)
        return made


class LowRank(nn.Module):
    """``W + B A``, ``W`` as a matrix with a row for each of its first axis; ``A`` random and ``B`` 0 at first.

    Hu, Shen, Wallis, Allen-Zhu, Li, Wang, Wang, Chen. LoRA: low-rank adaptation of large language models. ICLR 2022.
    """

    def __init__(self, layer: nn.Module, rank: int) -> None:
        super().__init__()
        weight = layer.weight
        assert isinstance(weight, Tensor)
        rows, columns = weight.shape[0], weight[0].numel()
        rank = min(rank, rows, columns)
        self.A = nn.Parameter(torch.randn(rank, columns, dtype=weight.dtype, device=weight.device) / math.sqrt(columns))
        self.B = nn.Parameter(torch.zeros(rows, rank, dtype=weight.dtype, device=weight.device))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + (self.B @ self.A).reshape(weight.shape)


class Opening(nn.Module):
    """Lets the layers of a network learn one after another, the last one first: a gradient is 0 until its turn.

    Parameters
    ----------
    groups : sequence of sequences of Parameter
        The parameters of each layer, in the order of their turns.
    """

    opened: Tensor

    def __init__(self, groups: Sequence[Sequence[nn.Parameter]]) -> None:
        super().__init__()
        self.count = len(groups)
        self.register_buffer("opened", torch.ones(()))
        for turn, group in enumerate(groups):
            for parameter in group:
                parameter.register_hook(self._gate(turn))

    def _gate(self, turn: int) -> Callable[[Tensor], Tensor]:
        return lambda gradient: gradient * (self.opened > turn).to(gradient)

    def advance(self, progress: Tensor | float) -> None:
        """Open one layer at first and all from half of the steps on; ``progress`` in [0, 1] is how far they are."""
        self.opened.copy_(1 + torch.floor(2 * torch.as_tensor(progress, device=self.opened.device) * self.count))


def allow(network: nn.Module, what: str, owner: str = "allow") -> Opening | None:
    """Make what is said trainable, and nothing else, in place; what it computes is unchanged to the last bit.

    Parameters
    ----------
    network : Module
    what : str
        ``"all"`` parameters; ``"gains"``: one for each channel that a convolution (or a linear layer) makes, and
        nothing else; ``"biases"``; ``"norm"``: weights and biases of normalisation layers; ``"last:N"``: the last ``N``
        convolutions and linear layers; ``"progressive"``: all of those, one after another, the last one first;
        ``"lora:R"``: a change of rank ``R`` of each of those.

    Returns
    -------
    Opening or None
        What opens the layers along the way, of ``"progressive"``.

    Raises
    ------
    ValueError
        Other words, or a network that has nothing of the kind.
    """
    word, count = parsed(what, owner)
    network.requires_grad_(False)
    layers = [layer for layer in network.modules() if isinstance(layer, LAYERS) and layer.weight is not None]
    chosen = _chosen(network, layers, word, count)
    if not chosen:
        kind = type(network).__name__
        raise ValueError(f"{owner}(what={what!r}): {kind} has nothing of the kind. Give another of {WORDS}.")
    for parameter in chosen:
        parameter.requires_grad_(True)
    if word == "progressive":
        return Opening([list(layer.parameters(recurse=False)) for layer in reversed(layers)])
    return None


def parsed(what: str, owner: str) -> tuple[str, int]:
    """The word and the number of what may change. Raises ValueError for other words."""
    word, _, number = what.partition(":")
    return word, _count(what, word, number, owner)


def _count(what: str, word: str, number: str, owner: str) -> int:
    """The number that stands behind a word; 0 of those that have none."""
    if what in ("all", "gains", "biases", "norm", "progressive"):
        return 0
    count = int(number) if number.isascii() and number.isdigit() else 0
    if word not in ("last", "lora") or count < 1:
        told = f"Give one of {WORDS}, such as 'gains', 'last:2' or 'lora:4'."
        raise ValueError(f"{owner}(what={what!r}): unknown. {told}")
    return count


def _chosen(network: nn.Module, layers: Sequence[nn.Module], word: str, count: int) -> list[nn.Parameter]:
    """What becomes trainable."""
    if word == "all":
        return list(network.parameters())
    if word == "biases":
        return [p for name, p in network.named_parameters() if name.rpartition(".")[2] == "bias"]
    if word == "norm":
        return list(_of_norms(network))
    if word == "gains":
        return [_added(layer, Gains(layer)).gains for layer in layers]
    if word == "lora":
        return [p for layer in layers for p in _added(layer, LowRank(layer, count)).parameters()]
    return [p for layer in layers[-count:] for p in layer.parameters(recurse=False)]  # of 0: all of them


def _added(layer: nn.Module, part: M) -> M:
    parametrize.register_parametrization(layer, "weight", part)
    return part


def _of_norms(network: nn.Module) -> Iterator[nn.Parameter]:
    for layer in network.modules():
        if "Norm" in type(layer).__name__:
            yield from layer.parameters(recurse=False)


def merge(network: nn.Module) -> nn.Module:
    """A network whose gains and low-rank changes are worked into its weights, in place: its own tensors again, under
    their own names; nothing is trainable."""
    for layer in network.modules():
        if parametrize.is_parametrized(layer):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    return network.requires_grad_(False)
