"""Generators of public weights: pictures out of codes, block after block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["DenseDiscriminator", "Generator", "dcgan", "dense_generator"]

Activation = Literal["relu", "leaky", "tanh", "sigmoid"]


class Generator(nn.Module):
    """``G(z)``, ``blocks`` in a row: codes ``(B, *latent)`` to pictures ``(B, C, H, W)`` in [0, 1].

    Parameters
    ----------
    latent : tuple of int
        The shape of a code, whose numbers were drawn from ``N(0, 1)`` in training.
    blocks : sequence of Module
    """

    def __init__(self, latent: tuple[int, ...], blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.latent, self.blocks = latent, nn.ModuleList(blocks)

    def forward(self, z: Tensor) -> Tensor:
        for block in self.blocks:
            z = block(z)
        return z


def activated(x: Tensor, activation: Activation) -> Tensor:
    """``tanh``, whose pictures are in [-1, 1], gives them in [0, 1]."""
    if activation == "relu":
        return F.relu(x)
    if activation == "leaky":
        return F.leaky_relu(x, 0.2)
    return x.sigmoid() if activation == "sigmoid" else (x.tanh() + 1) / 2


class Up(nn.Module):
    """A transposed convolution, batch normalisation by the statistics of the training (but of the last), and what bends
    the line. A code ``(B, c)`` is taken as ``(B, c, 1, 1)``."""

    def __init__(
        self, given: int, made: int, kernel: int, stride: int, padding: int, *, bias: bool = False, last: bool = False
    ) -> None:
        super().__init__()
        self.convolution = nn.ConvTranspose2d(given, made, kernel, stride, padding, bias=bias)
        self.norm = nn.Identity() if last else nn.BatchNorm2d(made)
        self.activation: Activation = "tanh" if last else "relu"

    def forward(self, x: Tensor) -> Tensor:
        return activated(self.norm(self.convolution(x[..., None, None] if x.ndim == 2 else x)), self.activation)


class Dense(nn.Module):
    """A linear layer and what bends the line; pictures are flattened before, and made after where there is a ``size``,
    ``(C, H, W)``."""

    def __init__(self, given: int, made: int, activation: Activation, size: tuple[int, int, int] | None = None) -> None:
        super().__init__()
        self.linear, self.activation, self.size = nn.Linear(given, made), activation, size

    def forward(self, x: Tensor) -> Tensor:
        made = activated(self.linear(x.flatten(1)), self.activation)
        return made if self.size is None else made.reshape(-1, *self.size)


def dcgan(latent: int, widths: Sequence[int], shapes: Sequence[tuple[int, int, int]], *, bias: bool) -> Generator:
    """Transposed convolutions in a row, from a code of ``latent`` numbers to pictures of ``widths[-1]`` channels.

    Parameters
    ----------
    widths : sequence of int
        Channels that each makes.
    shapes : sequence of (kernel, stride, padding)
    bias : bool
        Whether they have offsets.

    Notes
    -----
    Radford, Metz, Chintala. Unsupervised representation learning with deep convolutional generative adversarial
    networks. ICLR 2016.
    """
    sizes, last = [latent, *widths], len(widths) - 1
    return Generator(
        (latent,),
        [Up(sizes[i], sizes[i + 1], *shape, bias=bias, last=i == last) for i, shape in enumerate(shapes)],
    )


def dense_generator(
    latent: int, widths: Sequence[int], size: tuple[int, int, int], last: Activation = "tanh"
) -> Generator:
    """Linear layers in a row, from a code of ``latent`` numbers to pictures of ``size``, ``(C, H, W)``."""
    sizes = [latent, *widths]
    hidden = [Dense(sizes[i], sizes[i + 1], "relu") for i in range(len(widths))]
    return Generator((latent,), [*hidden, Dense(sizes[-1], math.prod(size), last, size)])


class DenseDiscriminator(nn.Module):
    """Linear layers in a row that tell pictures ``(B, C, H, W)`` in [0, 1] of the training, 1, from made ones, 0."""

    def __init__(self, size: tuple[int, int, int], widths: Sequence[int]) -> None:
        super().__init__()
        sizes = [math.prod(size), *widths]
        hidden = [Dense(sizes[i], sizes[i + 1], "leaky") for i in range(len(widths))]
        self.blocks = nn.ModuleList([*hidden, Dense(sizes[-1], 1, "sigmoid")])

    def features(self, x: Tensor) -> list[Tensor]:
        """What each hidden layer makes of pictures in [0, 1]."""
        made, found = 2 * x - 1, []
        for block in self.blocks[:-1]:
            made = block(made)
            found.append(made)
        return found

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.blocks[-1](self.features(x)[-1])
        return made
