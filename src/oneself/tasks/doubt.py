"""A look at an answer before it is given: whether what was taken off is noise."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["believed"]

FEWEST = 4  # elements along an axis for its noise to be told
ENOUGH = 512  # elements of the middle along every axis, which tell how far noise is shared
PREDICTED = 0.1  # of what was taken off, from which it is no noise; photographs well denoised stayed under 0.02


def believed(y: Tensor, x: Tensor) -> tuple[Tensor, str | None]:
    """``x``, or with what of ``y - x`` can be predicted from around put back, or ``y`` where that is most of it."""
    from oneself.noise import describe_noise, prediction

    noisy = y[0].cpu().numpy()
    removed = noisy - x[0].cpu().numpy()
    if max(noisy.shape[1:]) < FEWEST or not removed.any():
        return x, None
    middle = (slice(None), *(slice(max(0, (n - ENOUGH) // 2), (n + ENOUGH) // 2) for n in noisy.shape[1:]))
    report = describe_noise(noisy[middle])
    apart = report.extent if report.correlated else (1,) * len(report.extent)
    found = prediction(noisy, removed, apart)
    if found.share < PREDICTED:
        return x, None
    told = f"what was taken off was no noise: {found.share:.0%} of it could be predicted from around it"
    if found.share > 1 / 2:  # then more is lost of the picture than there is noise in it
        return y.clone().to(x), f"{told}; the image was left as it was"
    return x + torch.from_numpy(found.of(noisy)).to(x)[None], f"{told}, and was put back"
