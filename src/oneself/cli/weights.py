"""`oneself weights`: the pretrained networks that are known."""

from __future__ import annotations

import json as json_format
from dataclasses import asdict

from oneself.cli.tables import table
from oneself.jobs.errors import DONE
from oneself.networks.pretrained import ARCHITECTURES, KNOWN, SHIPPED

__all__ = ["main"]


def main(json: bool, path: str | None = None) -> int:
    """Print the architectures and the public files of weights: tables, or one record; or where a shipped file lies.

    Raises ValueError for a name that none of them has.
    """
    if path is not None:
        if path not in SHIPPED:
            raise ValueError(f"weights(--path {path!r}): no such file is shipped. Known: {', '.join(SHIPPED)}.")
        print(SHIPPED[path])
        return DONE
    if json:
        architectures = [
            {"name": one.name, "kind": one.kind, "title": one.title, "channels": one.channels}
            for one in ARCHITECTURES.values()
        ]
        files = [{**asdict(known), "sha256": sha256} for sha256, known in KNOWN.items()]
        print(json_format.dumps({"architectures": architectures, "files": files}, indent=2, ensure_ascii=False))
        return DONE
    from rich.console import Console

    console = Console(highlight=False)
    shown = table("architecture", "kind", "what it is", "channels", title="Architectures")
    for one in ARCHITECTURES.values():
        shown.add_row(one.name, one.kind, one.title, str(one.channels))
    console.print(shown)
    columns = ("name", "architecture", "licence", "noise (of 255)", "SHA-256", "figure")
    shown = table(*columns, title="Files that are known")
    for sha256, known in KNOWN.items():
        shown.add_row(known.name, known.architecture, known.licence, _levels(known.levels), sha256[:12], known.figure)
    console.print(shown)
    said = f"Part of this package are {' and '.join(SHIPPED)} (--path NAME says where); where the others are from, and "
    said += "their whole SHA-256, is in --json. "
    said += (
        "Use one: oneself adapt IN --weights FILE, or oneself inpaint IN --mask MASK --method iagan --generator FILE."
    )
    console.print(said, markup=False, soft_wrap=True)
    return DONE


def _levels(levels: tuple[float, float] | None) -> str:
    """In words; empty of what is no denoiser."""
    low, high = levels or (0, 0)
    return "" if levels is None else f"{low:g} to {high:g}" if low < high else f"{low:g}"
