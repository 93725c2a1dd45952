"""Writes docs/methods.md from the registry: ``python docs/methods_table.py``. A test keeps it true."""

from __future__ import annotations

from pathlib import Path

from oneself import methods
from oneself.core import Method

PAGE = Path(__file__).with_name("methods.md")


def page() -> str:
    """The page's text."""
    overview = ["| key | title | tasks | works on | presets |", "|---|---|---|---|---|"]
    for record in methods():
        dims = ", ".join(f"{d}D" for d in record.dims) or record.domain.name
        cells = [f"[`{record.key}`](#{record.key})", record.title, ", ".join(record.tasks), dims]
        overview.append("| " + " | ".join([*cells, ", ".join(record.presets) or "–"]) + " |")
    parts = ["# Methods", "", "Generated from the registry by `python docs/methods_table.py`.", "", *overview]
    for record in methods():
        parts += ["", *section(record)]
    return "\n".join(parts) + "\n"


def section(record: Method) -> list[str]:
    """One method: its row of the survey's table, and its options."""
    rows = ["| option | default | allowed | what it is |", "|---|---|---|---|"]
    for option in record.options:
        given = f"{option.default:.4g}" if option.type is float and option.default is not None else option.default
        default = "none" if given is None else given
        rows.append(f"| `{option.name}` | {default} | {option.allowed()} | {option.help} |")
    presets = [f"Preset `{n}`: " + ", ".join(f"`{k}={v}`" for k, v in p.items()) for n, p in record.presets.items()]
    return [f"## {record.key}", "", "```", record.row, "```", "", *rows, *(["", *presets] if presets else [])]


if __name__ == "__main__":
    PAGE.write_text(page())
