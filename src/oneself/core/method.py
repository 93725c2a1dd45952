"""What makes a function a method: its record."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import Tensor

from oneself.core.option import OptionRecord, check_options, closest, read_options, shown
from oneself.core.stage import Stage
from oneself.domains import IMAGE, Domain

__all__ = ["Method", "Recipe", "method"]

Recipe = Stage | Generator[Stage, Stage, Tensor | None]


@dataclass(frozen=True)
class Method:
    """A method: ``method(y, physics, **options)`` gives the stage, or the generator of stages, that the loop runs.

    Attributes
    ----------
    key, title, cite : str
        Its name in the library, its name in the field, and where it was published.
    tasks : tuple of str
        Which of its domain's it does.
    dims : tuple of int
        Numbers of spatial dimensions it works on, where inputs have such.
    needs : tuple of str
        What it calls of the operator.
    presets : mapping
        Named sets of options in place of the defaults.
    gpu_preset : str or None
        The preset that stands for the defaults where a GPU computes.
    domain : Domain
        What its inputs are.
    deterministic : bool
        Whether it draws nothing: the answer is the same for every seed.
    gives : Domain or None
        What its answers are, where that is not what its inputs are: a mesh, of a point cloud.
    """

    function: Callable[..., Recipe]
    title: str
    cite: str
    tasks: tuple[str, ...]
    dims: tuple[int, ...]
    needs: tuple[str, ...]
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    gpu_preset: str | None = None
    domain: Domain[Any] = IMAGE
    deterministic: bool = False
    gives: Domain[Any] | None = None

    @property
    def answers(self) -> Domain[Any]:
        """What its estimates and answers are."""
        return self.gives or self.domain

    @property
    def key(self) -> str:
        return self.function.__name__

    @property
    def row(self) -> str:
        """The method's row of the survey's table: the docstring of its file."""
        module = inspect.getmodule(self.function)
        return inspect.cleandoc((module and module.__doc__) or "")

    @cached_property
    def options(self) -> tuple[OptionRecord, ...]:
        return read_options(self.function, self.domain)

    def takes(self, option: str) -> bool:
        return any(record.name == option for record in self.options)

    def resolve_options(self, given: Mapping[str, Any], preset: str | None = None) -> dict[str, Any]:
        """Every option's value: the defaults, the preset's in their place, and the given ones in place of both.

        Raises
        ------
        TypeError, ValueError
            As of ``check_options``; an option that is ignored beside the others (``Option.counts``); an unknown preset.
        """
        if preset is not None and preset not in self.presets:
            known = closest(preset, self.presets) if self.presets else "It has none."
            raise ValueError(f"{self.key}(preset={preset!r}): no such preset. {known}")
        values = check_options(self.key, self.options, {**self.presets.get(preset or "", {}), **given})
        for record in self.options:
            if record.option.counts(values):
                continue
            if record.name in given and values[record.name] != record.default:
                raise ValueError(
                    f"{self.key}({record.name}={shown(values[record.name])}): it only counts {record.option.only}. "
                    "Give that too, or leave it out."
                )
            values[record.name] = record.default  # of a preset whose setting was replaced
        return values

    def __call__(self, y: Any, physics: Any, **options: Any) -> Recipe:
        return self.function(y, physics, **options)


def method(
    title: str,
    *,
    cite: str,
    tasks: tuple[str, ...],
    dims: tuple[int, ...] | None = None,
    needs: tuple[str, ...] = ("A", "A_adjoint"),
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    gpu_preset: str | None = None,
    domain: Domain[Any] = IMAGE,
    deterministic: bool = False,
    gives: Domain[Any] | None = None,
) -> Callable[[Callable[..., Recipe]], Method]:
    """Make a function ``(y, physics, *, options) -> Stage`` a method of the library.

    It works on images unless ``domain`` says otherwise, and gives what it is given unless ``gives`` does. Its options,
    their defaults, presets and tasks are checked here, so that a mistake shows at import.
    """
    unknown = set(tasks) - set(domain.tasks)
    if unknown:
        raise ValueError(f"method(tasks={tasks}): unknown {sorted(unknown)}. Give some of {domain.tasks}.")

    def record(function: Callable[..., Recipe]) -> Method:
        axes = domain.dims if dims is None else dims
        made = Method(
            function, title, cite, tasks, axes, needs, presets or {}, gpu_preset, domain, deterministic, gives
        )
        for option in made.options:
            option.check(made.key, option.default)
            lacking = set(domain.needs_beside) - set(needs)
            if option.domain is domain and lacking:
                raise ValueError(
                    f"{made.key}(needs={needs}): the option {option.name} needs {', '.join(lacking)} to know its size."
                )
        for name in made.presets:
            made.resolve_options({}, name)
        if gpu_preset is not None:
            made.resolve_options({}, gpu_preset)
        return made

    return record
