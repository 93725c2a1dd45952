"""The saved state of a run: what it must hold, and what becomes of one that does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, TypedDict

import torch
from torch import Tensor

from oneself.core.option import Option, shown
from oneself.core.schema import conform

__all__ = ["RunState", "check_owner", "check_state", "resuming"]

Count = Annotated[int, Option("steps", low=0, high=10**9)]


class StageState(TypedDict):
    """As of ``StageRunner.state_dict``."""

    stage: dict[str, Any]
    optimisers: list[Any]
    index: Count
    planned: Count
    setbacks: Count
    stopped_by: str
    stream: Annotated[list[Tensor], Option("a generator's state for each device", low=1, high=2)]
    traces: dict[str, Tensor]
    flags: Annotated[list[Tensor], Option("two", low=2, high=2)]
    good: Annotated[list[Any], Option("what was healthy, when, and its state", low=3, high=3)]
    seconds: Annotated[float, Option("spent", low=0, high=1e10)]


class Identity(TypedDict):
    """What a run belongs to; compared with another's."""

    method: str
    options: dict[str, str | float | bool | None]
    seed: Annotated[int, Option("any")]
    shape: list[int]
    measurement: str
    plan: list[dict[str, str | int]]


class RunState(TypedDict):
    """As of ``Run.state_dict``."""

    belongs_to: Identity
    seconds: Annotated[float, Option("spent", low=0, high=1e10)]
    stages: list[StageState]


def check_state(state: Mapping[str, Any]) -> None:
    """Refuse what is not the state of a run. Raises ValueError."""
    with resuming():
        conform(state, RunState)


def check_owner(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
    """Refuse the state of another run. Raises ValueError that names what differs."""
    saved = _flat(theirs)
    for what, own in _flat(mine).items():
        if saved.get(what) != own:
            raise ValueError(
                f"Run.load: the checkpoint's {what} is {shown(saved.get(what))}, this run's is {shown(own)}. "
                "Give what the checkpoint was made with, or start without it."
            )


def _flat(owner: Mapping[str, Any]) -> dict[str, Any]:
    """What a run belongs to, each option by itself."""
    options = {f"option {name}": value for name, value in owner["options"].items()}
    return {"method": owner["method"], **options, **{k: v for k, v in owner.items() if k != "options"}}


@contextmanager
def resuming() -> Iterator[None]:
    """Inside, what fails is the fault of a saved state, and becomes a ValueError that says so."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RuntimeError) as error:
        told = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"Run.load: the checkpoint is damaged or another's ({told}). Start without it.") from error
