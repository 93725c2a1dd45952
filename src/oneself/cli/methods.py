"""`oneself methods`: the table of methods."""

from __future__ import annotations

import json as json_format
import sys
import warnings
from typing import Any

from oneself.core import Method, OptionRecord
from oneself.jobs.errors import DONE
from oneself.registry import methods

__all__ = ["main"]


def main(json: bool) -> int:
    """Print every method: a table, or a list of records."""
    if json:
        print(json_format.dumps([_record(method) for method in _usable()], indent=2, ensure_ascii=False))
        return DONE
    from rich.console import Console
    from rich.table import Table

    table = Table("key", "title", "tasks", "works on", "options", "presets", show_lines=True)
    for method in _usable():
        options = ", ".join(option.name.replace("_", "-") for option in method.options)
        table.add_row(
            method.key, method.title, "\n".join(method.tasks), _works_on(method), options, "\n".join(method.presets)
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(
        "What the options of a method mean: oneself TASK --method KEY --help. Whom to cite: oneself methods --json.",
        markup=False, soft_wrap=True,
    )  # fmt: skip
    return DONE


def _works_on(method: Method) -> str:
    return " ".join(f"{dims}D" for dims in method.dims) or method.domain.name


def _usable() -> tuple[Method, ...]:
    """All methods; of those of other packages that cannot be used, a line on stderr."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = methods()
    for warning in told:
        print(f"oneself: {warning.message}", file=sys.stderr)
    return found


def _record(method: Method) -> dict[str, Any]:
    return {
        "key": method.key,
        "title": method.title,
        "tasks": list(method.tasks),
        "domain": method.domain.name,
        "dims": list(method.dims),
        "options": [_option(option) for option in method.options],
        "presets": {name: dict(preset) for name, preset in method.presets.items()},
        "cite": method.cite,
    }


def _option(option: OptionRecord) -> dict[str, Any]:
    return {
        "name": option.name,
        "type": option.domain.name if option.domain else "file" if option.is_file else option.type.__name__,
        "default": option.default,
        "help": option.help,
        "allowed": option.allowed(),
        "choices": list(option.choices),
        "optional": option.optional,
    }
