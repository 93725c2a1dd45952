"""Whatever device torch knows can be asked for; what is not there is refused, and what one lacks runs on the CPU."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from oneself.core import Compute, Fit, Run, Stage, method
from oneself.core.compute import available_memory, peak_memory
from oneself.core.devices import find_device, lacks, random_state, set_random_state, widest
from oneself.core.physics import physics_on
from oneself.core.randomness import Randomness
from oneself.testing import Mask

from .toys import CITE, fit, image, toy

MPS = torch.device("mps")
MISSING = "The operator 'aten::unfold_backward' is not currently implemented for the MPS device. More words."


def pretend(monkeypatch: pytest.MonkeyPatch, kind: str, count: int = 1, **more: Any) -> None:
    """As if this machine had devices of a kind; no tensor can be made on them."""
    there = {"is_available": lambda: count > 0, "device_count": lambda: count, **more}
    monkeypatch.setattr(torch, kind, SimpleNamespace(**there))


@pytest.mark.parametrize("kind", ["mps", "xpu"])
def test_any_device_that_is_there_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    pretend(monkeypatch, kind, 2)
    assert Compute.choose(kind).device == torch.device(kind)
    assert find_device(f"{kind}:1") == torch.device(kind, 1)
    with pytest.raises(
        ValueError, match=rf"Run\(device='{kind}:2'\): there is none here\. Give one of cpu, {kind}, or"
    ):
        find_device(f"{kind}:2")


@pytest.mark.parametrize("name", ["cuda", "mps", "xpu", "hpu", "meta", "xla", "cpu:1", "mps:0"])
def test_what_is_not_there_is_refused_with_what_is(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for kind in ("cuda", "mps", "xpu"):
        pretend(monkeypatch, kind, 0)
    with pytest.raises(
        ValueError, match=rf"Run\(device='{name}'\): there is none here\. Give one of cpu, or none at all"
    ):
        Run(toy, image(), device=name)


def test_a_device_that_lacks_an_operation_is_left_for_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here ``mps`` lacks all, so that the very first copy fails."""
    pretend(monkeypatch, "mps")
    with pytest.warns(UserWarning, match="mps lacks what toy takes") as told:
        run = Run(toy, image(), device="mps", steps=3)
    result = run.finish()
    assert result.device == "cpu"
    assert result.notes == (str(told[0].message),)
    assert result.notes[0].endswith(": computed on the CPU")
    assert torch.equal(result.image, Run(toy, image(), device="cpu", steps=3).finish().image)


class Lacking(Fit):
    """The device that is called ``cpu:0`` lacks something at one of its steps."""

    at = 0
    missing: list[str]

    def solve(self) -> dict[str, Tensor]:
        self.steps_taken = getattr(self, "steps_taken", -1) + 1
        if self.missing and self.steps_taken == self.at:
            raise NotImplementedError(self.missing.pop())
        return {}


def lacking(missing: list[str], at: int, stage: int) -> Any:
    @method("Lacking", cite=CITE, tasks=("denoise",))
    def made(y: Tensor, physics: Any) -> Any:
        for number in range(2):
            plain = fit(y, 5)
            plain.__class__ = Lacking
            plain.missing, plain.at = missing if number == stage else [], at
            yield plain

    return made


@pytest.mark.parametrize("stage", [0, 1])
def test_what_was_done_before_is_kept(stage: int) -> None:
    alone = Run(lacking([], 0, stage), image(), device="cpu").finish()
    run = Run(lacking([MISSING], 0, stage), image(), device="cpu:0")
    with pytest.warns(
        UserWarning, match=r"cpu:0 lacks what made takes \(The operator 'aten::unfold_backward' is not cu"
    ):
        steps = [(step.stage, step.index) for step in run]
    assert steps == [(number, index) for number in range(2) for index in range(5)]
    assert torch.equal(run.answer, alone.image)
    assert run.result().history == alone.history
    assert run.result().device == "cpu"


def test_it_is_told_as_it_is_on_the_cpu_or_in_the_middle() -> None:
    for device, at in (("cpu", 0), ("cpu:0", 2)):
        with pytest.raises(NotImplementedError, match="unfold_backward"):
            Run(lacking([MISSING], at, 0), image(), device=device).finish()


def test_a_resumed_run_may_go_on_on_the_cpu() -> None:
    alone, begun = Run(lacking([], 0, 0), image(), device="cpu").finish(), Run(lacking([], 0, 0), image(), device="cpu")
    next(begun)
    again = Run(lacking([MISSING], 0, 0), image(), device="cpu:0")
    again.load_state_dict(begun.state_dict())
    with pytest.warns(UserWarning, match="computed on the CPU"):
        assert torch.equal(again.finish().image, alone.image)


def test_what_says_that_a_device_lacks_something() -> None:
    assert lacks(MPS, NotImplementedError(MISSING))
    assert lacks(
        MPS, TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64")
    )
    assert not lacks(MPS, RuntimeError("shapes do not match"))
    assert not lacks(MPS, ValueError("mps is not supported"))
    assert not lacks(torch.device("cpu"), NotImplementedError(MISSING))


def test_random_numbers_of_any_device_are_the_runs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"state": torch.tensor([1])}
    pretend(
        monkeypatch, "mps", get_rng_state=lambda: held["state"], set_rng_state=lambda state: held.update(state=state)
    )
    monkeypatch.setattr("oneself.core.randomness.seeded_state", lambda device, seed: torch.tensor([2]))
    monkeypatch.setattr(torch, "set_rng_state", lambda state: None)
    stream = Randomness(0, 0, MPS)
    with stream:
        assert random_state(MPS).item() == 2
        set_random_state(torch.tensor([3]), MPS)
    assert held["state"].item() == 1
    assert [int(state[0]) for state in stream.states[1:]] == [3]
    stream.resume([torch.tensor([4])])  # saved where there was no such device
    assert [int(state) for state in stream.states] == [4, 3]
    stream.resume([torch.tensor([5]), torch.tensor([6])])
    assert [int(state) for state in stream.states] == [5, 6]


def test_a_state_of_two_generators_goes_on_with_one() -> None:
    stream = Randomness(0, 0, torch.device("cpu"))
    stream.resume([stream.states[0], torch.tensor([6])])
    with stream:
        torch.rand(1)
    assert len(stream.states) == 1


def test_a_device_without_float64_gets_none() -> None:
    class Wide(Stage):
        def __init__(self) -> None:
            super().__init__(steps=1)
            self.register_buffer("sum", torch.zeros((), dtype=torch.float64))
            self.register_buffer("count", torch.zeros((), dtype=torch.long))

        def estimate(self) -> Tensor:
            return image()

    placed = Compute(torch.device("cpu")).place(Wide())
    assert placed.sum.dtype == torch.float64
    assert (widest(MPS), widest(torch.device("cuda"))) == (torch.float32, torch.float64)


def test_memory_of_devices_that_do_not_count_it_is_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "mps")
    assert available_memory(MPS) == pytest.approx(available_memory(torch.device("cpu")), rel=0.5)
    assert peak_memory(MPS) > 0
    pretend(monkeypatch, "xpu", mem_get_info=lambda device: (7, 9), max_memory_allocated=lambda device: 5)
    xpu = torch.device("xpu")
    assert (available_memory(xpu), peak_memory(xpu)) == (7, 5)


def test_the_command_line_lets_torch_compute_on_the_cpu_what_mps_lacks() -> None:
    code = "import os, sys; sys.argv = ['oneself', '--help']\nfrom oneself.cli import main\nmain()\n"
    code += "assert 'torch' not in sys.modules and os.environ['PYTORCH_ENABLE_MPS_FALLBACK'] == '1'"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_operator_of_any_kind_is_brought_to_the_device() -> None:
    """That is no module, too; the caller's own stays where it is."""
    own = Mask(torch.ones(3))
    assert physics_on(own, torch.device("meta")).known.device.type == "meta"
    assert own.known.device.type == "cpu"
    assert physics_on(own, torch.device("cpu")) is own


def test_what_was_told_before_a_checkpoint_is_brought_to_the_device() -> None:
    """The history of a resumed run is put together with what its device tells."""
    run = Run(toy, image(), device="cpu", steps=3)
    next(run)
    runner = run._now
    assert runner is not None
    state = runner.state_dict()
    runner._wants_stop = torch.zeros((), dtype=torch.bool, device="meta")
    runner.load_state_dict(state)
    assert {value.device.type for step in runner.history for value in step.values()} == {"meta"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_run_on_a_gpu_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    whole = Run(toy, image(), device="cuda", steps=6).finish()
    run = Run(toy, image(), device="cuda", steps=6)
    next(run)
    run.save(tmp_path / "checkpoint")
    again = Run(toy, image(), device="cuda", steps=6)
    again.load(tmp_path / "checkpoint")
    result = again.finish()
    assert result.history.keys() == whole.history.keys()
    assert torch.allclose(result.image, whole.image, atol=1e-5)
