"""What a file claims, compared with its own size and with the memory at hand before it is believed."""

from __future__ import annotations

import zlib

from oneself.machine import free_memory

ROOM = 2**26  # bytes of pixels that no file has to account for
DENSEST = 2**15  # bytes of pixels for one of the file: blank pages coded by CCITT Group 4 come near it
DEFLATE = 1032  # the most that one byte of Deflate can stand for: 258 bytes in two bits
WORDS = 2**24  # bytes that compressed metadata may unpack to
COPIES = 2  # of the pixels that reading needs at once


def check_claim(claimed: int, held: int, most: int = DENSEST, room: int = ROOM) -> None:
    """Refuse `claimed` bytes of pixels where `held` bytes of a coding that stores at `most` so many per byte are there.

    Raises EOFError where there are too few, MemoryError where the pixels do not fit in memory.
    """
    if claimed > max(room, held * most):
        raise EOFError(f"it claims {claimed:,} bytes of pixels, and has {held:,} bytes to hold them")
    free = free_memory()
    if COPIES * claimed > free:
        raise MemoryError(f"it needs {COPIES * claimed:,} bytes, and {free:,.0f} are free")


def inflate(data: bytes, most: int = WORDS) -> bytes:
    """A zlib stream, unpacked. EOFError if it is damaged or cut off, ValueError if it unpacks to over `most` bytes."""
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(data, most + 1)
    except zlib.error as error:
        raise EOFError(str(error)) from error
    if len(plain) > most:
        raise ValueError(f"{len(data):,} bytes that unpack to more than {most:,}")
    if not unpacker.eof:
        raise EOFError("a compressed part is cut off")
    return plain
