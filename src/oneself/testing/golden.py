"""Golden curves: the objective over ten steps at written-down options, to notice unintended changes.

``python -m oneself.testing tests/contract/golden.json`` writes those that are missing;
with keys after the path it writes these anew, at their present options.

Beside each curve stands how far it may move: no machine sums in the same order, and some methods amplify that. It is
measured, step by step, in two ways: by shaking what every module takes in and gives out by a millionth, ten times what
float32 rounds; and under older instructions and other numbers of threads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from oneself.core import Method
from oneself.registry import find, methods
from oneself.testing.cases import cases

__all__ = ["curve", "main", "tolerance"]

STEPS = 10
SHAKE, SHAKES = 1e-6, 4  # relative; and with how many seeds
SURE = 10.0  # times what other settings were seen to move a curve by
LEAST = 1e-5  # of a term's largest value: what it may move by in any case
OLDER = ({"ATEN_CPU_CAPABILITY": "avx2"}, {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"})
SETTINGS = [{**older, "OMP_NUM_THREADS": threads} for older in OLDER for threads in ("1", "2")]
ASKED = "--curves"  # of a process of its own: the curves of what comes in
Curve = dict[str, list[float]]


def curve(method: str | Method, options: Mapping[str, Any], shaken: int | None = None) -> Curve:
    """Every term of the objective over the first ten steps on the method's first case, at these options.

    ``shaken`` is the seed of how everything is shaken, where it is.
    """
    case = cases(method)[0]
    with _shaking(shaken) as shake:
        run = case.run(y=shake(case.y), **options)
        steps = [
            {name: float(value) for name, value in step.terms.items()}
            for _, step in zip(range(STEPS), run, strict=False)
        ]
    names = dict.fromkeys(name for terms in steps for name in terms)
    return {name: [terms[name] for terms in steps if name in terms] for name in names}


@contextmanager
def _shaking(seed: int | None) -> Iterator[Any]:
    """Inside, images that modules take in or give out are shaken; gives what shakes one."""
    if seed is None:
        yield lambda x: x
        return
    chance = torch.Generator().manual_seed(seed)

    def shake(x: Any) -> Any:
        if not isinstance(x, Tensor) or not x.is_floating_point() or x.ndim < 3:
            return x
        return x * (1 + SHAKE * torch.randn(x.shape, generator=chance).to(x))

    def before(module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(shake(x) for x in given)

    def after(module: nn.Module, given: Any, made: Any) -> Any:
        return shake(made)

    first = register_module_forward_pre_hook(before)  # type: ignore[arg-type]  # torch says it returns nothing
    hooks = first, register_module_forward_hook(after)
    try:
        yield shake
    finally:
        for hook in hooks:
            hook.remove()


def tolerance(method: str | Method, options: Mapping[str, Any], elsewhere: Sequence[Curve]) -> Curve:
    """By how much each value of a curve may differ; ``elsewhere`` are the curves under other settings."""
    here = curve(method, options)
    shaken = [curve(method, options, seed) for seed in range(SHAKES)]
    return {
        name: [float(f"{allowed:.2g}") for allowed in accumulate(_moved(name, here, shaken, elsewhere), max)]
        for name in here
    }


def _moved(name: str, here: Curve, shaken: Sequence[Curve], elsewhere: Sequence[Curve]) -> Iterator[float]:
    least = LEAST * max(abs(value) for value in here[name])
    for step, value in enumerate(here[name]):
        yield max(
            least,
            *(abs(other[name][step] - value) for other in shaken),
            *(SURE * abs(other[name][step] - value) for other in elsewhere),
        )


def _curves_elsewhere(asked: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Curve]]:
    """The curves of methods at options under each of the other settings, in a process of its own."""
    for setting in SETTINGS:
        done = subprocess.run(
            [sys.executable, "-m", "oneself.testing", ASKED],
            input=json.dumps(asked),
            env={**os.environ, **setting},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        yield json.loads(done.stdout)


def write(path: Path, anew: Sequence[str]) -> None:
    golden = json.loads(path.read_text()) if path.exists() else {}
    chosen = [method for method in methods() if method.key in anew or "tolerance" not in golden.get(method.key, {})]
    for method in chosen:
        if method.key in anew or method.key not in golden:
            case = cases(method)[0]
            settled = method.resolve_options({**case.options, **case.taking(steps=STEPS)})
            plain = {record.name for record in method.options if record.is_plain}
            options = {name: value for name, value in settled.items() if name in plain}
            golden[method.key] = {"options": options, "terms": curve(method, options)}
    elsewhere = list(_curves_elsewhere({method.key: golden[method.key]["options"] for method in chosen}))
    for method in chosen:
        entry = golden[method.key]
        entry["tolerance"] = tolerance(method, entry["options"], [curves[method.key] for curves in elsewhere])
    path.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n")


def main(arguments: Sequence[str]) -> None:
    if list(arguments) == [ASKED]:
        asked = json.load(sys.stdin)
        print(json.dumps({key: curve(key, options) for key, options in asked.items()}))
        return
    torch.set_num_threads(1)
    path, *anew = arguments
    write(Path(path), [find(key).key for key in anew])
