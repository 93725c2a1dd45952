"""TIFF files in the codings of other programs."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage import data

from oneself.io import ifd

from .tiffs import rewritten, stack


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16", "F"])
@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "zstd", "jpeg"])
def test_codings_of_other_programs(tmp_path, mode, compression):
    if compression == "jpeg" and mode not in ("L", "RGB"):
        pytest.skip("JPEG holds 8 bits")
    image = Image.fromarray(data.astronaut()[:60, :50])
    image = image if mode == "RGB" else image.convert("L")
    if mode in ("I;16", "F"):
        image = Image.fromarray(np.asarray(image).astype("u2" if mode == "I;16" else "f4") * 200)
    try:
        image.save(tmp_path / "a.tif", compression=compression, tiffinfo={274: 6, 278: 16})
    except OSError:
        pytest.skip(f"this Pillow writes no {compression}")
    expected = np.asarray(image)
    given, target = rewritten(tmp_path / "a.tif", tmp_path)
    assert given.pixels.dtype == expected.dtype
    if compression == "jpeg":
        assert np.abs(given.pixels.astype(int) - expected).mean() < 12
        assert "JPEG compression is replaced" in given.notes[0]
    else:
        assert np.array_equal(given.pixels, expected)
    assert np.array_equal(tifffile.imread(target), given.pixels)
    assert given.metadata.native.pages[0]


def lzw(raw):
    """A strip coded by libtiff."""
    buffer = io.BytesIO()
    Image.fromarray(np.frombuffer(raw, np.uint8)[None]).save(buffer, "tiff", compression="tiff_lzw")
    buffer.seek(0)
    with tifffile.TiffFile(buffer) as file:
        page = file.pages[0]
        assert len(page.dataoffsets) == 1
        buffer.seek(page.dataoffsets[0])
        return buffer.read(page.databytecounts[0])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("predictor", [1, 2, 3])
def test_lzw_with_predictors_and_sixteen_bit_colour(tmp_path, predictor, order):
    """A file put together here by hand: two strips of 16-bit or floating RGB, as Photoshop and GIMP write them."""
    pixels = stack((6, 5, 3), "float32" if predictor == 3 else "uint16")
    stored = pixels.astype(pixels.dtype.newbyteorder(order))
    strips = [lzw(_predicted(part, stored.dtype, predictor)) for part in (stored[:4], stored[4:])]
    body, offsets = bytearray(b"II*\0" if order == "<" else b"MM\0*") + b"\0" * 4, []
    for strip in strips:
        offsets.append(len(body))
        body += strip + b"\0" * (len(strip) % 2)
    values = {256: 5, 257: 6, 259: 5, 262: 2, 277: 3, 278: 4, 284: 1, 317: predictor, 339: 3 if predictor == 3 else 1}
    entries = [ifd.long(code, value, order) for code, value in values.items()]
    bits = pixels.dtype.itemsize * 8
    entries.append(ifd.Entry(258, 3, struct.pack(f"{order}3H", bits, bits, bits)))
    for code, numbers in ((273, offsets), (279, [len(s) for s in strips])):
        entries.append(ifd.Entry(code, 4, struct.pack(f"{order}2I", *numbers)))
    body[4:8] = struct.pack(f"{order}I", len(body))
    (tmp_path / "a.tif").write_bytes(body + ifd.pack(entries, ifd.Layout(order), len(body)))
    given, target = rewritten(tmp_path / "a.tif", tmp_path)
    assert np.array_equal(given.pixels, pixels)
    assert np.array_equal(tifffile.imread(target), pixels)


def _predicted(part, dtype, predictor):
    if predictor == 1:
        return part.tobytes()
    if predictor == 2:
        return np.diff(part, axis=1, prepend=np.zeros_like(part[:, :1])).astype(dtype).tobytes()
    rows, width, samples = part.shape
    big = part.astype(">f4").reshape(rows, width * samples, 1).view(np.uint8)
    planes = np.ascontiguousarray(big.transpose(0, 2, 1)).reshape(rows, width * 4, samples)
    return np.diff(planes, axis=1, prepend=np.zeros_like(planes[:, :1])).tobytes()
