"""PNG files that lie, chunk by chunk, with the checksums right."""

from __future__ import annotations

import struct
import zlib
from random import Random

from hostility import tiff
from hostility.damage import EXTREMES

__all__ = ["lying"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BOMB = zlib.compress(bytes(50_000_000), 9)  # 50 kB
Chunks = list[tuple[bytes, bytes]]


def lying(random: Random, content: bytes) -> bytes:
    """A sound PNG with one chunk changed, added, repeated, left out or moved."""
    chunks = _chunks(content)
    return _joined(random.choice(LIES)(random, chunks), random)


def _chunks(content: bytes) -> Chunks:
    found, at = [], len(SIGNATURE)
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        found.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def _joined(chunks: Chunks, random: Random) -> bytes:
    lie = random.random() < 0.1  # about the length of one chunk
    which = random.randrange(len(chunks)) if chunks else 0
    made = [SIGNATURE]
    for number, (name, data) in enumerate(chunks):
        size = random.choice(EXTREMES) & 0xFFFFFFFF if lie and number == which else len(data)
        made.append(struct.pack(">I", size) + name + data + struct.pack(">I", zlib.crc32(name + data)))
    return b"".join(made)


def _header(random: Random, chunks: Chunks) -> Chunks:
    """Sizes, depth, colour and interlacing that are others than the data's."""
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    sizes = [random.choice((n, *(e & 0xFFFFFFFF for e in EXTREMES), 60000, 30000)) for n in (width, height)]
    depth, colour = random.choice((rest[0], 1, 2, 4, 8, 16, 3, 255)), random.choice((rest[1], 0, 2, 3, 4, 6, 7))
    packed = struct.pack(">IIBBBBB", *sizes, depth, colour, rest[2], rest[3], random.choice((0, 1, 9)))
    return [(b"IHDR", packed), *chunks[1:]]


def _bomb(random: Random, chunks: Chunks) -> Chunks:
    """What unpacks without bound: a profile, a text, the pixels themselves; or very many chunks."""
    kinds = {
        b"iCCP": b"name\0\0" + BOMB,
        b"zTXt": b"Comment\0\0" + BOMB,
        b"iTXt": b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB,
        b"IDAT": BOMB,
    }
    name = random.choice(list(kinds))
    if name == b"IDAT":
        side = random.choice((7000, 60000))
        header = struct.pack(">IIBBBBB", side, side, random.choice((8, 16)), random.choice((0, 2)), 0, 0, 0)
        return [(b"IHDR", header), (b"IDAT", BOMB), (b"IEND", b"")]
    return [chunks[0], *[(name, kinds[name])] * random.choice((1, 3, 40)), *chunks[1:]]


def _metadata(random: Random, chunks: Chunks) -> Chunks:
    """EXIF that loops or branches, a palette of another length, densities and times that are none."""
    exif = tiff.lying_exif(random)
    extra = random.choice((
        (b"eXIf", exif), (b"eXIf", exif), (b"PLTE", random.randbytes(random.choice((0, 1, 3, 768, 771)))),
        (b"tRNS", random.randbytes(random.choice((0, 1, 2, 6, 300)))), (b"pHYs", random.randbytes(9)),
        (b"pHYs", b"\xff" * 9), (b"gAMA", b"\0" * 4), (b"cHRM", bytes(32)), (b"sRGB", b"\xff"), (b"tIME", b"\xff" * 7),
        (b"iCCP", b"a" * 200), (b"tEXt", b"Raw profile type exif\0" + b"9" * 500), (b"sBIT", b"\xff" * 4),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"<x>" * 3000), (b"ABCD", b""), (b"zzZz", random.randbytes(50)),
    ))  # fmt: skip
    return [chunks[0], *[extra] * random.choice((1, 1, 2, 500)), *chunks[1:]]


def _animation(random: Random, chunks: Chunks) -> Chunks:
    """Frames that are not there, or lie elsewhere."""
    count = random.choice((0, 1, 3, 0xFFFFFFFF))
    frame = struct.pack(">IIIIIHHBB", 0, *(random.choice((0, 1, 24, 0xFFFFFFFF)) for _ in range(4)), 0, 0, 0, 0)
    pixels = b"".join(data for name, data in chunks if name == b"IDAT")
    later = [(b"fcTL", frame), (b"fdAT", b"\0\0\0\1" + pixels)] * random.choice((0, 1, 3))
    return [chunks[0], (b"acTL", struct.pack(">II", count, 0)), (b"fcTL", frame), *chunks[1:-1], *later, chunks[-1]]


def _order(random: Random, chunks: Chunks) -> Chunks:
    """Chunks left out, doubled, or in another order."""
    which, way = random.randrange(len(chunks)), random.choice(["out", "double", "shuffle"])
    if way == "out":
        return chunks[:which] + chunks[which + 1 :]
    return chunks[:which] + chunks[which:] * 2 if way == "double" else random.sample(chunks, len(chunks))


LIES = (_header, _header, _bomb, _metadata, _metadata, _animation, _order)
