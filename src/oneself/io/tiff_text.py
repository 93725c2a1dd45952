"""What TIFF files say in their image description: OME-XML, ImageJ's key=value lines, tifffile's JSON. Edited in place,
so that all the writer of the file put there stays.

OME Data Model, schema 2016-06, and OME-TIFF specification 6 (Open Microscopy Environment).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from .picture import PixelSize, Resolution

MOST_PLANES = 2**20


def ome_pixel_size(xml: str) -> dict[str, PixelSize]:
    """The physical pixel sizes of the first image, in µm unless the XML names a unit."""
    for pixels in _elements(_parsed(xml), "Pixels"):
        told = {axis: pixels.get(f"PhysicalSize{axis}") for axis in "XYZ"}
        units = {axis: pixels.get(f"PhysicalSize{axis}Unit", "µm") for axis in told}
        return {axis: PixelSize(float(told[axis]), units[axis]) for axis in told if told[axis] is not None}
    return {}


def check_ome(xml: str) -> None:
    """Refuse XML that is none, or that claims more planes than any file has; EOFError."""
    root = _parsed(xml)
    for found in _elements(root, "Pixels"):
        planes = math.prod(int(found.get(f"Size{axis}") or 1) for axis in "ZCT")
        if planes > MOST_PLANES:
            raise EOFError(f"its OME-XML claims {planes:,} planes")
    for found in root.iter():
        for number in (found.get(name) for name in ("PlaneCount", "NumPlanes", "IFD")):
            if number is not None and int(number) > MOST_PLANES:
                raise EOFError(f"its OME-XML claims {int(number):,} planes")
    for axis in "ZCT":
        for along in _elements(root, f"ModuloAlong{axis}"):
            start, end, step = (float(along.get(name) or 1) for name in ("Start", "End", "Step"))
            if not abs(end - start) <= MOST_PLANES * abs(step):
                raise EOFError("its OME-XML claims more entries along an axis than there are planes")


def ome_files(xml: str) -> list[str]:
    """The files that the XML names for its planes."""
    return [name for element in _parsed(xml).iter() if (name := element.get("FileName")) is not None]


def ome_edit(xml: str, planes: int, sizes: Mapping[str, int], scale: Mapping[str, Fraction]) -> str:
    """The XML for the same image with other sizes, its `planes` stored one after another in this one file."""
    from lxml import etree

    root = _parsed(xml)
    pixels = next(_elements(root, "Pixels"))
    for axis, factor in scale.items():
        pixels.set(f"Size{axis}", str(sizes[axis]))
        length = pixels.get(f"PhysicalSize{axis}")
        if length is not None:
            pixels.set(f"PhysicalSize{axis}", repr(float(length) / float(factor)))
    places = list(_elements(root, "TiffData"))
    for place in places[:1]:
        place.clear(keep_tail=True)
        place.set("IFD", "0")
        place.set("PlaneCount", str(planes))
    for place in places[1:]:
        place.getparent().remove(place)
    declaration, end, _ = xml.partition("?>") if xml.startswith("<?xml") else ("", "", "")
    return declaration + end + str(etree.tostring(root.getroottree(), encoding="unicode"))


def _parsed(xml: str) -> Any:
    """The root of XML that may be hostile: nothing is fetched or expanded. EOFError where it is no XML."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(xml.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise EOFError(f"its OME-XML is damaged: {error}") from error


def _elements(root: Any, name: str) -> Iterator[Any]:
    """Those of a name, in whatever version of the OME schema."""
    return iter(root.iter(f"{{*}}{name}"))


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
