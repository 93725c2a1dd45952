"""Promises about what a method says of itself."""

from __future__ import annotations

import inspect
import re

from oneself.testing.cases import Case
from oneself.testing.promise import require

__all__ = ["check_record", "check_row"]

COLUMNS = ("Given", "Structure", "Input", "Loss", "Regularisation")


def check_row(case: Case) -> None:
    """The docstring of the method's file is its row of the survey's table, with whom it is from."""
    row = case.method.row
    for column in COLUMNS:
        found = re.search(rf"^{column} +\S", row, re.MULTILINE)
        require(found is not None, case, f"the docstring of its file has no line that begins with {column!r}")
    citation = row.rpartition("\n\n")[2]
    require(bool(re.search(r"\b(19|20)\d\d\b", citation)), case, "the docstring does not end with a citation")


def check_record(case: Case) -> None:
    """Key, title, citation, tasks and dimensions are given; every option has a line of help and an allowed default."""
    method = case.method
    module = inspect.getmodule(method.function)
    name = "" if module is None else module.__name__.rpartition(".")[2]
    require(not name or name in (method.key, "__main__") or "test" in name, case, "key and file name differ")
    require(bool(re.search(r"\b(19|20)\d\d\b", method.cite)), case, "its citation has no year")
    tasks, dims, domain = set(method.tasks), set(method.dims), method.domain
    require(bool(method.title) and bool(tasks) and tasks <= set(domain.tasks), case, "title or tasks")
    known = bool(dims) == bool(domain.dims) and dims <= set(domain.dims)
    require(known, case, f"its dimensions are not among {domain.dims}")
    for record in method.options:
        require(bool(record.help.strip()) and "\n" not in record.help, case, f"{record.name} has no line of help")
        if record.default is not None or not record.optional:
            record.check(method.key, record.default)
