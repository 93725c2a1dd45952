"""Tables in a terminal: the first column whole however narrow it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["table"]


def table(first: str, *others: str, title: str | None = None) -> Table:
    """An empty table of these columns; what does not fit into the others goes on in further lines."""
    from rich.table import Table

    made = Table(title=title, show_lines=True)
    made.add_column(first, no_wrap=True)
    for name in others:
        made.add_column(name, overflow="fold")
    return made
