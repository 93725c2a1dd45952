"""Which files are read, and where their results go."""

from __future__ import annotations

import difflib
import glob
import json
import os
from collections import Counter
from pathlib import Path

from .formats import EXTENSIONS, FORMATS

_OURS = (".json", ".safetensors")  # records, models and checkpoints


def extension(path: Path) -> str:
    """The ending that says the format, as written, ".ome.tif" included."""
    inner = Path(path.stem).suffix
    return (
        inner + path.suffix
        if inner.lower() == ".ome" and path.suffix.lower() in FORMATS["tiff"].endings
        else path.suffix
    )


def output_path(source: str | Path, out: str | Path | None = None, task_suffix: str = "restored") -> Path:
    """Where the result of `source` goes.

    `out` names the file; or a folder (one that exists, or ends in a slash), where the result has the source's name;
    without it the result is `NAME-task_suffix.EXT` beside the source.
    """
    source = Path(source)
    if out is None:
        ending = extension(source)
        return source.with_name(f"{source.name[: len(source.name) - len(ending)]}-{task_suffix}{ending}")
    folder = str(out).endswith(("/", os.sep)) or Path(out).is_dir()
    return Path(out) / source.name if folder else Path(out)


def side_path(result: str | Path) -> Path:
    """The file beside a result that says how it was made: `NAME.EXT.json`."""
    return Path(result).with_name(Path(result).name + ".json")


def part_path(result: str | Path, name: str, *, signal: bool = False) -> Path:
    """The file beside a result for what was found besides the image: `NAME-name.tif`; of a signal `NAME-name.npy`."""
    result = Path(result)
    stem = result.name[: len(result.name) - len(extension(result))]
    return result.with_name(f"{stem}-{name}{'.npy' if signal else '.tif'}")


def find_images(folder: str | Path, recursive: bool = False) -> list[Path]:
    """The readable images of a folder by their extensions, sorted, without hidden files and folders.

    A result that stands beside its source (`NAME-suffix.EXT` with its side file, beside `NAME.EXT`) is left out, and
    so is a part of a result (that the result's side file names), so that a second call does not restore what the first
    one made.

    Raises FileNotFoundError or NotADirectoryError if `folder` is none.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"find_images(folder={str(folder)!r}): there is no such folder.{_closest(folder)}")
    if not folder.is_dir():
        raise NotADirectoryError(f"find_images(folder={str(folder)!r}): this is a file. Read it, or name its folder.")
    found = folder.rglob("*") if recursive else folder.iterdir()
    images = [p for p in found if p.suffix.lower() in EXTENSIONS and p.is_file() and not _hidden(p.relative_to(folder))]
    return sorted(p for p in images if not _made_here(p))


def passed_over(folder: str | Path, recursive: bool = False) -> dict[str, int]:
    """How many files `find_images` does not look at, for each ending: what is no picture read here, without hidden
    files and those that results and models come with."""
    folder = Path(folder)
    found = folder.rglob("*") if recursive else folder.iterdir()
    others = [
        p
        for p in found
        if p.suffix.lower() not in {*EXTENSIONS, *_OURS} and p.is_file() and not _hidden(p.relative_to(folder))
    ]
    return dict(sorted(Counter(p.suffix.lower() or "no ending" for p in others).items()))


def check_source(path: Path) -> None:
    """Refuse a file that cannot be read: missing (the closest name is offered), a folder, a pipe or device, empty,
    without permission."""
    if path.is_dir():
        raise IsADirectoryError(f"read(path={str(path)!r}): this is a folder. Name one file in it.")
    if not path.exists():
        raise FileNotFoundError(f"read(path={str(path)!r}): there is no such file.{_closest(path)}")
    if not os.access(path, os.R_OK):
        raise PermissionError(
            f"read(path={str(path)!r}): no permission to read it. Change its permissions, or copy it."
        )
    if not path.is_file():
        raise OSError(
            f"read(path={str(path)!r}): {_what(path)}, which can be read only once. Save what it gives as a file first."
        )
    if path.stat().st_size == 0:
        raise OSError(f"read(path={str(path)!r}): the file is empty (0 bytes). Get it again from where it came.")


def _what(path: Path) -> str:
    if path.is_fifo():
        return "a pipe"
    return "a socket" if path.is_socket() else "a device"


def _closest(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir()]
    except OSError:
        return f" There is no folder {str(path.parent)!r} either. Check the path."
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else " Check the name."


def _hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


def _made_here(path: Path) -> bool:
    ending = extension(path)
    name, dash, _ = path.name[: len(path.name) - len(ending)].rpartition("-")
    if not dash:
        return False
    sides = (side_path(path), path.with_suffix(".json"))
    result = path.with_name(name + ending).exists() and any(side.exists() for side in sides)
    names = [name, name.rpartition("-")[0] or name]  # a part whose name was taken is NAME-part-1a2b3c4d
    told = (side for one in dict.fromkeys(names) for side in path.parent.glob(f"{glob.escape(one)}.*json"))
    return result or any(_names(side, path) for side in told)


def _names(side: Path, part: Path) -> bool:
    """Whether a side file names a part."""
    try:
        name = json.dumps(part.name, ensure_ascii=False).encode("utf-8", "backslashreplace")
        return name[1:-1] in side.read_bytes()
    except OSError:
        return False
