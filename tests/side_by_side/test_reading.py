"""Pictures are read and written in several threads, and neither Pillow's limit nor a logger changes meanwhile."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from oneself import io

from .entries import state
from .test_threads import together

PIXELS = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    names = [tmp_path / f"picture{suffix}" for suffix in (".png", ".jpg", ".tif", ".bmp")]
    for name in names:
        Image.fromarray(PIXELS).save(name)
    return names


def test_files_in_threads(files: list[Path]) -> None:
    alone = {name: io.read(name).pixels for name in files}
    before = state()

    def again(name: Path) -> list[np.ndarray]:
        return [io.read(name).pixels for _ in range(20)]

    for name, found in zip(files, together([lambda name=name: again(name) for name in files]), strict=True):
        assert all(np.array_equal(pixels, alone[name]) for pixels in found)
    assert state() == before


def test_the_limit_of_pillow_holds_meanwhile(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread that opens a picture is guarded as it was."""
    seen = []
    loading = Image.Image.load

    def watched(image: Image.Image) -> object:
        seen.append(Image.MAX_IMAGE_PIXELS)
        return loading(image)

    monkeypatch.setattr(Image.Image, "load", watched)
    limit = Image.MAX_IMAGE_PIXELS
    for name in files:
        io.write(io.read(name), name.with_stem("copy"))
    assert set(seen) == {limit}


def test_what_another_thread_logs_is_no_error_of_a_file(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """tifffile's own complaints are errors of the file that is being read, in its thread alone."""
    import tifffile

    whole = tifffile.TiffFile.__init__

    def opening(self: tifffile.TiffFile, *given: object, **named: object) -> None:
        other = threading.Thread(target=logging.getLogger("tifffile").error, args=("of another file",))
        other.start()
        other.join()
        whole(self, *given, **named)

    monkeypatch.setattr(tifffile.TiffFile, "__init__", opening)
    assert np.array_equal(io.read(files[2]).pixels, PIXELS)
