"""Work that is done is never lost, whatever happens to disks, folders and files while it runs."""

import json
import os
import shutil
import sys
import tempfile

import numpy as np
import pytest
from safetensors import SafetensorError

from oneself import io
from oneself.cli import main, tasks
from oneself.generative.model import Model
from oneself.io import saving
from oneself.jobs import checkpoints, journal, records, restoring
from oneself.jobs.progress import Display

from .conftest import QUICK, read_png

TINY = ("--method", "singan", "--min-size", "12", "--layers", "3", "--width", "8", "--steps", "2")
SAMPLED = ("--method", "dip_sgld", "--steps", "4", "--burn-in", "2", "--width", "4", "--levels", "2")


@pytest.fixture
def aside(tmp_path_factory, monkeypatch):
    """The system's temporary folder."""
    folder = tmp_path_factory.mktemp("aside")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def meanwhile(monkeypatch):
    """Something that happens while a run takes its steps: ``meanwhile(work)``."""
    step = Display.step

    def happens(work):
        def stepped(self, *arguments):
            nonlocal work
            step(self, *arguments)
            if work is not None:
                done, work = work, None
                done()

        monkeypatch.setattr(Display, "step", stepped)

    return happens


def full(folder, monkeypatch, error=None):
    """No room in a folder from now on."""
    whole = saving._flush

    def flush(path):
        if path.resolve().parent == folder:
            raise error or OSError(28, "No space left on device")
        whole(path)

    monkeypatch.setattr(saving, "_flush", flush)


def hidden(folder):
    return [path.name for path in folder.rglob(".oneself-*")]


@pytest.mark.parametrize("error", [None, SafetensorError("I/O error: No space left on device")])
def test_a_model_and_pictures_that_have_no_room(oneself, folder, aside, monkeypatch, error):
    full(folder / "out", monkeypatch, error)
    said = oneself("generate photo.png out -n 2 --json", *TINY)
    assert said.code == 1
    assert "Traceback" not in said.err
    record = said.record
    assert os.path.dirname(record["model"]) == str(aside)
    assert [read_png(path).shape for path in record["outputs"]] == [(20, 24, 3)] * 2
    assert all(path in said.err for path in (record["model"], *record["outputs"]))
    assert json.loads((aside / f"{os.path.basename(record['outputs'][-1])}.json").read_text())["model"] in said.err
    again = oneself(f"generate photo.png new --model {record['model']}")
    assert again.code == 0, again.err
    assert np.array_equal(read_png("new/photo-01.png"), read_png(record["outputs"][0]))


def test_files_of_a_call_stay_together_where_one_has_no_room(oneself, folder, aside, monkeypatch):
    """Else the record in its place would refuse the same call, which could never write the model."""
    save = saving.save

    def no_room_for_models(path, *given, **more):
        if path.suffix == ".safetensors" and path.parent.name == "out":
            saving.save_aside(path, OSError(28, "No space left on device"), [(".safetensors", given[0])])
        return save(path, *given, **more)

    monkeypatch.setattr(io, "save", no_room_for_models)
    assert oneself("generate photo.png out -n 2", *TINY).code == 1
    assert not list((folder / "out").glob("photo-0?.png"))
    monkeypatch.setattr(io, "save", save)
    said = oneself("generate photo.png out -n 2", *TINY)
    assert said.code == 0, said.err
    assert (folder / "out" / "photo.safetensors").exists()


def test_a_full_folder_of_looks_leaves_the_result_where_it_belongs(oneself, folder, aside, monkeypatch):
    (folder / "full").mkdir()
    full(folder / "full", monkeypatch)
    assert oneself("denoise photo.png --compare full/both.png", *QUICK).code == 1
    assert (folder / "photo-denoised.png").exists()


def test_a_checkpoint_that_has_no_room(oneself, folder, aside, monkeypatch):
    (folder / "full").mkdir()
    full(folder / "full", monkeypatch, SafetensorError("I/O error"))
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    for line in ("generate photo.png out --checkpoint full/state", "denoise photo.png --checkpoint full/state"):
        said = oneself(line, *(TINY if "generate" in line else QUICK))
        assert said.code == 0, said.err
        assert said.err.count("could not be saved") == 1
        (place,) = aside.glob("oneself-state-*.safetensors")
        assert f"go on with --checkpoint {place}" in said.err
        again = oneself(line.replace("full/state", str(place)) + " --overwrite", *(TINY if "gen" in line else QUICK))
        assert again.code == 0, again.err
        place.unlink()


def test_every_file_beside_a_result_is_saved_elsewhere(oneself, folder, aside, monkeypatch):
    (folder / "out").mkdir()
    full(folder / "out", monkeypatch)
    line = "denoise photo.png out/photo.png --compare out/both.png --preview out/now.png"
    said = oneself(line, *SAMPLED)
    assert said.code == 1
    names = sorted(path.name.rpartition("-")[0] for path in aside.iterdir())
    assert names == [f"oneself-{n}" for n in ("both", "now", "photo", "photo", "photo-uncertainty")]
    assert all(str(path) in said.err for path in aside.iterdir() if path.suffix != ".json")
    (side,) = aside.glob("oneself-photo-*.json")
    record = json.loads(side.read_text())
    assert records.digest(side.with_suffix("")) == record["output"]["sha256"]
    assert hidden(folder) == []


def test_a_record_that_has_no_room(oneself, folder, aside, monkeypatch):
    """It is saved elsewhere, and the next call in the folder puts it where it belongs."""

    def flush(path):
        if path.resolve().parent == folder and path.suffix == ".json":
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(saving, "_flush", flush)
        said = oneself("denoise photo.png", *QUICK)
    assert said.code == 1
    assert read_png("photo-denoised.png").shape == (20, 24, 3)
    (side,) = aside.iterdir()
    assert str(side) in said.err
    assert json.loads(side.read_text())["output"]["sha256"] == records.digest(folder / "photo-denoised.png")
    oneself("denoise photo.png other.png", *QUICK)
    assert (folder / "photo-denoised.png.json").read_text() == side.read_text()
    assert hidden(folder) == []


def test_a_record_that_has_no_room_anywhere(oneself, folder, aside, monkeypatch):
    """It stays in the journal, which the next call in the folder reads."""
    whole = saving._flush

    def flush(path):
        if path.suffix == ".json":
            raise OSError(28, "No space left on device")
        whole(path)

    with monkeypatch.context() as patch:
        patch.setattr(saving, "_flush", flush)
        said = oneself("denoise photo.png", *QUICK)
    assert said.code == 1
    assert "The next call in that folder writes it" in said.err
    assert hidden(folder) != []
    oneself("denoise photo.png other.png", *QUICK)
    record = json.loads((folder / "photo-denoised.png.json").read_text())
    assert record["output"]["sha256"] == records.digest(folder / "photo-denoised.png")
    assert hidden(folder) == []


def test_a_target_that_appears(oneself, folder, meanwhile):
    meanwhile(lambda: (folder / "photo-denoised.png").write_bytes(b"mine"))
    said = oneself("denoise photo.png", *QUICK)
    assert said.code == 1
    assert (folder / "photo-denoised.png").read_bytes() == b"mine"
    (made,) = folder.glob("photo-denoised-*.png")
    assert f"saved in {made.name}" in said.err
    oneself("denoise photo.png whole.png", *QUICK)
    assert np.array_equal(read_png(made), read_png("whole.png"))
    assert made.with_name(f"{made.name}.json").exists()


def test_before_and_after_that_appears(oneself, folder, meanwhile):
    meanwhile(lambda: (folder / "both.png").write_bytes(b"mine"))
    said = oneself("denoise photo.png --compare both.png", *QUICK)
    assert said.code == 1
    assert (folder / "both.png").read_bytes() == b"mine"
    assert read_png("photo-denoised.png").shape == (20, 24, 3)


@pytest.mark.parametrize("what", ["file", "nothing"])
def test_a_folder_that_becomes_another_thing(oneself, folder, aside, meanwhile, what):
    (folder / "out").mkdir()

    def change():
        (folder / "out").rmdir()
        if what == "file":
            (folder / "out").write_bytes(b"mine")

    meanwhile(change)
    said = oneself("denoise photo.png out/", *QUICK)
    if what == "file":
        assert said.code == 1
        assert (folder / "out").read_bytes() == b"mine"
        (made,) = aside.glob("*.png")
        assert str(made) in said.err
        assert made.with_name(f"{made.name}.json").exists()
    else:
        assert said.code == 0, said.err
        assert (folder / "out" / "photo.png.json").exists()


def test_a_working_folder_that_is_removed(oneself, folder, aside, meanwhile, monkeypatch):
    """No relative name leads anywhere afterwards."""
    (folder / "work").mkdir()
    (folder / "photo.png").rename(folder / "work" / "photo.png")
    monkeypatch.chdir(folder / "work")
    meanwhile(lambda: shutil.rmtree(folder / "work"))
    said = oneself("denoise photo.png --compare both.png", *QUICK)
    monkeypatch.chdir(folder)
    assert said.code == 1
    assert "Traceback" not in said.err
    assert sorted(path.name.rpartition("-")[0] for path in aside.iterdir()) == [
        "oneself-both", "oneself-photo-denoised", "oneself-photo-denoised"]  # fmt: skip


def test_generating_keeps_what_another_call_has_not_made(oneself, folder, monkeypatch):
    draw = Model.draw

    def drawing(self, *given, **more):
        (folder / "out" / "photo-01.png").write_bytes(b"mine")
        return draw(self, *given, **more)

    monkeypatch.setattr(Model, "draw", drawing)
    said = oneself("generate photo.png out", *TINY)
    assert said.code == 1
    assert "Traceback" not in said.err
    assert (folder / "out" / "photo-01.png").read_bytes() == b"mine"
    (made,) = (folder / "out").glob("photo-01-*.png")
    assert read_png(made).shape == (20, 24, 3)


@pytest.mark.parametrize("what", ["replaced", "removed"])
@pytest.mark.parametrize("line", ["denoise photo.png", "correct photo.png --kernel k.npy"])
def test_an_input_that_changes_meanwhile(oneself, folder, meanwhile, monkeypatch, what, line):
    np.save("k.npy", np.full((3, 3), 1 / 9, np.float32))
    sha = records.digest(folder / "photo.png")

    def change():
        (folder / "photo.png").write_bytes(b"another") if what == "replaced" else (folder / "photo.png").unlink()

    if "correct" in line:
        from oneself.cli import correct

        work = correct.corrected
        monkeypatch.setattr(correct, "corrected", lambda *given, **more: (change(), work(*given, **more))[1])
    else:
        meanwhile(change)
    said = oneself(f"{line} --json", *(QUICK if "denoise" in line else ()))
    assert said.code == 0, said.err
    assert said.record.get("results", [said.record])[0]["input"]["sha256"] == sha
    assert read_png("photo-denoised.png" if "denoise" in line else "photo-corrected.png").shape == (20, 24, 3)


def test_an_input_that_changes_while_it_is_read_is_refused(oneself, folder, monkeypatch):
    prepare = restoring.prepare

    def slow(source, *rest):
        found = prepare(source, *rest)
        with source.open("ab") as file:
            file.write(b"more")
        return found

    monkeypatch.setattr(restoring, "prepare", slow)
    said = oneself("denoise photo.png", *QUICK)
    assert said.code == 2
    assert "changed while it was read" in said.err


@pytest.fixture
def scans(folder):
    (folder / "in").mkdir()
    for name in ("a.png", "b.png"):
        (folder / "in" / name).write_bytes((folder / "photo.png").read_bytes())
    return folder / "in"


@pytest.mark.parametrize("more", [(), ("--skip-existing",)])
def test_two_calls_on_one_folder(oneself, scans, monkeypatch, more):
    """The other does all of it when this one is about to begin."""
    attempt = tasks.attempt

    def slow(*given):
        monkeypatch.setattr(tasks, "attempt", attempt)
        assert main(["denoise", "in", "out", *QUICK]) == 0
        return attempt(*given)

    monkeypatch.setattr(tasks, "attempt", slow)
    said = oneself("denoise in out", *more, *QUICK)
    assert said.code == 0, said.err
    assert "0 restored, 2 skipped, 0 failed" in said.err


def test_a_result_that_another_call_makes_meanwhile_is_done(oneself, folder, scans, meanwhile):
    def other():
        assert main(["denoise", "in", "out", *QUICK, "--quiet"]) == 0
        shown.update({path: path.read_bytes() for path in (folder / "out").iterdir()})

    shown = {}
    meanwhile(other)
    said = oneself("denoise in out --json", *QUICK)
    assert said.code == 0, said.err
    assert "another call made the same" in said.err
    assert "b.png has appeared meanwhile" in said.err
    assert "1 restored, 1 skipped, 0 failed" in said.err
    assert {path: path.read_bytes() for path in (folder / "out").iterdir()} == shown


def test_what_another_call_makes_otherwise_is_not_ours(oneself, folder, scans, meanwhile):
    meanwhile(lambda: main(["denoise", "in/a.png", "out/", *QUICK, "--seed", "1", "--quiet"]))
    said = oneself("denoise in out", *QUICK)
    assert said.code == 1
    assert len(list((folder / "out").glob("a-*.png"))) == 1


def test_a_call_that_has_failed_leaves_no_journal(oneself, folder, meanwhile):
    def failing():
        raise MemoryError

    meanwhile(failing)
    assert oneself("denoise photo.png --preview now.png", *QUICK).code == 1
    assert hidden(folder) == []
    assert not journal._open


@pytest.mark.skipif(os.name == "nt", reason="links")
def test_what_the_system_says_is_a_sentence(oneself, folder, monkeypatch):
    (folder / "out").symlink_to(os.devnull)
    said = oneself("generate photo.png out", *TINY)
    assert (said.code, "Name a folder" in said.err) == (2, True)

    def failing(*_, **__):
        raise PermissionError(13, "Permission denied", "secret")

    monkeypatch.setattr(restoring, "prepare", failing)
    said = oneself("denoise photo.png", *QUICK)
    assert said.err.startswith("error: oneself('secret'): Permission denied. ")


@pytest.mark.skipif(sys.platform != "linux", reason="names of files that are no text")
def test_names_that_are_no_text(oneself, folder, capsys):
    name = os.fsdecode(b"caf\xe9.png")
    os.rename("photo.png", name)
    capsys.readouterr()
    assert main(["denoise", name, "--json", *QUICK]) == 0
    printed = json.loads(capsys.readouterr().out)["results"][0]
    (side,) = [path for path in folder.iterdir() if path.suffix == ".json"]
    assert os.fsencode(side.name) == b"caf\xe9-denoised.png.json"
    record = json.loads(side.read_text(encoding="utf-8"))
    assert record == printed
    assert record["input"]["path"] == str(folder / name)
    assert main(["repeat", str(side)]) == 0


def test_an_empty_name_is_no_folder(oneself, folder):
    before = set(folder.iterdir())
    for line in (["denoise", "", "out"], ["denoise", "photo.png", ""], ["generate", "", "out"]):
        assert main([*line]) == 2
    assert set(folder.iterdir()) == before
