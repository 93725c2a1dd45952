"""Options are read from the signature and checked before work starts."""

from typing import Annotated, Any, Literal

import pytest
import torch
from torch import Tensor

from oneself.core import Option, OptionRecord, closest, method
from oneself.core.option import check_options, read_options
from oneself.domains import IMAGE

from .toys import toy

RECORDS = {record.name: record for record in toy.options}


def test_records_say_what_the_signature_says() -> None:
    assert list(RECORDS) == ["steps", "rate", "kind", "level", "bright"]
    told = {name: (r.type, r.default, r.optional, r.choices) for name, r in RECORDS.items()}
    assert told == {
        "steps": (int, 20, False, ()),
        "rate": (float, 0.1, False, ()),
        "kind": (str, "plain", False, ("plain", "fancy")),
        "level": (float, None, True, ()),
        "bright": (bool, False, False, ()),
    }
    assert RECORDS["rate"].help == "learning rate"


def test_what_is_allowed_in_words() -> None:
    assert {name: record.allowed() for name, record in RECORDS.items()} == {
        "steps": "a whole number at least 1",
        "rate": "a number above 0 and below 1",
        "kind": "one of plain, fancy",
        "level": "a number at least 0 and at most 2, or none",
        "bright": "true or false",
    }


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("steps", 1, 1),
        ("rate", 0.999, 0.999),
        ("level", 0, 0.0),
        ("level", 2.0, 2.0),
        ("level", None, None),
        ("kind", "fancy", "fancy"),
        ("bright", True, True),
    ],
)
def test_allowed_values_are_taken_in_their_own_type(name: str, value: Any, taken: Any) -> None:
    found = RECORDS[name].check("toy", value)
    assert found == taken
    assert type(found) is type(taken)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("steps", 0, ValueError),
        ("steps", 2.0, TypeError),
        ("steps", True, TypeError),
        ("steps", "3", TypeError),
        ("steps", None, TypeError),
        ("rate", 0.0, ValueError),
        ("rate", 1, ValueError),
        ("rate", float("nan"), ValueError),
        ("rate", True, TypeError),
        ("level", 2.1, ValueError),
        ("level", -1e-9, ValueError),
        ("level", float("inf"), ValueError),
        ("kind", "plane", ValueError),
        ("kind", 1, TypeError),
        ("bright", 1, TypeError),
        ("bright", None, TypeError),
    ],
)
def test_other_values_are_refused_by_name(name: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as refusal:
        RECORDS[name].check("toy", value)
    assert str(refusal.value).startswith(f"toy({name}={value!r}): ")
    assert str(refusal.value).endswith(f"Give {RECORDS[name].allowed()}.")


def test_an_unknown_option_is_answered_with_the_closest() -> None:
    with pytest.raises(TypeError, match=r"toy\(step=…\): no such option\. Did you mean 'steps'\?"):
        check_options("toy", toy.options, {"step": 3})
    with pytest.raises(TypeError, match="Known: bright, kind, level, rate, steps"):
        check_options("toy", toy.options, {"qqq": 3})


def test_given_values_stand_in_place_of_defaults() -> None:
    found = check_options("toy", toy.options, {"level": 1, "steps": 5})
    assert found == {"steps": 5, "rate": 0.1, "kind": "plain", "level": 1.0, "bright": False}
    assert list(found) == list(RECORDS)


def test_closest_names() -> None:
    assert closest("jiter", ["jitter", "rate"]) == "Did you mean 'jitter'?"
    assert closest("zzz", ["jitter", "a"]) == "Known: a, jitter."


def no_default(y: Any, *, steps: Annotated[int, Option("steps")]) -> None: ...
def no_option(y: Any, *, steps: int = 3) -> None: ...


@pytest.mark.parametrize("function", [no_default, no_option])
def test_a_parameter_without_help_or_default_is_refused(function: Any) -> None:
    with pytest.raises(TypeError, match=rf"{function.__name__}\(steps\): an option needs"):
        read_options(function, IMAGE)


def various(
    y: Any,
    physics: Any = None,
    *,
    mode: Annotated[Literal["a", "b"] | None, Option("a choice or none")] = None,
    count: Annotated[int | None, Option("a number or none", low=2)] = None,
) -> None: ...


def test_only_keywords_are_options_and_choices_may_be_none() -> None:
    mode, count = read_options(various, IMAGE)
    assert (mode.type, mode.choices, mode.optional) == (str, ("a", "b"), True)
    assert (count.type, count.optional) == (int, True)
    assert mode.check("various", None) is None
    with pytest.raises(ValueError, match="not a choice"):
        mode.check("various", "c")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (Option(""), ""),
        (Option("", low=2, high=8), "at least 2 and at most 8"),
        (Option("", above=0, below=0.5), "above 0 and below 0.5"),
        (Option("", low=-1), "at least -1"),
    ],
)
def test_ranges_in_words(option: Option, words: str) -> None:
    assert option.range() == words
    assert OptionRecord("x", float, 0.0, False, (), option).allowed() == f"a number {words}".strip()


def pictured(y: Any, physics: Any = None, *, guide: Annotated[Tensor | None, Option("another picture")] = None) -> None:
    """Has an option that is an image."""


def test_an_image_is_a_tensor_on_the_images_grid() -> None:
    (guide,) = read_options(pictured, IMAGE)
    assert guide.is_input
    assert not RECORDS["level"].is_input
    assert guide.allowed() == "an image of the result's size, or none"
    x = torch.rand(1, 3, 4, 5)
    assert guide.check("pictured", x) is x
    assert guide.check("pictured", None) is None


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ("flash.png", TypeError, r"pictured\(guide='flash\.png'\): wrong type"),
        (torch.zeros(1, 3, 4, 5, dtype=torch.uint8), TypeError, "dtype=torch.uint8.*not real floating point"),
        (torch.zeros(4, 5), ValueError, r"guide\.shape=\(4, 5\).*no image"),
        (torch.zeros(2, 3, 4, 5), ValueError, "no image"),
        (torch.full((1, 3, 4, 5), torch.nan), ValueError, "NaN or infinite"),
    ],
)
def test_what_is_no_image_is_refused(value: Any, error: type[Exception], words: str) -> None:
    (guide,) = read_options(pictured, IMAGE)
    with pytest.raises(error, match=words):
        guide.check("pictured", value)


GRAY = torch.full((1, 1, 4, 4), 0.5)


def needed(y: Any, *, guide: Annotated[Tensor, Option("another picture")] = GRAY) -> None: ...


def test_an_image_has_no_default_and_its_size_must_be_known() -> None:
    with pytest.raises(TypeError, match=r"needed\(guide\): another image has no default but None"):
        read_options(needed, IMAGE)
    with pytest.raises(ValueError, match=r"pictured\(needs=\('A',\)\): the option guide needs A_adjoint"):
        method("Pictured", cite="2020", tasks=("denoise",), needs=("A",))(pictured)  # type: ignore[arg-type]
