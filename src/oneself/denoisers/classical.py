"""Classical denoisers, from libraries, as priors."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["DENOISERS", "block_matching", "denoiser", "installed", "non_local_means", "total_variation"]

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


def block_matching(sigma: float) -> Denoiser:
    """BM3D of the package ``bm3d``, pictures of one channel or of three.

    Dabov, Foi, Katkovnik, Egiazarian. Image denoising by sparse 3-D transform-domain collaborative filtering. IEEE TIP
    2007.
    """
    package = importlib.import_module("bm3d")  # by name: it is no dependency, so types cannot be checked

    def denoise(image: Array) -> Array:
        filtered = package.bm3d_rgb if image.shape[-1] == 3 else package.bm3d
        found: Array = filtered(image, sigma)
        return found.reshape(image.shape).astype(np.float32)

    return _on_host(denoise)


DENOISERS: Mapping[str, Callable[[float], Denoiser]] = {
    "non-local-means": non_local_means,
    "total-variation": total_variation,
    "bm3d": block_matching,
}
DIMENSIONS = {"non-local-means": (2, 3), "total-variation": (1, 2, 3), "bm3d": (2,)}


def installed() -> list[str]:
    """The priors that can be had here."""
    return sorted(name for name in DENOISERS if name != "bm3d" or importlib.util.find_spec("bm3d") is not None)


def denoiser(prior: str, sigma: float, like: Tensor, method: str) -> Denoiser:
    """The denoiser called ``prior``, for noise of level ``sigma`` in images as ``like``, ``(1, C, *spatial)``.

    Raises
    ------
    ValueError
        It is not for such images, or is not installed; ``method`` is named as who was asked.
    """
    dims, channels = like.ndim - 2, like.shape[1]
    if dims not in DIMENSIONS[prior] or (prior == "bm3d" and channels not in (1, 3)):
        able = [name for name, allowed in DIMENSIONS.items() if dims in allowed and name != "bm3d"]
        raise ValueError(
            f"{method}(prior={prior!r}): not for {channels} channels in {dims}D. "
            f"Give one of {', '.join(map(repr, able))}."
        )
    if prior not in installed():
        raise ValueError(
            f"{method}(prior='bm3d'): the package bm3d is not installed. `pip install bm3d` (its licence allows "
            "non-commercial use only), or give another prior."
        )
    return DENOISERS[prior](sigma)
