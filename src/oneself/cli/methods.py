"""`oneself methods`: the table of methods."""

from __future__ import annotations

import json as json_format
from typing import Any

from oneself.core import Method, OptionRecord
from oneself.jobs.errors import DONE
from oneself.registry import methods

__all__ = ["main"]


def main(json: bool) -> int:
    """Print every method: a table, or a list of records."""
    if json:
        print(json_format.dumps([_record(method) for method in methods()], indent=2, ensure_ascii=False))
        return DONE
    from rich.console import Console
    from rich.table import Table

    table = Table("key", "title", "tasks", "dims", "options", "presets", show_lines=True)
    for method in methods():
        options = ", ".join(option.name.replace("_", "-") for option in method.options)
        table.add_row(
            method.key, method.title, "\n".join(method.tasks), _dims(method), options, "\n".join(method.presets)
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(
        "What the options of a method mean: oneself TASK --method KEY --help. Whom to cite: oneself methods --json.",
        markup=False, soft_wrap=True,
    )  # fmt: skip
    return DONE


def _dims(method: Method) -> str:
    return " ".join(f"{dims}D" for dims in method.dims)


def _record(method: Method) -> dict[str, Any]:
    return {
        "key": method.key,
        "title": method.title,
        "tasks": list(method.tasks),
        "dims": list(method.dims),
        "options": [_option(option) for option in method.options],
        "presets": {name: dict(preset) for name, preset in method.presets.items()},
        "cite": method.cite,
    }


def _option(option: OptionRecord) -> dict[str, Any]:
    return {
        "name": option.name,
        "type": "image" if option.is_image else "file" if option.is_file else option.type.__name__,
        "default": option.default,
        "help": option.help,
        "allowed": option.allowed(),
        "choices": list(option.choices),
        "optional": option.optional,
    }
