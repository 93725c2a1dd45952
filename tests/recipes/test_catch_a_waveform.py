"""Catch-A-Waveform against what is published of it: sizes, reaches, rates, masked averages, cubic interpolation."""

import math

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicHermiteSpline
from torch import nn

import oneself
from oneself.core import Identity
from oneself.domains import Recording
from oneself.generative import Waves
from oneself.generative.model import Model
from oneself.networks.waveform import DilatedDiscriminator, DilatedGenerator, Normalisation, reach_of, shrunk
from oneself.operators.rates import interpolated
from oneself.recipes.sound.lower_rates import rates_of, valid_at
from oneself.recipes.sound.waves import Settings, WaveScale, spectral_distance
from oneself.registry import Run

RATE = 8000.0
PUBLISHED = [320, 400, 500, 640, 800, 1000, 1280, 1600, 2000, 2500, 4000, 8000, 10000, 12000, 14400, 16000]
SMALL = {"layers": 2, "width": 2, "coarsest_width": 2, "steps": 2, "coarsest": 2500.0}


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tone(frequency, length, rate=RATE):
    return torch.sin(2 * math.pi * frequency * torch.arange(length) / rate)


def test_the_published_networks_have_their_size_and_reach():
    """2041 samples are seen: 6.4 s at 320 Hz, 128 ms at 16 kHz. Weights by hand: kernels, g, biases, norms."""
    assert 2 * reach_of(8) + 1 == 2041
    w, body = 96, 7
    first, inner, gates, last = 9 * w + 2 * w, 9 * w * w + 2 * w, 2 * (9 * w * w + 2 * w), w + 2
    norms = body * 2 * w
    assert sum(p.numel() for p in DilatedGenerator(1, w, 8).parameters()) == first + 7 * inner + gates + last + norms
    score = first + 6 * inner + 9 * w + 2 + norms
    assert sum(p.numel() for p in DilatedDiscriminator(1, w, 8).parameters()) == score


def test_an_output_sees_the_margin_and_no_further():
    """But for normalisation, which has one mean and deviation for all: taken out here. Gates see 4 more, the fixed
    filter one."""
    network, margin = DilatedGenerator(1, 2, 4), reach_of(4)
    network.body.norms = nn.ModuleList(_Passing() for _ in network.body.norms)
    mixed = normal(1, 1, 40 + 2 * margin).requires_grad_()
    network(mixed, torch.zeros(1, 1, 40))[0, 0, 20].backward()
    seen = mixed.grad[0, 0].nonzero()[:, 0]
    assert (int(seen.min()), int(seen.max())) == (20 - 4 - 1, 20 + 2 * margin + 4)


class _Passing(nn.Module):
    def forward(self, x, valid=None):
        return x


def test_masked_normalisation_is_that_of_the_valid_part():
    norm, x = Normalisation(3), normal(1, 3, 50)
    valid = torch.ones(1, 1, 50)
    valid[..., 10:30] = 0
    part = norm(torch.cat([x[..., :10], x[..., 30:]], -1))
    whole = norm(x, valid)
    assert torch.allclose(torch.cat([whole[..., :10], whole[..., 30:]], -1), part, atol=1e-5)


def test_what_is_in_a_gap_moves_no_score():
    """Two gaps whose neighbourhoods overlap, and one at the border."""
    critic, x = DilatedDiscriminator(1, 3, 2), normal(1, 1, 120)
    valid = torch.ones(1, 1, 120)
    valid[..., 40:44] = valid[..., 50:60] = valid[..., :3] = 0
    other = torch.where(valid > 0, x, 7.0)
    seen = critic(x, valid) != 0
    assert torch.allclose(critic(x, valid)[seen], critic(other, valid)[seen], atol=1e-5)
    reach = reach_of(2)
    assert not seen[0, 0, 40 - reach : 60 + reach + 1].any()
    assert seen[0, 0, 60 + reach + 1 :].all()


def test_holes_are_rescaled_at_every_rate_and_grown_by_the_reach():
    known = torch.ones(1000, dtype=torch.bool)
    known[500:600] = known[:20] = False
    assert valid_at(known, 1000)[0, 0].bool().equal(known)
    coarse = valid_at(known, 100)[0, 0].bool()
    assert not coarse[50:60].any()
    assert not coarse[:2].any()
    assert coarse[3:49].all()
    assert shrunk(torch.tensor([[[1.0, 1, 1, 0, 1, 1, 1]]]), 1).tolist() == [[[1, 0, 0, 0, 1]]]


def test_the_rates_are_the_published_ones_that_the_recording_has_power_for():
    reach = reach_of(8)
    x = (tone(100, 160000, 16000.0) * 0.9)[None]
    assert rates_of(x, 16000.0, None, 1.0, reach) == PUBLISHED
    assert rates_of(x, 16000.0, 500.0, 2.0, reach) == [500, 1000, 2000, 4000, 8000, 16000]
    high = (tone(900, 160000, 16000.0) * 0.9)[None]
    assert rates_of(high, 16000.0, None, 1.0, reach)[0] == 2000
    known = torch.ones(160000, dtype=torch.bool)
    known[40000:60000] = known[100000:120000] = False
    assert rates_of(x, 16000.0, None, 1.0, reach, known)[0] > 320


def test_interpolation_is_the_cubic_whose_slopes_are_central_differences():
    """Keys' kernel of a = −½ is Catmull and Rom's spline; a line is kept but at its ends."""
    x = normal(1, 1, 40).double()
    made = interpolated(x, 130)
    slopes = np.gradient(x[0, 0].numpy())
    places = np.arange(130) * 40 / 130
    truth = CubicHermiteSpline(np.arange(40), x[0, 0].numpy(), slopes)(places.clip(0, 39))
    inner = (places > 1) & (places < 38)
    assert np.allclose(made[0, 0].numpy()[inner], truth[inner])
    assert torch.equal(interpolated(x, 40), x)


def test_the_spectral_loss_is_that_of_magnitudes():
    """A turn of sign is no error; twice as loud is the norm of the magnitudes."""
    x = normal(1, 1, 4000)
    assert spectral_distance(x, -x) < 1e-6
    assert torch.allclose(spectral_distance(2 * x, x), spectral_distance(0 * x, x), rtol=1e-4)


def scale(valid=None, number=0):
    x = normal(1, 1, 200)
    waves = Waves(x, [(100,), (200,)], 2)
    for k in range(number):
        waves.add(WaveScale(waves, x[..., ::2], 2, settings()).level, 2)
        if valid is not None:
            waves.draw_in(k + 1, 1 - valid)
    return WaveScale(waves, x if number else x[..., ::2], 2, settings(), valid)


def settings(**changed):
    usual = {"layers": 2, "loss": "waveform", "reconstruction_weight": 10.0, "gradient_penalty": 0.01}
    return Settings(**{**usual, "noise_amplitude": 0.01, "crop": None, "lr": 1e-3, "steps": 2, **changed})


def test_noise_of_the_reconstruction_stands_at_the_coarsest_rate_and_in_gaps():
    valid = torch.ones(1, 1, 200)
    valid[..., 90:110] = 0
    waves = scale(valid, 1).below
    fine = waves.fixed(1, waves.picture)
    assert torch.equal(fine[..., 90:110] != 0, torch.ones(1, 1, 20, dtype=torch.bool))
    assert not fine[valid == 0].equal(torch.zeros(20))
    assert not fine[valid > 0].any()
    assert waves.fixed(0, waves.picture).std() > 0.5
    again = scale(valid, 1)
    assert torch.equal(again.sampler().reconstruction(), again.sampler().reconstruction())


def test_noise_is_as_much_louder_as_the_rate_has_more_power():
    fine = scale(number=1)
    more = fine.real.square().mean() - interpolated_down(fine.real).square().mean()
    assert torch.allclose(fine.level.amplitude, 0.01 * more.sqrt(), rtol=1e-4)


def interpolated_down(x):
    from oneself.operators.rates import resampled

    return resampled(x, x.shape[-1] // 2)


def test_a_gap_counts_for_no_loss():
    valid = torch.ones(1, 1, 200)
    valid[..., 90:110] = 0
    stage = scale(valid, 1)
    example = stage.draw()
    before = stage.generator_loss(example)
    moved = type(example)(example.input, torch.where(valid > 0, example.target, 9.0), valid)
    assert torch.allclose(stage.generator_loss(moved)["reconstruction"], before["reconstruction"])


def test_training_goes_towards_the_recording():
    """At one rate, by the reconstruction alone, the fixed noise comes to give the recording."""
    x = 0.5 * tone(300, 200)[None, None]
    options = {"coarsest": RATE, "coarsest_width": 4, "layers": 2, "steps": 30, "crop": None, "lr": 0.03}
    run = Run("catch_a_waveform", Recording(x, RATE), Identity(), reconstruction_weight=1e3, **options)
    trace = run.finish().history["reconstruction"]
    assert trace[-1] < 0.75 * trace[0]


def test_new_recordings_of_any_length_and_a_model_that_is_kept(tmp_path):
    x = Recording(tone(300, 600)[None, None], RATE)
    made = oneself.generate(x, 2, (900,), "catch_a_waveform", **SMALL)
    assert made.images.shape == (2, 1, 900)
    assert not torch.equal(made.images[0], made.images[1])
    made.model.save(tmp_path / "a.safetensors")
    again = Model.load(tmp_path / "a.safetensors", "catch_a_waveform")
    assert torch.equal(again.sample(2, (900,)), made.images)
    assert again.sample(1, (900,), start_scale=1).shape == (1, 1, 900)


def test_gaps_are_filled_and_what_is_known_is_kept():
    x, mask = tone(300, 600)[None, None].repeat(1, 2, 1), torch.zeros(600, dtype=torch.bool)
    mask[:20] = mask[200:240] = mask[250:260] = True
    made = oneself.inpaint(Recording(x, RATE), mask, "catch_a_waveform", **SMALL).samples
    assert torch.equal(made[..., ~mask], x[..., ~mask])
    assert bool(torch.isfinite(made).all())
    assert made[..., mask].abs().max() > 0


@pytest.mark.parametrize("given", [True, False], ids=["example", "alone"])
def test_extension_keeps_the_low_frequencies(given):
    x = tone(100, 300, 4000.0)[None, None]
    example = {"example": Recording(normal(1, 1, 800), RATE)} if given else {}
    found = oneself.super_resolve(Recording(x, 4000.0), 2.0, method="catch_a_waveform", full=True, **SMALL, **example)
    made = found.answer
    assert (made.rate, made.samples.shape[-1]) == (8000.0, 600)
    spectra = (
        torch.fft.rfft(torch.hann_window(300) * x[0, 0]),
        torch.fft.rfft(torch.hann_window(300) * interpolated_down(made.samples)[0, 0]),
    )
    assert torch.allclose(spectra[0][:100], spectra[1][:100], atol=0.5)
    assert any("own lower frequencies" in note for note in found.notes) is not given


def test_an_example_that_does_not_fit_is_refused():
    x = Recording(tone(100, 300)[None, None], RATE)
    with pytest.raises(ValueError, match="only super-resolution learns from one"):
        oneself.denoise(x, "catch_a_waveform", example=x, **SMALL)
    with pytest.raises(ValueError, match="at 16000 or more"):
        oneself.super_resolve(x, 2.0, method="catch_a_waveform", example=x, **SMALL)


def test_silence_gives_silence():
    made = oneself.generate(Recording(torch.zeros(1, 1, 300), RATE), 1, None, "catch_a_waveform", **SMALL).images
    assert made.abs().max() < 1e-9
