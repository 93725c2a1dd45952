"""Whole files or none, and no result lost."""

import errno
import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from oneself.io import (
    NotSaved,
    Picture,
    SavedAside,
    check_output,
    npy,
    read,
    save_aside,
    saving,
    temporary,
    write,
    write_text_atomic,
)


@pytest.fixture
def picture():
    return Picture(np.arange(63, dtype=np.uint8).reshape(7, 9), "YX")


@pytest.fixture
def system_folder(tmp_path, monkeypatch):
    folder = tmp_path / "system"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    monkeypatch.setattr(saving, "MEMORY", tmp_path / "nowhere")
    return folder


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_existing_files_stay(tmp_path, picture):
    target = tmp_path / "a.png"
    target.write_bytes(b"precious")
    with pytest.raises(FileExistsError, match="--overwrite"):
        write(picture, target)
    assert target.read_bytes() == b"precious"
    assert write(picture, target, overwrite=True) == target
    assert np.array_equal(read(target).pixels, picture.pixels)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_file_that_appears_meanwhile_stays(tmp_path):
    target = tmp_path / "a.txt"

    def slow(temporary):
        temporary.write_text("ours")
        target.write_text("theirs")

    with pytest.raises(FileExistsError, match="appeared"):
        saving.save(target, slow)
    assert target.read_text() == "theirs"
    assert len(list(tmp_path.iterdir())) == 1


def test_permissions_and_links_survive_overwriting(tmp_path, picture):
    target, link = tmp_path / "a.png", tmp_path / "link.png"
    write(picture, target)
    target.chmod(0o640)
    link.symlink_to(target)
    write(picture.replace(picture.pixels + 1), link, overwrite=True)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert read(target).pixels[0, 0] == 1


@pytest.mark.parametrize("name", ["a.png", "a.ome.tif", "a.npy", "a.jpg"])
def test_full_disk_saves_aside(tmp_path, picture, system_folder, monkeypatch, name):
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.setattr(saving.os, "link", full)
    monkeypatch.setattr(saving.os, "replace", full)
    with pytest.raises(SavedAside, match=r"No space left.*saved in") as caught:
        write(picture, folder / name)
    assert list(folder.iterdir()) == []
    assert caught.value.path.parent == system_folder
    assert caught.value.path.name.endswith(name[1:])
    assert str(caught.value.path) in str(caught.value)
    assert read(caught.value.path).pixels.shape == picture.pixels.shape


def test_partial_file_goes_and_npy_is_the_last_resort(tmp_path, picture, system_folder, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()

    def half(_, path):
        path.write_bytes(b"\x89PNG half")
        full()

    monkeypatch.setattr("oneself.io.png.write", half)
    with pytest.raises(SavedAside) as caught:
        write(picture, folder / "a.png")
    assert list(folder.iterdir()) == []
    assert [p.suffix for p in system_folder.iterdir()] == [".npy"]
    assert np.array_equal(np.load(caught.value.path), picture.pixels)


def test_nowhere_left(tmp_path, picture, system_folder, monkeypatch):
    monkeypatch.setattr(saving.os, "fsync", full)
    with pytest.raises(NotSaved, match="could not be written") as caught:
        write(picture, tmp_path / "a.png")
    assert caught.value.errno == errno.ENOSPC
    assert str(caught.value).count("No space left") == 2
    assert str(system_folder) in str(caught.value)
    assert list(system_folder.iterdir()) == []
    assert [p.name for p in tmp_path.iterdir()] == ["system"]


def test_interruption_leaves_nothing(tmp_path):
    def interrupted(temporary):
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        saving.save(tmp_path / "a.png", interrupted)
    assert list(tmp_path.iterdir()) == []


def test_the_temporary_file_is_hidden_beside_the_target(tmp_path):
    seen = []
    saving.save(tmp_path / "a.ome.tif", lambda p: (seen.append(p), p.touch()))
    assert seen[0].parent == tmp_path
    assert seen[0].name.startswith(".")
    assert seen[0].name.endswith(".ome.tif")


@pytest.mark.parametrize("error", [RecursionError("EXIF"), struct.error("too long"), MemoryError(), OSError("full")])
def test_whatever_encoding_raises_the_result_is_saved(tmp_path, picture, system_folder, monkeypatch, error):
    def failing(*_):
        raise error

    monkeypatch.setattr("oneself.io.png.write", failing)
    with pytest.raises(SavedAside) as caught:
        write(picture, tmp_path / "a.png")
    assert np.array_equal(np.load(caught.value.path), picture.pixels)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_an_array_on_a_full_disk_is_told(picture):
    """A short one, too: numpy leaves it to the end, and does not look."""
    with pytest.raises(OSError, match="No space left"):
        npy.write(picture, Path("/dev/full"))


def test_the_last_places_are_home_and_memory(tmp_path, picture, system_folder, monkeypatch):
    monkeypatch.setattr(saving, "MEMORY", _folder(tmp_path / "memory"))
    flush = saving._flush

    def full_disk(path):
        flush(path) if path.parent.name == "memory" else full()

    monkeypatch.setattr(saving, "_flush", full_disk)
    with pytest.raises(SavedAside) as caught:
        write(picture, tmp_path / "a.png")
    assert caught.value.path.parent == tmp_path / "memory"


def test_what_must_not_replace_a_file_is_saved_beside_it(tmp_path):
    target = tmp_path / "a.json"
    target.write_text("theirs")
    with pytest.raises(SavedAside) as caught:
        save_aside(target, FileExistsError("appeared"), [(".json", lambda place: place.write_text("ours"))])
    assert caught.value.path.parent == tmp_path
    assert (target.read_text(), caught.value.path.read_text()) == ("theirs", "ours")


def test_files_that_appear_stay_where_there_are_no_links(tmp_path, monkeypatch):
    def none(*_):
        raise PermissionError(errno.EPERM, "no links")

    monkeypatch.setattr(saving.os, "link", none)
    write_text_atomic(tmp_path / "a", "ours")

    def slow(hidden):
        hidden.write_text("ours")
        (tmp_path / "b").write_text("theirs")

    with pytest.raises(FileExistsError, match="appeared"):
        saving.save(tmp_path / "b", slow)
    assert [(p.name, p.read_text()) for p in sorted(tmp_path.iterdir())] == [("a", "ours"), ("b", "theirs")]


def test_names_that_lead_nowhere_are_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "c").symlink_to(tmp_path / "no" / "c")
    for name, words in (("a", "levels of symbolic links"), ("x" * 300, "too long"), ("c", "no folder")):
        with pytest.raises(OSError, match=words):
            saving.check_target(tmp_path / name, overwrite=True)


def test_a_device_is_no_target():
    with pytest.raises(OSError, match="a device or pipe"):
        saving.check_target(Path(os.devnull), overwrite=True)


def _dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_killed_runs_have_left_is_swept(tmp_path, monkeypatch):
    mine = temporary.temporary(tmp_path / "mine.png")
    machine, pid, _ = temporary.owner().split("-")
    other = "0" * 8 if machine != "0" * 8 else "1" * 8
    left = [f".oneself-{machine}-{_dead()}-0-00000000.tif"]
    left += [f"..oneself-{machine}-{_dead()}-0-00000000.safetensors.part"]
    left += [f".oneself-{machine}-{pid}-1-00000000.ome.tif"] * Path("/proc/self/stat").exists()  # of an earlier process
    stay = [mine.name, f".oneself-{other}-{_dead()}-0-00000000.png", ".oneself-notes", "photo.png"]
    for name in left + stay:
        (tmp_path / name).touch()
    left.append(f"..oneself-{machine}-{_dead()}-0-00000001.part")
    (tmp_path / left[-1]).mkdir()
    (tmp_path / left[-1] / ".tmp123456").touch()
    write_text_atomic(tmp_path / "a.json", "x")
    assert {path.name for path in tmp_path.iterdir()} == {*stay, "a.json"}
    monkeypatch.setattr(temporary, "OLD", -1.0)
    temporary.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {mine.name, ".oneself-notes", "photo.png", "a.json"}


def test_every_file_is_announced_before_it_appears(tmp_path, picture):
    seen = []
    with saving.announced(lambda path, hidden: seen.append((path, path.exists(), hidden.read_bytes()))):
        write(picture, tmp_path / "a.png")
    assert seen == [(tmp_path / "a.png", False, (tmp_path / "a.png").read_bytes())]
    write(picture, tmp_path / "b.png")
    assert len(seen) == 1


def test_a_name_that_is_not_utf8_is_told_in_escapes(tmp_path):
    file = write_text_atomic(tmp_path / "a.json", json.dumps("\udcff", ensure_ascii=False))
    assert json.loads(file.read_text()) == "\udcff"


def test_text(tmp_path):
    file = write_text_atomic(tmp_path / "a.json", "µ\n")
    assert file.read_bytes() == "µ\n".encode()
    with pytest.raises(FileExistsError, match="overwrite"):
        write_text_atomic(file, "x")
    write_text_atomic(file, "x", overwrite=True)
    assert file.read_text() == "x"


def test_outputs_refused_before_work(tmp_path, picture, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no folder"):
        check_output(picture, tmp_path / "no" / "a.png")
    with pytest.raises(IsADirectoryError, match="folder"):
        check_output(picture, _folder(tmp_path / "dir.png"))
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="is a file"):
        check_output(picture, tmp_path / "file" / "a.png")
    monkeypatch.setattr(saving.os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match="permission"):
        check_output(picture, tmp_path / "a.png")


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("pixels", "axes", "name", "words"),
    [
        (np.zeros((2, 2), np.uint16), "YX", "a.jpg", r"JPEG cannot hold uint16 pixels\. Use \.png or \.tif or \.npy"),
        (np.zeros((2, 2), np.float32), "YX", "a.png", r"float32 pixels\. Use \.tif or \.npy"),
        (np.zeros((2, 2, 2), np.uint8), "ZYX", "a.png", "axes ZYX"),
        (np.zeros((2, 2, 5), np.uint8), "YXC", "a.webp", "5 channels"),
        (np.zeros(5, np.float32), "X", "a.tif", r"a signal\. Use \.npy|float32"),
        (np.zeros((1, 16384), np.uint8), "YX", "a.webp", "16384 pixels along a side"),
        (np.zeros((2, 2), complex), "YX", "a.tif", "complex128"),
        (np.zeros((2, 2), np.uint8), "YX", "a.xcf", r"'\.xcf' is no format.*\.png"),
        (np.zeros((2, 2), np.uint16), "YX", "a.gif", r"GIF cannot hold uint16 pixels\. Use \.png"),
        (np.zeros((3, 2, 2), np.uint8), "TYX", "a.png", r"axes TYX\. Use \.tif or \.npy"),
        (np.zeros((2, 2), np.uint8), "YX", "a", "no format"),
    ],
)
def test_formats_that_cannot_hold_the_data(tmp_path, pixels, axes, name, words):
    with pytest.raises(ValueError, match=words):
        check_output(Picture(pixels, axes), tmp_path / name)


@pytest.mark.parametrize("name", ["a.jpg", "a.bmp"])
def test_alpha_needs_a_format_that_has_it(tmp_path, name):
    given = Picture(np.zeros((2, 2, 3), np.uint8), "YXC", alpha=np.zeros((2, 2), np.uint8))
    with pytest.raises(ValueError, match=r"an alpha channel\. Use \.png or \.webp or \.tif or \.npy"):
        check_output(given, tmp_path / name)
