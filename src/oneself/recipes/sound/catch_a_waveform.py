"""Catch-A-Waveform: generators of one recording at rates from coarse to fine, each adversarial.

Given           x, one recording; with gaps; or y, at a lower rate, and where there is one an example of the same source
Structure       a generator G_k and a discriminator D_k at every rate, of dilated convolutions that see 2041 samples
Input           noise σ_k z plus what the rate below generates, interpolated; and the fixed noise z* that must give x
Loss            max over D_k of mean D_k(x) − mean D_k(G_k(z)), the Wasserstein distance of what is seen;
                α ‖G_k(z*) − x‖², or α times the distance of the magnitudes of short-time spectra
Regularisation  the small receptive field; the norm of the slope of D_k is held near 1 (λ)

Greshler, Shaham, Michaeli. Catch-A-Waveform: learning to generate audio from a single short example. NeurIPS 2021.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Annotated, Any, Literal

import torch
from torch import Tensor

from oneself.core import Option, Recipe, Stage, method
from oneself.domains import RECORDING, Recording
from oneself.generative import Waves
from oneself.networks.waveform import reach_of
from oneself.operators.kept import kept_elements
from oneself.operators.rates import extended, interpolated, resampled
from oneself.recipes import options as o
from oneself.recipes.sound.filling import gaps_of, joined
from oneself.recipes.sound.lower_rates import rates_of, valid_at
from oneself.recipes.sound.waves import Settings, WaveScale

FADE = 0.05  # of the known frequencies, over which the generated ones begin
PUBLISHED = {"ratio": 1.0, "width": 96, "crop": None, "steps": 3000}


@method(
    "Catch-A-Waveform",
    cite="Greshler, Shaham, Michaeli. Catch-A-Waveform: learning to generate audio from a single short example. "
    "NeurIPS 2021.",
    tasks=("super-resolve", "generate", "denoise", "inpaint"),
    needs=("A", "A_adjoint"),
    domain=RECORDING,
    presets={
        "published": PUBLISHED,
        "published-music": {**PUBLISHED, "loss": "spectral", "reconstruction_weight": 1e-4},
    },
)
def catch_a_waveform(
    y: Recording,
    physics: Any,
    *,
    example: Annotated[
        Recording | None, Option("for super-resolution: another recording of the source, at the higher rate")
    ] = None,
    coarsest: Annotated[
        float | None, Option("the lowest rate, in Hz; the first with power enough unless given", above=0, high=1e6)
    ] = None,
    ratio: Annotated[float, Option("of neighbouring rates, at least", low=1, high=8)] = 2.0,
    layers: Annotated[int, Option("dilated convolutions of a network; each doubles its reach", low=1, high=10)] = 8,
    width: Annotated[int, Option("channels of the networks", low=1, high=1024)] = 16,
    coarsest_width: Annotated[int, Option("channels of the networks at the lowest rate", low=1, high=1024)] = 16,
    loss: Annotated[
        Literal["waveform", "spectral"],
        Option("what the reconstruction is compared by; 'spectral' is for making new music"),
    ] = "waveform",
    reconstruction_weight: Annotated[float, Option("α, weight of the reconstruction", low=0, high=1e6)] = 10.0,
    gradient_penalty: Annotated[
        float, Option("λ, weight of the discriminator's gradient penalty", low=0, high=1e6)
    ] = 0.01,
    noise_amplitude: Annotated[
        float, Option("noise of a rate, relative to what the recording has more than at the one below", low=0, high=100)
    ] = 0.01,
    crop: o.RandomCrop = 6144,
    lr: o.LearningRate = 1.5e-3,
    steps: Annotated[int, Option("steps at each rate", low=1, high=10**7)] = 500,
) -> Recipe:
    size = physics.A_adjoint(y.samples).shape[-1]
    source, notes = _source(y, size, example)
    known = _known(y, physics) if size == y.samples.shape[-1] else None
    samples = source.samples if known is None else source.samples * known
    rates = rates_of(samples, source.rate, coarsest, ratio, reach_of(layers), known)
    sizes = [(round(samples.shape[-1] * rate / source.rate),) for rate in rates[:-1]] + [(samples.shape[-1],)]
    settings = Settings(layers, loss, reconstruction_weight, gradient_penalty, noise_amplitude, crop, lr, steps)
    widths = [width if number else coarsest_width for number in range(len(sizes))]
    valid = [None if known is None else valid_at(known, n) for (n,) in sizes]
    waves = yield from _trained(samples, sizes, widths, valid, settings, notes)
    if size > y.samples.shape[-1]:
        return _extended(y, size, waves, rates, source)
    return None if known is None else _filled(waves.reconstruction(), y, known)


def _known(y: Recording, physics: Any) -> Tensor | None:
    """Which samples are, ``(T,)``; ``None`` where all are."""
    kept = kept_elements(physics, y.samples)
    if kept is None or bool((kept > 0).all()):
        return None
    known = (kept[0] > 0).all(0)
    if not bool(known.any()):
        raise ValueError("catch_a_waveform(physics): the operator keeps nothing of the recording. Check its mask.")
    return known


def _trained(
    samples: Tensor, sizes: list[tuple[int]], widths: list[int], valid: list[Tensor | None], settings: Settings,
    notes: list[str],
) -> Generator[Stage, Stage, Waves]:  # fmt: skip
    """Rate after rate; each begins with what the one below has learned, where that is as wide, from the third on."""
    below = Waves(samples, sizes, settings.layers)
    for number, mask in enumerate(valid):
        if mask is not None and number:
            below.draw_in(number, 1 - mask)
    last: WaveScale | None = None
    for number, (length,) in enumerate(sizes):
        real, wide = resampled(samples, length) / below.peak, widths[number]
        stage = WaveScale(below, real, wide, settings, valid[number], () if number else notes)
        if last is not None and last.width == wide and number > 1:
            stage.begin_from(last)
        left = [settings.cost(n, w) for (n,), w in zip(sizes, widths, strict=True)][number:]
        stage.time_share = left[0] / sum(left)
        fitted = yield stage
        assert isinstance(fitted, WaveScale)
        last = fitted
        below = last.sampler()
    return below


def _source(y: Recording, size: int, example: Recording | None) -> tuple[Recording, list[str]]:
    """What is learned from, and a note where it is what is to be extended itself."""
    factor = size / y.samples.shape[-1]
    if example is None:
        told = (
            "learned from the recording's own lower frequencies: no example of the source at the higher rate was given"
        )
        return y, [told] * (factor > 1)
    if factor <= 1:
        raise ValueError("catch_a_waveform(example): only super-resolution learns from one. Leave it out.")
    target = y.rate * factor
    if example.rate < target * (1 - 1e-3) or example.samples.shape[1] != y.samples.shape[1]:
        raise ValueError(
            f"catch_a_waveform(example): {example.samples.shape[1]} channels at {example.rate:g} samples in a second. "
            f"Give one of {y.samples.shape[1]} channels, at {target:g} or more."
        )
    length = round(example.samples.shape[-1] * target / example.rate)
    return Recording(resampled(example.samples, length), target), []


def _extended(y: Recording, size: int, waves: Waves, rates: list[float], source: Recording) -> Tensor:
    """The recording at the higher rate: what it holds below its limit, what was generated above."""
    length = y.samples.shape[-1]
    peak = y.samples.abs().max().clamp(min=1e-12)
    made, target = y.samples / peak, y.rate * size / length
    if source.rate > y.rate * (1 + 1e-6):
        for level, rate in zip(waves.levels, rates, strict=True):
            if rate > y.rate * (1 + 1e-6):
                made = interpolated(made, round(length * rate / y.rate))
                made = level(made, torch.zeros_like(made))
    else:
        times = max(1, round(math.log2(target / y.rate)))
        for k in range(1, times + 1):
            made = interpolated(made, round(length * (size / length) ** (k / times)))
            made = waves.levels[-1](made, torch.zeros_like(made))
    return extended(y.samples, resampled(made, size) * peak, FADE)


def _filled(made: Tensor, y: Recording, known: Tensor) -> Tensor:
    """The reconstruction, in gaps going over from what their edges foretell."""
    samples = torch.where(known, y.samples, 0)[0]
    for gap in gaps_of(known):
        samples = joined(samples, gap, made[0, :, gap], y.rate)
    return torch.where(known, made, samples[None])
