"""The flags of `oneself generate` that steer its samples: regions that are kept, and a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from oneself.generative import Region
from oneself.tasks.text import text_guide

__all__ = ["parse_region", "steering"]

STRENGTH, FILL = 0.2, 1.0
REGION = re.compile(r"(\d+),(\d+),(\d+),(\d+)@(\d+),(\d+)")


def steering(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of ``Model.shaping`` besides the size; CLIP is loaded where a text is given.

    Raises
    ------
    ImportError, OSError, ValueError
        A malformed region, a text without a CLIP or one that cannot be read, a flag that only goes with a text.
    """
    regions = [parse_region(text) for text in given["region"] or ()]
    if given["text"] is None:
        alone = [name for name in ("clip", "strength", "fill") if given[name] is not None]
        if alone:
            raise ValueError(f"generate(--{alone[0]} {given[alone[0]]}): only goes with --text. Give one, or leave it.")
        return {"regions": regions, "guide": None, "strength": STRENGTH, "fill": FILL}
    if given["clip"] is None:
        raise ValueError(
            f"generate(--text {given['text']!r}): needs a network that compares text with pictures, and none comes "
            "with this library. Give --clip FOLDER, a CLIP as transformers saves it."
        )
    strength, fill = (given[name] for name in ("strength", "fill"))
    return {
        "regions": regions,
        "guide": text_guide(given["text"], given["clip"], device=given["device"]),
        "strength": STRENGTH if strength is None else strength,
        "fill": FILL if fill is None else fill,
    }


def parse_region(text: str) -> Region:
    """``"0,40,24,24@10,90"`` as a region: top, left, height and width in IN, then top and left in the sample."""
    found = REGION.fullmatch(text.replace(" ", ""))
    if found is None:
        raise ValueError(
            f"generate(--region {text}): no region. Give TOP,LEFT,HEIGHT,WIDTH@TOP,LEFT in pixels, such as "
            "0,40,24,24@10,90: the part of IN, and where it shall stand."
        )
    top, left, height, width, down, along = (int(number) for number in found.groups())
    return Region((top, left, height, width), (down, along))
