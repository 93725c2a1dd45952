"""`oneself weights`: the pretrained networks that are known."""

from __future__ import annotations

import json as json_format
from dataclasses import asdict

from oneself.jobs.errors import DONE
from oneself.networks.pretrained import ARCHITECTURES, KNOWN

__all__ = ["main"]


def main(json: bool) -> int:
    """Print the architectures and the public files of weights: tables, or one record."""
    if json:
        architectures = [
            {"name": one.name, "title": one.title, "task": one.task, "channels": one.channels}
            for one in ARCHITECTURES.values()
        ]
        files = [{**asdict(known), "sha256": sha256} for sha256, known in KNOWN.items()]
        print(json_format.dumps({"architectures": architectures, "files": files}, indent=2, ensure_ascii=False))
        return DONE
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table("architecture", "what it is", "is to", "channels", title="Architectures")
    for one in ARCHITECTURES.values():
        table.add_row(one.name, one.title, one.task, str(one.channels))
    console.print(table)
    table = Table(
        "name", "architecture", "licence", "noise (of 255)", "SHA-256", "figure", title="Files that are known"
    )
    for sha256, known in KNOWN.items():
        low, high = known.levels
        levels = f"{low:g} to {high:g}" if low < high else f"{low:g}"
        table.add_row(known.name, known.architecture, known.licence, levels, sha256[:12], known.figure)
    console.print(table)
    said = "None of them is part of this package; where each is from, and its whole SHA-256, is in --json. "
    console.print(said + "Use one: oneself adapt IN --weights FILE.", markup=False, soft_wrap=True)
    return DONE
