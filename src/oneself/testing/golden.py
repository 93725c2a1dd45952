"""Golden curves: the objective over ten steps at written-down options, to notice unintended changes.

``python -m oneself.testing tests/contract/golden.json`` writes those that are missing;
with keys after the path it writes these anew, at their present options.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from oneself.core import Method
from oneself.registry import find, methods
from oneself.testing.cases import cases

__all__ = ["curve", "main"]

STEPS = 10
Curve = dict[str, list[float]]


def curve(method: str | Method, options: Mapping[str, Any]) -> Curve:
    """Every term of the objective over the first ten steps on the method's first case, at these options."""
    case = cases(method)[0]
    run = case.run(**options)
    taken = [
        {name: float(value) for name, value in step.terms.items()} for _, step in zip(range(STEPS), run, strict=False)
    ]
    return {
        name: [terms[name] for terms in taken if name in terms] for name in dict.fromkeys(n for t in taken for n in t)
    }


def write(path: Path, anew: Sequence[str]) -> None:
    golden = json.loads(path.read_text()) if path.exists() else {}
    for method in methods():
        if method.key in anew or method.key not in golden:
            case = cases(method)[0]
            settled = method.settle({**case.options, **case.taking(steps=STEPS)})
            options = {name: value for name, value in settled.items() if not isinstance(value, Tensor)}
            golden[method.key] = {"options": options, "terms": curve(method, options)}
    path.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n")


def main(arguments: Sequence[str]) -> None:
    path, *anew = arguments
    write(Path(path), [find(key).key for key in anew])
