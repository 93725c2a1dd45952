"""Point clouds and meshes: orient, consolidate, reconstruct. Arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.core import Method, Result, own_context
from oneself.domains import Mesh
from oneself.registry import Run, find

__all__ = ["AUTO", "Cloud", "cloud_of", "consolidate", "orient", "reconstruct", "shape_run", "signs"]

AUTO = {"orient": "dipole", "consolidate": "self_sample", "reconstruct": "shape_as_points"}
"""What ``auto`` takes for each task."""
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Cloud:
    """Points as methods are given them: in a box of side 1 around 0, so that units and places far away cost nothing."""

    y: Tensor
    middle: Array
    side: float

    def back(self, x: Tensor) -> Array:
        """Places as the caller has them, float64."""
        found: Array = x.detach().cpu().numpy().astype(np.float64) * self.side + self.middle
        return found


def cloud_of(points: Any, normals: Any = None, caller: str = "orient") -> Cloud:
    """``(N, 3)`` places, and normals where they are wanted.

    Raises
    ------
    TypeError, ValueError
        Not ``(N, 3)`` of real numbers; NaN or infinite places; all in one place.
    """
    places = _checked(points, f"{caller}(points")
    middle = (places.min(0) + places.max(0)) / 2
    side = float((places.max(0) - places.min(0)).max())
    if not side > 0:
        raise ValueError(f"{caller}(points): {len(places)} points, all in one place. Give points of a surface.")
    y = torch.from_numpy((places - middle) / side).float()
    if normals is None:
        return Cloud(y, middle, side)
    directions = _checked(normals, f"{caller}(normals")
    if len(directions) != len(places):
        raise ValueError(f"{caller}(normals): {len(directions)} for {len(places)} points. Give one for each.")
    return Cloud(torch.cat([y, torch.from_numpy(directions).float()], 1), middle, side)


def _checked(values: Any, told: str) -> Array:
    found = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    if found.dtype.kind not in "fiu":
        raise TypeError(f"{told} of {found.dtype}): no real numbers. Convert them.")
    if found.ndim != 2 or found.shape[1] != 3 or len(found) == 0:
        raise ValueError(f"{told}.shape={found.shape}): no points in space. Give (N, 3), N at least 1.")
    if not np.isfinite(found).all():
        bad = int((~np.isfinite(found).all(1)).sum())
        raise ValueError(f"{told}): {bad} of {len(found)} rows are NaN or infinite. Remove those rows first.")
    return found.astype(np.float64)


def shape_run(task: str, method: str | Method, cloud: Cloud, **settings: Any) -> Run:
    """A run of a task on points. Raises ValueError for a method that does not do it, and as ``Run``."""
    chosen = find(AUTO[task] if method == "auto" else method)
    if task not in chosen.tasks or chosen.domain.name == "image":
        raise ValueError(
            f"{task}(method={chosen.key!r}): it does {', '.join(chosen.tasks)}. Give {AUTO[task]!r}, or auto."
        )
    return Run(chosen, cloud.y, **settings)


@own_context()
def orient(
    points: Any, method: str | Method = "auto", *, normals: Any = None, full: bool = False, **settings: Any
) -> Any:
    """Normals of a point cloud that point outwards.

    Parameters
    ----------
    points : ndarray or Tensor
        ``(N, 3)``, in any units.
    method : str or Method
        ``"auto"`` is ``dipole``; ``"winding_normals"`` is another way, and slower.
    normals : ndarray or Tensor, optional
        Directions that are known up to their signs, ``(N, 3)``: kept, and turned round where they point inwards.
    full : bool
        Return a ``Result`` whose ``answer`` is the normals.
    **settings
        Of the run and the method: ``seed``, ``seconds``, ``device``, ``preset``, options.

    Returns
    -------
    ndarray or Result
        ``(N, 3)``, of length 1 (the lengths of ``normals`` where those are given).

    Raises
    ------
    TypeError, ValueError
        As ``cloud_of``; an unknown method or option.
    """
    cloud = cloud_of(points)
    result = shape_run("orient", method, cloud, **settings).finish()
    return _given_back(result, signs(result.answer, normals, len(cloud.y)), full)


def signs(answer: Tensor, normals: Any, count: int) -> Array:
    """The normals of an answer, or known directions with its signs. Raises as ``cloud_of``."""
    found: Array = answer[:, 3:].cpu().numpy().astype(np.float64)
    if normals is None:
        return found
    known = _checked(normals, "orient(normals")
    if len(known) != count:
        raise ValueError(f"orient(normals): {len(known)} for {count} points. Give one for each.")
    return known * np.where((known * found).sum(1, keepdims=True) < 0, -1, 1)


@own_context()
def consolidate(
    points: Any, n: int | None = None, method: str | Method = "auto", *, full: bool = False, **settings: Any
) -> Any:
    """More points of the same surface, where there are few: on sharp edges, or in thin places.

    Parameters
    ----------
    points : ndarray or Tensor
        ``(N, 3)``, in any units.
    n : int, optional
        How many there will be; ``2 N`` unless given.
    full : bool
        Return a ``Result`` whose ``answer`` is the points.

    Returns
    -------
    ndarray or Result
        ``(n, 3)``, float64: made ones alone.

    Raises
    ------
    TypeError, ValueError
        As ``orient``.
    """
    cloud = cloud_of(points, caller="consolidate")
    result = shape_run("consolidate", method, cloud, n=2 * len(cloud.y) if n is None else n, **settings).finish()
    return _given_back(result, cloud.back(result.answer), full)


@own_context()
def reconstruct(
    points: Any, normals: Any = None, method: str | Method = "auto", *, full: bool = False, **settings: Any
) -> Any:
    """A closed surface through points.

    Parameters
    ----------
    points : ndarray or Tensor
        ``(N, 3)``, in any units.
    normals : ndarray or Tensor, optional
        ``(N, 3)``, outwards; found by ``orient``, with the same ``seed`` and ``device``, unless given.
    full : bool
        Return a ``Result`` whose ``answer`` is the mesh, its vertices in the units of ``points``.

    Returns
    -------
    vertices, faces : ndarray
        ``(V, 3)``, float64, and ``(F, 3)``, int64, counter-clockwise seen from outside; or a ``Result``.

    Raises
    ------
    TypeError, ValueError
        As ``orient``.
    """
    alike = {name: settings[name] for name in ("seed", "device") if name in settings}
    directions = orient(points, **alike) if normals is None else normals
    cloud = cloud_of(points, directions, caller="reconstruct")
    result = shape_run("reconstruct", method, cloud, **settings).finish()
    vertices, faces = cloud.back(result.answer.vertices), result.answer.faces.cpu().numpy()
    if full:
        return replace(result, answer=Mesh(torch.from_numpy(vertices), torch.from_numpy(faces)))
    return vertices, faces


def _given_back(result: Result[Any], found: Array, full: bool) -> Any:
    return replace(result, answer=torch.from_numpy(found)) if full else found
