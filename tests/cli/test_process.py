"""The process of a command: output that cannot be written, signals, and Ctrl-C before anything has begun."""

import errno
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import oneself as package
from oneself.cli import main
from oneself.jobs.errors import printed
from oneself.jobs.interruption import Interruption
from oneself.jobs.process import Steadfast, steady

from .conftest import QUICK, read_png

SOURCE = str(Path(package.__file__).parents[1])
posix = pytest.mark.skipif(os.name == "nt", reason="signals and devices")


class Unwritable(io.StringIO):
    """A stream of a full disk or a closed pipe."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def write(self, text):
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE, errno.EIO])
def test_a_run_whose_words_cannot_be_written_goes_on(folder, monkeypatch, number):
    monkeypatch.setattr(sys, "stderr", Unwritable(number))
    assert main(["denoise", "photo.png", *QUICK]) == 0
    assert read_png("photo-denoised.png").shape == (20, 24, 3)
    assert (folder / "photo-denoised.png.json").exists()


def test_what_could_not_be_printed_is_a_failure_but_nothing_is_lost(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", Unwritable(errno.ENOSPC))
    assert main(["denoise", "photo.png", "--json", *QUICK]) == 1
    assert (folder / "photo-denoised.png.json").exists()
    assert "could not be written ([Errno 28]" in capsys.readouterr().err


def test_names_that_are_no_text_are_printed_in_escapes():
    raw = io.BytesIO()
    stream = Steadfast(io.TextIOWrapper(raw, encoding="utf-8"))
    stream.write('"\udcff"')
    stream.flush()
    assert raw.getvalue() == b'"\\udcff"'
    assert stream.lost is None


def test_a_closed_pipe_is_no_news(capsys):
    output = Steadfast(Unwritable(errno.EPIPE))
    print("x", file=output)
    assert printed(output, 0) == 1
    assert capsys.readouterr().err == ""


def in_a_process(code, **more):
    code = f"import os, signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n{code}"
    env = {**os.environ, "PYTHONPATH": SOURCE}
    return subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, timeout=60, env=env, **more)


@posix
@pytest.mark.parametrize("closing", ["os.dup2(os.open('/dev/full', os.O_WRONLY), 1)", "os.close(1)"])
def test_the_interpreter_ends_in_peace(closing):
    if "full" in closing and not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    done = in_a_process(f"{closing}\nfrom oneself.cli import main\nsys.exit(main(['--version']))")
    assert done.returncode == 1
    assert "Exception ignored" not in done.stderr


@posix
def test_the_place_of_a_closed_stream_is_not_taken_by_a_file(tmp_path):
    code = (
        "from oneself.jobs.process import _open_closed\nos.close(2)\nsys.stderr = None\n_open_closed()\n"
        "sys.exit(open('file', 'w').fileno() == 2)"
    )
    assert in_a_process(code, cwd=tmp_path).returncode == 0


@posix
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_ended_while_modules_come_in(number):
    code = f"""
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "typer":
            signal.raise_signal(signal.{number})
sys.meta_path.insert(0, Finder)
from oneself.cli import main
sys.exit(main(["--version"]))"""
    done = in_a_process(code)
    assert done.returncode == 130
    assert done.stderr == "interrupted\n"


@posix
def test_a_library_that_an_interruption_leaves_in_pieces():
    """What is raised while a Ctrl-C is dealt with is that Ctrl-C."""
    code = """
class Finder:
    asked = 0
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "numpy":
            cls.asked += 1
            if cls.asked > 1:
                raise ImportError("cannot load module more than once per process")
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                import numpy
sys.meta_path.insert(0, Finder)
from oneself.cli import main
sys.exit(main(["info", "photo.png"]))"""
    done = in_a_process(code)
    assert done.returncode == 130
    assert done.stderr == "interrupted; nothing was written of what was in work\n"


def test_what_comes_before_signals_are_heard_is_small():
    code = f"import sys; sys.path.insert(0, {SOURCE!r}); import oneself.cli; sys.exit('typing' in sys.modules)"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code], timeout=60).returncode == 0


@posix
def test_signals_are_put_back_and_those_that_are_ignored_stay_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with steady(), Interruption(lambda words: None) as interruption:
            signal.raise_signal(signal.SIGHUP)
            assert not interruption.asked
            assert signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


@posix
def test_a_terminal_that_closes_asks_twice_and_loses_nothing():
    told = []
    with Interruption(told.append) as interruption:
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGTERM)
        assert interruption.asked
        assert interruption.by == "SIGHUP"
        assert len(told) == 1
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
