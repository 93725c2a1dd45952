"""Promises about options: each counts, each is checked, none is misspelt in silence."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from oneself.core import Diverged, OptionRecord, Run
from oneself.core.randomness import Randomness
from oneself.testing.cases import Case, beside
from oneself.testing.inputs import inputs_of
from oneself.testing.networks import Smoother
from oneself.testing.operator import refusal
from oneself.testing.promise import require

__all__ = [
    "check_bad_values_are_refused",
    "check_every_option_counts",
    "check_presets",
    "check_unknown_options_are_refused",
]

SIDES = ("tile",)  # options that may change nothing but the shapes that networks are given
LONGER, LATE = 24, 20  # steps, and a value that counts only where there are so many


def check_every_option_counts(case: Case) -> None:
    """Some other allowed value of every option changes values: of terms, scores, steps, answer or samples; not their
    names alone. Of a tile's side, which may not change the answer, the shapes that networks are given are looked at.

    An option that only counts beside another (``hold_out`` beside ``stop="held-out"``) is tried beside others' values.
    """
    runs = _Runs(case)
    for record in case.method.options:
        if not record.is_plain and not record.is_input:
            _check_weights_count(record, case)
            continue
        found = any(runs.differ(record, context, tried) for context, tried in _contexts(record, case))
        require(found, case, f"the option {record.name} changes nothing")


def _check_weights_count(record: OptionRecord, case: Case) -> None:
    """Other weights than those that were given to try the method with give another answer; where they count only beside
    a choice, than those of a small network."""
    now, context = _current(record, case.options), {}
    if now is None and record.name == "weights" and record.takes_module:
        now, context = Smoother(), _counting(record, case)
    require(now is not None, case, f"the option {record.name} is not tried. Give some: check_all(…, {record.name}=…)")
    with TemporaryDirectory() as folder:
        moved = _moved(now, Path(folder) / "weights.safetensors")
        answers = [case.run(**context, **{record.name: value}).finish().answer for value in (now, moved)]
    require(not case.same(*answers), case, f"the option {record.name} changes nothing")


def _counting(record: OptionRecord, case: Case) -> dict[str, Any]:
    """A choice beside which an option counts that by default does not."""
    defaults = {**case.method.resolve_options({}), **case.options}
    choices = [{other.name: choice} for other in case.method.options for choice in other.choices]
    return next(({**choice} for choice in [{}, *choices] if record.option.counts({**defaults, **choice})), {})


def _moved(weights: Any, path: Path) -> Any:
    """A module whose weights are others, or a file of such."""
    if isinstance(weights, torch.nn.Module):
        other = copy.deepcopy(weights)
        other.load_state_dict({name: x + x.dtype.is_floating_point / 4 for name, x in other.state_dict().items()})
        return other
    held = load_file(weights)
    save_file({name: x + x.dtype.is_floating_point / 4 for name, x in held.items()}, path)
    return path


def _contexts(record: OptionRecord, case: Case) -> Iterator[tuple[dict[str, Any], slice]]:
    """Options to try an option beside, and which of its own values to try there: the likeliest to tell first.

    Nearly always the first two values tell. What ends a run may tell only late in a longer one, beside a choice.
    """
    every, longer = slice(None), case.taking(steps=LONGER)
    yield {}, every
    yield longer, every
    choices, others = _nearest(record, case.method.options)
    for among in (choices, others):
        for base, tried in (({}, slice(2)), (longer, slice(-2, None)), ({}, every)):
            for other in among:
                yield from (({**base, other.name: value}, tried) for value in _values(other, case))


def _nearest(record: OptionRecord, options: Sequence[OptionRecord]) -> tuple[list[OptionRecord], list[OptionRecord]]:
    """The other options, choices and the rest: by how near they are declared, as those that belong together are."""
    place = options.index(record)
    ranked = sorted((abs(i - place), i) for i in range(len(options)) if i != place)
    near = [options[i] for _, i in ranked]
    chosen = [option for option in near if option.choices or option.type is bool]
    return chosen, [option for option in near if option not in chosen]


class _Runs:
    """Runs of a case, each made once; what they did as short hashes."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.made: dict[str, tuple[str, str] | None] = {}

    def differ(self, record: OptionRecord, context: dict[str, Any], tried: slice) -> bool:
        """Whether the present value of an option and the ``tried`` of the others do different work, beside the given
        other options."""
        seen = set()
        for value in (_current(record, self.case.options), *_values(record, self.case)[tried]):
            done = self.work({**context, record.name: value})
            seen |= set() if done is None else {done[record.name in SIDES]}
            if len(seen) > 1:
                return True
        return False

    def work(self, options: dict[str, Any]) -> tuple[str, str] | None:
        case = self._quickened(options)
        try:
            key = repr(case.method.resolve_options({**case.options, **options}))
        except ValueError:  # an option that counts nothing beside the others
            return None
        if key not in self.made:
            self.made[key] = self._work(case, options)
        return self.made[key]

    def _quickened(self, options: dict[str, Any]) -> Case:
        """The case without what of its quickening options would be refused beside others."""
        beside = {**self.case.method.resolve_options({}), **self.case.options, **options}
        counting = {record.name for record in self.case.method.options if record.option.counts(beside)}
        kept = {name: value for name, value in self.case.options.items() if name in counting}
        return replace(self.case, options=kept)

    def _work(self, case: Case, options: dict[str, Any]) -> tuple[str, str] | None:
        """The values that a run gave, and with them the shapes that its networks were given; ``None`` where the options
        do not go together."""
        shapes: list[Any] = []

        def note(module: torch.nn.Module, given: tuple[Any, ...]) -> None:
            shapes.append([tuple(x.shape) for x in given if isinstance(x, Tensor)])

        hook = torch.nn.modules.module.register_module_forward_pre_hook(note)
        try:
            run = case.run(**options)
            result = run.finish()
        except (ValueError, Diverged):
            return None
        finally:
            hook.remove()
        traces = [[value.hex() for value in trace] for trace in result.history.values()]
        done = (
            repr((sorted(traces), result.steps)).encode()
            + run.method.answers.fingerprint(result.answer).encode()
            + _sampled(run)
        )
        return hashlib.blake2b(done).hexdigest(), hashlib.blake2b(done + repr(shapes).encode()).hexdigest()


def _sampled(run: Run) -> bytes:
    """A sample of what was trained, where it can be sampled."""
    learned = getattr(run.stages[-1], "sampler", None)
    if learned is None:
        return b""
    sampler = learned()
    with Randomness(0, 0, run.compute.device), torch.no_grad():
        sample: Tensor = sampler.sample(sampler.sizes[-1][-2:])
    return sample.cpu().numpy().tobytes()


def _current(record: OptionRecord, chosen: Any) -> Any:
    return chosen.get(record.name, record.default)


def _values(record: OptionRecord, case: Case) -> list[Any]:
    """A few other allowed values of an option, the likeliest to count and the cheapest first."""
    now = _current(record, case.options)
    if record.type is bool:
        return [not now]
    if record.choices:
        return [choice for choice in record.choices if choice != now]
    if record.domain is not None:
        return [case.other(case.truth) if record.domain is case.method.domain else inputs_of(record.domain)[1]]
    if not record.is_plain:
        return []
    if record.type is str:
        return [*(preset[record.name] for preset in case.method.presets.values() if record.name in preset), "another"]
    tried = [record.type(value) for value in _numbers(record, now)]
    found = [value for value in dict.fromkeys(tried) if record.option.allows(value) and value != now]
    return [*found, None] if record.optional and now is not None else found


def _numbers(record: OptionRecord, now: float | None) -> list[float]:
    """Never far above the present value: that may be what makes the method quick."""
    given = [] if now is None else [now]
    ends = [end for end in (record.option.low, record.option.high) if abs(end) < 100]
    if record.type is int:
        return [*ends, *[value // 2 for value in given], 8, *[value + 1 for value in given], 2, LATE]
    return [*[value / 2 for value in given], *ends, *[value * 2 for value in given], 0.1, 0.3, 0.9]


def check_bad_values_are_refused(case: Case) -> None:
    """A value of the wrong type or out of range is refused before the first step: option, value and range named."""
    for record in case.method.options:
        for value in _bad_values(record):
            what = f"{record.name}={value!r}"
            options = {record.name: value}
            message = refusal(lambda o=options: case.run(**o), (TypeError, ValueError), case, what)  # type: ignore[misc]
            told = what in message and case.method.key in message and record.allowed() in message
            require(told, case, f"the refusal of {what} does not name option, value and what is allowed: {message}")


def _bad_values(record: OptionRecord) -> list[Any]:
    bad: list[Any] = [object, [1], *([] if record.optional else [None])]
    if record.type is bool:
        return [*bad, "yes", 1]
    if not record.is_plain:
        return [*bad, "3", 3]
    if record.type is str:
        return [*bad, 3, *(["no such choice"] if record.choices else [])]
    bad += ["3", True, *([1.5, 2.0] if record.type is int else [math.nan, math.inf])]
    option = record.option
    beyond = [option.low - 1, option.high + 1, option.above, option.below]
    return bad + [record.type(value) for value in beyond if math.isfinite(value)]


def check_unknown_options_are_refused(case: Case) -> None:
    """An unknown option is refused, and the closest known one offered."""
    for record in case.method.options:
        if len(record.name) < 4:
            continue
        options = {record.name[:-1] + "_": 1}
        message = refusal(lambda o=options: case.run(**o), (TypeError,), case, f"{options}")  # type: ignore[misc]
        require("Did you mean" in message, case, f"no name is offered: {message}")
    message = refusal(lambda: case.run(qqqq=1), (TypeError,), case, "qqqq")
    require(all(record.name in message for record in case.method.options), case, "the known names are not listed")


def check_presets(case: Case) -> None:
    """Every preset is allowed, sets something other than the defaults, and runs; unknown ones are refused."""
    method = case.method
    defaults = method.resolve_options({})
    for name in method.presets:
        require(method.resolve_options({}, name) != defaults, case, f"the preset {name!r} is what the defaults are")
        given = {**beside(method, case.truth, case.y, case.physics), **case.taking(steps=1, samples=1)}
        run = type(case.run())(method, case.y, case.physics, device="cpu", preset=name, **given)
        require(not case.why_unfit(run.finish().answer), case, f"the preset {name!r} does not run")
    require(method.gpu_preset is None or method.gpu_preset in method.presets, case, "there is no such gpu_preset")
    refusal(lambda: method.resolve_options({}, "no such preset"), (ValueError,), case, "an unknown preset")
