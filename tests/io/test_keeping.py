"""Metadata: what a format cannot hold is known before the work, and none of it ever costs the result."""

import errno

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, PngImagePlugin

from oneself import io
from oneself.io import Metadata, Picture, ifd

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RGB = np.random.default_rng(0).integers(0, 256, (24, 28, 3), np.uint8)
FORMATS = [".png", ".jpg", ".webp", ".bmp", ".tif", ".npy", ".gif", ".ppm", ".tga", ".ome.tif"]


def exif_block(words=b""):
    exif = Image.Exif()
    exif[271], exif[270] = "Maker", words.decode()
    return exif.tobytes().removeprefix(b"Exif\0\0")


TOO_MUCH = {
    "exif": {"exif": exif_block(b"x" * 100_000)},
    "xmp": {"xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"x" * 100_000 + b"</x:xmpmeta>"},
    "icc": {"icc": bytes(20_000_000)},
    "nonsense": {"exif": b"nonsense", "icc": b"nonsense", "xmp": b"\xff\0nonsense"},
    "empty": {"exif": b"", "icc": b"", "xmp": b""},
}


@pytest.mark.parametrize("name", TOO_MUCH)
@pytest.mark.parametrize("ending", FORMATS)
def test_no_metadata_costs_the_result(tmp_path, name, ending):
    """Each is kept as it is, or what is lost was told before."""
    given = Picture(RGB, "YXC", metadata=Metadata(**TOO_MUCH[name]))
    told = " ".join(io.losses(given, f"a{ending}"))
    back = io.read(io.write(given, tmp_path / f"a{ending}"))
    assert back.pixels.shape == RGB.shape
    words = {"exif": "EXIF data", "icc": "colour profile", "xmp": "XMP"}
    for field, value in TOO_MUCH[name].items():
        kept = getattr(back.metadata, field) is not None if field == "exif" else getattr(back.metadata, field) == value
        assert kept or not value or words[field] in told


@pytest.mark.parametrize(("name", "words"), [("exif", "EXIF data"), ("xmp", "XMP"), ("icc", "colour profile")])
def test_jpeg_segments_hold_no_more(name, words):
    told = io.losses(Picture(RGB, "YXC", metadata=Metadata(**TOO_MUCH[name])), "a.jpg")
    assert len(told) == 1
    assert f"its {words} is too long for JPEG" in told[0]
    assert io.losses(Picture(RGB, "YXC", metadata=Metadata(icc=ICC, exif=exif_block())), "a.jpg") == ()


def test_exif_without_its_thumbnail_fits(tmp_path):
    """The second directory of a block is the thumbnail."""
    layout = ifd.Layout("<")
    first = [ifd.text(271, "Maker")]
    start = 8 + len(ifd.pack(first, layout, 8))
    second = ifd.pack([ifd.Entry(50000, 7, bytes(100_000))], layout, start)
    block = b"II*\0\x08\0\0\0" + ifd.pack(first, layout, 8, start) + second
    given = Picture(RGB, "YXC", metadata=Metadata(exif=block))
    assert io.losses(given, "a.jpg") == ("its EXIF data is too long for JPEG: left out is the thumbnail",)
    io.write(given, tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.getexif()[271] == "Maker"


def test_what_only_the_source_can_hold_is_told(tmp_path):
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "Moon")
    Image.fromarray(RGB).save(tmp_path / "a.png", pnginfo=info, icc_profile=ICC, dpi=(300, 300))
    Image.fromarray(RGB).save(tmp_path / "a.jpg", comment=b"words", exif=b"Exif\0\0" + exif_block(), dpi=(300, 300))
    note = ifd.Entry(50000, 7, b"private")
    tifffile.imwrite(tmp_path / "a.tif", RGB, description="words", metadata=None, photometric="rgb")
    from oneself.io.tiff import STRUCTURAL

    ifd.rewrite(tmp_path / "a.tif", [(ifd.text(270, "words"), note)], STRUCTURAL)
    found = {
        ("a.png", "b.png"): None,
        ("a.jpg", "b.jpg"): None,
        ("a.tif", "b.tif"): None,
        ("a.png", "b.jpg"): "JPEG cannot hold its PNG chunks tEXt: left out",
        ("a.png", "b.bmp"): "BMP cannot hold its colour profile and PNG chunks tEXt: left out",
        ("a.png", "b.npy"): "NPY cannot hold its colour profile, resolution and PNG chunks tEXt: left out",
        ("a.jpg", "b.png"): "PNG cannot hold its comment: left out",
        ("a.jpg", "b.npy"): "NPY cannot hold its EXIF data, resolution and comment: left out",
        ("a.tif", "b.png"): "PNG cannot hold its image description and tags 50000: left out",
    }
    for (source, target), words in found.items():
        assert io.losses(io.read(tmp_path / source), target) == (() if words is None else (words,)), target


def test_a_name_that_says_another_format(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    (told,) = io.losses(io.read(tmp_path / "a.jpg"), "b.jpg")
    assert told.startswith("a.jpg holds a PNG: the result is written as JPEG, which loses a little")
    assert io.losses(io.read(tmp_path / "a.jpg"), "b.png") == ()


@pytest.mark.parametrize(("ending", "encoder"), [(".jpg", "raster"), (".png", "png"), (".tif", "tiff_write")])
@pytest.mark.parametrize("error", [ValueError("odd"), RecursionError(), OSError("encoder error -2"), KeyError("x")])
def test_encoding_that_fails_is_done_without_metadata(tmp_path, monkeypatch, ending, encoder, error):
    """Whatever the reason, and with a word."""
    module = getattr(__import__("oneself.io", fromlist=[encoder]), encoder)
    write = module.write

    def fussy(picture, *rest, **more):
        if picture.metadata.icc:
            raise error
        write(picture, *rest, **more)

    monkeypatch.setattr(module, "write", fussy)
    given = Picture(RGB, "YXC", metadata=Metadata(icc=ICC))
    with pytest.warns(UserWarning, match="metadata could not be written .* and was left out"):
        path = io.write(given, tmp_path / f"a{ending}")
    assert io.read(path).pixels.shape == RGB.shape


def test_encoding_that_always_fails_leaves_an_array(tmp_path, monkeypatch):
    def never(*_, **__):
        raise ValueError("odd")

    monkeypatch.setattr("oneself.io.png.write", never)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(io.SavedAside, match="PNG encoding failed: odd") as caught:
        io.write(Picture(RGB, "YXC"), tmp_path / "a.png")
    assert np.array_equal(np.load(caught.value.path), RGB)


def test_a_full_disk_is_not_blamed_on_metadata(tmp_path, monkeypatch):
    tried = []

    def full(*_, **__):
        tried.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("oneself.io.png.write", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(io.SavedAside, match="No space left"):
        io.write(Picture(RGB, "YXC"), tmp_path / "a.png")
    assert len(tried) <= 3  # at its place and elsewhere, each once


def test_rgb_of_one_sample_is_gray(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGB[..., 0], photometric="minisblack", metadata=None)
    raw = bytearray((tmp_path / "a.tif").read_bytes())
    at = raw.index(b"\x06\x01\x03\0\x01\0\0\0")
    raw[at + 8] = 2
    (tmp_path / "a.tif").write_bytes(raw)
    given = io.read(tmp_path / "a.tif")
    assert given.axes == "YX"
    assert "read as gray" in given.notes[0]
    back = io.read(io.write(given, tmp_path / "b.tif"))
    assert np.array_equal(back.pixels, RGB[..., 0])
    assert back.notes == ()
