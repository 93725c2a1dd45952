"""Where and how a run computes, and what it refuses to begin."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from oneself.core import Compute, Example, NotEnoughMemory, Run, Term
from oneself.core import compute as module
from oneself.core.compute import available_memory, peak_memory

from .toys import Square, fit, image, run_of, toy

CPU = torch.device("cpu")


def test_a_gpu_is_chosen_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, kind in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert Compute.choose().device.type == kind


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"device": "gpu"}, r"Run\(device='gpu'\): unknown\. Give 'cpu', 'cuda'"),
        ({"device": "cuda"}, r"Run\(device='cuda'\): there is none here\. Give one of cpu"),
        ({"device": "meta"}, r"Run\(device='meta'\): there is none here"),
        ({"precision": "float16"}, r"Run\(precision='float16'\): unknown\. Give one of float32, bfloat16"),
    ],
)
def test_what_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], message: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=message):
        Run(toy, image(), **given)


def test_kernels_of_pictures_keep_channels_last() -> None:
    stage = nn.ModuleList([nn.Conv2d(3, 5, 3), nn.Conv1d(3, 5, 3), nn.Conv3d(3, 5, 3)])
    before = [parameter.detach().clone() for parameter in stage.parameters()]
    Compute(CPU).place(stage)
    assert stage[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert stage[1].weight.is_contiguous()
    assert stage[2].weight.is_contiguous()
    assert all(torch.equal(a, b) for a, b in zip(before, stage.parameters(), strict=True))


def test_precision_is_that_of_the_arithmetic_alone() -> None:
    network, x = nn.Conv1d(1, 1, 1), torch.rand(1, 1, 4)
    for precision, found in ((torch.bfloat16, torch.bfloat16), (None, torch.float32)):
        with Compute(CPU, precision).active():
            assert network(x).dtype == found
    assert network(x).dtype == torch.float32


class Rounded(nn.Module):
    """An image whose making autocast rounds."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 2, 1)

    def forward(self, z: Tensor) -> Tensor:
        x: Tensor = self.convolution(image() + z)
        return x


def test_at_half_precision_everything_looked_at_is_float32() -> None:
    def make(y: Tensor) -> Any:
        stage = fit(y, steps=2, rate=0.001)
        stage.structure = Rounded()
        return stage

    run = run_of(make, precision="bfloat16")
    step = next(run)
    assert step.output.dtype == step.estimate.dtype == run.answer.dtype == torch.float32
    assert torch.equal(step.output, step.output.bfloat16().float())  # it was computed in bfloat16
    assert not torch.equal(next(run_of(make)).output, step.output)


def failing(terms: Callable[..., Any]) -> Callable[..., Any]:
    raise RuntimeError("torch.compile is not supported here")


def failing_when_called(terms: Callable[..., Any]) -> Callable[..., Any]:
    def fast(example: Example) -> Any:
        raise OSError("no compiler")

    return fast


@pytest.mark.parametrize(("compiler", "error"), [(failing, "RuntimeError"), (failing_when_called, "OSError")])
def test_without_a_compiler_a_run_warns_once_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, compiler: Callable[..., Any], error: str
) -> None:
    monkeypatch.setattr(torch, "compile", compiler)
    run = run_of(fit, compile=True)
    with pytest.warns(UserWarning, match=rf"compiling failed \({error}\); going on without it") as warned:
        image_of_it = run.finish().image
    assert len(warned) == 1
    assert torch.equal(image_of_it, run_of(fit).finish().image)


def test_a_compiled_objective_is_used_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def compiler(terms: Callable[..., Any]) -> Callable[..., Any]:
        calls.append("made")
        return lambda example: calls.append("used") or terms(example)

    monkeypatch.setattr(torch, "compile", compiler)
    run_of(lambda y: fit(y, 4), compile=True).finish()
    assert calls == ["made", *["used"] * 4]
    run_of(lambda y: fit(y, 4)).finish()
    assert len(calls) == 5


class Wide(nn.Module):
    """Keeps ``count`` tensors of 1 MiB for the backward pass; as views of one, if asked."""

    def __init__(self, count: int, views: bool) -> None:
        super().__init__()
        self.image, self.count, self.views = nn.Parameter(torch.ones(1, 2, 6, 8)), count, views

    def forward(self, z: Tensor) -> Tensor:
        base = torch.ones(1 << 18) * self.image.mean()
        total = self.image.mean() * 0
        for index in range(self.count):
            part = base[index:] if self.views else base + index
            total = total + part.square().mean()
        return self.image + 0 * total


def wide(count: int, views: bool = False) -> Callable[[Tensor], Any]:
    def make(y: Tensor) -> Any:
        stage = fit(y, steps=2)
        stage.structure = Wide(count, views)
        return stage

    return make


def test_a_step_that_memory_cannot_hold_is_stopped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available_memory", lambda device: 10 * 2**20)
    run_of(wide(7)).finish()
    run = run_of(wide(12))
    with pytest.raises(
        NotEnoughMemory, match=r"made: one step on cpu needs more than the 0\.0 GB at hand\. Give a crop"
    ):
        next(run)
    assert issubclass(NotEnoughMemory, MemoryError)


def test_views_of_one_memory_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available_memory", lambda device: 10 * 2**20)
    run_of(wide(30, views=True)).finish()


def test_memory_is_told() -> None:
    assert 0 < available_memory(CPU) < math.inf
    held = torch.ones(40 << 18)
    assert peak_memory(CPU) > held.untyped_storage().nbytes()


def test_nothing_is_warned_of_in_a_plain_run() -> None:
    class Plain(Term):
        name = "plain"

        def forward(self, x: Tensor, example: Example) -> Tensor:
            return Square()(x, example)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run_of(lambda y: fit(y, 2, loss=Plain())).finish()
