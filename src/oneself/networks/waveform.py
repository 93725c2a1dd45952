"""Networks of waveforms: dilated convolutions without padding, whose reach doubles with every layer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["DilatedDiscriminator", "DilatedGenerator", "reach_of", "shrunk"]

KERNEL = 9
PRE_EMPHASIS = 0.97  # of the sample before, that is taken away
SLOPE = 0.2
SPREAD = 0.02  # of the weights at first


def reach_of(layer: int) -> int:
    """Samples on either side that a feature behind ``layer`` layers sees."""
    return (KERNEL // 2) * ((1 << layer) - 1)


class Normalisation(nn.Module):
    """Batch normalisation by the signal at hand, of which only valid samples count."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(1 + SPREAD * torch.randn(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        if valid is None:
            return F.batch_norm(x, None, None, self.weight, self.bias, training=True)
        count = valid.sum().clamp(min=1) * x.shape[0]
        mean = (x * valid).sum((0, 2), keepdim=True) / count
        variance = ((x - mean).square() * valid).sum((0, 2), keepdim=True) / count
        return (x - mean) * (variance + 1e-5).rsqrt() * self.weight[:, None] + self.bias[:, None]


class Body(nn.Module):
    """All but the last of the dilated convolutions, each with normalisation and a leaky ReLU; then the last."""

    def __init__(self, given: int, width: int, made: int, layers: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            NormedConvolution(given if k == 0 else width, width if k < layers - 1 else made, dilation=2**k)
            for k in range(layers)
        )
        self.norms = nn.ModuleList(Normalisation(width) for _ in range(layers - 1))

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        for k, convolution in enumerate(self.convolutions):
            x = convolution(x)
            if k < len(self.norms):
                x = F.leaky_relu(self.norms[k](x, None if valid is None else shrunk(valid, reach_of(k + 1))), SLOPE)
        return x


def shrunk(valid: Tensor, reach: int) -> Tensor:
    """Valid samples ``(1, 1, T)``, 1 and 0, none of whose neighbours within ``reach`` is not, less ``reach`` at the
    ends."""
    return -F.max_pool1d(-valid, 2 * reach + 1, 1) if reach else valid


class NormedConvolution(nn.Module):
    """A convolution whose weights are ``g v / ‖v‖`` for each channel that it makes (Salimans, Kingma. 2016)."""

    def __init__(self, given: int, made: int, kernel: int = KERNEL, dilation: int = 1, padding: int = 0) -> None:
        super().__init__()
        plain = nn.Conv1d(given, made, kernel)
        self.v = nn.Parameter(SPREAD * torch.randn_like(plain.weight))
        self.g = nn.Parameter(self.v.detach().flatten(1).norm(dim=1)[:, None, None])
        self.bias = nn.Parameter(plain.bias.detach().clone())  # type: ignore[union-attr]
        self.dilation, self.padding = dilation, padding

    def forward(self, x: Tensor) -> Tensor:
        weight = self.v * (self.g / self.v.flatten(1).norm(dim=1)[:, None, None])
        return F.conv1d(x, weight, self.bias, padding=self.padding, dilation=self.dilation)


def _emphasised(x: Tensor) -> Tensor:
    """The fixed filter ``x[t] − 0.97 x[t − 1]``."""
    return x - PRE_EMPHASIS * F.pad(x[..., :-1], (1, 0))


class DilatedGenerator(nn.Module):
    """``p + e(w tanh(g(x)) · sigmoid(s(x)))``, ``x`` being longer than the prior ``p`` by ``reach_of(layers)`` on
    either side."""

    def __init__(self, channels: int, width: int, layers: int) -> None:
        super().__init__()
        self.body = Body(channels, width, width, layers)
        self.filter = NormedConvolution(width, width, padding=KERNEL // 2)
        self.gate = NormedConvolution(width, width, padding=KERNEL // 2)
        self.last = NormedConvolution(width, channels, kernel=1)

    def forward(self, mixed: Tensor, prior: Tensor) -> Tensor:
        x = self.body(mixed)
        made: Tensor = prior + _emphasised(self.last(torch.tanh(self.filter(x)) * torch.sigmoid(self.gate(x))))
        return made


class DilatedDiscriminator(nn.Module):
    """A score for every sample, ``(1, 1, T)``, silence being around them; of those that see what is not valid, 0."""

    def __init__(self, channels: int, width: int, layers: int) -> None:
        super().__init__()
        self.margin = reach_of(layers)
        self.body = Body(channels, width, 1, layers)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        around = F.pad(x, (self.margin, self.margin))
        if valid is None:
            return _emphasised(self.body(around))
        heard = F.pad(valid, (self.margin, self.margin), value=1.0)
        return _emphasised(self.body(around, heard)) * self.seen(valid)

    def seen(self, valid: Tensor) -> Tensor:
        """Whose score sees valid samples alone, ``(1, 1, T)``, 1 and 0; the fixed filter looks at the score before."""
        whole = shrunk(F.pad(valid, (self.margin, self.margin), value=1.0), self.margin)
        return whole * F.pad(whole[..., :-1], (1, 0), value=1.0)
