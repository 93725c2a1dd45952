"""Every number that a method takes has a finite range, at both ends of which nothing breaks."""

import math

import pytest

from oneself.core import Diverged, NotEnoughMemory
from oneself.registry import methods
from oneself.testing import cases

from .given import GIVEN

MANY = 10**6  # what may be larger counts steps, and is no size

NUMBERS = [(method, record) for method in methods() for record in method.options if record.type in (int, float)]


def ends(option):
    low = option.low if math.isfinite(option.low) else math.nextafter(option.above, math.inf)
    high = option.high if math.isfinite(option.high) else math.nextafter(option.below, -math.inf)
    return low, high


def test_every_range_is_finite():
    unbounded = [
        f"{method.key}({record.name})"
        for method, record in NUMBERS
        if max(record.option.low, record.option.above) == -math.inf
        or min(record.option.high, record.option.below) == math.inf
    ]
    assert unbounded == []


ABSURD = [1e23, -1e23, 1e308, -1e308, 5e-324, 10**400, 10**5000, math.inf, math.nan]


@pytest.mark.parametrize("value", ABSURD, ids=range(len(ABSURD)))
def test_what_is_absurd_is_refused_by_name(value):
    for method, record in NUMBERS:
        given = round(value) if record.type is int and abs(value) < math.inf else value
        if isinstance(given, record.type) and record.option.allows(given):
            continue
        with pytest.raises((TypeError, ValueError)) as refusal:
            record.check(method.key, given)
        assert str(refusal.value).startswith(f"{method.key}({record.name}=")
        assert record.allowed() in str(refusal.value)


UNLIKE = {(record.name, record.option): (method, record) for method, record in NUMBERS
          if record.type is float or record.option.high >= MANY}  # fmt: skip


@pytest.mark.parametrize(
    ("method", "record"), UNLIKE.values(), ids=lambda part: getattr(part, "key", None) or part.name
)
def test_both_ends_do_no_harm(method, record):
    (case, *_) = cases(method, **GIVEN.get(method.key, {}))
    for value in {*map(record.type, ends(record.option))}:
        try:
            run = case.run(**{record.name: value})
            next(run), next(run, None)
        except (ValueError, Diverged, NotEnoughMemory):
            continue
        assert not case.why_unfit(run.answer), value
