"""Recordings in files: what they hold is kept, and what they claim is not believed."""

import builtins
import struct

import numpy as np
import pytest
import soundfile

import oneself
from oneself import io
from oneself.io.sound import coding_of

TIME = np.arange(2000) / 8000
TONE = 0.5 * np.sin(2 * np.pi * 440 * TIME)
STEREO = np.stack([TONE, 0.3 * np.cos(2 * np.pi * 300 * TIME)], 1)


def made(path, samples=TONE, rate=8000, subtype=None):
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


@pytest.mark.parametrize(
    ("name", "subtype", "dtype"),
    [
        ("a.wav", "PCM_U8", "int16"),
        ("a.wav", "PCM_16", "int16"),
        ("a.wav", "PCM_24", "int32"),
        ("a.wav", "PCM_32", "int32"),
        ("a.wav", "FLOAT", "float32"),
        ("a.wav", "DOUBLE", "float64"),
        ("a.wav", "ULAW", "int16"),
        ("a.flac", "PCM_S8", "int16"),
        ("a.flac", "PCM_16", "int16"),
        ("a.flac", "PCM_24", "int32"),
    ],
)
@pytest.mark.parametrize("samples", [TONE, STEREO], ids=["mono", "stereo"])
def test_what_is_read_is_written_again_to_the_last_bit(tmp_path, name, subtype, dtype, samples):
    source = made(tmp_path / name, samples, 11025, subtype)
    picture = io.read(source)
    assert picture.axes == "XC"[: samples.ndim]
    assert picture.pixels.dtype == dtype
    again = io.write(picture, tmp_path / f"again-{name}")
    told = soundfile.info(again)
    assert (told.samplerate, told.subtype, told.channels) == (11025, subtype, samples.ndim)
    assert np.array_equal(io.read(again).pixels, picture.pixels)


def test_ogg_keeps_rate_channels_and_nearly_the_samples(tmp_path):
    picture = io.read(made(tmp_path / "a.ogg", STEREO, 16000))
    again = io.read(io.write(picture, tmp_path / "b.ogg"))
    assert coding_of(again).rate == 16000
    assert np.abs(again.pixels - picture.pixels).max() < 0.1
    assert "loses a little" in " ".join(io.losses(io.read(made(tmp_path / "c.wav")), tmp_path / "d.ogg"))


def test_few_bits_are_rounded_not_cut(tmp_path):
    picture = io.read(made(tmp_path / "a.wav", TONE, 8000, "PCM_24"))
    moved = picture.replace(picture.pixels + 200)  # of a step of 256
    again = io.read(io.write(moved, tmp_path / "b.wav"))
    assert np.array_equal(again.pixels, picture.pixels + 256)


def test_words_are_kept(tmp_path):
    with soundfile.SoundFile(tmp_path / "a.flac", "w", 8000, 1) as file:
        file.title, file.artist = "Adagio", "Joachim"
        file.write(TONE)
    io.write(io.read(tmp_path / "a.flac"), tmp_path / "b.flac")
    with soundfile.SoundFile(tmp_path / "b.flac") as file:
        assert (file.title, file.artist) == ("Adagio", "Joachim")


def test_what_a_format_cannot_hold_is_refused(tmp_path):
    floats = io.read(made(tmp_path / "a.wav", TONE, 8000, "FLOAT"))
    with pytest.raises(ValueError, match=r"FLAC cannot hold samples of float32\. Use \.wav or \.ogg or \.npy"):
        io.check_output(floats, tmp_path / "b.flac")
    with pytest.raises(ValueError, match="PNG cannot hold a recording"):
        io.check_output(floats, tmp_path / "b.png")
    with pytest.raises(ValueError, match="WAV cannot hold a picture or a signal without a rate"):
        io.check_output(io.Picture(np.zeros((4, 4), np.uint8), "YX"), tmp_path / "b.wav")
    assert "sampling rate" in " ".join(io.losses(floats, tmp_path / "b.npy"))


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
def test_a_file_that_is_cut_off_is_refused(tmp_path, name):
    whole = made(tmp_path / name, np.tile(STEREO, (8, 1))).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2 if name != "a.ogg" else 60])
    with pytest.raises(OSError, match="cut off or damaged"):
        io.read(tmp_path / name)


def test_claims_are_not_believed(tmp_path):
    path = made(tmp_path / "a.wav")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", 2**31)
    path.write_bytes(bytes(data))
    with pytest.raises(OSError, match="it claims 2,147,483,648 bytes of samples"):
        io.read(path)
    path.write_bytes(bytes(data[:30]) + b"\xff" * 40)
    with pytest.raises((OSError, ValueError)):
        io.read(path)


def test_sizes_that_a_pipe_leaves_unsaid_are_no_damage(tmp_path):
    path = made(tmp_path / "a.wav")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(bytes(data))
    assert io.read(path).pixels.shape == (2000,)


def test_no_samples_are_refused(tmp_path):
    with pytest.raises(ValueError, match="the recording has no samples"):
        io.read(made(tmp_path / "a.wav", TONE[:0]))


def test_one_sample_is_read(tmp_path):
    assert io.read(made(tmp_path / "a.wav", TONE[:1])).pixels.shape == (1,)


def test_the_content_and_not_the_name_says_what_it_is(tmp_path):
    made(tmp_path / "a.flac").rename(tmp_path / "a.wav")
    assert io.read(tmp_path / "a.wav").format == "flac"


def test_without_soundfile_its_command_is_told(tmp_path, monkeypatch):
    path = made(tmp_path / "a.wav")
    usual = builtins.__import__

    def lacking(name, *rest, **more):
        if name == "soundfile":
            raise ImportError(name)
        return usual(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(ValueError, match=r"need the package soundfile\. Install it: pip install 'oneself\[sound\]'"):
        io.read(path)


@pytest.mark.parametrize("name", ["b.wav", "b.flac"])
def test_recordings_come_from_files_and_go_into_them(tmp_path, name):
    recording = oneself.read_recording(made(tmp_path / "a.wav", STEREO, 11025))
    assert (recording.samples.shape, recording.rate) == ((1, 2, 2000), 11025.0)
    assert np.abs(recording.samples[0].numpy().T - STEREO).max() < 1e-4
    oneself.write_recording(recording, tmp_path / name)
    again = oneself.read_recording(tmp_path / name)
    assert (again.samples - recording.samples).abs().max() < 1e-6
