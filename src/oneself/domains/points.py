"""Point clouds: places in space, in no order and in no fixed number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from oneself.domains.domain import Domain

__all__ = ["ORIENTED", "POINTS", "OrientedPoints", "PointCloud"]

PART = 1024  # points whose distances to all others are held at once


class PointCloud(Domain[Tensor]):
    """Points, ``(N, 3)``, real floating point. Estimates may have another ``N``, at each step."""

    name = "point cloud"
    kind = Tensor
    tasks: ClassVar[tuple[str, ...]] = ("denoise", "upsample", "orient", "consolidate")
    pointwise = False
    beside = "a point cloud"

    def check_values(self, told: str, value: Tensor) -> None:
        if not value.is_floating_point():
            raise TypeError(f"{told}.dtype={value.dtype}): not real floating point. Convert it.")
        if value.ndim != 2 or value.shape[1] != 3 or len(value) == 0:
            raise ValueError(f"{told}.shape={tuple(value.shape)}): no point cloud. Give (N, 3), N at least 1.")
        if not bool(torch.isfinite(value).all()):
            raise ValueError(f"{told}): NaN or infinite places. Remove those points first.")

    def own(self, y: Tensor, device: torch.device) -> Tensor:
        return y.detach().to(device, torch.float32, copy=True).contiguous()

    def shape(self, y: Tensor) -> tuple[int, ...]:
        return 3, len(y)

    def answer(self, x: Tensor, y: Tensor) -> Tensor:
        return x.to(y.dtype)

    def arrays(self, y: Tensor) -> dict[str, np.ndarray[Any, Any]]:
        return {"points": y.detach().cpu().numpy()}

    def of_arrays(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Tensor:
        return torch.from_numpy(arrays["points"])

    def distance(self, one: Tensor, other: Tensor) -> Tensor:
        """Chamfer: the mean distance of a point to the nearest of the other cloud, of both directions the mean."""
        return (_to_nearest(one, other).mean() + _to_nearest(other, one).mean()) / 2


def _to_nearest(one: Tensor, other: Tensor) -> Tensor:
    """The distance of each point to the nearest of another cloud, ``(N,)``; a part at a time, as all would take N²."""
    exact = "donot_use_mm_for_euclid_dist"  # a point is 0 from itself
    return torch.cat([torch.cdist(part, other, compute_mode=exact).amin(1) for part in one.split(PART)])


class OrientedPoints(PointCloud):
    """Points with their normals, ``(N, 6)``: places, then directions of any length but 0, outwards."""

    name = "oriented point cloud"
    tasks: ClassVar[tuple[str, ...]] = ("reconstruct",)
    beside = "an oriented point cloud"

    def check_values(self, told: str, value: Tensor) -> None:
        if value.ndim != 2 or value.shape[1] != 6 or len(value) == 0:
            shape = tuple(value.shape)
            raise ValueError(
                f"{told}.shape={shape}): no points with normals. Give (N, 6), N at least 1; orient finds them."
            )
        super().check_values(told, value[:, :3])
        super().check_values(told, value[:, 3:])
        if bool((value[:, 3:] == 0).all(1).any()):
            raise ValueError(f"{told}): normals of length 0. Remove those points, or orient them.")

    def shape(self, y: Tensor) -> tuple[int, ...]:
        return 6, len(y)

    def distance(self, one: Tensor, other: Tensor) -> Tensor:
        """That of the places."""
        return super().distance(one[:, :3], other[:, :3])


POINTS = PointCloud()
ORIENTED = OrientedPoints()
