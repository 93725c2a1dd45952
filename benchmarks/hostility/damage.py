"""Damage to bytes and to plain values that needs no knowledge of what they mean."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

__all__ = ["EXTREMES", "VALUES", "damaged", "tampered", "written"]

DEPTHS = (500, 20_000)  # lists in lists
EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 40,
            (1 << 63) - 1, (1 << 64) - 1)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 7, 10**4, 10**6, 10**9, 2**31, 2**63, 2**64, 10**400, 0.5, -0.0, 1e-320, 1e23,
    1e308, float("nan"), float("inf"), "", " ", "cpu", "auto", "none", "../../x", "/etc/passwd", "\0", "\ud800",
    "ä" * 5000, "{}", "%s%n", [], {}, [[]], [0], [-1, 10**9], [None], {"a": 1}, {"tensor": "t0"}, {"value": {}},
)  # fmt: skip


def damaged(random: Random, content: bytes) -> bytes:
    """Cut off, flipped, shifted, repeated, or with a field set to an extreme; sometimes several of these."""
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        content = random.choice(WAYS)(random, content) if content else content
    return content


def _cut(random: Random, content: bytes) -> bytes:
    return content[: random.choice((random.randrange(len(content)), random.randrange(min(len(content), 64))))]


def _flip(random: Random, content: bytes) -> bytes:
    found = bytearray(content)
    for _ in range(random.choice((1, 1, 3, 20))):
        found[_place(random, found)] ^= 1 << random.randrange(8)
    return bytes(found)


def _field(random: Random, content: bytes) -> bytes:
    found, size = bytearray(content), random.choice((1, 2, 4, 8))
    value = random.choice(EXTREMES) & ((1 << 8 * size) - 1)
    at = _place(random, found)
    found[at : at + size] = value.to_bytes(size, random.choice(("big", "little")))
    return bytes(found)


def _blank(random: Random, content: bytes) -> bytes:
    at, size = _place(random, content), random.choice((1, 8, 100, 5000))
    return content[:at] + bytes([random.choice((0, 255))]) * len(content[at : at + size]) + content[at + size :]


def _shift(random: Random, content: bytes) -> bytes:
    at, size = _place(random, content), random.choice((1, 2, 7, 64))
    return content[:at] + (random.randbytes(size) if random.random() < 0.5 else b"") + content[at + size :]


def _again(random: Random, content: bytes) -> bytes:
    at, size = _place(random, content), random.choice((4, 32, 500))
    return content[: at + size] + content[at : at + size] * random.choice((1, 2, 50)) + content[at + size :]


def _more(random: Random, content: bytes) -> bytes:
    return content + random.choice((content, bytes(5000), random.randbytes(5000)))


WAYS: tuple[Callable[[Random, bytes], bytes], ...] = (_cut, _flip, _flip, _field, _field, _field, _blank, _shift,
                                                      _again, _more)  # fmt: skip


def _place(random: Random, content: bytes | bytearray) -> int:
    """Mostly in the header, where the claims are."""
    return random.randrange(min(len(content), random.choice((32, 256, 1 << 30))))


def tampered(random: Random, tree: Any) -> tuple[Any, str]:
    """The tree of dicts and lists with one node changed, removed, added to, copied elsewhere or nested; and in words
    what was done."""
    tree = copy.deepcopy(tree)
    places = list(_places(tree, ()))
    where = random.choice(places)
    owner = tree
    for key in where[:-1]:
        owner = owner[key]
    way = random.choice(("change", "change", "change", "remove", "nest", "deep", "move", "scale", "add"))
    if way == "remove":
        del owner[where[-1]]
    elif way == "nest":
        owner[where[-1]] = random.choice(([owner[where[-1]]], {"value": owner[where[-1]]}))
    elif way == "deep":
        owner[where[-1]] = f"DEEP{random.choice(DEPTHS)}"
    elif way == "move":
        other = tree
        for key in random.choice(places):
            other = other[key]
        owner[where[-1]] = copy.deepcopy(other)
    elif way == "add" and isinstance(owner, dict):
        owner["unheard-of"] = random.choice(VALUES)
    elif way == "scale" and isinstance(owner[where[-1]], int | float):
        owner[where[-1]] = owner[where[-1]] * random.choice((-1, 0, 2, 10**6)) + random.choice((0, 1))
    else:
        owner[where[-1]] = random.choice(VALUES)
    return tree, f"{way} {'.'.join(map(str, where))}"


def _places(node: Any, here: tuple[Any, ...]) -> Any:
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in below:
        yield (*here, key)
        yield from _places(value, (*here, key))


def written(text: str) -> str:
    """JSON whose marks for deep nesting are replaced by it: no encoder would go so deep."""
    for depth in DEPTHS:
        text = text.replace(f'"DEEP{depth}"', "[" * depth + "]" * depth)
    return text
