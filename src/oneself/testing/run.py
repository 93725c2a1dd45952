"""Promises about a run: its answer, its inputs, and that nothing is shared or read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from oneself.core import Pretrained, Run, Stage, total
from oneself.registry import Reconstructor
from oneself.testing.cases import FEW, Case
from oneself.testing.promise import BrokenPromise, require

__all__ = [
    "check_answer_fits",
    "check_batch_equals_singles",
    "check_break_leaves_an_answer",
    "check_calls_share_nothing",
    "check_dtype_is_kept",
    "check_inputs_are_not_changed",
    "check_terms_never_read_back",
]

READS = {"item", "tolist", "numpy", "cpu", "__bool__", "__int__", "__float__", "__index__", "__array__"}
OPERATIONS = ("_local_scalar_dense", "nonzero", "masked_select", "aten::equal", "is_nonzero", "unique")


def check_answer_fits(case: Case) -> None:
    """The answer has the image's shape, is finite and on the run's device; so is the last clean look."""
    _none(case, case.watched.unfit)


def _none(case: Case, seen: Sequence[str], but: str = "") -> None:
    """Nothing of a kind was seen, or the promise is broken by the first."""
    require(not seen, case, f"{seen[0] if seen else ''}{but}")


def check_dtype_is_kept(case: Case) -> None:
    """The answer has the measurement's dtype."""
    few = case.taking(steps=FEW)
    for dtype in (np.float64, np.float16):
        y = case.cast(dtype)
        found, wanted = case.dtypes(case.run(y, **few).finish().answer), case.dtypes(y)
        require(found == wanted, case, f"a measurement of {wanted} gave an answer of {found}")
    if isinstance(case.y, Tensor):
        dtype_found = case.run(case.y.bfloat16(), **few).finish().answer.dtype
        require(dtype_found == torch.bfloat16, case, f"a bfloat16 measurement gave a {dtype_found} answer")


def check_break_leaves_an_answer(case: Case) -> None:
    """Leaving a run gives an answer of full size, and going on gives what it would have given unbroken."""
    run = case.run()
    for taken, _ in enumerate(run, 1):
        if taken == 2:
            break
    early = run.result()
    unfit = case.why_unfit(early.answer)
    require(not unfit, case, f"what stands after a break is no answer: {unfit}")
    require(early.steps == 2, case, "the result after a break counts other steps than were taken")
    require(not run.finished, case, "asking for the answer ended the run")
    require(case.same(run.finish().answer, case.whole.answer), case, "going on after a break gives another answer")


def check_inputs_are_not_changed(case: Case) -> None:
    """Neither the measurement nor the operator is written to, and the answer shares no memory with them."""
    _none(case, case.watched.changed, " was changed")


def check_calls_share_nothing(case: Case) -> None:
    """A run on another measurement in between changes nothing; two runs share no parameter."""
    require(case.same(case.whole.answer, case.again.answer), case, "a run on another input left traces")
    one, other = (_storages(case) for _ in range(2))
    require(not ({key for key, _ in one} & {key for key, _ in other}), case, "two runs share memory")


def _storages(case: Case) -> list[tuple[int, Tensor]]:
    """The addresses of all parameters but frozen ones, with the parameters, so that no address is given out twice."""
    found: list[tuple[int, Tensor]] = []
    for stage in _stages(case.run()):
        frozen = {id(x) for part in stage.modules() if isinstance(part, Pretrained) for x in part.frozen()}
        found += [(p.data_ptr(), p) for p in stage.parameters() if p.numel() and id(p) not in frozen]
    return found


def check_batch_equals_singles(case: Case) -> None:
    """N inputs give what N single runs give."""
    both = torch.cat([case.y, case.other()])
    batch = Reconstructor(case.method, device="cpu", **case.options)(both, case.physics)
    singles = torch.cat([case.whole.image, case.on_other.image])
    require(torch.equal(batch, singles), case, "a batch gives other answers than single runs")


class _Reads(TorchFunctionMode):
    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = getattr(function, "__name__", "")
        if name in READS:
            raise BrokenPromise(f"a term reads a tensor back to the host ({name})")
        return function(*args, **(kwargs or {}))


class _Operations(TorchDispatchMode):
    def __torch_dispatch__(self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        if any(name in str(function) for name in OPERATIONS):
            raise BrokenPromise(f"a term reads a tensor back to the host ({function})")
        return function(*args, **(kwargs or {}))


def check_terms_never_read_back(case: Case) -> None:
    """``terms`` is pure tensor code in every stage: no value returns to the host, no shape depends on one."""
    with torch.random.fork_rng(devices=[]):
        for stage in _stages(case.run()):
            for learner in stage.learners():
                example = learner.draw()
                with _Reads(), _Operations():  # type: ignore[no-untyped-call]
                    total(learner.terms(example)).backward()


def _stages(run: Run) -> Iterator[Stage]:
    """The stages of a run, none of them fitted."""
    with torch.random.fork_rng(devices=[]):
        recipe = run.method(run.y, run.physics, **run.as_given())
        if isinstance(recipe, Stage):
            yield recipe
            return
        stage = next(recipe)
        for _ in islice(iter(int, 1), 1000):
            yield stage
            try:
                stage = recipe.send(stage)
            except StopIteration:
                return
