"""DIP for sound: a method whose inputs are recordings.

Given           y = x + noise, samples and their rate
Structure       one convolution h
Input           fixed noise z, jittered at every step
Loss            ‖h(z) − y‖²
Regularisation  λ · energy above a frequency

Nobody. Nowhere. 2000.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
import torch
from torch import Tensor, nn

from oneself.core import Example, Fit, Option, Run, Term, method
from oneself.domains import RECORDING, Recording
from oneself.inputs import Code
from oneself.losses import Fidelity
from oneself.optim import adam
from oneself.registry import Reconstructor
from oneself.stopping import Average, Patience, WindowVariance
from oneself.testing import promises
from oneself.testing.inputs import recording

CITE = "Nobody. Nowhere. 2000."
Y = recording()


class Above(Term):
    """The energy above a frequency, of samples that come at some rate (both in Hz)."""

    name = "above"

    def __init__(self, frequency: float, rate: float) -> None:
        super().__init__()
        self.frequency, self.rate = frequency, rate

    def forward(self, x: Tensor, example: Example) -> Tensor:
        spectrum = torch.fft.rfft(x, norm="ortho").abs().square()
        return spectrum[..., torch.fft.rfftfreq(x.shape[-1], 1 / self.rate) > self.frequency].sum() / x.numel()


@method("DIP for sound", cite=CITE, tasks=("denoise",), domain=RECORDING)
def sound(
    y: Recording,
    physics: Any,
    *,
    frequency: Annotated[float, Option("above which energy is disliked, in Hz", above=0, high=1e6)] = 500.0,
    weight: Annotated[float, Option("of that energy", low=0, high=1e3)] = 1.0,
    guide: Annotated[Recording | None, Option("another recording, mixed in")] = None,
    steps: Annotated[int, Option("steps", low=1)] = 60,
) -> Fit:
    samples = y.samples if guide is None else (y.samples + guide.samples) / 2
    channels, length = samples.shape[1:]
    return Fit(
        structure=nn.Conv1d(4, channels, 9, padding=4),
        input=Code(samples, (length,), 4, 0.1),
        loss=Fidelity(physics.A),
        regularisation=weight * Above(frequency, y.rate),
        optimiser=adam(1e-2),
        steps=steps,
        selection=Average(0.9),
        stop=Patience(WindowVariance(5), 20),
    )


def run(y: Recording = Y, **more: Any) -> Run:
    return Run(sound, y, device="cpu", **more)


@pytest.mark.parametrize(("check", "case"), promises([sound]), ids=str)
def test_it_keeps_the_contract(check: Any, case: Any) -> None:
    check(case)


def test_the_answer_is_a_recording_at_its_rate() -> None:
    result = run().finish()
    assert isinstance(result.answer, Recording)
    assert (result.answer.rate, result.answer.samples.shape) == (Y.rate, Y.samples.shape)
    assert "window_variance" in result.history
    double = run(Recording(Y.samples.double(), Y.rate), steps=3).finish().answer
    assert double.samples.dtype == torch.float64


def test_the_rate_counts() -> None:
    """The same samples at twice the rate are twice as high."""
    faster = Recording(Y.samples, 2 * Y.rate)
    first, other = (run(y, steps=5).finish().answer.samples for y in (Y, faster))
    assert not torch.equal(first, other)
    assert torch.equal(other, run(faster, steps=5, frequency=500.0).finish().answer.samples)
    assert torch.equal(first, run(faster, steps=5, frequency=1000.0).finish().answer.samples)


def test_a_checkpoint_belongs_to_samples_rate_and_guide(tmp_path: Path) -> None:
    begun = run(guide=Y)
    next(begun)
    begun.save(tmp_path / "run")
    again = run(guide=Recording(Y.samples.clone(), Y.rate))
    again.load(tmp_path / "run")
    assert torch.equal(again.finish().answer.samples, begun.finish().answer.samples)
    for other, what in (
        (run(Recording(Y.samples, 4000.0), guide=Y), "measurement"),
        (run(Recording(-Y.samples, Y.rate), guide=Y), "measurement"),
        (run(Recording(Y.samples[..., 1:], Y.rate), guide=Y), "shape"),
        (run(guide=Recording(-Y.samples, Y.rate)), "option guide"),
    ):
        with pytest.raises(ValueError, match=f"the checkpoint's {what} is"):
            other.load(tmp_path / "run")


@pytest.mark.parametrize(
    ("y", "error", "words"),
    [
        (Y.samples, TypeError, r"sound\(y=Tensor\): DIP for sound works on a recording\. Give a Recording"),
        (Recording(Y.samples.int(), 8000.0), TypeError, "not real floating point"),
        (Recording(Y.samples[0], 8000.0), ValueError, r"no samples\. Give \(1, channels, time\)"),
        (Recording(Y.samples * torch.nan, 8000.0), ValueError, "NaN or infinite"),
        (Recording(Y.samples, 0.0), ValueError, r"y\.rate=0\.0\): not a rate"),
        (Recording(Y.samples, float("nan")), ValueError, "not a rate"),
    ],
)
def test_what_is_no_recording_is_refused(y: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        run(y)


def test_batches_are_of_images() -> None:
    with pytest.raises(TypeError, match=r"Reconstructor\(method='sound'\): .* a recording.*Use Run"):
        Reconstructor(sound)


def test_what_the_signature_says_is_told() -> None:
    _, _, guide, _ = sound.options
    assert guide.is_input
    assert guide.domain is RECORDING
    assert guide.allowed() == "a recording, or none"
    assert sound.dims == ()
    with pytest.raises(ValueError, match=r"unknown \['deblur'\]\. Give some of \('denoise', 'inpaint'"):
        method("Sound", cite=CITE, tasks=("deblur",), domain=RECORDING)
