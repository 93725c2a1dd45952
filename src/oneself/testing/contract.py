"""What every method promises. Each check takes a ``Case`` and raises ``BrokenPromise`` where it is not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from oneself.core import Method
from oneself.domains import IMAGE
from oneself.testing import domain, operator, options, randomness, record, resuming, run, scaled
from oneself.testing.cases import Case, cases

__all__ = ["CHECKS", "Check", "check_all", "promises"]


@dataclass(frozen=True)
class Check:
    """A promise: its name, the function that checks it, what it is checked on, and whether it is one of images alone.

    ``on`` is ``"every"`` case, the first of each number of ``"dims"``, or the ``"first"``.
    """

    name: str
    function: Callable[[Case], None]
    on: Literal["every", "dims", "first"] = "first"
    images: bool = False

    def __str__(self) -> str:
        return self.name

    def __call__(self, case: Case) -> None:
        self.function(case)


CHECKS = (
    Check("answer_fits", run.check_answer_fits, on="every"),
    Check("dtype_kept", run.check_dtype_is_kept),
    Check("break_leaves_answer", run.check_break_leaves_an_answer),
    Check("inputs_unchanged", run.check_inputs_are_not_changed, on="every"),
    Check("calls_share_nothing", run.check_calls_share_nothing),
    Check("batch_equals_singles", run.check_batch_equals_singles, images=True),
    Check("same_seed_same_bits", randomness.check_same_seed_same_bits, on="dims"),
    Check("callers_random_state", randomness.check_callers_random_state),
    Check("looking_changes_nothing", randomness.check_looking_changes_nothing),
    Check("interleaved_runs", randomness.check_interleaved_runs),
    Check("resume_exact", resuming.check_resume_is_exact),
    Check("no_host_read", run.check_terms_never_read_back, on="dims"),
    Check("foreign_operator", operator.check_foreign_operator, images=True),
    Check("lacking_operator", operator.check_lacking_operator_is_refused),
    Check("operator_counts", operator.check_operator_counts, images=True),
    Check("measurement_refusals", operator.check_bad_measurements_are_refused, images=True),
    Check("domain", domain.check_domain),
    Check("other_kinds", domain.check_other_kinds_are_refused),
    Check("options_count", options.check_every_option_counts),
    Check("bad_values", options.check_bad_values_are_refused),
    Check("unknown_options", options.check_unknown_options_are_refused),
    Check("presets", options.check_presets),
    Check("units_do_not_count", scaled.check_units_do_not_count, on="dims", images=True),
    Check("row", record.check_row),
    Check("record", record.check_record),
)


def promises(methods: Iterable[str | Method], inputs: Sequence[Any] = (), **options: Any) -> list[tuple[Check, Case]]:
    """Every check with every case it is for, over some methods: what to parametrise a test over."""
    found = []
    for method in methods:
        made = cases(method, inputs, **options)
        checks = [check for check in CHECKS if made[0].method.domain is IMAGE or not check.images]
        found += [(check, case) for check in checks for case in _among(made, check.on)]
    return found


def _among(made: Sequence[Case], on: str) -> Sequence[Case]:
    if on != "dims":
        return made if on == "every" else made[:1]
    shapes = [len(case.method.domain.shape(case.truth)) for case in made]
    return [case for i, case in enumerate(made) if shapes.index(shapes[i]) == i]


def check_all(
    method: str | Method, *, only: Sequence[str] | None = None, inputs: Sequence[Any] = (), **options: Any
) -> None:
    """Every check, or those named, on one method.

    Parameters
    ----------
    method : str or Method
        One of the library's, by key, or one's own.
    only : sequence of str, optional
        Names of ``CHECKS``.
    inputs : sequence, optional
        Small inputs to try it on, where it works on a domain of one's own.
    **options
        What makes the method quick, where its options have names that ``cases.QUICK`` does not know.

    Raises
    ------
    BrokenPromise
        The first promise that is not kept.
    """
    for check, case in promises([method], inputs, **options):
        if only is None or check.name in only:
            check(case)
