"""`oneself methods`: the table of methods."""

from __future__ import annotations

import json as json_format
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from oneself.cli.tables import table
from oneself.core import Method, OptionRecord
from oneself.jobs.errors import DONE
from oneself.registry import find, methods

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["main"]


def main(json: bool, key: str | None = None) -> int:
    """Print every method, or one with its options: a table, or records. Raises ValueError for an unknown one."""
    found = _usable() if key is None else (find(key),)
    if json:
        print(json_format.dumps([_record(method) for method in found], indent=2, ensure_ascii=False))
        return DONE
    from rich.console import Console

    console = Console(highlight=False)
    console.print(_table(found) if key is None else _options(found[0]))
    said = (
        "The options of one, and whom to cite: oneself methods KEY."
        if key is None
        else f"Does {', '.join(found[0].tasks)}, of {_works_on(found[0])}. Cite: {found[0].cite}"
    )
    console.print(said, markup=False, soft_wrap=True)
    return DONE


def _table(found: Sequence[Method]) -> Table:
    made = table("key", "title", "tasks", "of", "presets")
    for method in found:
        tasks, presets = ", ".join(method.tasks), ", ".join(method.presets)
        made.add_row(method.key, method.title, tasks, _works_on(method), presets)
    return made


def _options(method: Method) -> Table:
    made = table("option", "default", "what it is", title=f"{method.key}: {method.title}")
    for option in method.options:
        default = "" if option.default is None else f"{option.default}"
        made.add_row("--" + option.name.replace("_", "-"), default, option.help)
    return made


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
