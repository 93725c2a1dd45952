"""TIFF of every kind, against tifffile and Pillow as independent readers and writers."""

from fractions import Fraction

import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage import data

from oneself.io import Picture, PixelSize, Resolution, ifd, join, read, split, write

from .tiffs import make, rewritten, stack, tags

KINDS = [
    ("plain", {"metadata": None}, "uint16", (21, 33)),
    ("plain stack", {"metadata": None}, "uint8", (4, 21, 33)),
    ("shaped", {"metadata": {"axes": "TZYX"}}, "uint16", (2, 3, 21, 33)),
    ("rgb", {"metadata": None, "photometric": "rgb"}, "uint8", (21, 33, 3)),
    ("rgb16", {"photometric": "rgb"}, "uint16", (21, 33, 3)),
    ("planar", {"metadata": None, "photometric": "rgb", "planarconfig": "separate"}, "uint8", (3, 21, 33)),
    ("rgb float stack", {"metadata": {"axes": "IYXS"}, "photometric": "rgb"}, "float32", (2, 21, 33, 3)),
    ("multispectral", {"planarconfig": "contig", "photometric": "minisblack"}, "uint16", (21, 33, 5)),
    ("white is zero", {"photometric": "miniswhite", "metadata": None}, "uint8", (21, 33)),
    ("deflate", {"compression": "zlib", "predictor": 2}, "uint16", (3, 21, 33)),
    ("tiles", {"tile": (16, 16), "compression": "zlib"}, "uint16", (40, 50)),
    ("strips", {"rowsperstrip": 7, "metadata": None}, "int16", (21, 33)),
    ("big", {"bigtiff": True}, "float64", (2, 21, 33)),
    ("big-endian", {"byteorder": ">", "metadata": None}, "uint16", (21, 33)),
    ("big-endian big", {"byteorder": ">", "bigtiff": True}, "float32", (2, 21, 33)),
    (
        "imagej",
        {"imagej": True, "metadata": {"axes": "TZCYX", "spacing": 0.3, "unit": "um"}},
        "uint16",
        (2, 3, 2, 21, 33),
    ),
    ("imagej float", {"imagej": True, "metadata": {"axes": "ZYX"}}, "float32", (3, 21, 33)),
    ("imagej rgb", {"imagej": True}, "uint8", (21, 33, 3)),
    ("ome", {"ome": True, "metadata": {"axes": "TZCYX"}}, "uint16", (2, 3, 2, 21, 33)),
    ("ome zct", {"ome": True, "metadata": {"axes": "ZCTYX"}}, "uint8", (3, 2, 2, 21, 33)),
    ("ome rgb", {"ome": True, "photometric": "rgb"}, "uint8", (21, 33, 3)),
    ("float16", {}, "float16", (21, 33)),
    ("one row", {}, "uint8", (1, 33)),
]


@pytest.mark.parametrize(("options", "dtype", "shape"), [k[1:] for k in KINDS], ids=[k[0] for k in KINDS])
def test_every_kind_comes_back(tmp_path, options, dtype, shape):
    source = tmp_path / "a.tif"
    pixels = stack(shape, dtype)
    density = {"resolution": (3.5, 1.25), "resolutionunit": None if options.get("imagej") else "CENTIMETER"}
    make(source, pixels, **density, **options)
    given, target = rewritten(source, tmp_path)
    assert given.pixels.dtype == dtype
    assert np.array_equal(given.pixels, 255 - pixels if "miniswhite" in options.values() else pixels)
    assert (given.metadata.resolution.x, given.metadata.resolution.y) == (Fraction(7, 2), Fraction(5, 4))
    with tifffile.TiffFile(source) as before, tifffile.TiffFile(target) as after:
        assert len(after.series) == 1
        old, new = before.series[0], after.series[0]
        assert (new.kind, new.axes, new.shape, new.dtype) == (old.kind, old.axes, old.shape, old.dtype)
        assert np.array_equal(after.asarray(), pixels)
        assert (after.byteorder, after.is_bigtiff) == (before.byteorder, before.is_bigtiff)
        for name in ("compression", "photometric", "planarconfig", "predictor", "rowsperstrip", "is_tiled", "tile"):
            assert getattr(after.pages[0], name) == getattr(before.pages[0], name), name
        assert after.imagej_metadata == before.imagej_metadata
        assert (after.ome_metadata is None) == (before.ome_metadata is None)
    old_tags, new_tags = tags(source), tags(target)
    if options.get("ome"):
        assert old_tags.pop(270)[1].split(b"<TiffData")[0] == new_tags.pop(270)[1].split(b"<TiffData")[0]
    assert new_tags == old_tags


@pytest.mark.parametrize(("options", "dtype", "shape"), [k[1:] for k in KINDS], ids=[k[0] for k in KINDS])
def test_split_and_join_of_every_kind(tmp_path, options, dtype, shape):
    make(tmp_path / "a.tif", stack(shape, dtype), **options)
    given = read(tmp_path / "a.tif")
    back = join(given, [item.pixels for item in split(given)])
    assert np.array_equal(back.pixels, given.pixels)


@pytest.mark.parametrize(
    ("options", "shape", "axes"),
    [
        ({"metadata": None}, (4, 21, 33), "IYX"),
        ({}, (4, 21, 33), "QYX"),
        ({"metadata": {"axes": "ZYX"}}, (4, 21, 33), "ZYX"),
        ({"photometric": "rgb"}, (4, 21, 33, 3), "QYXC"),
        ({"imagej": True, "metadata": {"axes": "TCYX"}}, (2, 3, 21, 33), "TCYX"),
        ({"imagej": True, "metadata": {"axes": "CYXS"}}, (2, 21, 33, 3), "IYXC"),
        ({}, (2, 4, 21, 33), "QIYX"),
    ],
)
def test_what_axes_mean(tmp_path, options, shape, axes):
    make(tmp_path / "a.tif", stack(shape, "uint8"), **options)
    assert read(tmp_path / "a.tif").axes == axes


def test_axes_may_be_overridden(tmp_path):
    make(tmp_path / "a.tif", stack((4, 21, 33)), metadata=None)
    assert read(tmp_path / "a.tif", axes="ZYX").axes == "ZYX"
    with pytest.raises(ValueError, match=r"'YX'.*array of 3"):
        read(tmp_path / "a.tif", axes="YX")


OME = """<?xml version="1.0" encoding="UTF-8"?>
<!-- kept --><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Instrument ID="Instrument:0"/>
<Image ID="Image:0" Name="sample"><Pixels BigEndian="false" DimensionOrder="XYZCT" ID="Pixels:0" PhysicalSizeX="0.25"
 PhysicalSizeXUnit="nm" PhysicalSizeY="0.5" PhysicalSizeZ="2.0" SizeC="2" SizeT="1" SizeX="33" SizeY="21" SizeZ="3"
 Type="uint16"><Channel ID="Channel:0:0" Name="DAPI µ" SamplesPerPixel="1"/>
<Channel ID="Channel:0:1" SamplesPerPixel="1"/>
{}</Pixels></Image></OME>"""


def test_ome_planes_in_another_order(tmp_path):
    """The file's pages are stored backwards, as TiffData elements say; ours follow the dimension order."""
    pixels = stack((2, 3, 21, 33))
    order = [(c, z) for c in range(2) for z in range(3)]
    where = "".join(
        f'<TiffData FirstC="{c}" FirstZ="{z}" IFD="{5 - i}" PlaneCount="1"/>' for i, (c, z) in enumerate(order)
    )
    with tifffile.TiffWriter(tmp_path / "a.ome.tif") as file:
        for index, (c, z) in enumerate(reversed(order)):
            text = OME.format(where).encode() if index == 0 else None
            file.write(pixels[c, z], description=text, metadata=None, contiguous=False)
    given, target = rewritten(tmp_path / "a.ome.tif", tmp_path, "b.ome.tif")
    assert given.axes == "CZYX"
    assert np.array_equal(given.pixels, pixels)
    assert given.metadata.pixel_size == {
        "X": PixelSize(0.25, "nm"),
        "Y": PixelSize(0.5, "µm"),
        "Z": PixelSize(2.0, "µm"),
    }
    back = read(target)
    assert np.array_equal(back.pixels, pixels)
    assert back.metadata.pixel_size == given.metadata.pixel_size
    with tifffile.TiffFile(target) as file:
        xml = file.ome_metadata
    assert "<!-- kept -->" in xml
    assert "DAPI µ" in xml


def test_ome_super_resolution_divides_the_pixel_size(tmp_path):
    options = {
        "axes": "ZYX",
        "PhysicalSizeX": 0.25,
        "PhysicalSizeY": 0.5,
        "PhysicalSizeZ": 2.0,
        "PhysicalSizeXUnit": "nm",
    }
    pixels = stack((3, 21, 33))
    make(tmp_path / "a.ome.tif", pixels, metadata=options)
    given = read(tmp_path / "a.ome.tif")
    larger = given.replace(pixels.repeat(2, axis=0).repeat(3, axis=1).repeat(2, axis=2))
    back = read(write(larger, tmp_path / "b.ome.tif"))
    assert back.pixels.shape == (6, 63, 66)
    assert np.array_equal(back.pixels, larger.pixels)
    assert back.metadata.pixel_size["X"] == PixelSize(0.125, "nm")
    assert back.metadata.pixel_size["Y"].value == pytest.approx(0.5 / 3)
    assert back.metadata.pixel_size["Z"].value == 1.0


def test_ome_with_planes_in_a_missing_file_is_refused(tmp_path):
    gone = '<TiffData IFD="0" FirstZ="1" PlaneCount="1"><UUID FileName="gone.ome.tif">urn:uuid:1</UUID></TiffData>'
    text = OME.format('<TiffData IFD="0" PlaneCount="1"/>' + gone).encode()
    make(tmp_path / "a.tif", stack((21, 33)), description=text, metadata=None)
    with pytest.raises(OSError, match="planes of the series are missing"):
        read(tmp_path / "a.tif")


def test_imagej_pixel_size_and_super_resolution(tmp_path):
    told = {
        "axes": "ZYX",
        "spacing": 0.5,
        "unit": "um",
        "Labels": ["a", "b", "c"],
        "Info": "words",
        "min": 3.0,
        "max": 99.0,
    }
    pixels = stack((3, 20, 30))
    make(tmp_path / "a.tif", pixels, imagej=True, resolution=(4, 2), metadata=told)
    given = read(tmp_path / "a.tif")
    assert given.metadata.pixel_size == {
        "X": PixelSize(0.25, "µm"),
        "Y": PixelSize(0.5, "µm"),
        "Z": PixelSize(0.5, "µm"),
    }
    assert given.axes == "ZYX"
    back = read(write(given.replace(pixels.repeat(2, axis=1).repeat(2, axis=2)), tmp_path / "b.tif"))
    assert back.metadata.pixel_size == {
        "X": PixelSize(0.125, "µm"),
        "Y": PixelSize(0.25, "µm"),
        "Z": PixelSize(0.5, "µm"),
    }
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        after = file.imagej_metadata
    assert (after["Labels"], after["Info"], after["max"]) == (["a", "b", "c"], "words", 99.0)
    deep = read(write(given.replace(pixels.repeat(2, axis=0)), tmp_path / "c.tif"))
    assert deep.pixels.shape == (6, 20, 30)
    assert deep.metadata.pixel_size["Z"].value == 0.25


def test_imagej_to_ome_keeps_the_pixel_size(tmp_path):
    make(
        tmp_path / "a.tif",
        stack((3, 20, 30)),
        imagej=True,
        resolution=(4, 2),
        metadata={"axes": "ZYX", "unit": "um", "spacing": 0.5},
    )
    given, target = rewritten(tmp_path / "a.tif", tmp_path, "b.ome.tif")
    back = read(target)
    assert back.metadata.native.kind == "ome"
    assert back.axes == "ZYX"
    assert back.metadata.pixel_size == given.metadata.pixel_size
    assert np.array_equal(back.pixels, given.pixels)


def test_imagej_colour_table_is_for_show(tmp_path):
    table = np.arange(256, dtype=np.uint8)[None] * np.array([[1], [0], [0]], np.uint8)
    make(tmp_path / "a.tif", stack((20, 30), "uint8"), imagej=True, colormap=table.astype(np.uint16) * 257)
    given, target = rewritten(tmp_path / "a.tif", tmp_path)
    assert given.axes == "YX"
    assert np.array_equal(tifffile.imread(target), given.pixels)
    with tifffile.TiffFile(tmp_path / "a.tif") as before, tifffile.TiffFile(target) as after:
        assert np.array_equal(after.pages[0].colormap, before.pages[0].colormap)


def test_palette_becomes_rgb(tmp_path):
    image = Image.fromarray(data.astronaut()[:40, :50]).quantize(16)
    image.save(tmp_path / "a.tif")
    given, target = rewritten(tmp_path / "a.tif", tmp_path)
    assert np.array_equal(given.pixels, np.array(image.convert("RGB")))
    assert "RGB" in given.notes[0]
    assert np.array_equal(read(target).pixels, given.pixels)


@pytest.mark.parametrize(("extra", "premultiplied"), [("unassalpha", 2), ("assocalpha", 1)])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_alpha_is_apart_and_comes_back(tmp_path, extra, premultiplied, planar):
    pixels = stack((21, 33, 4) if planar == "contig" else (4, 21, 33), "uint16")
    make(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=[extra], planarconfig=planar)
    given, target = rewritten(tmp_path / "a.tif", tmp_path)
    assert given.sizes["C"] == 3
    assert given.alpha.shape == (21, 33)
    assert np.array_equal(tifffile.imread(target), pixels)
    with tifffile.TiffFile(target) as file:
        assert file.pages[0].extrasamples == (premultiplied,)
    larger = read(write(given.replace(given.pixels.repeat(2, axis=given.axes.index("Y"))), tmp_path / "c.tif"))
    assert larger.alpha.shape == (42, 33)


def test_gray_with_alpha(tmp_path):
    pixels = stack((21, 33, 2), "uint8")
    make(tmp_path / "a.tif", pixels, photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])
    given, target = rewritten(tmp_path / "a.tif", tmp_path)
    assert given.axes == "YX"
    assert np.array_equal(given.alpha, pixels[..., 1])
    assert np.array_equal(tifffile.imread(target), pixels)


def test_fourth_sample_of_no_stated_meaning_is_a_channel(tmp_path):
    make(tmp_path / "a.tif", stack((21, 33, 4)), photometric="rgb", extrasamples=["unspecified"])
    given = read(tmp_path / "a.tif")
    assert given.sizes["C"] == 4
    assert given.alpha is None


def exif_block(order):
    inner = [
        ifd.short(0xA002, 33, order),
        ifd.text(0x9003, "2020:01:02 03:04:05"),
        ifd.rational(0x829A, Fraction(1, 125), order),
    ]
    gps = [ifd.text(1, "N")]
    return [
        ifd.Entry(ifd.EXIF, 4, b"", tuple(inner)),
        ifd.Entry(ifd.GPS, 4, b"", tuple(gps)),
        ifd.short(274, 6, order),
        ifd.text(315, "Somebody"),
        ifd.Entry(50000, 7, b"private data"),
    ]


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_and_private_tags_of_each_page(tmp_path, order, big):
    with tifffile.TiffWriter(tmp_path / "a.tif", byteorder=order, bigtiff=big) as file:
        for page in stack((2, 21, 33)):
            file.write(page, metadata=None, contiguous=False)
    from oneself.io.tiff import STRUCTURAL

    pages = [(*exif_block(order), ifd.text(270, text)) for text in ("first", "second")]
    ifd.rewrite(tmp_path / "a.tif", pages, STRUCTURAL)
    given, target = rewritten(tmp_path / "a.tif", tmp_path)
    assert given.pixels.shape == (2, 21, 33)
    for page in range(2):
        assert tags(target, page) == tags(tmp_path / "a.tif", page)
        assert 50000 in tags(target, page)
    if big and order == ">":
        return  # Pillow reads no big-endian BigTIFF
    with Image.open(target) as image:
        assert image.getexif().get_ifd(0x8769)[0x9003] == "2020:01:02 03:04:05"
        assert image.getexif()[274] == 6
    first = given.replace(given.pixels[:, :10, :])
    with Image.open(write(first, tmp_path / "c.tif")) as image:
        assert image.getexif().get_ifd(0x8769)[0xA002] == 33
    # the big-endian block crosses into JPEG and from there back into a little-endian TIFF
    page = Picture((given.pixels[0] >> 8).astype(np.uint8), "YX", metadata=given.metadata)
    crossed = read(write(read(write(page, tmp_path / "d.jpg")), tmp_path / "e.tif"))
    with Image.open(tmp_path / "e.tif") as image:
        assert image.getexif().get_ifd(0x8769)[0x829A] == pytest.approx(1 / 125)
        assert image.getexif()[315] == "Somebody"
    assert crossed.metadata.exif is not None


@pytest.mark.parametrize("options", [k[1] for k in KINDS[:20]], ids=[k[0] for k in KINDS[:20]])
@pytest.mark.parametrize("kept", [0.2, 0.7, 0.99])
def test_cut_off_files_are_never_half_read(tmp_path, options, kept):
    source = tmp_path / "a.tif"
    shape, dtype = next((k[3], k[2]) for k in KINDS if k[1] is options)
    make(source, stack(shape, dtype), **options)
    whole = source.read_bytes()
    source.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(OSError, match=r"^read\(path=.*cut off or damaged"):
        read(source)


def test_several_series_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(stack((21, 33)))
        file.write(stack((11, 12)))
    with pytest.raises(ValueError, match=r"2 image series of shapes \(21, 33\), \(11, 12\)"):
        read(tmp_path / "a.tif")


def test_thumbnails_and_pyramids_are_left_out_and_it_is_said(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(stack((64, 64)), metadata=None)
        file.write(stack((16, 16)), subfiletype=1, metadata=None)
    given, _ = rewritten(tmp_path / "a.tif", tmp_path)
    assert given.pixels.shape == (64, 64)
    assert "reduced copies" in " ".join(given.notes)
    with tifffile.TiffWriter(tmp_path / "c.ome.tif") as file:
        file.write(stack((64, 64)), subifds=1)
        file.write(stack((32, 32)), subfiletype=1)
    given, target = rewritten(tmp_path / "c.ome.tif", tmp_path, "d.ome.tif")
    assert "reduced copies" in given.notes[0]
    assert np.array_equal(tifffile.imread(target), given.pixels)


def test_colour_spaces_that_cannot_be_restored(tmp_path):
    make(tmp_path / "a.tif", stack((21, 33, 4), "uint16"), photometric="separated")
    with pytest.raises(ValueError, match=r"SEPARATED \(4 samples, uint16\) is not supported\. Convert it to RGB"):
        read(tmp_path / "a.tif")


def test_bilevel(tmp_path):
    Image.fromarray(data.camera()[:33, :41] > 100).save(tmp_path / "a.tif")
    given, target = rewritten(tmp_path / "a.tif", tmp_path)
    assert given.pixels.dtype == bool
    assert np.array_equal(given.pixels, data.camera()[:33, :41] > 100)
    assert np.array_equal(read(target).pixels, given.pixels)


def test_arrays_become_tiff_with_their_axes(tmp_path):
    for axes, shape in (("ZYX", (3, 21, 33)), ("TZYXC", (2, 3, 21, 33, 2)), ("CYX", (2, 21, 33)), ("YXC", (21, 33, 3))):
        given = Picture(stack(shape), axes)
        back = read(write(given, tmp_path / f"{axes}.tif"))
        assert back.axes == axes
        assert np.array_equal(back.pixels, given.pixels)
    moved = read(write(Picture(stack((21, 33, 4)), "YXT"), tmp_path / "moved.tif"))
    assert moved.axes == "TYX"


def test_ome_has_no_half_floats(tmp_path):
    with pytest.raises(ValueError, match=r"OME-TIFF has no place for float16.*Use \.tif"):
        write(Picture(stack((21, 33), "float16"), "YX"), tmp_path / "a.ome.tif")


def test_density_and_big_names(tmp_path):
    given = Picture(stack((21, 33)), "YX")
    given = Picture(
        given.pixels,
        "YX",
        metadata=given.metadata.__class__(resolution=Resolution(Fraction(300), Fraction(150), "inch")),
    )
    back = read(write(given, tmp_path / "a.btf"))
    with tifffile.TiffFile(tmp_path / "a.btf") as file:
        assert file.is_bigtiff
    assert back.metadata.resolution == given.metadata.resolution


def test_big_where_needed(tmp_path, monkeypatch):
    monkeypatch.setattr("oneself.io.tiff_write._BIG", 1000)
    write(Picture(stack((21, 33)), "YX"), tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.is_bigtiff
