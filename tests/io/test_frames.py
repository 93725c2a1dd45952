"""Animations: every frame is there, in order, and plays as before."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from oneself import io
from oneself.io import Metadata, Picture, Timing

RNG = np.random.default_rng(0)
CLIP = RNG.integers(0, 256, (4, 9, 11, 3), np.uint8)
CLIP[1:, :4] = CLIP[0, :4]  # so that encoders store parts of frames
HALF = np.where(RNG.random((4, 9, 11)) < 0.5, 0, 255).astype(np.uint8)
DURATIONS = (100.0, 40.0, 250.0, 30.0)


def saved(path, pixels, **options):
    frames = [Image.fromarray(frame) for frame in pixels]
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("loop", [0, 3])
def test_frames_and_their_times_come_back(tmp_path, name, transparent, loop):
    pixels = np.concatenate([CLIP, HALF[..., None]], axis=-1) if transparent else CLIP
    lossless = {"lossless": True} if name.endswith("webp") else {"disposal": 2} if transparent else {}
    saved(tmp_path / name, pixels, duration=[int(d) for d in DURATIONS], loop=loop, **lossless)
    given = io.read(tmp_path / name)
    assert given.notes == ("an animation: its 4 frames are restored one by one",)
    assert [item.index for item in io.split(given)] == [(0,), (1,), (2,), (3,)]
    changed = io.join(given, [255 - item.pixels for item in io.split(given)])
    back = io.read(io.write(changed, tmp_path / f"b-{name}"))
    for found, expected in ((given, CLIP), (back, 255 - CLIP)):
        seen = HALF == 255 if transparent else np.ones_like(HALF, bool)
        assert found.axes == "TYXC"
        assert np.array_equal(found.pixels[seen], expected[seen])
        assert (found.alpha is not None) == transparent
        assert not transparent or np.array_equal(found.alpha, HALF)
        assert found.metadata.timing == Timing(DURATIONS, loop)
    with Image.open(tmp_path / f"b-{name}") as image:  # as others see it
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
    assert transparent or np.array_equal(frames, 255 - CLIP)


def test_animations_of_sixteen_bits_and_gray_in_png(tmp_path):
    for pixels in (CLIP[..., 0], CLIP.astype(np.uint16) * 257):
        axes = "TYXC"[: pixels.ndim]
        given = Picture(pixels, axes, metadata=Metadata(timing=Timing(DURATIONS, 1)))
        io.write(given, tmp_path / "a.png", overwrite=True)
        if pixels.dtype == np.uint8:
            back = io.read(tmp_path / "a.png")
            assert np.array_equal(back.pixels, pixels)
            assert back.axes == "TYX"
        else:
            with pytest.raises(ValueError, match="an animated PNG in 16 bits"):
                io.read(tmp_path / "a.png")


def test_a_gif_is_told_to_hold_few_colours(tmp_path):
    few = (CLIP // 128 * 255).astype(np.uint8)
    saved(tmp_path / "a.gif", few, duration=[int(d) for d in DURATIONS], loop=2)
    given = io.read(tmp_path / "a.gif")
    assert np.array_equal(given.pixels, few)
    assert given.metadata.timing == Timing(DURATIONS, 3)
    assert io.losses(given, "b.gif") == ("GIF holds 256 colours: name the result .png or .webp to keep all",)
    assert io.losses(given, "b.png") == ()
    for target in ("b.gif", "b.png", "b.webp"):
        back = io.read(io.write(given, tmp_path / target))
        assert np.array_equal(back.pixels, few)
        assert back.metadata.timing == given.metadata.timing


@pytest.mark.parametrize("mode", ["L", "P", "RGBA"])
def test_a_still_gif(tmp_path, mode):
    image = Image.fromarray(np.dstack([CLIP[0] // 128 * 255, HALF[0]]))
    image = image if mode == "RGBA" else image.convert("RGB").convert(mode)
    image.save(tmp_path / "a.gif")
    given = io.read(tmp_path / "a.gif")
    assert given.axes == ("YX" if mode == "L" else "YXC")
    assert (given.alpha is not None) == (mode == "RGBA")
    back = io.read(io.write(given, tmp_path / "b.gif"))
    seen = HALF[0] == 255 if mode == "RGBA" else np.ones((9, 11), bool)
    assert np.array_equal(back.pixels[seen], given.pixels[seen])
    assert given.alpha is None or np.array_equal(back.alpha, HALF[0])


def test_formats_that_hold_no_frames(tmp_path):
    saved(tmp_path / "a.png", CLIP, duration=100)
    given = io.read(tmp_path / "a.png")
    for name in ("b.jpg", "b.bmp", "b.tga", "b.ppm"):
        with pytest.raises(ValueError, match=r"axes TYXC\. Use \.png or \.webp or \.tif or \.npy"):
            io.check_output(given, tmp_path / name)
    assert io.losses(given, "b.tif") == ("TIFF cannot hold its timing: left out",)
    back = io.read(io.write(given, tmp_path / "b.tif"))
    assert back.axes == "TYXC"
    assert np.array_equal(back.pixels, CLIP)


def test_a_picture_apart_from_the_animation(tmp_path):
    saved(tmp_path / "a.png", CLIP, duration=100, default_image=True)
    given = io.read(tmp_path / "a.png")
    assert np.array_equal(given.pixels, CLIP[1:])
    assert "stands for the animation" in given.notes[0]
    assert np.array_equal(io.read(io.write(given, tmp_path / "b.png")).pixels, CLIP[1:])


def test_larger_frames(tmp_path):
    saved(tmp_path / "a.png", np.concatenate([CLIP, HALF[..., None]], axis=-1), duration=100, disposal=2)
    given = io.read(tmp_path / "a.png")
    larger = given.replace(given.pixels.repeat(2, axis=1).repeat(2, axis=2))
    back = io.read(io.write(larger, tmp_path / "b.png"))
    assert back.pixels.shape == (4, 18, 22, 3)
    assert back.alpha.shape == (4, 18, 22)


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.gif"])
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_cut_off_animations(tmp_path, name, kept):
    saved(tmp_path / name, CLIP, duration=100)
    raw = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(raw[: int(len(raw) * kept)])
    with pytest.raises(OSError, match="cut off or damaged"):
        io.read(tmp_path / name)
