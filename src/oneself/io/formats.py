"""The formats of pictures and recordings: by which endings and first bytes each is known, and what its files can hold.

A new format is one row here, with its coder in `files.CODERS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .bounds import WORDS

__all__ = ["EXTENSIONS", "FORMATS", "Format", "known_by", "of_ending"]

_WORDS = frozenset({"exif", "icc", "xmp"})
_SEGMENT = 65533  # bytes in a segment of a JPEG file


@dataclass(frozen=True)
class Format:
    """One format.

    Parameters
    ----------
    key : str
    endings : tuple of str
        In small letters, with the dot.
    marks : tuple of bytes
        How its files begin; none where they have no mark.
    depths : str
        The types of pixels that it holds, as ``kind`` and bytes of numpy's, "b1 u1 u2"; "" for any.
    axes : str
        "picture" where it holds (Y, X) alone, with or without colours; "picture or clip"; "any with Y"; "any"; or
        "recording".
    alpha : str
        Whether it holds transparency: "yes", "no", or "kept" where a picture that came in it has it.
    longest : int
        Most pixels along a side; 0 without a limit.
    quality : bool
        Whether its coding has a quality from 1 to 100.
    holds : frozenset of str
        The fields of ``Metadata`` that have a place in it.
    limits : mapping
        Most bytes of a field.
    """

    key: str
    endings: tuple[str, ...]
    marks: tuple[bytes, ...]
    depths: str
    axes: str = "picture"
    alpha: str = "yes"
    longest: int = 0
    quality: bool = False
    holds: frozenset[str] = frozenset()
    limits: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.key.upper()


PICTURES = (
    Format(
        "png",
        (".png",),
        (b"\x89PNG\r\n\x1a\n",),
        "b1 u1 u2",
        axes="picture or clip",
        holds=_WORDS | {"resolution", "timing"},
        limits={"icc": WORDS},  # what is compressed there would not be read
    ),
    Format(
        "jpeg",
        (".jpg", ".jpeg", ".jpe", ".jfif"),
        (b"\xff\xd8\xff",),
        "u1",
        alpha="no",
        longest=65500,
        quality=True,
        holds=_WORDS | {"resolution"},
        limits={"exif": _SEGMENT - 6, "xmp": _SEGMENT - 29, "icc": 255 * (_SEGMENT - 14)},
    ),
    Format(
        "webp",
        (".webp",),
        (),  # RIFF....WEBP
        "u1",
        axes="picture or clip",
        longest=16383,
        quality=True,
        holds=_WORDS | {"timing"},
    ),
    Format(
        "tiff",
        (".tif", ".tiff", ".btf", ".tf8"),
        (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
        "b1 u1 u2 u4 u8 i1 i2 i4 i8 f2 f4 f8",
        axes="any with Y",
        holds=_WORDS | {"resolution", "pixel_size"},
    ),
    Format("bmp", (".bmp",), (b"BM",), "b1 u1", alpha="no", holds=frozenset({"resolution"})),
    Format("npy", (".npy",), (b"\x93NUMPY",), "", axes="any"),
    Format(
        "gif",
        (".gif",),
        (b"GIF87a", b"GIF89a"),
        "u1",
        axes="picture or clip",
        alpha="kept",
        longest=65535,
        holds=frozenset({"timing"}),
    ),
    Format(
        "pnm",
        (".pbm", ".pgm", ".ppm", ".pnm"),
        tuple(b"P%d" % number for number in range(1, 7)),
        "b1 u1 u2",
        alpha="no",
    ),
    Format("tga", (".tga",), (), "u1", longest=65535),
    Format("wav", (".wav", ".wave"), (), "", axes="recording"),  # RIFF....WAVE
    Format("flac", (".flac",), (b"fLaC",), "", axes="recording"),
    Format("ogg", (".ogg", ".oga"), (b"OggS",), "", axes="recording"),
)
FORMATS: Mapping[str, Format] = {one.key: one for one in PICTURES}
_ENDINGS = {ending: one for one in PICTURES for ending in one.endings}
EXTENSIONS = tuple(_ENDINGS)


def of_ending(ending: str) -> Format | None:
    """The format that files of this ending, in any letters, are written in."""
    return _ENDINGS.get(ending.lower())


def known_by(head: bytes, ending: str) -> Format | None:
    """The format of a file that begins with these 16 bytes; its ending counts for a TGA alone, which has no mark."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FORMATS["webp"]
    if head[:4] in (b"RIFF", b"RF64", b"RIFX") and head[8:12] == b"WAVE":
        return FORMATS["wav"]
    for one in PICTURES:
        if head.startswith(one.marks or b"\0" * 17):
            return one
    tga = ending.lower() == ".tga" and len(head) == 16 and head[1] < 2 and head[2] in (1, 2, 3, 9, 10, 11)
    return FORMATS["tga"] if tga else None
