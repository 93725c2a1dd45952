"""A method is a function with its record; mistakes in it show when it is made."""

from dataclasses import replace
from typing import Annotated, Any

import pytest
import torch
from torch import Tensor

from oneself.core import Fit, Option, method
from oneself.core.loop import running_preset

from .toys import CITE, fit, image, toy


def test_the_record() -> None:
    assert (toy.key, toy.title, toy.cite) == ("toy", "Toy", CITE)
    assert toy.row == "Methods small enough to know everything about."
    assert toy.dims == (1, 2, 3)
    assert toy.needs == ("A", "A_adjoint")
    assert toy.takes("rate")
    assert not toy.takes("rates")
    assert isinstance(toy(image(), None, steps=3), Fit)


def test_presets_stand_between_defaults_and_what_is_given() -> None:
    assert toy.resolve_options({})["steps"] == 20
    assert toy.resolve_options({}, "long")["steps"] == 40
    assert toy.resolve_options({"rate": 0.2}, "long") == {**toy.resolve_options({}), "steps": 40, "rate": 0.2}
    assert toy.resolve_options({"steps": 7}, "long")["steps"] == 7


def test_unknown_presets_are_refused() -> None:
    with pytest.raises(ValueError, match=r"toy\(preset='lon'\): no such preset\. Did you mean 'long'\?"):
        toy.resolve_options({}, "lon")

    def bare(y: Tensor, physics: Any) -> Fit:
        return fit(y)

    with pytest.raises(ValueError, match="It has none"):
        method("Bare", cite=CITE, tasks=("denoise",))(bare).resolve_options({}, "long")


def stepping(y: Tensor, physics: Any, *, steps: Annotated[int, Option("steps", low=1)] = 3) -> Fit:
    return fit(y, steps)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"presets": {"none": {"steps": 0}}}, ValueError, r"steps=0\): out of range"),
        ({"presets": {"none": {"stops": 1}}}, TypeError, "Did you mean 'steps'"),
        ({"gpu_preset": "fast"}, ValueError, r"preset='fast'\): no such preset"),
    ],
)
def test_mistakes_in_presets_show_at_once(given: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        method("Stepping", cite=CITE, tasks=("denoise",), **given)(stepping)


def test_unknown_tasks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown \['paint'\]\. Give some of .*'denoise'"):
        method("Stepping", cite=CITE, tasks=("denoise", "paint"))


def forbidden(y: Tensor, physics: Any, *, steps: Annotated[int, Option("steps", low=1)] = 0) -> Fit:
    return fit(y, steps)


def helpless(y: Tensor, physics: Any, *, steps: int = 3) -> Fit:
    return fit(y, steps)


def test_mistakes_in_options_show_at_once() -> None:
    record = method("Wrong", cite=CITE, tasks=("denoise",))
    with pytest.raises(ValueError, match=r"forbidden\(steps=0\): out of range"):
        record(forbidden)
    with pytest.raises(TypeError, match=r"helpless\(steps\): an option needs"):
        record(helpless)


def test_the_preset_of_a_gpu_is_told() -> None:
    made = replace(toy, gpu_preset="long")
    gpu, cpu = torch.device("cuda"), torch.device("cpu")
    assert running_preset(made, None, cpu) == (None, [])
    assert running_preset(toy, None, gpu) == (None, [])
    assert running_preset(made, "long", gpu) == ("long", [])
    name, (note,) = running_preset(made, None, gpu)
    assert name == "long"
    assert note.startswith("toy: on a GPU the preset 'long' runs")
