"""TIFF files that lie, tag by tag: classic and Big, of both byte orders, OME and EXIF."""

from __future__ import annotations

import struct
from random import Random

import numpy as np

from hostility.damage import EXTREMES

__all__ = ["lying", "lying_exif"]

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
CODES = {1: "B", 3: "H", 4: "I", 16: "Q"}
WIDTH, HEIGHT, BITS, COMPRESSION, COLOUR, TEXT = 256, 257, 258, 259, 262, 270
OFFSETS, SAMPLES, ROWS, COUNTS, PLANAR = 273, 277, 278, 279, 284
PREDICTOR, SUB, EXTRA, FORMAT = 317, 330, 338, 339
EXIF, GPS = 34665, 34853
ITSELF = -1  # as the place of the next directory
BILLION = '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + k)} "{("&" + chr(97 + k) + ";") * 10}">' for k in range(9)
) + "]>"  # fmt: skip


class Built:
    """A TIFF of tags: number, type, count as told, and either bytes or values."""

    def __init__(self, order: str = "<", big: bool = False) -> None:
        self.order, self.big, self.body = order, big, bytearray()
        head = {"<": b"II", ">": b"MM"}[order]
        self.body += head + (self._pack("HHHQ", 43, 8, 0, 16) if big else self._pack("HI", 42, 8))

    def _pack(self, code: str, *values: int) -> bytes:
        return struct.pack(self.order + code, *values)

    @property
    def here(self) -> int:
        return len(self.body)

    def data(self, content: bytes) -> int:
        """Put bytes at the end; where they are."""
        at = self.here
        self.body += content + b"\0" * (len(content) % 2)
        return at

    def directory(self, tags: list[tuple[int, int, int, bytes]], following: int = 0) -> int:
        """A directory at the end; where it is. Values longer than a field are put before it."""
        field = 8 if self.big else 4
        entries = b""
        for number, kind, count, value in tags:
            inside = value.ljust(field, b"\0") if len(value) <= field else self._pack("Q" if self.big else "I",
                                                                                     self.data(value))  # fmt: skip
            entries += self._pack("HHQ" if self.big else "HHI", number, kind, count) + inside
        count = self._pack("Q" if self.big else "H", len(tags))
        following = self.here if following == ITSELF else following
        return self.data(count + entries + self._pack("Q" if self.big else "I", following))

    def value(self, kind: int, *values: int) -> bytes:
        return self._pack(CODES[kind] * len(values), *(v % (1 << 8 * SIZES[kind]) for v in values))

    def tag(self, number: int, kind: int, *values: int, told: int | None = None) -> tuple[int, int, int, bytes]:
        return number, kind, len(values) if told is None else told, self.value(kind, *values)

    def start(self, first: int) -> bytes:
        """The whole file, whose first directory is there."""
        if self.big:
            self.body[8:16] = self._pack("Q", first)
        else:
            self.body[4:8] = self._pack("I", first)
        return bytes(self.body)


def lying(random: Random) -> bytes:
    """A small picture whose tags are sound but for one to three lies."""
    built = Built(random.choice("<>"), random.random() < 0.4)
    side = 16
    pixels = np.arange(side * side * 2, dtype=np.uint8).tobytes()
    at = built.data(pixels)
    wide = 16 if built.big else 4
    tags = {
        WIDTH: built.tag(WIDTH, 4, side), HEIGHT: built.tag(HEIGHT, 4, side), BITS: built.tag(BITS, 3, 16),
        COMPRESSION: built.tag(COMPRESSION, 3, 1), COLOUR: built.tag(COLOUR, 3, 1), OFFSETS: built.tag(OFFSETS, wide,
                                                                                                       at),
        SAMPLES: built.tag(SAMPLES, 3, 1), ROWS: built.tag(ROWS, 4, side), COUNTS: built.tag(COUNTS, wide, len(pixels)),
    }  # fmt: skip
    following = 0
    for _ in range(random.choice((1, 1, 2, 3))):
        following = _lie(random, built, tags, following)
    first = built.directory([tags[number] for number in sorted(tags)], following)
    return built.start(first)


def _lie(random: Random, built: Built, tags: dict[int, tuple[int, int, int, bytes]], following: int) -> int:
    """Change the tags; where the next directory is said to be."""
    way = random.choice(["number", "number", "kind", "count", "loop", "sub", "exif", "text", "tiles", "colour", "out"])
    which = random.choice(list(tags))
    number, kind, count, value = tags[which]
    if way == "number":
        kind = random.choice((1, 3, 4, 16) if built.big else (1, 3, 4))
        tags[which] = built.tag(which, kind, random.choice((*EXTREMES, 60000, 3, 8, 32, 5, 34712, 50000, 7, 32773)))
    elif way == "kind":
        tags[which] = (number, random.choice((0, 2, 5, 7, 11, 12, 13, 99, 65535)), count, value)
    elif way == "count":
        tags[which] = (number, kind, random.choice(EXTREMES) % (1 << (64 if built.big else 32)), value)
    elif way == "loop":
        return random.choice((ITSELF, ITSELF, 8, 16, built.here, 1 << 31, 2))
    elif way == "sub":
        tags[SUB] = built.tag(SUB, 4, *[random.choice((8, 16, built.here, 1 << 31))] * random.choice((1, 1000)))
    elif way == "exif":
        tags[EXIF] = built.tag(EXIF, 4, _branching(random, built))
    elif way == "text":
        text = _text(random)
        tags[TEXT] = (TEXT, 2, len(text), text)
    elif way == "tiles":
        sizes = [random.choice((0, 1, 16, 17, 1 << 31)) for _ in range(2)]
        tags[322], tags[323] = built.tag(322, 4, sizes[0]), built.tag(323, 4, sizes[1])
        tags[324], tags[325] = built.tag(324, 4, 8), built.tag(325, 4, random.choice((0, 512, 1 << 31)))
    elif way == "colour":
        tags[COLOUR] = built.tag(COLOUR, 3, random.choice((0, 2, 3, 5, 6, 8, 32803, 99)))
        tags[EXTRA] = built.tag(EXTRA, 3, *[random.choice((0, 1, 2, 9))] * random.choice((1, 3, 300)))
        other = random.choice((PLANAR, PREDICTOR, FORMAT))
        tags[other] = built.tag(other, 3, random.choice((2, 3, 6, 99)))
    else:
        del tags[which]
    return following


def _branching(random: Random, built: Built) -> int:
    """EXIF whose pointers loop, or branch: read naively it takes 2 to the power of its depth."""
    below = random.choice((8, built.here, 1 << 31))
    for _ in range(random.choice((1, 30, 200))):
        below = built.directory([built.tag(EXIF, 4, below), built.tag(GPS, 4, below)])
    return below


def _text(random: Random) -> bytes:
    """Descriptions in which OME, ImageJ or tifffile say what is in the file, and lie."""
    n = random.choice((0, -1, 1, 3, 2**31, 10**12))
    ome = (
        '<?xml version="1.0"?>{}<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
        f'<Pixels ID="Pixels:0" DimensionOrder="{random.choice(("XYCZT", "", "XXXXX"))}" Type="uint16" SizeX="{n}" '
        f'SizeY="16" SizeC="1" SizeZ="{n}" SizeT="1" PhysicalSizeX="{random.choice(("nan", "0", "-1", "1e999"))}">'
        "<TiffData/></Pixels></Image></OME>"
    )
    texts = (
        ome.format(""),
        ome.format(BILLION).replace("<TiffData/>", "&j;"),
        f"ImageJ=1.5\nimages={n}\nslices={n}\nhyperstack=true\n",
        f'{{"shape": [{n}, 16, 16]}}',
        f'{{"shape": {"[" * 3000}}}',
        "<OME>" * 2000,
        "\udcff",
        "ImageJ=\nspacing=1e999",
    )
    return random.choice(texts).encode("utf-8", "surrogateescape") + b"\0"


def lying_exif(random: Random) -> bytes:
    """EXIF as PNG, JPEG and WebP carry it: a TIFF without a picture, that loops or claims too much."""
    built = Built(random.choice("<>"))
    tags = [
        built.tag(274, 3, random.choice((0, 1, 3, 6, 9, 65535))),
        built.tag(EXIF, 4, _branching(random, built), told=random.choice((1, 1, 0, 1 << 31))),
    ]
    if random.random() < 0.4:
        tags.append((random.choice((305, 282, 37500)), random.choice((2, 5, 7)), random.choice((1 << 28, 9)), b"abcd"))
    first = built.directory(sorted(tags), random.choice((0, 0, 8, 1 << 31)))
    return built.start(first)
