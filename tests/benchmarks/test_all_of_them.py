"""Benchmarks that are run by hand still fit the library: every one can be imported."""

import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(FOLDER))


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_a_benchmark_is_imported(name: str) -> None:
    assert importlib.import_module(name).__doc__
