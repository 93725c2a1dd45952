"""The contract notices what it is there to notice: a sound method keeps it, and each fault breaks its promise."""

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import pytest
import torch
from torch import Tensor

from oneself.core import Example, Fit, Method, Option, Term, method
from oneself.domains.grid import Image as Images
from oneself.testing import BrokenPromise, check_all, picture

from .sound import CITE, Smallness, broken, fit, network, same_everywhere, sound


def test_a_sound_method_keeps_every_promise():
    check_all(sound, steps=4)


class Reading(Smallness):
    def forward(self, x: Tensor, example: Example) -> Tensor:
        return super().forward(x, example) * float(x.detach().mean())


class Branching(Smallness):
    def forward(self, x: Tensor, example: Example) -> Tensor:
        return super().forward(x, example) * (2 if x.mean() > 0 else 1)


class Counting(Fit):
    """A number that no checkpoint holds moves the objective."""

    count = 0

    def terms(self, example: Example) -> Any:
        self.count += 1
        return {name: value * self.count for name, value in super().terms(example).items()}


class Shy(Fit):
    """Looking at it changes it."""

    def estimate(self) -> Tensor:
        for parameter in self.structure.parameters():
            parameter.data += 1e-3
        return super().estimate()


class Global(Fit):
    """All of its kind share a number."""

    moves = 0

    def terms(self, example: Example) -> Any:
        Global.moves += 1
        return {name: value * Global.moves for name, value in super().terms(example).items()}


class Smaller(Term):
    name = "smaller"

    def forward(self, x: Tensor, example: Example) -> Tensor:
        return x.square().mean(dim=(0, 1))


NETWORKS: dict[int, torch.nn.Module] = {}


def remembered(y: Tensor, physics: Any, steps: int) -> Fit:
    dims = y.ndim - 2
    NETWORKS.setdefault(dims, network(dims, y.shape[1]))
    return fit(y, physics, structure=NETWORKS[dims], steps=steps)


def draws_elsewhere(y: Tensor, physics: Any, steps: int) -> Fit:
    return fit(y, physics, weight=float(np.random.rand()), steps=steps)


def ignores_the_operator(y: Tensor, physics: Any, steps: int) -> Fit:
    from oneself.core import Identity

    return fit(y, Identity(), steps=steps)


def wants_its_own_operator(y: Tensor, physics: Any, steps: int) -> Fit:
    known = type(physics).__module__.startswith("oneself.core")
    return fit(y, physics, weight=0.1 if known else 0.2, steps=steps)


def spoils_the_operator(y: Tensor, physics: Any, steps: int) -> Fit:
    if hasattr(physics, "known"):
        physics.known.mul_(0.5)
    return fit(y, physics, steps=steps)


def cut_short(network: torch.nn.Module) -> Tensor:
    return torch.zeros(1, 3, 5, 5)


Change = Callable[[Tensor, Any, int], Fit]
FAULTS: list[tuple[str, str, Change]] = [
    (
        "answer_fits",
        "no answer: it is of the shape",
        lambda y, p, n: fit(y, p, steps=n, output=cut_short),
    ),
    ("calls_share_nothing", "left traces|share memory", remembered),
    ("same_seed_same_bits", "two seeds gave one answer", lambda y, p, n: same_everywhere(n, y, p)),
    ("same_seed_same_bits", "one seed gave two answers", draws_elsewhere),
    ("callers_random_state", "moved the caller's random state", draws_elsewhere),
    ("looking_changes_nothing", "looking changed the answer", lambda y, p, n: fit(y, p, steps=n, kind=Shy)),
    ("interleaved_runs", "disturbed each other", lambda y, p, n: fit(y, p, steps=n, kind=Global)),
    ("batch_equals_singles", "a batch gives other answers", lambda y, p, n: fit(y, p, steps=n, kind=Global)),
    ("resume_exact", "resumed after step 1", lambda y, p, n: fit(y, p, steps=n, kind=Counting)),
    ("no_host_read", "reads a tensor back", lambda y, p, n: fit(y, p, steps=n, regularisation=Reading())),
    ("no_host_read", "reads a tensor back", lambda y, p, n: fit(y, p, steps=n, regularisation=Branching())),
    ("operator_counts", "the operator Scaled was ignored", ignores_the_operator),
    ("foreign_operator", "only the needed functions gives another", wants_its_own_operator),
    ("inputs_unchanged", "the operator was changed", spoils_the_operator),
]


@pytest.mark.parametrize(("promise", "words", "change"), FAULTS, ids=[f"{p}-{i}" for i, (p, *_) in enumerate(FAULTS)])
def test_a_fault_breaks_its_promise(promise, words, change):
    with pytest.raises(BrokenPromise, match=words):
        check_all(broken(change), only=[promise], steps=4)


def with_idle_option() -> Method:
    @method("Idle", cite=CITE, tasks=("denoise",))
    def sound(
        y: Tensor,
        physics: Any,
        *,
        idle: Annotated[float, Option("does nothing", low=0)] = 0.1,
        steps: Annotated[int, Option("steps", low=1)] = 3,
    ) -> Fit:
        return fit(y, physics, steps=steps)

    return sound


def test_an_option_that_does_nothing_is_noticed():
    with pytest.raises(BrokenPromise, match="the option idle changes nothing"):
        check_all(with_idle_option(), only=["options_count"], steps=2)


def with_naming_option() -> Method:
    @method("Naming", cite=CITE, tasks=("denoise",))
    def sound(
        y: Tensor,
        physics: Any,
        *,
        named: Annotated[bool, Option("calls a part of the objective otherwise")] = False,
        steps: Annotated[int, Option("steps", low=1)] = 3,
    ) -> Fit:
        smallness = Smallness()
        smallness.name = "other" if named else smallness.name
        return fit(y, physics, steps=steps, regularisation=smallness)

    return sound


def test_an_option_that_changes_names_alone_is_noticed():
    with pytest.raises(BrokenPromise, match="the option named changes nothing"):
        check_all(with_naming_option(), only=["options_count"], steps=2)


RECORDS: list[tuple[str, str, dict[str, Any]]] = [
    ("presets", "'same' is what the defaults are", {"presets": {"same": {"steps": 300}}}),
    ("record", "its citation has no year", {"cite": "Nobody. Nowhere."}),
    ("record", "title or tasks", {"tasks": ("denoise",), "title": ""}),
]


@pytest.mark.parametrize(("promise", "words", "record"), RECORDS, ids=[words for _, words, _ in RECORDS])
def test_a_wrong_record_is_noticed(promise, words, record):
    with pytest.raises(BrokenPromise, match=words):
        check_all(broken(lambda y, p, n: fit(y, p, steps=n), **record), only=[promise])


def test_a_file_without_its_row_is_noticed():
    with pytest.raises(BrokenPromise, match="no line that begins with 'Given'"):
        check_all(with_idle_option(), only=["row"])


def test_a_deterministic_method_says_so():
    check_all(
        broken(lambda y, p, n: same_everywhere(n, y, p), deterministic=True), only=["same_seed_same_bits"], steps=4
    )
    with pytest.raises(BrokenPromise, match="said to be deterministic, and two seeds gave two answers"):
        check_all(broken(lambda y, p, n: fit(y, p, steps=n), deterministic=True), only=["same_seed_same_bits"], steps=4)


class Sharing(Images):
    """Its copies are no copies."""

    def own(self, y: Tensor, device: torch.device) -> Tensor:
        return y


class Forgetting(Images):
    """Its arrays leave something out."""

    def of_arrays(self, arrays: Any) -> Tensor:
        return super().of_arrays(arrays) * 0


@pytest.mark.parametrize(("domain", "words"), [(Sharing(), "shares memory"), (Forgetting(), "arrays make another")])
def test_a_faulty_domain_is_noticed(domain, words):
    made = broken(lambda y, p, n: fit(y, p, steps=n), domain=domain)
    with pytest.raises(BrokenPromise, match=words):
        check_all(made, only=["domain"], inputs=[picture(24, 20)], steps=2)


def test_inputs_of_ones_own_domain_must_be_given():
    with pytest.raises(ValueError, match=r"no inputs of this domain are known\. Give inputs=\[\.\.\.\]"):
        check_all(broken(lambda y, p, n: fit(y, p, steps=n), domain=Sharing()))
