"""What a file says is checked before it is used: types, ranges and lengths, told by the place."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
import torch

from oneself.core import Option
from oneself.core.schema import Misfit, conform


class Inner(TypedDict):
    count: Annotated[int, Option("", low=1, high=64)]
    way: Literal["there", "back"]
    size: NotRequired[Annotated[list[int], Option("", low=2, high=3)]]


class Outer(TypedDict):
    level: float | None
    inner: list[Inner]
    words: dict[str, str]
    rest: Any


GOOD = {
    "level": 0.5,
    "inner": [{"count": 64, "way": "back", "size": [1, 2]}, {"count": 1, "way": "there", "more": object()}],
    "words": {"a": "b"},
    "rest": object(),
}


def test_what_fits_passes() -> None:
    conform(GOOD, Outer)
    conform(GOOD | {"level": 3}, Outer)
    conform(GOOD | {"level": None}, Outer)
    conform(torch.zeros(1), torch.Tensor)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"level": "high"}, "level is 'high', not a number"),
        ({"level": True}, "level is True, not a number"),
        ({"level": math.nan}, "level is nan, not a finite number"),
        ({"level": 10**400}, "not a finite number"),
        ({"inner": {}}, "inner is dict, not a list"),
        ({"inner": [{"count": 65, "way": "back"}]}, r"inner\[0\].count is 65, not at least 1 and at most 64"),
        ({"inner": [{"count": 1.0, "way": "back"}]}, "count is 1.0, not a whole number"),
        ({"inner": [{"count": 10**9999, "way": "back"}]}, "count is a number of 33216 bits, not at least 1"),
        ({"inner": [{"count": 2, "way": "up"}]}, "way is 'up', not one of there, back"),
        ({"inner": [{"way": "back"}]}, r"inner\[0\].count is missing"),
        ({"inner": [{"count": 1, "way": "there", "size": [1]}]}, "the length of .*size is 1, not at least 2"),
        (
            {"inner": [{"count": 1, "way": "there", "size": [2**65, 1]}]},
            r"size\[0\] is 36893488147419103232, not within",
        ),
        ({"words": {"a": 1}}, "words.a is 1, not a text"),
        ({"words": []}, "words is list, not a mapping"),
    ],
)
def test_what_does_not_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(Misfit, match=words):
        conform(GOOD | change, Outer)


@pytest.mark.parametrize("name", GOOD)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(Misfit, match=f"{name} is missing"):
        conform({key: value for key, value in GOOD.items() if key != name}, Outer)


def test_long_values_are_cut() -> None:
    with pytest.raises(Misfit) as refusal:
        conform({"level": "x" * 10**6}, Outer)
    assert len(str(refusal.value)) < 150


@dataclass
class Asked:
    level: float
    names: tuple[str, ...] = ()
    rest: list[int] = field(default_factory=list)


def test_a_dataclass_is_a_type_whose_defaults_may_be_missing() -> None:
    conform({"level": 1.0}, Asked)
    conform({"level": 1.0, "names": ["a"], "more": 3}, Asked)
    for told, words in (({}, "level is missing"), ({"level": 1, "rest": ["a"]}, r"rest\[0\] is 'a'")):
        with pytest.raises(Misfit, match=words):
            conform(told, Asked)
