"""PNG, JPEG, WebP, BMP and NPY: what goes in comes out, by this package and by others."""

import io
import struct
import zlib
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin
from skimage import data

from oneself.io import Picture, Resolution, join, read, split, write

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def photo(samples=3, dtype=np.uint8, size=(37, 53)):
    """A crop of a real photograph with odd sizes; 16 bits are filled down to the last."""
    image = data.astronaut()[100 : 100 + size[0], 150 : 150 + size[1]]
    image = np.concatenate([image, image[::-1, ::-1, :1]], axis=2)
    if dtype == np.bool_:
        return image[..., 0] > 120
    if dtype == np.uint16:
        image = image.astype(np.uint16) * 256 + np.random.default_rng(0).integers(0, 256, image.shape, dtype=np.uint16)
    chosen = {1: image[..., 0], 2: image[..., :2], 3: image[..., :3], 4: image}[samples]
    return np.ascontiguousarray(chosen)


def exif_block(orientation=6, width=53):
    exif = Image.Exif()
    exif[274] = orientation
    exif[271] = "Maker"
    exif[282], exif[283] = 300.0, 300.0
    exif[0x8769] = {0xA002: width, 0x9003: "2020:01:02 03:04:05"}
    return exif.tobytes()


def picture(samples=3, dtype=np.uint8):
    pixels = photo(samples, dtype)
    alpha = pixels[..., -1] if samples in (2, 4) else None
    colour = pixels if alpha is None else pixels[..., :-1]
    colour = colour[..., 0] if samples == 2 else colour
    return Picture(colour, "YXC" if colour.ndim == 3 else "YX", alpha=alpha)


def same(a, b):
    return a.dtype == b.dtype and np.array_equal(a, b)


LOSSLESS = [
    *[(".png", samples, dtype) for samples in (1, 2, 3, 4) for dtype in (np.uint8, np.uint16)],
    (".png", 1, np.bool_),
    (".bmp", 1, np.bool_),
    (".bmp", 1, np.uint8),
    (".bmp", 3, np.uint8),
    (".webp", 3, np.uint8),
    (".webp", 4, np.uint8),
    (".gif", 1, np.uint8),
    (".pbm", 1, np.bool_),
    *[(ending, samples, dtype) for ending, samples in ((".pgm", 1), (".ppm", 3)) for dtype in (np.uint8, np.uint16)],
    *[(".tga", samples, np.uint8) for samples in (1, 2, 3, 4)],
    *[(".tif", samples, dtype) for samples in (1, 2, 3, 4) for dtype in (np.uint8, np.uint16, np.float32)],
    *[(".ome.tif", samples, dtype) for samples in (1, 3) for dtype in (np.uint8, np.uint16, np.float32)],
    *[(".tif", 1, dtype) for dtype in (np.bool_, np.int16, np.uint32, np.float64, np.float16)],
    (".npy", 3, np.float16),
]


@pytest.mark.parametrize(("ending", "samples", "dtype"), LOSSLESS)
def test_pixels_and_alpha_come_back(tmp_path, ending, samples, dtype):
    given = picture(samples, np.uint16 if dtype == np.uint16 else np.bool_ if dtype == np.bool_ else np.uint8)
    if given.pixels.dtype != dtype:
        alpha = None if given.alpha is None else given.alpha.astype(dtype)
        given = Picture(given.pixels.astype(dtype), given.axes, alpha=alpha)
    path = write(given, tmp_path / f"a{ending}")
    for _ in range(2):  # as converted, then as kept
        back = read(path)
        assert back.axes == given.axes
        assert same(back.pixels, given.pixels)
        assert (back.alpha is None) == (given.alpha is None)
        assert given.alpha is None or same(back.alpha, given.alpha)
        path = write(back, tmp_path / f"b{ending}", overwrite=True)


@pytest.mark.parametrize(("samples", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_png_agrees_with_pillow(tmp_path, samples, mode):
    file = tmp_path / "a.png"
    write(picture(samples), file)
    with Image.open(file) as image:
        assert image.mode == mode
        assert np.array_equal(np.array(image), photo(samples))


def test_sixteen_bit_gray_agrees_with_pillow(tmp_path):
    write(picture(1, np.uint16), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.array(image), photo(1, np.uint16))
    Image.fromarray(photo(1, np.uint16)).save(tmp_path / "b.png")
    assert same(read(tmp_path / "b.png").pixels, photo(1, np.uint16))


def png_file(path, rows, form, extra=b"", interlace=0, size=None):
    """A PNG from filtered rows, made here by hand, apart from the writer under test."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", *size, *form, 0, 0, interlace)
    pixels = zlib.compress(rows)
    body = (
        chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels[:9]) + chunk(b"IDAT", pixels[9:]) + chunk(b"IEND", b"")
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def test_interlaced_sixteen_bit_colour(tmp_path):
    pixels = photo(3, np.uint16)
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for y, x, dy, dx in passes for row in pixels[y::dy, x::dx])
    png_file(tmp_path / "a.png", rows, (16, 2), interlace=1, size=pixels.shape[1::-1])
    assert same(read(tmp_path / "a.png").pixels, pixels)


def test_transparent_colour_of_sixteen_bits_becomes_alpha(tmp_path):
    pixels = photo(3, np.uint16)
    key = b"tRNS" + pixels[3, 4].astype(">u2").tobytes()
    chunk = struct.pack(">I", len(key) - 4) + key + struct.pack(">I", zlib.crc32(key))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    png_file(tmp_path / "a.png", rows, (16, 2), chunk, size=pixels.shape[1::-1])
    back = read(tmp_path / "a.png")
    assert back.alpha[3, 4] == 0
    assert (back.alpha == 65535).sum() == back.alpha.size - 1


@pytest.mark.parametrize("transparent", [False, True])
def test_palette_becomes_rgb_and_says_so(tmp_path, transparent):
    image = Image.fromarray(photo()).quantize(16)
    image.save(tmp_path / "a.png", **({"transparency": 0} if transparent else {}))
    back = read(tmp_path / "a.png")
    assert same(back.pixels, np.array(image.convert("RGB")))
    assert (back.alpha is not None) == transparent
    assert "RGB" in back.notes[0]


def test_png_keeps_every_word(tmp_path):
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "Moon")
    info.add_itxt("Author", "Ä", "de", "Autor")
    info.add_text("Comment", "x" * 200, zip=True)
    info.add(b"gAMA", struct.pack(">I", 45455))
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    options = {"pnginfo": info, "icc_profile": ICC, "exif": exif_block(), "dpi": (300, 150)}
    Image.fromarray(photo()).save(source, **options)
    write(read(source), target)
    with Image.open(source) as before, Image.open(target) as after:
        before.load()
        after.load()
        assert after.text == before.text
        assert after.info["gamma"] == before.info["gamma"]
        assert after.info["icc_profile"] == ICC
        assert after.info["exif"] == before.info["exif"]
        assert after.info["dpi"] == before.info["dpi"]
        assert after.getexif()[274] == 6


@pytest.mark.parametrize("source", ["png", "jpg", "webp", "tif"])
@pytest.mark.parametrize("target", ["png", "jpg", "webp", "tif"])
def test_profile_orientation_and_density_go_along_everywhere(tmp_path, source, target):
    first, second = tmp_path / f"a.{source}", tmp_path / f"b.{target}"
    Image.fromarray(photo()).save(first, icc_profile=ICC, exif=exif_block(), dpi=(300, 300))
    given = read(first)
    write(given, second)
    back = read(second)
    assert back.metadata.icc == ICC
    assert back.pixels.shape == (37, 53, 3)  # stored as it was, not turned
    with Image.open(second) as image:
        exif = image.getexif()
        assert exif[274] == 6
        assert exif[271] == "Maker"
        assert exif.get_ifd(0x8769)[0xA002] == 53
        assert exif.get_ifd(0x8769)[0x9003] == "2020:01:02 03:04:05"
    if "webp" not in (source, target):
        assert float(back.metadata.resolution.into("inch").x) == pytest.approx(300, abs=0.01)


def test_xmp_goes_along(tmp_path):
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">\xc2\xb5</x:xmpmeta>'
    path = tmp_path / "a.jpg"
    Image.fromarray(photo()).save(path, xmp=packet)
    for name in ("b.png", "c.webp", "d.tif", "e.jpg"):
        path = write(read(path), tmp_path / name)
        assert read(path).metadata.xmp == packet


@pytest.mark.parametrize(("quality", "subsampling", "progressive"), [(60, 2, False), (92, 0, True), (85, 1, False)])
def test_jpeg_keeps_its_quality(tmp_path, quality, subsampling, progressive):
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    options = {"quality": quality, "subsampling": subsampling, "progressive": progressive, "comment": b"Hello"}
    Image.fromarray(photo()).save(source, **options)
    given = read(source)
    write(given, target)
    assert read(target).metadata.native == given.metadata.native
    difference = read(target).pixels.astype(int) - given.pixels
    assert np.abs(difference).mean() < 1  # the same tables on the same grid lose almost nothing again
    with Image.open(target) as image:
        assert image.info["comment"] == b"Hello"


@pytest.mark.parametrize("name", ["b.jpg", "b.webp"])
def test_another_quality_on_request(tmp_path, name):
    source = tmp_path / f"a{name[1:]}"
    Image.fromarray(photo()).save(source, quality=20)
    given = read(source)
    better = write(given, tmp_path / name, quality=95)
    error = np.abs(read(better).pixels.astype(int) - given.pixels).mean()
    worse = np.abs(read(write(given, tmp_path / f"c{name[1:]}", quality=5)).pixels.astype(int) - given.pixels).mean()
    assert error < 2 < worse
    for bad in ({"path": tmp_path / "c.png", "quality": 95}, {"path": tmp_path / "d.jpg", "quality": 0}):
        with pytest.raises(ValueError, match=r"quality=.*only JPEG and WebP"):
            write(given, **bad)


def test_gray_jpeg_and_density_per_centimetre(tmp_path):
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    Image.fromarray(photo(1)).save(source, dpi=(300, 300))
    raw = bytearray(source.read_bytes())
    raw[13:18] = struct.pack(">BHH", 2, 119, 118)
    source.write_bytes(raw)
    given = read(source)
    assert given.axes == "YX"
    assert given.metadata.resolution == Resolution(Fraction(119), Fraction(118), "centimetre")
    write(given, target)
    assert read(target).metadata.resolution == given.metadata.resolution
    assert target.read_bytes()[13:18] == raw[13:18]


def test_webp_stays_lossy_or_lossless(tmp_path):
    for lossless in (True, False):
        Image.fromarray(photo(4)).save(tmp_path / "a.webp", lossless=lossless, exact=True)
        given = read(tmp_path / "a.webp")
        assert given.metadata.native.lossless == lossless
        write(given, tmp_path / "b.webp", overwrite=True)
        back = read(tmp_path / "b.webp")
        assert back.metadata.native.lossless == lossless
        assert same(back.pixels, given.pixels) == lossless
        assert same(back.alpha, given.alpha)


def test_bmp_keeps_its_density(tmp_path):
    Image.fromarray(photo()).save(tmp_path / "a.bmp", dpi=(300, 200))
    given = read(tmp_path / "a.bmp")
    write(given, tmp_path / "b.bmp")
    assert read(tmp_path / "b.bmp").metadata.resolution == given.metadata.resolution
    assert (tmp_path / "b.bmp").read_bytes() == (tmp_path / "a.bmp").read_bytes()


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_super_resolution_doubles_densities_and_exif_sizes(tmp_path, name):
    Image.fromarray(photo()).save(tmp_path / name, exif=exif_block(), dpi=(300, 300))
    given = read(tmp_path / name)
    larger = given.replace(given.pixels.repeat(2, axis=0).repeat(2, axis=1))
    back = read(write(larger, tmp_path / f"b-{name}"))
    assert float(back.metadata.resolution.into("inch").x) == pytest.approx(600, abs=0.1)
    with Image.open(tmp_path / f"b-{name}") as image:
        exif = image.getexif()
        assert exif[274] == 6
        assert exif[282] == pytest.approx(600)
        assert exif.get_ifd(0x8769)[0xA002] == 106


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".bmp", ".tif", ".npy", "-16.png", ".gif", ".ppm", ".tga"])
@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_cut_off_files_are_never_half_read(tmp_path, ending, kept):
    file = tmp_path / f"a{ending}"
    write(picture(3, np.uint16 if "16" in ending else np.uint8), file)
    whole = file.read_bytes()
    whole = whole[:-26] if ending == ".tga" else whole  # what stands there after the pixels
    file.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(OSError, match=r"^read\(path=.*cut off or damaged"):
        read(file)


def test_a_flipped_byte_in_a_png_is_noticed(tmp_path):
    file = write(picture(), tmp_path / "a.png")
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)
    with pytest.raises(OSError, match="checksum"):
        read(file)


def test_no_damage_surprises(tmp_path):
    """Whatever bytes change, the picture is read or refused in our words."""
    rng = np.random.default_rng(0)
    for ending in (".png", ".jpg", ".webp", ".bmp", ".tif", ".npy", ".gif", ".ppm", ".tga"):
        file = write(picture(), tmp_path / f"a{ending}")
        whole = file.read_bytes()
        for _ in range(30):
            raw = bytearray(whole)
            for place in rng.integers(0, min(len(raw), 300), 3):
                raw[place] = rng.integers(0, 256)
            file.write_bytes(raw)
            try:
                read(file)
            except (OSError, ValueError, MemoryError) as error:
                assert str(error).startswith(("read(path=", "Picture(axes="))  # noqa: PT017


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"hello", "begins with b'hello'"),
        (b"\0\0\0\x20ftypheic", "HEIC"),
    ],
)
def test_other_files_are_named(tmp_path, content, words):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(OSError, match=f"not an image that can be read .*{words}"):
        read(tmp_path / "a.png")


def test_the_content_decides_not_the_name(tmp_path):
    write(picture(), tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert read(tmp_path / "a.jpg").format == "png"


def test_axes_of_arrays(tmp_path):
    def saved(array):
        np.save(tmp_path / "a.npy", array)
        return tmp_path / "a.npy"

    assert read(saved(np.zeros(5))).axes == "X"
    assert read(saved(np.zeros((5, 4)))).axes == "YX"
    assert read(saved(np.zeros((5, 4, 4)))).axes == "YXC"
    assert read(saved(np.zeros((5, 4, 6))), axes="ZYX").axes == "ZYX"
    with pytest.raises(ValueError, match=r"\(5, 4, 6\).*'IYX'.*'ZYX'.*'CYX'"):
        read(saved(np.zeros((5, 4, 6))))
    with pytest.raises(ValueError, match="2 letters for an array of 3"):
        read(saved(np.zeros((5, 4, 6))), axes="YX")
    with pytest.raises(ValueError, match="Leave axes out"):
        read(write(picture(), tmp_path / "a.png"), axes="CYX")


def test_arrays_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="may run code"):
        read(tmp_path / "a.npy")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<u2", ">u2", ">f4", "|u1"])
def test_arrays_keep_their_byte_order_and_layout(tmp_path, dtype, order):
    np.save(tmp_path / "a.npy", np.asarray(photo(1), dtype=dtype, order=order))
    given = read(tmp_path / "a.npy")
    assert given.pixels.dtype.isnative
    write(join(given, [item.pixels for item in split(given)]), tmp_path / "b.npy")
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_alpha_becomes_the_last_channel_of_an_array(tmp_path):
    write(picture(4), tmp_path / "a.npy")
    assert np.array_equal(np.load(tmp_path / "a.npy"), photo(4))


def test_large_scans_pass_pillows_guard(tmp_path, monkeypatch):
    file = write(picture(), tmp_path / "a.jpg")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert read(file).pixels.shape == (37, 53, 3)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_importing_costs_little():
    import subprocess
    import sys

    heavy = "{'torch', 'skimage', 'deepinv', 'imageio', 'PIL', 'tifffile'}"
    code = f"import sys, oneself.io; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_png_is_compressed_well(tmp_path):
    image = data.camera()
    write(Picture(image, "YX"), tmp_path / "a.png")
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "png")
    assert (tmp_path / "a.png").stat().st_size < 1.05 * buffer.tell()
