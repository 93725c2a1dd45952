"""Files that claim more than they hold: refused at once, in our words, without taking the memory they claim."""

import itertools
import json
import lzma
import os
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from oneself import io
from oneself.io import bounds, ifd, tiff_text
from oneself.io.ifd import Entry

GRAY = np.arange(1024, dtype=np.uint8).reshape(32, 32)


def refused(path, words, kind=OSError):
    """Refused with these words, in less than 3 s of computing and 100 MB."""
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(kind, match=words) as caught:
        io.read(path)
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()
    assert time.process_time() - began < 3
    assert str(caught.value).startswith("read(path=")


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width=2, height=2, form=(16, 0), extra=b"", rows=None):
    rows = b"\0\0\0\0\0" * 2 if rows is None else rows
    header = struct.pack(">IIBBBBB", width, height, *form, 0, 0, 0)
    idat = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + idat + chunk(b"IEND", b"")


def tiff(tags, body=b"", order="<"):
    """A TIFF of one page: its tags (numbers or entries) behind 8 bytes of head and the body, at offset 8."""
    entries = [tag if isinstance(tag, Entry) else ifd.long(*tag, order) for tag in tags]
    start = 8 + len(body) + len(body) % 2
    return (
        b"II*\0" + struct.pack("<I", start) + body.ljust(start - 8, b"\0") + ifd.pack(entries, ifd.Layout("<"), start)
    )


def page(width=32, height=32, *, coding=1, held=1024, **more):
    named = {"bits": 258, "rows": 278, "samples": 277, "colour": 262, "predictor": 317}
    tags = {256: width, 257: height, 258: 8, 259: coding, 262: 1, 273: 8, 277: 1, 278: height, 279: held}
    tags |= {named[name]: value for name, value in more.items()}
    return list(tags.items())


CLAIMS = {
    "16.png": png(60000, 60000),
    "8.png": png(60000, 60000, (8, 2)),
    "palette.png": png(60000, 60000, (8, 3), chunk(b"PLTE", bytes(768))),
    "a.bmp": struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 99, 0, 0, 54, 40, 60000, 60000, 1, 24, 0, 0, 1, 1, 0, 0)
    + b"x" * 99,
    "core.bmp": struct.pack("<2sIHHIIHHHH", b"BM", 99, 0, 0, 26, 12, 60000, 60000, 1, 24) + b"x" * 99,
    "a.ppm": b"P6 60000 60000 255\n" + bytes(99),
    "a.pgm": b"P5 60000 60000 65535\n" + bytes(99),
    "text.pgm": b"P2 60000 60000 255\n" + b"1 " * 99,
    "a.pbm": b"P4 600000 60000\n" + bytes(99),
    "a.tga": struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 60000, 60000, 24, 0) + bytes(99),
    "plain.tif": tiff(page(60000, 60000), bytes(1024)),
    "bits.tif": tiff(page(600000, 60000, bits=1), bytes(1024)),
    "lzw.tif": tiff(page(60000, 60000, coding=5), bytes(1024)),
    "deflate.tif": tiff(page(60000, 60000, coding=8), zlib.compress(bytes(1024)).ljust(1024)),
    "packbits.tif": tiff(page(60000, 60000, coding=32773), bytes(1024)),
    "fax.tif": tiff(page(600000, 60000, coding=4, bits=1), bytes(1024)),
    "jpeg.tif": tiff(page(60000, 60000, coding=7), bytes(1024)),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_sizes_that_the_file_cannot_hold(tmp_path, name):
    (tmp_path / name).write_bytes(CLAIMS[name])
    refused(tmp_path / name, "it claims|pixels up to byte")


def test_a_jpeg_that_claims_its_largest_size(tmp_path):
    Image.fromarray(GRAY).save(tmp_path / "a.jpg")
    raw = bytearray((tmp_path / "a.jpg").read_bytes())
    at = raw.index(b"\xff\xc0") + 5
    raw[at : at + 4] = struct.pack(">HH", 65500, 65500)
    (tmp_path / "a.jpg").write_bytes(raw)
    refused(tmp_path / "a.jpg", "it claims")


def test_a_gif_of_many_frames_on_a_large_canvas(tmp_path):
    frame = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    head = b"GIF89a" + struct.pack("<HHBBB", 9000, 9000, 0x80, 0, 0) + bytes(6)
    (tmp_path / "a.gif").write_bytes(head + frame * 20 + b";")
    refused(tmp_path / "a.gif", "it claims")


def test_a_frame_of_a_gif_that_reaches_beyond_its_screen(tmp_path):
    """The second one, whose pixels would be taken at once."""
    frames = [b"," + struct.pack("<HHHH", 0, 0, *size) + b"\0\2\2D\1\0" for size in ((1, 1), (9000, 9000))]
    head = b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0x80, 0, 0) + bytes(6)
    (tmp_path / "a.gif").write_bytes(head + b"".join(frames) + b";")
    refused(tmp_path / "a.gif", "reaches to 9000 × 9000 on a screen of 9 × 9")


def test_more_extra_samples_than_samples(tmp_path):
    extra = [Entry(338, 3, bytes(600))]
    (tmp_path / "a.tif").write_bytes(tiff([*page(), *extra], bytes(1024)))
    found = io.read(io.write(io.read(tmp_path / "a.tif"), tmp_path / "b.tif"))
    assert found.pixels.shape == (32, 32)


def npy(header, version=b"\1\0", size="<H"):
    return b"\x93NUMPY" + version + struct.pack(size, len(header)) + header + bytes(64)


@pytest.mark.parametrize(
    "content",
    [
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000, 1000000)}\n"),
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}\n"),
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}" + b" " * 10**7, b"\2\0", "<I"),
        npy(b"(" * 9000),
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}\n"),
        npy(b"{'descr': ('<f8', (99999, 99999)), 'fortran_order': False, 'shape': (9,)}\n"),
        npy(b"", b"\7\0"),
    ],
    ids=["huge", "overflow", "long header", "deep header", "negative", "subarrays", "version"],
)
def test_array_headers(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    refused(tmp_path / "a.npy", "cut off or damaged")


def test_memory_at_hand_counts(tmp_path, monkeypatch):
    io.write(io.Picture(GRAY, "YX"), tmp_path / "a.png")
    monkeypatch.setattr(bounds, "free_memory", lambda: 1000)
    with pytest.raises(MemoryError, match=r"does not fit in memory \(it needs 2,048 bytes, and 1,000 are free\)"):
        io.read(tmp_path / "a.png")


BOMB = zlib.compress(bytes(2**26))  # 64 MB in 65 kB


@pytest.mark.parametrize("form", [(16, 0), (8, 0)])
@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        (b"iCCP", b"p\0\0" + BOMB, "its colour profile cannot be read"),
        (b"iCCP", b"p\0\0nonsense", "its colour profile cannot be read"),
        (b"iCCP", b"no end", "its colour profile cannot be read"),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB, "its XMP cannot be read"),
        (b"zTXt", b"Comment\0\0" + BOMB, "its text cannot be read"),
        (b"iTXt", b"Comment\0\1\0\0\0" + BOMB, "its text cannot be read"),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"sound"), None),
        (b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"sound"), None),
        (b"iTXt", b"Comment\0\0\0\0\0sound", None),
    ],
    ids=["profile", "nonsense", "short", "xmp", "text", "international", "sound", "sound-international", "plain"],
)
def test_what_unpacks_without_bound_in_a_png(tmp_path, form, name, body, words):
    rows = bytes(10) if form[0] == 16 else bytes(6)
    (tmp_path / "a.png").write_bytes(png(form=form, extra=chunk(name, body), rows=rows))
    tracemalloc.start()
    found = io.read(tmp_path / "a.png")
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()
    assert found.pixels.shape == (2, 2)
    assert words is None or (words in found.notes[0] and len(found.notes) == 1)
    back = io.read(io.write(found, tmp_path / "b.png"))
    assert back.notes == ()
    assert len(back.metadata.native.before) == (words is None)  # what no one else could open stays behind


CODED = {8: zlib.compress, 34925: lambda raw: lzma.compress(raw)}


@pytest.mark.parametrize("coding", [8, 34925])
@pytest.mark.parametrize(
    ("length", "words"), [(1000, "unpacks to 1,000 bytes of 1,024"), (2**22, "more than its 1,024")]
)
def test_strips_of_another_length_than_they_should_have(tmp_path, coding, length, words):
    strip = CODED[coding](bytes(length))
    (tmp_path / "a.tif").write_bytes(tiff(page(coding=coding, held=len(strip)), strip))
    refused(tmp_path / "a.tif", words)


def test_packed_bits_of_another_length(tmp_path):
    for strip, words in (
        (b"\x81\0" * 7 + b"\x80" * 9, "unpacks to 896 bytes of 1,024"),
        (b"\x81\0" * 9, "more than its 1,024"),
    ):
        (tmp_path / "a.tif").write_bytes(tiff(page(coding=32773, held=len(strip)), strip))
        refused(tmp_path / "a.tif", words)


def test_a_cut_off_strip_in_the_middle(tmp_path):
    strip = zlib.compress(os.urandom(1024))[:500]
    (tmp_path / "a.tif").write_bytes(tiff(page(coding=8, held=len(strip)), strip))
    refused(tmp_path / "a.tif", "cut off")


def test_fewer_strips_than_the_picture_has(tmp_path):
    (tmp_path / "a.tif").write_bytes(tiff(page(rows=8, held=256), bytes(256)))
    refused(tmp_path / "a.tif", "4 strips or tiles make the picture, and it has 1")
    (tmp_path / "b.tif").write_bytes(tiff(page(rows=0), bytes(1024)))
    refused(tmp_path / "b.tif", "no size")


def test_a_picture_without_rows(tmp_path):
    (tmp_path / "a.tif").write_bytes(tiff(page(32, 0), bytes(1024)))
    refused(tmp_path / "a.tif", "cut off or damaged")


def test_padded_and_sparse_files_are_sound(tmp_path):
    strip = zlib.compress(GRAY.tobytes())
    tags = [(code, value if code != 278 else 2**31) for code, value in page(coding=8, held=len(strip))]
    (tmp_path / "a.tif").write_bytes(tiff(tags, strip))  # one strip of all rows there are
    assert np.array_equal(io.read(tmp_path / "a.tif").pixels, GRAY)
    halves = [zlib.compress(GRAY[:20].tobytes()), zlib.compress(GRAY[20:].tobytes() + bytes(8 * 32))]
    counts = Entry(279, 4, struct.pack("<2I", *map(len, halves)))
    places = Entry(273, 4, struct.pack("<2I", 8, 8 + len(halves[0])))
    tags = [tag for tag in page(coding=8, rows=20) if tag[0] not in (273, 279)]
    (tmp_path / "b.tif").write_bytes(tiff([*tags, counts, places], b"".join(halves)))
    assert np.array_equal(io.read(tmp_path / "b.tif").pixels, GRAY)  # the last strip has rows that nobody sees
    tifffile.imwrite(tmp_path / "c.tif", (t for t in (GRAY[:16, :16], None, None, None)), tile=(16, 16),
                     shape=(32, 32), dtype=np.uint8, photometric="minisblack")  # fmt: skip
    assert np.array_equal(io.read(tmp_path / "c.tif").pixels[:16, :16], GRAY[:16, :16])


def exif_of(pointers):
    """An EXIF block of directories, each of which points to those of the given numbers."""
    size = {number: 6 + 12 * len(found) for number, found in enumerate(pointers)}
    place = dict(enumerate(itertools.accumulate(size.values(), initial=8)))
    body = b""
    for found in pointers:
        rows = b"".join(struct.pack("<HHII", code, 4, 1, place[number]) for code, number in found)
        body += struct.pack("<H", len(found)) + rows + struct.pack("<I", 0)
    return b"II*\0\x08\0\0\0" + body


E, G, I = ifd.EXIF, ifd.GPS, ifd.INTEROPERABILITY  # noqa: E741
LOOPS = {
    "self": [[(E, 0)]],
    "mutual": [[(E, 1)], [(E, 0)]],
    "branching": [*[[(E, n + 1), (E, n + 1), (G, n + 1), (I, n + 1)] for n in range(60)], []],
    "deep": [*[[(E, n + 1)] for n in range(3000)], []],
}


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif"])
def test_exif_that_leads_back_or_branches(tmp_path, name, ending):
    """The picture comes through every format, enlarged too; in a TIFF, which needs new offsets, with a word."""
    block = exif_of(LOOPS[name])[:65000]
    Image.fromarray(GRAY).convert("RGB").save(tmp_path / f"a.{ending}")
    given = io.read(tmp_path / f"a.{ending}")
    given = io.Picture(given.pixels, given.axes, metadata=io.Metadata(exif=block))
    for target in ("b.tif", "b.png", "b.jpg", "b.webp"):
        if target.endswith("tif"):
            assert "EXIF data is damaged" in " ".join(io.losses(given, target))
        back = io.read(io.write(given, tmp_path / target, overwrite=True))
        assert back.pixels.shape == given.pixels.shape
        larger = given.replace(given.pixels.repeat(2, axis=0).repeat(2, axis=1))
        assert io.read(io.write(larger, tmp_path / target, overwrite=True)).pixels.shape[:2] == (64, 64)


@pytest.mark.parametrize("name", LOOPS)
def test_a_tiff_whose_exif_leads_back_or_branches(tmp_path, name):
    """The directory of the picture takes the place of the first of the block."""
    block = exif_of([[(E, n + 1) for _, n in LOOPS[name][0]], [], *LOOPS[name][1:]])
    start = len(block) + len(block) % 2
    tags = [(256, 32), (257, 32), (258, 8), (259, 1), (262, 1), (277, 1), (278, 32), (279, 1024), (273, start)]
    pointers = [Entry(code, 4, struct.pack("<I", 8)) for code in (E, G)]
    there = start + 1024
    rows = sorted([*(ifd.long(*tag, "<") for tag in tags), *pointers], key=lambda entry: entry.code)
    table = struct.pack("<H", len(rows))
    table += b"".join(struct.pack("<HHI", e.code, 4, 1) + e.raw for e in rows) + struct.pack("<I", 0)
    raw = b"II*\0" + struct.pack("<I", there) + block[8:].ljust(start - 8, b"\0") + GRAY.tobytes() + table
    (tmp_path / "a.tif").write_bytes(raw)
    began = time.process_time()
    given = io.read(tmp_path / "a.tif")
    assert np.array_equal(given.pixels, GRAY)
    assert "EXIF data is damaged" in " ".join(given.notes)
    assert np.array_equal(io.read(io.write(given, tmp_path / "b.tif")).pixels, GRAY)
    assert time.process_time() - began < 3


def test_tables_that_all_point_to_the_same_bytes(tmp_path):
    body = bytes(60000)
    tags = [*page(held=1024), *(Entry(50000 + n, 7, body[:40000]) for n in range(3))]
    raw = bytearray(tiff(tags, body))
    there = struct.unpack("<I", raw[4:8])[0]
    rows = raw[there + 2 + 9 * 12 : there + 2 + 10 * 12]
    many = struct.pack("<H", 2009) + raw[there + 2 : there + 2 + 9 * 12] + rows * 2000 + bytes(4)
    (tmp_path / "a.tif").write_bytes(bytes(raw[:4]) + struct.pack("<I", len(raw)) + bytes(raw[8:]) + many)
    refused(tmp_path / "a.tif", "take more than the whole file")


OME = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" {}'
OME += ' DimensionOrder="XYCZT" Type="uint8" SizeX="32" SizeY="32">{}</Pixels></Image></OME>'


@pytest.mark.parametrize(
    ("sizes", "inside"),
    [
        ('SizeC="1" SizeZ="1" SizeT="1000000000"', "<TiffData/>"),
        ('SizeC="100000" SizeZ="100000" SizeT="1"', "<TiffData/>"),
        ('SizeC="1" SizeZ="1" SizeT="1"', '<TiffData IFD="0" PlaneCount="1000000000"/>'),
    ],
)
def test_ome_planes_that_no_file_has(tmp_path, sizes, inside):
    xml = OME.format(sizes, inside).encode()
    tifffile.imwrite(tmp_path / "a.tif", GRAY, description=xml, metadata=None, photometric="minisblack")
    refused(tmp_path / "a.tif", "its OME-XML claims")


def test_ome_that_names_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    inside = '<TiffData FirstT="1" IFD="0"><UUID FileName="pipe">urn:uuid:1</UUID></TiffData>'
    xml = OME.format('SizeC="1" SizeZ="1" SizeT="2"', inside).encode()
    tifffile.imwrite(tmp_path / "a.tif", GRAY, description=xml, metadata=None, photometric="minisblack")
    assert tiff_text.ome_files(xml.decode()) == ["pipe"]
    refused(tmp_path / "a.tif", "names 'pipe', which is no file")


@pytest.mark.parametrize(
    "description", ["ImageJ=1.0\nimages=1000000000\nslices=1000000000\n", json.dumps({"shape": [10**9, 32, 32]})]
)
def test_descriptions_that_claim_pages(tmp_path, description):
    tifffile.imwrite(tmp_path / "a.tif", GRAY, description=description, metadata=None, photometric="minisblack")
    refused(tmp_path / "a.tif", "cut off or damaged")


@pytest.mark.parametrize("chain", ["self", "second"])
def test_pages_in_a_circle_are_read_once(tmp_path, chain):
    raw = bytearray(tiff(page(), GRAY.tobytes()))
    (start,) = struct.unpack("<I", raw[4:8])
    raw[start + 2 + 9 * 12 : start + 6 + 9 * 12] = struct.pack("<I", start)
    (tmp_path / "a.tif").write_bytes(raw)
    began = time.process_time()
    try:
        assert np.array_equal(io.read(tmp_path / "a.tif").pixels, GRAY)
    except OSError as error:
        assert "cut off or damaged" in str(error)  # noqa: PT017
    assert time.process_time() - began < 3


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file(tmp_path, kind):
    path = tmp_path / "pipe.png"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(OSError, match=f"a {kind}, which can be read only once. Save what it gives as a file"):
        io.read(path)
