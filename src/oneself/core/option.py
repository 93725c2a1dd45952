"""Options of a method: read from its signature, checked before work starts. Defaults stand nowhere else."""

from __future__ import annotations

import difflib
import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from torch import nn

from oneself.domains import Domain

__all__ = ["Option", "OptionRecord", "check_options", "closest", "read_options", "shown"]

WORDS: dict[type, str] = {
    **{bool: "true or false", int: "a whole number", float: "a number", str: "a text"},
    **{Path: "a file", nn.Module: "a torch module"},
}
SHOWN = 80  # characters of a value that a message quotes


def shown(value: Any) -> str:
    """A value as a message quotes it: its ``repr``, cut where it is long."""
    if isinstance(value, int) and value.bit_length() > 4 * SHOWN:  # Python refuses to write thousands of digits
        return f"a number of {value.bit_length()} bits"
    told = " ".join(repr(value).split()) if not isinstance(value, str) else repr(value)
    return told if len(told) <= SHOWN else f"{told[:SHOWN]}…"


@dataclass(frozen=True)
class Option:
    """What an option's annotation says: ``steps: Annotated[int, Option("how many steps", low=1)] = 300``.

    ``low`` and ``high`` are allowed themselves; ``above`` and ``below`` are not.

    ``unit`` says of a number that it is in units of the input: ``"level"``, a noise level or what else grows along with
    the input's values; ``"counts"``, likewise of a model in which 0 is no light. Front doors take such options in the
    caller's own units. ``apart`` says of another input that it has units of its own, as a picture of another camera.

    ``counts`` says beside which values of the other options the option counts, as a function of them all, and ``only``
    says the same in words, such as ``"with stop='variance'"``. Elsewhere it is refused instead of ignored.

    ``domain`` says of another input what it is, where it is not what the method works on.

    ``own_range`` says of weights that they know what black and white are: pictures of 8 bits are then worked on as 0 to
    255, and others in the range of their values without a margin.
    """

    help: str
    low: float = -math.inf
    high: float = math.inf
    above: float = -math.inf
    below: float = math.inf
    unit: Literal["", "level", "counts"] = ""
    apart: bool = False
    only: str = ""
    counts: Callable[[Mapping[str, Any]], bool] = field(default=lambda others: True, repr=False)
    domain: Domain[Any] | None = None
    own_range: bool = False

    def allows(self, value: float) -> bool:
        return self.low <= value <= self.high and self.above < value < self.below

    def range(self) -> str:
        """The allowed range in words; empty where all is allowed."""
        limits = {"at least": self.low, "above": self.above, "at most": self.high, "below": self.below}
        return " and ".join(f"{word} {limit:g}" for word, limit in limits.items() if math.isfinite(limit))


@dataclass(frozen=True)
class OptionRecord:
    """One option of a method: ``name``, ``type`` (bool, int, float, str, Path, Module or the ``kind`` of a domain),
    ``default``, ``optional`` (may be ``None``), ``choices`` (of a str), and what its annotation says.

    One that has a ``domain`` is another **input**, such as an image on the grid of the restored one (which the loop
    checks). Front doors take it in the user's own layout, the command line as a file.

    One whose type is ``Path`` is a **file** that the method reads, such as one of weights; ``or_module`` says that it
    may be a torch module instead (``Path | Module``). A ``Module`` alone cannot be given on the command line. A run
    knows both by their content, and the method is given a copy of a module, on the run's device.
    """

    name: str
    type: type
    default: Any
    optional: bool
    choices: tuple[str, ...]
    option: Option
    or_module: bool = False
    domain: Domain[Any] | None = None

    @property
    def help(self) -> str:
        return self.option.help

    @property
    def is_input(self) -> bool:
        return self.domain is not None

    @property
    def is_plain(self) -> bool:
        """Whether it is a number, a text or true or false, which a command line and a record can say."""
        return self.domain is None and self.type not in (Path, nn.Module)

    @property
    def is_file(self) -> bool:
        return self.type is Path

    @property
    def takes_module(self) -> bool:
        return self.type is nn.Module or self.or_module

    def allowed(self) -> str:
        """What may be given, in words."""
        if self.domain is not None:
            return f"{self.domain.beside}, or none"
        if self.choices:
            return "one of " + ", ".join(self.choices)
        kind = WORDS[self.type] + (f" or {WORDS[nn.Module]}" if self.or_module else "")
        words = " ".join(part for part in (kind, self.option.range()) if part)
        return f"{words}, or none" if self.optional else words

    def check(self, owner: str, value: Any) -> Any:
        """The value in the option's own type, or a ``TypeError`` or ``ValueError`` that says what is allowed."""
        if value is None and self.optional:
            return None
        if self.domain is not None:
            self.domain.check_beside(f"{owner}({self.name}", value)
            return value
        if self.is_file and isinstance(value, str | Path):
            return self._check_file(owner, Path(value))
        if self.takes_module and isinstance(value, nn.Module):
            return value
        whole_as_float = self.type is float and isinstance(value, int) and not isinstance(value, bool)
        same = isinstance(value, self.type) and (self.type is bool) == isinstance(value, bool)
        if not (whole_as_float or same):
            raise TypeError(f"{owner}({self.name}={shown(value)}): wrong type. Give {self.allowed()}.")
        if self.choices and value not in self.choices:
            raise ValueError(f"{owner}({self.name}={shown(value)}): not a choice. Give {self.allowed()}.")
        if self.type in (int, float) and not self.option.allows(value):
            raise ValueError(f"{owner}({self.name}={shown(value)}): out of range. Give {self.allowed()}.")
        return self.type(value)

    def _check_file(self, owner: str, path: Path) -> Path:
        if not path.is_file():
            raise ValueError(f"{owner}({self.name}={shown(str(path))}): there is no such file. Give {self.allowed()}.")
        return path


def read_options(function: Callable[..., Any], domain: Domain[Any]) -> tuple[OptionRecord, ...]:
    """The keyword-only parameters of a method that works on inputs of a domain, as records.

    Raises
    ------
    TypeError
        A parameter carries no ``Option`` or no default.
    """
    hints = typing.get_type_hints(function, include_extras=True)
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            found.append(_record(function.__name__, name, hints[name], parameter.default, domain))
    return tuple(found)


def _record(owner: str, name: str, hint: Any, default: Any, domain: Domain[Any]) -> OptionRecord:
    kind, *extras = typing.get_args(hint) if typing.get_origin(hint) is typing.Annotated else (hint,)
    options = [extra for extra in extras if isinstance(extra, Option)]
    if not options or default is inspect.Parameter.empty:
        raise TypeError(f"{owner}({name}): an option needs Annotated[type, Option(help)] and a default.")
    several = typing.get_args(kind) if typing.get_origin(kind) in (types.UnionType, typing.Union) else (kind,)
    optional, kinds = type(None) in several, [one for one in several if one is not type(None)]
    or_module = set(kinds) == {Path, nn.Module}
    (kind,) = [Path] if or_module else kinds
    beside = options[0].domain or domain
    inputs = beside if kind is beside.kind else None
    choices = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    made = OptionRecord(name, str if choices else kind, default, optional, choices, options[0], or_module, inputs)
    if not made.is_plain and not (optional and default is None):
        what = WORDS[kind] if inputs is None else f"another {inputs.name}"
        raise TypeError(f"{owner}({name}): {what} has no default but None. Annotate it {kind.__name__} | None.")
    return made


def closest(name: str, known: Iterable[str]) -> str:
    """A sentence that offers the closest known name, and all of them where none is close."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."


def check_options(owner: str, records: Iterable[OptionRecord], given: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a method with the given ones in place of their defaults.

    Raises
    ------
    TypeError
        An unknown option (the closest known name is offered) or a value of the wrong type.
    ValueError
        A value out of its range.
    """
    by_name = {record.name: record for record in records}
    for name in given:
        if name not in by_name:
            raise TypeError(f"{owner}({name}=…): no such option. {closest(name, by_name)}")
    checked = {name: record.check(owner, given[name]) for name, record in by_name.items() if name in given}
    return {name: checked.get(name, record.default) for name, record in by_name.items()}
