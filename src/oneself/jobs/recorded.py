"""What the records beside results must hold, to be done again."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from oneself.core import Option

__all__ = ["Item", "Record"]

THREADS = 512  # of many more than there are cores torch hangs or falls
STEPS = 10**9


class File(TypedDict):
    """A file, and the SHA-256 of its content."""

    path: Annotated[str, Option("where it was", low=1, high=4096)]
    sha256: Annotated[str, Option("hexadecimal", low=64, high=64)]


class Output(File):
    """A result; ``pixels_sha256`` is what ``pixel_digest`` tells of its pixels."""

    pixels_sha256: Annotated[str, Option("hexadecimal", low=64, high=64)]


class Stage(TypedDict):
    """As of ``StageRecord``."""

    planned: Annotated[int, Option("steps", low=0, high=STEPS)]
    steps: Annotated[int, Option("steps", low=0, high=STEPS)]
    stopped_by: str


class Left(TypedDict):
    """An item that was left as it was."""

    restored: Literal[False]
    why: str


class Restored(TypedDict):
    """What was done with an item."""

    restored: Literal[True]
    why: str
    method: str
    options: dict[str, str | float | bool | None]
    stages: Annotated[list[Stage], Option("one after another", low=1, high=10**4)]
    interrupted: bool
    stopped_by: str
    steps: Annotated[int, Option("steps", low=0, high=STEPS)]
    seconds: Annotated[float, Option("spent", low=0)]
    cite: str


Item = Left | Restored


class Record(TypedDict):
    """What ``repeat`` needs of a record; ``asked`` is checked as ``Settings``."""

    task: str
    input: File
    aids: dict[str, File]
    asked: dict[str, Any]
    items: Annotated[list[Item], Option("of the file", low=1)]
    output: Output
    device: str
    threads: Annotated[int, Option("of the CPU", low=1, high=THREADS)]
    versions: dict[str, str]
