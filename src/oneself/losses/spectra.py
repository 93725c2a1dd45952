"""A picture's spectrum against that of its smaller self."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.core import Example, Term

__all__ = ["SameSpectrum", "power_spectrum"]

WINDOWS = 4096  # about how many are looked at, at most
SLOW = 0.05  # cycles per sample up to which a window tells little: its own shape shows


def power_spectrum(y: Tensor, window: int) -> Tensor:
    """The mean power of all windows of a picture, ``(window, window)``; white noise of level σ has σ² everywhere.

    Hann windows that overlap, their mean taken away, of the mean of the channels of ``(1, C, H, W)``. Welch 1967.
    """
    gray = y.mean(1, keepdim=True)
    hann = torch.hann_window(window, dtype=y.dtype, device=y.device)
    weights = hann[:, None] * hann
    most = max(1, int((gray.numel() / WINDOWS) ** 0.5))
    patches = F.unfold(gray, (window, window), stride=max(1, window // 4, most))[0].T.reshape(-1, window, window)
    level = (patches * weights).sum((1, 2), keepdim=True) / weights.sum()
    power: Tensor = torch.fft.fft2((patches - level) * weights).abs().square().mean(0)
    return power / weights.square().sum()


class SameSpectrum(Term):
    """``mean over frequencies of (log S[(k * y)↓] − log S[y])²``: the smaller copy of a picture has its spectrum.

    Blurring multiplies a spectrum by ``|k̂|²``; keeping every ``stride``-th sample folds it. Both are done to the
    spectrum itself, so that a look costs the same whatever the picture's size. Noise, which is not shrunk with the
    scene, is taken away before and added again. Rings of frequencies count about alike.

    What is found leads from one size to the next (Michaeli, Irani. Nonparametric blind super-resolution. ICCV 2013):
    of a scene without any finest detail, blurred by σ, that is a Gaussian of σ √(1 − 1/s²); pictures of a camera, whose
    own blur goes before, give about σ.

    Parameters
    ----------
    y : Tensor
        ``(1, C, H, W)``.
    stride : int
    window : int
        Side of the windows of the small spectrum; ``stride`` times that must fit into the picture.
    sigma : float
        Level of white noise in ``y``.
    """

    name = "spectrum"
    large: Tensor
    small: Tensor
    weights: Tensor

    def __init__(self, y: Tensor, stride: int, window: int, sigma: float = 0.0) -> None:
        super().__init__()
        self.stride, self.noise = stride, sigma**2 / y.shape[1] + 1e-7
        frequency = torch.fft.fftfreq(window, device=y.device)
        radius = (frequency[:, None].square() + frequency.square()).sqrt()
        weights = (radius > SLOW) / (radius + SLOW)
        self.register_buffer("large", (power_spectrum(y, stride * window) - self.noise).clamp(min=0), persistent=False)
        self.register_buffer("small", power_spectrum(y, window).clamp(min=self.noise), persistent=False)
        self.register_buffer("weights", weights / weights.sum(), persistent=False)

    def forward(self, x: Tensor, example: Example) -> Tensor:
        response = torch.fft.fft2(x[0, 0], self.large.shape).abs().square()
        n, s = self.small.shape[0], self.stride
        folded = (response * self.large).reshape(s, n, s, n).mean((0, 2)) + self.noise
        gap: Tensor = (folded / self.small).log().square() * self.weights
        return gap.sum()
