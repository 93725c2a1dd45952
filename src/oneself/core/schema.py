"""Whether plain values read from a file are what they must be, told by the type hints of a ``TypedDict``."""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal

from torch import Tensor

from oneself.core.option import Option, shown

__all__ = ["Misfit", "conform"]

MOST = 2**64  # of a whole number whose hint sets no bound


class Misfit(ValueError):
    """A value is not what it must be; the message says which one, and what is needed."""


def conform(value: Any, hint: Any, place: str = "") -> None:
    """Refuse a value that does not have the type that a hint says, anywhere inside.

    Hints may be ``Any``, ``None``, ``bool``, ``int``, ``float``, ``str``, ``Tensor``, ``Literal``, unions,
    ``list[X]``, ``tuple[X, ...]`` (a list, in a file), ``dict[str, X]``, a ``TypedDict`` (the value may have other keys
    besides; some may be ``NotRequired``) or a dataclass (the value has its fields as keys; those with a
    default may be missing), and ``Annotated[X,
    Option(help, low=…)]``, whose range numbers must keep, and texts and lists in their length. Numbers are finite;
    whole ones without a range are within ±2⁶⁴.

    Parameters
    ----------
    place : str
        What the value is called in the message.

    Raises
    ------
    Misfit
    """
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        _any_of(value, typing.get_args(hint), place)
    elif origin is typing.Annotated:
        inner, option, *_ = typing.get_args(hint)
        _within(value, inner, option, place)
    elif origin is Literal:
        _require(value in typing.get_args(hint), value, place, "one of " + ", ".join(map(str, typing.get_args(hint))))
    elif typing.is_typeddict(hint) or is_dataclass(hint):
        _keys(value, hint, place)
    elif origin in (list, tuple):
        _require(isinstance(value, list | tuple), value, place, "a list")
        for number, one in enumerate(value):
            conform(one, typing.get_args(hint)[0], f"{place}[{number}]")
    elif origin in (dict, Mapping):
        _require(isinstance(value, dict) and all(isinstance(key, str) for key in value), value, place, "a mapping")
        for key, one in value.items():
            conform(one, typing.get_args(hint)[1], f"{place}.{key}".lstrip("."))
    else:
        _plain(value, hint, place)


def _require(held: bool, value: Any, place: str, needed: str) -> None:
    if not held:
        told = type(value).__name__ if isinstance(value, Tensor | dict | list) else shown(value)
        raise Misfit(f"{place or 'it'} is {told}, not {needed}")


WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", type(None): "none",
         Tensor: "a tensor"}  # fmt: skip


def _plain(value: Any, hint: Any, place: str) -> None:
    if hint is Any:
        return
    kind = type(None) if hint is None else hint
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind is int:
        _require(whole, value, place, WORDS[int])
        _require(abs(value) <= MOST, value, place, "within ±2⁶⁴")
    elif kind is float:
        _require(whole or isinstance(value, float), value, place, WORDS[float])
        _require(abs(value) <= sys.float_info.max, value, place, "a finite number")
    else:
        _require(isinstance(value, kind), value, place, WORDS.get(kind, kind.__name__))


def _within(value: Any, hint: Any, option: Option, place: str) -> None:
    """A number within a range, or a text or list whose length is."""
    if hint is int:  # its own range stands in place of the general one
        _require(isinstance(value, int) and not isinstance(value, bool), value, place, WORDS[int])
    elif hint is float:
        _require(isinstance(value, int | float) and not isinstance(value, bool), value, place, WORDS[float])
    else:
        conform(value, hint, place)
    sized = isinstance(value, Sequence)
    held = option.allows(len(value) if sized else value)
    needed = option.range() or "a finite number"
    _require(held, len(value) if sized else value, f"the length of {place}" if sized else place, needed)


def _any_of(value: Any, hints: Sequence[Any], place: str) -> None:
    """Told by the last of them that is not ``None`` where the value is none of them."""
    told: Misfit | None = None
    for hint in hints:
        try:
            conform(value, hint, place)
            return
        except Misfit as error:
            told = told if hint is type(None) else error
    assert told is not None
    raise told


def _keys(value: Any, hint: Any, place: str) -> None:
    _require(isinstance(value, dict), value, place, "a mapping")
    has_default = {field.name for field in fields(hint) if _default(field)} if is_dataclass(hint) else set()
    for name, one in typing.get_type_hints(hint, include_extras=True).items():
        here = f"{place}.{name}".lstrip(".")
        spared = typing.get_origin(one) is typing.NotRequired
        if name in value:
            conform(value[name], typing.get_args(one)[0] if spared else one, here)
        elif not spared and name not in has_default:
            raise Misfit(f"{here} is missing")


def _default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING
