"""Meshes: triangles between points in space, in no fixed number of either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.domains.domain import Domain
from oneself.domains.points import POINTS

__all__ = ["MESH", "Mesh", "as_mesh", "as_tensor"]

MOST = 2**24  # vertices whose numbers float32 holds exactly


@dataclass(frozen=True, eq=False)
class Mesh:
    """``vertices``, ``(V, 3)``, real floating point; ``faces``, ``(F, 3)``, their corners, counter-clockwise seen from
    outside, int64."""

    vertices: Tensor
    faces: Tensor

    @property
    def dtype(self) -> torch.dtype:
        return self.vertices.dtype


def as_tensor(mesh: Mesh) -> Tensor:
    """A mesh as an estimate, ``(V + F, 4)``: rows ``0 x y z``, then rows ``1`` and three corners."""
    vertices, faces = mesh.vertices, mesh.faces.to(mesh.vertices.dtype)
    pad = torch.nn.functional.pad
    return torch.cat([pad(vertices, (1, 0)), pad(faces, (1, 0), value=1.0)])


def as_mesh(x: Tensor) -> Mesh:
    """The mesh that ``as_tensor`` made an estimate of."""
    is_face = x[:, 0] > 0
    return Mesh(x[~is_face, 1:].clone(), x[is_face, 1:].round().long())


class Meshes(Domain[Mesh]):
    """One mesh; estimates are ``as_tensor`` of a mesh, of which vertices and faces may change at each step."""

    name = "mesh"
    kind = Mesh
    tasks = ()  # no method begins with a mesh yet
    pointwise = False
    beside = "a mesh"

    def check_values(self, told: str, value: Mesh) -> None:
        vertices, faces = value.vertices, value.faces
        if not vertices.is_floating_point():
            raise TypeError(f"{told}.vertices of {vertices.dtype}): not real floating point. Convert them.")
        if faces.dtype != torch.long:
            raise TypeError(f"{told}.faces of {faces.dtype}): not int64. Convert them.")
        if vertices.ndim != 2 or vertices.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3 or not len(faces):
            shapes = f"{tuple(vertices.shape)} and {tuple(faces.shape)}"
            raise ValueError(f"{told} of {shapes}): no mesh. Give vertices (V, 3) and faces (F, 3), one at least.")
        if not (int(faces.min()) >= 0 and int(faces.max()) < len(vertices)):
            raise ValueError(f"{told}.faces): a corner that is no vertex. Give 0 to {len(vertices) - 1}.")
        if not bool(torch.isfinite(vertices).all()):
            raise ValueError(f"{told}.vertices): NaN or infinite places. Remove those first.")
        if len(vertices) > MOST:
            raise ValueError(f"{told}.vertices of {len(vertices)}): too many. Give {MOST} at most.")

    def own(self, y: Mesh, device: torch.device) -> Mesh:
        vertices = y.vertices.detach().to(device, torch.float32, copy=True).contiguous()
        return Mesh(vertices, y.faces.detach().to(device, copy=True).contiguous())

    def shape(self, y: Mesh) -> tuple[int, ...]:
        return 3, len(y.vertices)

    def answer(self, x: Tensor, y: Any) -> Mesh:
        mesh = as_mesh(x)
        return Mesh(mesh.vertices.to(y.dtype), mesh.faces)

    def arrays(self, y: Mesh) -> dict[str, np.ndarray[Any, Any]]:
        vertices = y.vertices.detach().cpu()
        return {"vertices": vertices.numpy(), "faces": y.faces.detach().cpu().numpy()}

    def of_arrays(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Mesh:
        return Mesh(torch.from_numpy(arrays["vertices"]), torch.from_numpy(arrays["faces"]))

    def distance(self, one: Tensor, other: Tensor) -> Tensor:
        """That of their vertices, as of point clouds."""
        return POINTS.distance(as_mesh(one).vertices, as_mesh(other).vertices)


MESH = Meshes()
