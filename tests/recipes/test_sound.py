"""Methods of recordings against closed forms: what noise leaves, where gaps lie, what networks see."""

import math

import pytest
import torch

import oneself
from oneself.domains import Recording
from oneself.generative.texture import best_shift, crossfaded
from oneself.operators.rates import Rate, extended, resampled
from oneself.recipes.sound.block_thresholding import block_attenuation, threshold
from oneself.recipes.sound.filling import extrapolated, gaps_of
from oneself.recipes.sound.spectra import noise_floor, samples_of, spectra_of

RATE = 8000.0


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tone(frequency, length, rate=RATE):
    return torch.sin(2 * math.pi * frequency * torch.arange(length) / rate)


def db(truth, made):
    return float(10 * (truth.square().sum() / (truth - made).square().sum()).log10())


def test_spectra_lead_back_and_keep_the_level_of_white_noise():
    x = normal(2, 5000)
    spectra = spectra_of(x, 256)
    assert torch.allclose(samples_of(spectra, 256, 5000), x, atol=1e-4)
    inner = spectra[:, 1:-1, 8:-8].abs().square().mean()
    assert abs(float(inner) - 1) < 0.03


def test_the_noise_floor_is_that_of_white_noise_beside_a_tone_and_pauses():
    noise = 0.1 * normal(1, 80000)
    floor = noise_floor(spectra_of(noise + tone(440, 80000) * (torch.arange(80000) % 20000 < 14000), 512), False)
    assert abs(float(floor[0, 0]) / 0.01 - 1) < 0.15


@pytest.mark.parametrize("count", [8, 32, 128])
def test_the_threshold_is_passed_by_noise_as_often_as_asked(count):
    """Of independent elements twice as many count as of those of overlapping windows."""
    torch.manual_seed(0)
    power = -torch.rand(20000, count // 2).log()
    share = float((power.mean(1) > threshold(count, 0.05)).float().mean())
    assert 0.04 < share < 0.06


def test_steins_risk_is_that_of_the_attenuation():
    """Of independent elements the estimate is unbiased, for shapes of blocks that were not chosen by it."""
    torch.manual_seed(0)
    signal = torch.zeros(1, 64, 64)
    signal[:, 16:32, 16:40] = 3.0
    risks, errors = [], []
    for _ in range(20):
        noise = torch.complex(torch.randn(1, 64, 64), torch.randn(1, 64, 64)) / math.sqrt(2)
        attenuation, risk = block_attenuation((signal + noise).abs().square(), 0.01)
        risks.append(risk.mean())
        errors.append((attenuation * (signal + noise) - signal).abs().square().mean())
    assert abs(float(torch.stack(risks).mean()) - float(torch.stack(errors).mean())) < 0.06


@pytest.mark.parametrize("level", [0.05, 0.3])
def test_denoising_gains_and_scales_with_the_recording(level):
    clean = (tone(440, 16000) * (torch.arange(16000) % 8000 < 5000) + tone(523, 16000) / 2)[None, None]
    noisy = Recording(clean + level * normal(1, 1, 16000), RATE)
    made = oneself.denoise(noisy)
    assert db(clean, made.samples) > db(clean, noisy.samples) + 5
    louder = oneself.denoise(Recording(1000 * noisy.samples, RATE))
    assert torch.allclose(louder.samples / 1000, made.samples, atol=1e-3)


def test_a_clean_recording_stays_nearly_as_it_is():
    clean = (tone(440, 16000) * (torch.arange(16000) % 8000 < 5000))[None, None]
    assert db(clean, oneself.denoise(Recording(clean, RATE)).samples) > 30


def test_rates_keep_tones_and_have_an_adjoint():
    t, fast = torch.arange(1000) / 4000, torch.arange(4000) / 16000
    up = resampled(torch.sin(2 * math.pi * 441 * t), 4000)
    assert (up - torch.sin(2 * math.pi * 441 * fast))[200:-200].abs().max() < 2e-3
    down = resampled(up, 1000)
    assert (down - torch.sin(2 * math.pi * 441 * t))[50:-50].abs().max() < 2e-3
    assert torch.allclose(resampled(torch.ones(1, 30), 77), torch.ones(1, 77), atol=1e-6)
    x, y, rate = normal(1, 1, 90).double(), normal(1, 1, 60, seed=1).double(), Rate(1.5)
    assert math.isclose(float((rate.A(x) * y).sum()), float((x * rate.A_adjoint(y)).sum()), abs_tol=1e-9)


def test_extension_keeps_what_was_known_and_takes_the_rest():
    high = tone(500, 4000, 16000.0) + tone(6000, 4000, 16000.0)
    low = resampled(high, 1000)
    made = extended(low[None], (0.3 * high)[None], 0.05)[0]
    wanted = tone(500, 4000, 16000.0) + 0.3 * tone(6000, 4000, 16000.0)
    assert db(wanted[200:-200], made[200:-200]) > 25


def test_linear_prediction_goes_on_with_a_tone():
    x = tone(440, 2000)[None]
    assert (extrapolated(x[:, :960], 160) - x[:, 960:1120]).abs().max() < 0.05


def test_segments_meet_where_their_waves_do():
    x = tone(200, 1000)[None]
    assert (best_shift(x, x[:, 300:380], 310, 15) - 300) % 40 == 0
    made = torch.zeros(1, 120)
    made[:, :60] = 1
    assert crossfaded(made, torch.ones(1, 60), 60, 20) == 100
    assert torch.allclose(made[:, :100], torch.ones(1, 100))


def test_gaps_that_touch_are_one():
    known = torch.ones(20, dtype=torch.bool)
    known[0:2] = known[5:8] = known[8:9] = known[18:20] = False
    assert gaps_of(known) == [slice(0, 2), slice(5, 9), slice(18, 20)]


def test_a_gap_in_what_repeats_is_filled_by_what_was_there():
    x = 0.5 * (tone(200, 16000) + tone(310, 16000)) * (0.5 + 0.5 * (torch.arange(16000) % 4000 < 2000))
    mask = torch.zeros(16000, dtype=torch.bool)
    mask[8400:9200] = True
    made = oneself.inpaint(Recording(torch.where(mask, 0.0, x)[None, None], RATE), mask).samples[0, 0]
    assert torch.equal(made[~mask], x[~mask])
    assert db(x[mask], made[mask]) > 6


def test_new_recordings_are_made_of_the_old_ones_moments():
    x = torch.cat([tone(200 + 60 * k, 2000) for k in range(8)])[None, None]
    made = oneself.generate(Recording(x, RATE), 2, (24000,))
    assert made.images.shape == (2, 1, 24000)
    assert not torch.equal(made.images[0], made.images[1])
    assert made.images.abs().max() <= 1.01
    assert torch.equal(made.model.sample(1, (24000,), seed=0), made.images[:1])


def test_high_frequencies_come_back_from_an_example():
    """Two sounds, each with its own high band: which one follows from the low band."""
    time = torch.arange(16000) / 16000
    first = ((time * 8).floor() % 2 == 0).float()
    noise = resampled(normal(1, 8000), 16000)[0]
    high = torch.stack([tone(6000, 16000, 16000.0), tone(7000, 16000, 16000.0)])
    x = first * (tone(500, 16000, 16000.0) + 0.5 * high[0]) + (1 - first) * (tone(900, 16000, 16000.0) + 0.2 * high[1])
    x = (x + 1e-3 * noise)[None, None]
    low = Recording(Rate(2.0).A(x), 8000.0)
    made = oneself.super_resolve(low, 2.0, example=Recording(x.roll(1000, -1), 16000.0))
    assert made.rate == 16000

    def levels(samples):
        spectrum = torch.stft(samples[0], 512, 256, window=torch.hann_window(512), return_complex=True).abs()
        return 20 * (spectrum[0, [192, 224]] + 1e-3).log10()

    assert (levels(made.samples) - levels(x)).abs().median() < 3
    assert (levels(resampled(low.samples, 16000)) - levels(x)).abs().median() > 20


def test_without_an_example_nothing_is_made_up():
    with pytest.raises(ValueError, match="nothing tells what the high frequencies are like"):
        oneself.super_resolve(Recording(normal(1, 1, 400), RATE), 2.0)
