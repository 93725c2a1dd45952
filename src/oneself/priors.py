"""Classical denoisers, from libraries, as priors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["DENOISERS", "non_local_means", "total_variation"]

Array = NDArray[Any]
Denoiser = Callable[[Tensor], Tensor]


def non_local_means(sigma: float) -> Denoiser:
    """scikit-image's non-local means, ``(1, C, *spatial)`` in 2D or 3D, for noise of level ``sigma``.

    Buades, Coll, Morel. A non-local algorithm for image denoising. CVPR 2005.
    """
    from skimage.restoration import denoise_nl_means

    def denoise(image: Array) -> Array:
        channels = -1 if image.shape[-1] > 1 else None  # with an axis of one channel scikit-image returns none
        image = image if channels else image[..., 0]
        found: Array = denoise_nl_means(
            image, patch_size=5, patch_distance=6, h=0.6 * sigma, sigma=sigma, channel_axis=channels
        )
        return found if channels else found[..., None]

    return _on_host(denoise)


def total_variation(sigma: float) -> Denoiser:
    """scikit-image's total variation denoising (Chambolle 2004), any dimensions; its weight is ``sigma``."""
    from skimage.restoration import denoise_tv_chambolle

    return _on_host(partial(denoise_tv_chambolle, weight=sigma, channel_axis=-1))


def _on_host(denoise: Callable[[Array], Array]) -> Denoiser:
    """A denoiser of arrays with channels last, applied to a tensor."""

    def apply(x: Tensor) -> Tensor:
        image = np.ascontiguousarray(np.moveaxis(x[0].cpu().numpy(), 0, -1))
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(denoise(image), -1, 0)))[None].to(x)

    return apply


DENOISERS: Mapping[str, Callable[[float], Denoiser]] = {
    "non-local-means": non_local_means,
    "total-variation": total_variation,
}
