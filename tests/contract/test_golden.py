"""The first ten steps are what they were when last looked at, but for what rounding moves."""

import json
from pathlib import Path
from typing import Any

import pytest

from oneself import methods
from oneself.core import Method
from oneself.testing import curve

PATH = Path(__file__).with_name("golden.json")
GOLDEN = json.loads(PATH.read_text())
HINT = "python -m oneself.testing tests/contract/golden.json"


def differing(found: dict[str, list[float]], golden: dict[str, Any]) -> list[str]:
    """The terms that differ by more than they may."""
    return [
        name
        for name, values in golden["terms"].items()
        if not all(
            abs(one - other) <= allowed
            for one, other, allowed in zip(found[name], values, golden["tolerance"][name], strict=True)
        )
    ]


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.key)
def test_ten_steps(method: Method) -> None:
    assert method.key in GOLDEN, f"no curve yet: {HINT}"
    golden = GOLDEN[method.key]
    found = curve(method, golden["options"])
    assert found.keys() == golden["terms"].keys()
    assert differing(found, golden) == [], f"if meant: {HINT} {method.key}"


@pytest.mark.parametrize("key", GOLDEN)
def test_a_change_would_be_noticed(key: str) -> None:
    """What a curve may move by leaves it the curve of this method."""
    golden = GOLDEN[key]
    largest = {name: max(map(abs, values)) for name, values in golden["terms"].items()}
    assert all(golden["tolerance"][name][0] < 5e-3 * largest[name] for name in largest)
    leading = max(largest, key=lambda name: largest[name])
    assert golden["tolerance"][leading][-1] < 0.1 * largest[leading]
    tenth = {name: [1.1 * value for value in values] for name, values in golden["terms"].items()}
    assert differing(tenth, golden)
