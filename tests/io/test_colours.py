"""Colour spaces of printing, of older files and of faxes: converted with a word, against Pillow as another reader."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from skimage import data as pictures

from oneself.io import Metadata, Picture, losses, read, write

from .tiffs import stack

PHOTO = pictures.astronaut()[100:130, 150:191]
SRGB, LAB = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")


def back_and_forth(path, target):
    given = read(path)
    back = read(write(given, target))
    assert back.axes == given.axes
    assert (back.alpha is None) == (given.alpha is None)
    return given, back


def test_cmyk_jpeg_becomes_rgb_with_finer_chroma(tmp_path):
    Image.fromarray(PHOTO).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    given, back = back_and_forth(tmp_path / "a.jpg", tmp_path / "b.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert np.array_equal(given.pixels, np.asarray(image.convert("RGB")))
    assert given.notes == ("the CMYK inks were converted to RGB, without a colour profile: the result is RGB",)
    assert back.notes == ()
    assert np.abs(back.pixels.astype(int) - given.pixels).mean() < 2


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_cmyk_tiff_becomes_rgb(tmp_path, compression):
    Image.fromarray(PHOTO).convert("CMYK").save(tmp_path / "a.tif", compression=compression)
    given, back = back_and_forth(tmp_path / "a.tif", tmp_path / "b.tif")
    assert np.array_equal(given.pixels, PHOTO)  # what Pillow's plain formula undoes
    assert "CMYK" in given.notes[-1]
    assert np.array_equal(back.pixels, PHOTO)
    assert np.array_equal(tifffile.imread(tmp_path / "b.tif"), PHOTO)


def test_inks_with_alpha_in_planes(tmp_path):
    inks = np.dstack([np.asarray(Image.fromarray(PHOTO).convert("CMYK")), PHOTO[..., 0]])
    planes = np.ascontiguousarray(np.moveaxis(inks, -1, 0))
    tifffile.imwrite(
        tmp_path / "a.tif", planes, photometric="separated", planarconfig="separate", extrasamples=["unassalpha"],
    )  # fmt: skip
    given, back = back_and_forth(tmp_path / "a.tif", tmp_path / "b.tif")
    for found in (given, back):
        assert np.array_equal(found.pixels, PHOTO)
        assert np.array_equal(found.alpha, PHOTO[..., 0])


@pytest.mark.parametrize("profile", [None, b"nonsense", ImageCms.ImageCmsProfile(SRGB).tobytes()])
def test_profiles_that_do_not_serve_inks(tmp_path, profile):
    Image.fromarray(PHOTO).convert("CMYK").save(tmp_path / "a.tif", icc_profile=profile)
    given = read(tmp_path / "a.tif")
    assert np.array_equal(given.pixels, PHOTO)
    assert "without a colour profile" in given.notes[-1]
    assert given.metadata.icc is None


def test_more_inks_or_bits_are_refused(tmp_path):
    for name, pixels, extra in (("16", stack((9, 8, 4)), {}), ("inks", stack((9, 8, 6), "uint8"), {"extratags": INKS})):
        tifffile.imwrite(tmp_path / f"{name}.tif", pixels, photometric="separated", planarconfig="contig", **extra)
        with pytest.raises(ValueError, match=r"SEPARATED .* is not supported\. Convert it to RGB"):
            read(tmp_path / f"{name}.tif")


INKS = [(332, "H", 1, 2, True)]  # InkSet: not CMYK


def test_lab_agrees_with_a_colour_engine(tmp_path):
    lab = ImageCms.profileToProfile(Image.fromarray(PHOTO), SRGB, LAB, outputMode="LAB")
    lab.save(tmp_path / "a.tif")
    given, back = back_and_forth(tmp_path / "a.tif", tmp_path / "b.tif")
    assert np.abs(given.pixels.astype(int) - PHOTO).mean() < 1
    assert np.abs(given.pixels.astype(int) - PHOTO).max() < 12
    assert given.notes == ("the Lab colours were converted to RGB",)
    assert np.array_equal(back.pixels, given.pixels)


@pytest.mark.parametrize(("photometric", "white"), [("cielab", (65535, 0, 0)), ("icclab", (65280, 32768, 32768))])
def test_lab_of_sixteen_bits(tmp_path, photometric, white):
    pixels = np.broadcast_to(np.array(white, np.uint16), (8, 9, 3))
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric=photometric)
    assert read(tmp_path / "a.tif").pixels.min() > 65000


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_luma_and_chroma_become_rgb(tmp_path, compression):
    Image.fromarray(PHOTO).convert("YCbCr").save(tmp_path / "a.tif", compression=compression)
    given, back = back_and_forth(tmp_path / "a.tif", tmp_path / "b.tif")
    assert np.abs(given.pixels.astype(int) - PHOTO).max() < 6
    assert np.array_equal(back.pixels, given.pixels)


@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_faxes(tmp_path, compression, white_is_zero):
    page = PHOTO[..., 0] > 120
    pages = [Image.fromarray(page), Image.fromarray(page[::-1])]
    pages[0].save(
        tmp_path / "a.tif", compression=compression, save_all=True, append_images=pages[1:],
        tiffinfo={262: 0 if white_is_zero else 1},
    )  # fmt: skip
    given, back = back_and_forth(tmp_path / "a.tif", tmp_path / "b.tif")
    for found in (given, back):
        assert found.pixels.dtype == bool
        assert np.array_equal(found.pixels, [page, page[::-1]])
    assert "replaced by lossless Deflate" in given.notes[0]
    with Image.open(tmp_path / "b.tif") as image:  # as a viewer shows it
        assert np.array_equal(np.asarray(image), page)


@pytest.mark.parametrize(("bits", "dtype"), [(1, bool), (8, np.uint8), (16, np.uint16)])
def test_white_is_zero_is_no_negative(tmp_path, bits, dtype):
    pixels = PHOTO[..., 0] > 120 if bits == 1 else PHOTO[..., 0].astype(dtype) * (2**bits // 256)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="miniswhite")
    given = read(tmp_path / "a.tif")
    assert np.array_equal(given.pixels, ~pixels)
    assert np.array_equal(read(write(given, tmp_path / "b.png")).pixels, ~pixels)
    assert np.array_equal(tifffile.imread(write(given, tmp_path / "b.tif")), pixels)
    brighter = given.replace(np.full_like(given.pixels, np.True_ if bits == 1 else 2**bits - 1))
    assert not tifffile.imread(write(brighter, tmp_path / "c.tif")).any()


def test_palette_with_alpha(tmp_path):
    image = Image.fromarray(PHOTO).convert("PA")
    image.putalpha(Image.fromarray(PHOTO[..., 1]))
    image.save(tmp_path / "a.tif")
    given, back = back_and_forth(tmp_path / "a.tif", tmp_path / "b.tif")
    for found in (given, back):
        assert np.array_equal(np.dstack([found.pixels, found.alpha]), np.asarray(image.convert("RGBA")))


def test_a_fourth_sample_stays_what_it_was(tmp_path):
    """No alpha, where the file does not say so."""
    tifffile.imwrite(tmp_path / "a.tif", stack((21, 33, 4), "uint8"), photometric="rgb", extrasamples=["unspecified"])
    raw = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(raw.replace(b"\x52\x01\x03\0", b"\x54\x01\x03\0"))  # another tag than ExtraSamples
    given, back = back_and_forth(tmp_path / "a.tif", tmp_path / "b.tif")
    assert given.axes == "YXC"
    assert np.array_equal(back.pixels, given.pixels)


@pytest.mark.parametrize("mode", ["LA", "I;16", "I", "F"])
def test_other_modes_of_pillow(tmp_path, mode):
    image = Image.fromarray(PHOTO[..., 0])
    image = Image.fromarray(PHOTO[..., 0].astype(np.uint16)) if mode == "I;16" else image.convert(mode)
    image.save(tmp_path / "a.tif")
    given, back = back_and_forth(tmp_path / "a.tif", tmp_path / "b.tif")
    for found in (given, back):
        assert np.array_equal(found.pixels, PHOTO[..., 0])


@pytest.mark.parametrize("ending", ["tif", "npy"])
def test_nan_borders_are_read_and_written(tmp_path, ending):
    pixels = PHOTO[..., 0].astype(np.float32)
    pixels[:3] = np.nan
    pixels[:, -1] = np.inf
    write(Picture(pixels, "YX"), tmp_path / f"a.{ending}")
    given, back = back_and_forth(tmp_path / f"a.{ending}", tmp_path / f"b.{ending}")
    assert np.array_equal(given.pixels, pixels, equal_nan=True)
    assert np.array_equal(back.pixels, pixels, equal_nan=True)
    assert losses(given, f"b.{ending}") == ()


@pytest.mark.parametrize(("pages", "told"), [(3, True), (4, True), (2, False)])
def test_pages_that_may_be_channels(tmp_path, pages, told):
    tifffile.imwrite(tmp_path / "a.tif", stack((pages, 21, 33)), photometric="minisblack", metadata=None)
    assert any("--axes CYX" in note for note in read(tmp_path / "a.tif").notes) == told
    assert read(tmp_path / "a.tif", axes="CYX").notes == ()


def test_a_big_strip_passes_pillows_guard(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    Image.fromarray(PHOTO).save(buffer, "tiff", compression="tiff_lzw")
    (tmp_path / "a.tif").write_bytes(buffer.getvalue())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert np.array_equal(read(tmp_path / "a.tif").pixels, PHOTO)
    assert read(tmp_path / "a.tif").metadata != Metadata()
