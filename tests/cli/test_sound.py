"""Recordings from a shell: denoised, filled in, looked at, made anew, repeated."""

import numpy as np
import pytest
import soundfile

RATE = 8000


def tones(seconds=0.5, channels=1, noise=0.1):
    time = np.arange(round(seconds * RATE)) / RATE
    random = np.random.default_rng(0)
    made = [0.4 * np.sin(2 * np.pi * (330 + 110 * c) * time) for c in range(channels)]
    return np.stack(made, 1) + random.normal(0, noise, (len(time), channels))


@pytest.fixture
def recording(folder):
    soundfile.write("rec.wav", tones(), RATE, subtype="PCM_24")
    return folder / "rec.wav"


def error(samples, truth):
    return float(np.square(samples - truth).mean())


def test_a_recording_is_denoised_and_repeated(oneself, recording):
    said = oneself("denoise rec.wav --compare seen.png --json")
    assert said.code == 0, said.err
    (record,) = said.record["results"]
    assert record["method"] == "block_thresholding"
    made, rate = soundfile.read("rec-denoised.wav")
    assert (rate, soundfile.info("rec-denoised.wav").subtype) == (RATE, "PCM_24")
    clean = tones(noise=0)[:, 0]
    assert error(made, clean) < 0.2 * error(soundfile.read("rec.wav")[0], clean)
    assert (recording.parent / "seen.png").stat().st_size > 1000
    again = oneself("repeat rec-denoised.wav.json")
    assert again.code == 0, again.err
    assert "bit for bit" in again.err


def test_methods_of_signals_work_on_recordings(oneself, recording):
    assert oneself("denoise rec.wav out.flac --method smoothing_spline").code == 0
    assert soundfile.info("out.flac").subtype == "PCM_24"


def test_gaps_are_filled_and_the_rest_is_kept(oneself, folder):
    whole = tones(1.0, channels=2, noise=0.01)
    soundfile.write("rec.wav", whole, RATE, subtype="PCM_16")
    said = oneself("inpaint rec.wav --gap 0:0.05 --gap 0.5:0.6 --gap 0.95:1")
    assert said.code == 0, said.err
    before, after = soundfile.read("rec.wav")[0], soundfile.read("rec-inpainted.wav")[0]
    missing = np.zeros(len(before), bool)
    for start, end in ((0, 0.05), (0.5, 0.6), (0.95, 1)):
        missing[round(start * RATE) : round(end * RATE)] = True
    assert np.array_equal(before[~missing], after[~missing])
    assert error(after[missing], whole[missing]) < 0.5 * np.square(whole).mean()


def test_a_recording_gets_a_higher_rate(oneself, recording):
    said = oneself("super-resolve rec.wav --rate 16000")
    assert said.code == 2
    assert "Give another recording of the same source" in said.err
    soundfile.write("like.wav", tones(), 16000)
    said = oneself("super-resolve rec.wav --rate 16000 --method band_attention --example like.wav")
    assert said.code == 0, said.err
    made = soundfile.info("rec-enlarged.wav")
    assert (made.samplerate, made.frames, made.subtype) == (16000, 8000, "PCM_24")


def test_new_recordings_are_made_and_sampled_again(oneself, recording):
    said = oneself("generate rec.wav new/ -n 2 --length 0.25")
    assert said.code == 0, said.err
    first, second = (soundfile.read(f"new/rec-{k:02}.wav")[0] for k in (1, 2))
    assert first.shape == second.shape == (2000,)
    assert not np.array_equal(first, second)
    again = oneself("generate rec.wav other/ --length 0.25 --model new/rec.safetensors")
    assert again.code == 0, again.err
    assert "no training" in again.err
    assert np.array_equal(soundfile.read("other/rec-01.wav")[0], first)


def test_info_tells_rate_and_time(oneself, recording):
    said = oneself("info rec.wav")
    assert said.code == 0, said.err
    assert "8000 samples in a second, 0.500 s, PCM_24" in said.out
    assert "block_thresholding" in said.out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("super-resolve rec.wav --rate 4000", "the recording has 8000 samples in a second. Give a higher rate"),
        ("super-resolve rec.wav --scale 2", "Say --rate"),
        ("super-resolve rec.wav", "(--scale, --rate): neither"),
        ("super-resolve photo.png --rate 16000", "no recording. Leave out --rate"),
        ("inpaint rec.wav --gap 0.4:0.9", "not within the recording, which has 0.500 seconds"),
        ("inpaint rec.wav --gap 0.4", "no gap. Give the seconds"),
        ("inpaint rec.wav --gap 0:0.5", "all of the recording"),
        ("inpaint photo.png --gap 0:0.5", "no recording. Leave out --gap"),
        ("deblur rec.wav --kernel photo.png", ""),
        ("denoise rec.wav out.png", "PNG cannot hold a recording"),
        ("generate rec.wav --size 30x30", "of pictures. Say how long"),
        ("generate photo.png --length 3", "of recordings. Say how large"),
        ("denoise photo.png --method block_thresholding", "works on a recording, not on images"),
        ("denoise rec.wav --data-range 1", "in which silence is 0. Leave out --data-range"),
    ],
)
def test_what_does_not_fit_is_refused(oneself, recording, line, words):
    said = oneself(line)
    assert said.code == 2, said.err
    assert words in " ".join(said.err.split())


@pytest.mark.parametrize("verb", ["denoise", "inpaint --gap 0.02:0.03", "generate"])
@pytest.mark.parametrize("samples", [np.zeros(800), np.full(1, 0.5)], ids=["silent", "one-sample"])
def test_silence_and_one_sample_are_told(oneself, folder, verb, samples):
    soundfile.write("in.wav", samples, RATE)
    said = oneself(verb.replace(" ", " in.wav ", 1) if " " in verb else f"{verb} in.wav")
    assert said.code == 2, said.err
    assert "nothing can be restored" in said.err or "not within the recording" in said.err
    assert "Traceback" not in said.err
    assert [path.name for path in folder.glob("in*")] == ["in.wav"]


def test_a_clipped_recording_and_one_with_an_empty_channel_are_worked_on(oneself, folder):
    soundfile.write("clipped.wav", np.clip(4 * tones(), -1, 1), RATE)
    soundfile.write("half.wav", tones(channels=2) * [1, 0], RATE)
    for verb in ("denoise", "inpaint --gap 0.1:0.2"):
        for name in ("clipped", "half"):
            said = oneself(f"{verb.split()[0]} {name}.wav out.wav --overwrite {' '.join(verb.split()[1:])}")
            assert said.code == 0, said.err
            made, whole = (soundfile.read(path, always_2d=True)[0] for path in ("out.wav", f"{name}.wav"))
            assert made.shape == whole.shape
            assert np.abs(made).max() <= 1
            assert name == "clipped" or not made[:, 1].any()


def test_the_content_says_what_it_is_and_the_name_what_is_written(oneself, recording):
    data = recording.read_bytes()
    for name, words in (("rec.png", "PNG cannot hold a recording"), ("rec.mp3", "'.mp3' is no format written here")):
        (recording.parent / name).write_bytes(data)
        said = oneself(f"denoise {name}")
        assert said.code == 2, said.err
        assert words in said.err
        assert oneself(f"denoise {name} {name}.wav").code == 0
    (recording.parent / "text.wav").write_text("no recording at all")
    said = oneself("denoise text.wav")
    assert said.code == 2
    assert "a recording to WAV, FLAC or OGG" in said.err
