"""What TIFF files say in their image description: OME-XML, ImageJ's key=value lines, tifffile's JSON. Edited in place,
so that all the writer of the file put there stays.

OME Data Model, schema 2016-06, and OME-TIFF specification 6 (Open Microscopy Environment).
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from .picture import PixelSize, Resolution

_PIXELS = re.compile(r"<(?:\w+:)?Pixels\b[^>]*>")
MOST_PLANES = 2**20
_TIFF_DATA = re.compile(r"<((?:\w+:)?)TiffData\b[^>]*?(?:/>|>.*?</\1TiffData\s*>)", re.DOTALL)


def ome_pixel_size(xml: str) -> dict[str, PixelSize]:
    """The physical pixel sizes of the first image, in µm unless the XML names a unit."""
    found = _PIXELS.search(xml)
    sizes = {}
    for axis in "XYZ":
        value = _attribute(found.group(), f"PhysicalSize{axis}") if found else None
        if value is not None and found:
            unit = _attribute(found.group(), f"PhysicalSize{axis}Unit")
            sizes[axis] = PixelSize(float(value), html.unescape(unit) if unit else "µm")
    return sizes


def check_ome(xml: str) -> None:
    """Refuse XML that claims more planes than any file has; EOFError."""
    for found in _PIXELS.finditer(xml):
        planes = math.prod(int(_attribute(found.group(), f"Size{axis}") or 1) for axis in "ZCT")
        if planes > MOST_PLANES:
            raise EOFError(f"its OME-XML claims {planes:,} planes")
    for _, number in re.findall(r"(PlaneCount|NumPlanes|IFD)\s*=\s*[\"'](\d+)", xml):
        if int(number) > MOST_PLANES:
            raise EOFError(f"its OME-XML claims {int(number):,} planes")
    for along in re.findall(r"<(?:\w+:)?ModuloAlong\w\b[^>]*>", xml):
        start, end, step = (float(_attribute(along, name) or 1) for name in ("Start", "End", "Step"))
        if not abs(end - start) <= MOST_PLANES * abs(step):
            raise EOFError("its OME-XML claims more entries along an axis than there are planes")


def ome_files(xml: str) -> list[str]:
    """The files that the XML names for its planes."""
    return [html.unescape(name) for _, name in re.findall(r"FileName\s*=\s*([\"'])(.*?)\1", xml)]


def ome_edit(xml: str, planes: int, sizes: Mapping[str, int], scale: Mapping[str, Fraction]) -> str:
    """The XML for the same image with other sizes, its `planes` stored one after another in this one file."""

    def pixels(match: re.Match[str]) -> str:
        tag = match.group()
        for axis, factor in scale.items():
            tag = _set(tag, f"Size{axis}", str(sizes[axis]))
            length = _attribute(tag, f"PhysicalSize{axis}")
            tag = _set(tag, f"PhysicalSize{axis}", repr(float(length or 1) / float(factor)))
        return tag

    count = 0

    def tiff_data(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f'<{match.group(1)}TiffData IFD="0" PlaneCount="{planes}"/>' if count == 1 else ""

    return _TIFF_DATA.sub(tiff_data, _PIXELS.sub(pixels, xml, count=1))


def imagej_pixel_size(description: str, density: Resolution | None) -> dict[str, PixelSize]:
    """The physical pixel sizes: ImageJ counts pixels per `unit` in the resolution tags and has `spacing` for Z."""
    pairs = dict(line.split("=", 1) for line in description.splitlines() if "=" in line)
    unit = _imagej_unit(pairs.get("unit"))
    if unit is None:
        return {}
    sizes = {"X": PixelSize(float(1 / density.x), unit), "Y": PixelSize(float(1 / density.y), unit)} if density else {}
    if "spacing" in pairs:
        sizes["Z"] = PixelSize(abs(float(pairs["spacing"])), unit)
    return sizes


def imagej_edit(description: str, scale: Mapping[str, Fraction]) -> str:
    """The description with the distance of the slices divided by the scale along Z, and as many slices as there are."""
    factor = scale.get("Z", Fraction(1))

    def divided(match: re.Match[str]) -> str:
        return f"{match.group(1)}{float(match.group(2)) / float(factor)!r}"

    def multiplied(match: re.Match[str]) -> str:
        return f"{match.group(1)}{round(int(match.group(2)) * factor)}"

    if factor == 1:
        return description
    description = re.sub(r"(?m)^(spacing=)(\S+)", divided, description)
    return re.sub(r"(?m)^((?:images|slices)=)(\d+)", multiplied, description)


def shaped_edit(description: str, shape: tuple[int, ...]) -> str:
    """tifffile's JSON with another shape, and without axes that no longer fit it."""
    try:
        told = json.loads(description)
    except ValueError:
        return description
    if not isinstance(told, dict) or math.prod(told.get("shape", ())) == math.prod(shape):
        return description
    if len(told.get("axes", "")) != len(shape):
        told.pop("axes", None)
    return json.dumps(told | {"shape": list(shape)})


def shaped(shape: tuple[int, ...], axes: str) -> str:
    """The JSON by which tifffile and others know the axes of a plain TIFF."""
    return json.dumps({"shape": list(shape), "axes": axes})


def new_ome(
    dtype: Any,
    shape: tuple[int, ...],
    stored: tuple[int, int, int, int, int, int],
    axes: str,
    sizes: Mapping[str, PixelSize],
) -> str:
    """OME-XML for an array of the given axes; `stored` is (pages, 1, 1, height, width, samples).

    Raises ValueError where the OME model has no place for the type or the axes.
    """
    import tifffile

    told: dict[str, Any] = {}
    for axis, size in sizes.items():
        told |= {f"PhysicalSize{axis}": size.value, f"PhysicalSize{axis}Unit": size.unit}
    xml = tifffile.OmeXml()
    try:
        xml.addimage(dtype, shape, stored, axes=axes, **told)
    except (ValueError, tifffile.OmeXmlError) as error:
        raise ValueError(
            f"write(picture): OME-TIFF has no place for {dtype} with axes {axes} ({error}). Use .tif or .npy."
        ) from None
    return str(xml.tostring())


def _imagej_unit(unit: str | None) -> str | None:
    if unit is None:
        return None
    unit = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m.group(1), 16)), unit)
    return {"um": "µm", "micron": "µm", "microns": "µm", "μm": "µm", "pixel": None, "pixels": None, "": None}.get(
        unit, unit
    )


def _attribute(tag: str, name: str) -> str | None:
    found = re.search(rf'\s{name}\s*=\s*(["\'])(.*?)\1', tag)
    return found.group(2) if found else None


def _set(tag: str, name: str, value: str) -> str:
    def changed(match: re.Match[str]) -> str:
        return f"{match.group(1)}{match.group(2)}{value}{match.group(2)}"

    return re.sub(rf'(\s{name}\s*=\s*)(["\'])(.*?)\2', changed, tag)
