"""The first ten steps are what they were when last looked at."""

import json
from pathlib import Path

import pytest

from oneself import methods
from oneself.core import Method
from oneself.testing import curve

PATH = Path(__file__).with_name("golden.json")
GOLDEN = json.loads(PATH.read_text())
HINT = "python -m oneself.testing tests/contract/golden.json"


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.key)
def test_ten_steps(method: Method) -> None:
    assert method.key in GOLDEN, f"no curve yet: {HINT}"
    expected = GOLDEN[method.key]
    found = curve(method, expected["options"])
    assert found.keys() == expected["terms"].keys()
    for name, values in expected["terms"].items():
        assert found[name] == pytest.approx(values, rel=1e-3, abs=1e-7), f"{name}; if meant: {HINT} {method.key}"
