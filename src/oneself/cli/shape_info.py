"""`oneself info` of a point cloud or a mesh."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Any

import numpy as np
import torch

from oneself.geometry import areas, boundary_edges, edges_of, euler_number, nearest
from oneself.io.shapes import Shape, read_shape
from oneself.jobs.errors import DONE

__all__ = ["shape_info"]


def shape_info(file: Path, json: bool) -> int:
    """Say what a file holds. Raises OSError, ValueError, ImportError where it cannot be read."""
    shape = read_shape(file)
    found = _facts(file, shape)
    print(json_format.dumps(found, indent=2, ensure_ascii=False) if json else "\n".join(_lines(found)))
    return DONE


def _facts(file: Path, shape: Shape) -> dict[str, Any]:
    finite = np.isfinite(shape.points).all(1)
    places = shape.points[finite].astype(np.float64)
    side = float(np.ptp(places, axis=0).max()) if len(places) else 0.0
    return {
        "file": str(file),
        "format": shape.format,
        "type": str(shape.points.dtype),
        "points": len(shape.points),
        "not_finite": int((~finite).sum()),
        "twice": len(places) - len(np.unique(places, axis=0)),
        "low": places.min(0).tolist() if len(places) else None,
        "high": places.max(0).tolist() if len(places) else None,
        "spacing": _spacing(places, side),
        "normals": shape.normals is not None,
        "attributes": {name: str(values.dtype) for name, values in shape.attributes.items()},
        "comments": list(shape.comments),
        "mesh": _mesh(shape) if shape.is_mesh else None,
        "notes": list(shape.notes),
    }


def _spacing(places: np.ndarray[Any, Any], side: float) -> float | None:
    """The median distance of a point to its nearest."""
    if len(places) < 2 or side == 0:
        return None
    x = torch.from_numpy(places - places.mean(0))
    return float(nearest(x, x, 2)[0][:, 1].median())


def _mesh(shape: Shape) -> dict[str, Any]:
    assert shape.faces is not None
    faces = torch.from_numpy(shape.faces)
    size = areas(torch.from_numpy(shape.points.astype(np.float64)), faces)
    return {
        "faces": len(faces),
        "area": float(size.sum()),
        "faces_without_area": int((size == 0).sum()),
        "watertight": boundary_edges(faces) == 0,
        "edges_of_one_face": int((edges_of(faces)[1] == 1).sum()),
        "edges_of_more_than_two_faces": int((edges_of(faces)[1] > 2).sum()),
        "euler_number": euler_number(faces),
    }


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [found["file"], f"  {found['format'].upper()}, {found['points']} points, {found['type']}"]
    if found["low"] is not None:
        lines.append("  from " + ", ".join(f"{v:.6g}" for v in found["low"]))
        lines.append("  to   " + ", ".join(f"{v:.6g}" for v in found["high"]))
    if found["spacing"] is not None:
        lines.append(f"  neighbours lie {found['spacing']:.3g} apart (median)")
    lines += [f"  {found['not_finite']} points have places that are NaN or infinite"] * bool(found["not_finite"])
    lines += [f"  {found['twice']} points lie where another does"] * bool(found["twice"])
    lines.append("  with normals" if found["normals"] else "  without normals; oneself orient finds them")
    if found["attributes"]:
        lines.append("  carries " + ", ".join(f"{name} ({kind})" for name, kind in found["attributes"].items()))
    lines += [f"  comment: {one}" for one in found["comments"]]
    if found["mesh"] is not None:
        lines += _mesh_lines(found["mesh"])
    return [*lines, *(f"  note: {note}" for note in found["notes"])]


def _mesh_lines(mesh: dict[str, Any]) -> list[str]:
    closed = (
        "watertight"
        if mesh["watertight"]
        else (
            f"open: {mesh['edges_of_one_face']} edges of one face alone, "
            f"{mesh['edges_of_more_than_two_faces']} of more than two"
        )
    )
    lines = [
        f"  a mesh of {mesh['faces']} faces, area {mesh['area']:.6g}, Euler number {mesh['euler_number']}, {closed}"
    ]
    return lines + [f"  {mesh['faces_without_area']} faces have no area"] * bool(mesh["faces_without_area"])
