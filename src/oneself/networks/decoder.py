"""The under-parameterised decoder."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from oneself.networks.layers import Convolution, normalisation, resize_to

__all__ = ["Decoder"]


class Decoder(nn.Module):
    """Deep Decoder: mixes channels element by element, enlarges, rectifies, normalises; no other convolution.

    With so few weights it cannot fit noise: no early stopping is needed.

    Parameters
    ----------
    dims : int
        1, 2 or 3.
    channels : int
        ``k``, of the code and of every layer.
    made : int
        Channels of the image.
    sizes : sequence of tuple of int
        Spatial size after every enlargement; the last is the image's.

    Notes
    -----
    Heckel, Hand. Deep decoder: concise image representations from untrained non-convolutional networks. ICLR 2019.
    """

    def __init__(self, dims: int, channels: int, made: int, sizes: Sequence[tuple[int, ...]]) -> None:
        super().__init__()
        self.sizes = list(sizes)
        self.mixes = nn.ModuleList(Convolution(dims, channels, channels, 1, bias=False) for _ in [*sizes, None])
        self.norms = nn.ModuleList(normalisation(dims, channels) for _ in self.mixes)
        self.head = nn.Sequential(Convolution(dims, channels, made, 1, bias=False), nn.Sigmoid())

    @staticmethod
    def sizes_to(size: Sequence[int], levels: int) -> list[tuple[int, ...]]:
        """The sizes from the code's to the image's, each half the next (rounded up), at most ``levels`` halvings and
        never under 3 along an axis that had them.

        Raises
        ------
        ValueError
            The image has one element, which has no statistics to normalise by.
        """
        if max(size) < 2:
            raise ValueError(f"Decoder(size={tuple(size)}): nothing to enlarge. Give at least 2 elements an axis.")
        found = [tuple(size)]
        while len(found) <= levels and min(n for n in found[0] if n > 1) >= 6:
            found.insert(0, tuple((n + 1) // 2 for n in found[0]))
        return found

    def forward(self, z: Tensor) -> Tensor:
        x = z
        for i, (mix, norm) in enumerate(zip(self.mixes, self.norms, strict=True)):
            x = mix(x)
            if i < len(self.sizes):
                x = resize_to(x, self.sizes[i])
            x = norm(x.relu())
        out: Tensor = self.head(x)
        return out
