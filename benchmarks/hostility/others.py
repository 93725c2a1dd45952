"""JPEG, WebP, BMP, GIF and NPY files that lie."""

from __future__ import annotations

import struct
from random import Random

from hostility import tiff
from hostility.damage import EXTREMES

__all__ = ["LYING"]

SHAPES = (
    "(24, 24)",
    "(-1, 24)",
    "(10**9,)",
    "(1000000000, 1000000000)",
    "(0, 24)",
    "()",
    "(24.0, 24)",
    "(True, 24)",
    "[24, 24]",
    "24",
    "(24, 24, 0)",
    f"({'1, ' * 100})",
    "(9999999999999999999999,)",
    "(2, 2, 2, 2, 2, 2, 2)",
)


def _jpeg(random: Random, content: bytes) -> bytes:
    """Segments that loop, lie about their length, or claim a size; colour that the frame does not have."""
    segments = (
        b"\xff\xe1" + _long(b"Exif\0\0" + tiff.lying_exif(random)),
        b"\xff\xe2"
        + _long(b"ICC_PROFILE\0" + bytes([random.choice((0, 1, 9)), random.choice((0, 1, 255))]) + b"x" * 50),
        b"\xff\xee" + _long(b"Adobe\0d\0\0\0\0" + bytes([random.choice((0, 1, 2, 9))])),
        b"\xff\xe0" + _long(b"JFIF\0\1\1\1" + b"\xff" * 6),
        b"\xff\xe2" + _long(b"MPF\0" + tiff.lying_exif(random)),
        b"\xff\xed" + _long(b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff"),
        b"\xff\xe1" + struct.pack(">H", random.choice((0, 1, 2, 0xFFFF))) + b"Exif\0\0",
        b"\xff\xfe" + _long(b"\xff" * 60000),
    )
    if random.random() < 0.7:
        return content[:2] + random.choice(segments) * random.choice((1, 1, 2, 60)) + content[2:]
    at = content.find(b"\xff\xc0")
    if at < 0:
        return content
    sizes = struct.pack(">HH", *(random.choice((0, 1, 24, 60000, 65535)) for _ in range(2)))
    return (
        content[: at + 1]
        + random.choice((b"\xc0", b"\xc2", b"\xc9"))
        + content[at + 2 : at + 5]
        + sizes
        + content[at + 9 :]
    )


def _long(body: bytes) -> bytes:
    body = body[:65533]
    return struct.pack(">H", len(body) + 2) + body


def _webp(random: Random, content: bytes) -> bytes:
    """A canvas that is too large, chunks that lie, animation that is none, EXIF that loops."""
    flags = random.choice((0, 0x08, 0x20, 0x02, 0x10, 0xFF))
    side = random.choice((1, 24, 16384, 1 << 24))
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0]) + (side - 1).to_bytes(3, "little") * 2
    exif = tiff.lying_exif(random)
    extra = random.choice((
        b"EXIF" + struct.pack("<I", len(exif)) + exif + b"\0" * (len(exif) % 2),
        b"ICCP" + struct.pack("<I", random.choice(EXTREMES) & 0xFFFFFFFF) + b"x" * 20,
        b"XMP " + struct.pack("<I", 9000) + b"<x>" * 3000,
        b"ANIM" + struct.pack("<IIH", 6, 0, 0) + b"ANMF" + struct.pack("<I", 0xFFFFFFFF),
    ))  # fmt: skip
    body = b"WEBP" + canvas + content[12:] + extra
    return b"RIFF" + struct.pack("<I", random.choice((len(body), len(body), 4, 0xFFFFFFFF))) + body


def _bmp(random: Random, content: bytes) -> bytes:
    """A header with sizes, depth, compression or an offset that are none."""
    found = bytearray(content)
    at, code = random.choice(
        ((18, "<i"), (22, "<i"), (28, "<H"), (30, "<I"), (10, "<I"), (14, "<I"), (46, "<I"), (2, "<I"))
    )
    value = random.choice((0, 1, 2, 3, 4, -1, 24, 40, 64, 108, 60000, 2**31 - 1, -(2**31)))
    struct.pack_into(
        code, found, at, value % (1 << 16) if code == "<H" else value % (1 << 32) if code == "<I" else value
    )
    return bytes(found)


def _gif(random: Random, content: bytes) -> bytes:
    """A screen or a frame that is too large or none, or very many frames."""
    found = bytearray(content)
    struct.pack_into("<HH", found, 6, *(random.choice((0, 1, 24, 65535)) for _ in range(2)))
    at = content.find(b"\x2c\0\0\0\0")
    if at > 0 and random.random() < 0.5:
        struct.pack_into("<HHHH", found, at + 1, *(random.choice((0, 1, 24, 65535)) for _ in range(4)))
    return bytes(found[:-1]) + bytes(found[at:-1]) * random.choice((0, 0, 3, 300)) + b";"


def _npy(random: Random, content: bytes) -> bytes:
    """A header that is another Python expression than it should be, or claims another array."""
    kind = random.choice(
        ("<f4", "|O", "|S5", "<U9", "<f16", "<c8", "<M8[s]", "|V9", ">f4", "", "<f99", "<i3", "|b1", "<f2")
    )
    shape = random.choice(SHAPES)
    order = random.choice(("False", "True", "1", "None"))
    headers = (
        f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}",
        f"{{'descr': [('a', '{kind}'), ('b', '<f4')], 'fortran_order': False, 'shape': (24, 24), }}",
        "(" * random.choice((150, 5000)),
        "{}" * 3,
        "__import__('os').system('touch pwned')",
        "'" * 99,
        "\xff" * 40,
        "1" * 9000,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (24, 24), 'more': 1}",
    )
    header = (random.choice(headers[:1] * 4 + headers[1:])).encode("latin1")
    size = random.choice((len(header), len(header), len(header), 0, 65535))
    version = random.choice((b"\1\0", b"\2\0", b"\3\0", b"\x09\x09"))
    length = struct.pack("<H" if version == b"\1\0" else "<I", size)
    return b"\x93NUMPY" + version + length + header + content[128:]


LYING = {"jpeg": _jpeg, "webp": _webp, "bmp": _bmp, "gif": _gif, "npy": _npy}
