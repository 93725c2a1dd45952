"""What the system says of memory is read: the machine's, control groups of both versions, the address space."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from oneself.machine import free_memory

GB = 2**30
UNLIMITED = 9223372036854771712  # how version 1 says it


class System:
    """A machine with 64 GB to spare, and the files of its Linux."""

    def __init__(self, root: Path) -> None:
        self.proc, self.groups = root / "proc", root / "cgroup"

    @staticmethod
    def write(path: Path, text: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")

    def inside(self, *lines: str) -> None:
        self.write(self.proc / "self" / "cgroup", "\n".join(lines))

    def group(self, folder: str, limit: object, used: int, cached: int = 0, version: int = 2) -> None:
        names = {1: ("limit_in_bytes", "usage_in_bytes"), 2: ("max", "current")}[version]
        for name, value in zip(names, (limit, used), strict=True):
            self.write(self.groups / folder / f"memory.{name}", value)
        self.write(
            self.groups / folder / "memory.stat", f"{'total_' * (version == 1)}inactive_file {cached}\nanon {used}"
        )

    @property
    def available(self) -> float:
        return free_memory(self.proc, self.groups)


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=64 * GB))
    return System(tmp_path)


def test_the_machine(system: System) -> None:
    assert system.available == 64 * GB


def test_a_group_and_those_above_it(system: System) -> None:
    system.inside("0::/slice/job/step")
    system.group("slice/job/step", "max", GB)
    assert system.available == 64 * GB
    system.group("slice/job", 8 * GB, 5 * GB)
    assert system.available == 3 * GB
    system.group("slice", 4 * GB, 2 * GB)
    assert system.available == 2 * GB
    system.group("elsewhere", GB, GB)
    assert system.available == 2 * GB


def test_cached_files_are_given_up(system: System) -> None:
    system.inside("0::/")
    system.group("", 8 * GB, 7 * GB, cached=3 * GB)
    assert system.available == 4 * GB


def test_groups_of_version_1(system: System) -> None:
    system.inside("9:cpu,cpuacct:/docker/a", "4:memory:/docker/a", "0::/")
    system.group("memory/docker/a", 6 * GB, 5 * GB, cached=GB, version=1)
    system.group("memory", UNLIMITED, 50 * GB, version=1)
    assert system.available == 2 * GB


def test_a_container_sees_its_own_group_as_the_topmost(system: System) -> None:
    """The path is the host's, and is not there."""
    system.inside("4:memory:/docker/a")
    system.group("memory", 2 * GB, GB, version=1)
    assert system.available == GB


def test_a_path_that_leaves_the_groups_is_not_followed(system: System) -> None:
    system.inside("0::/../../elsewhere")
    system.group("", 2 * GB, GB)
    assert system.available == GB


def test_more_than_allowed_is_none_at_all(system: System) -> None:
    system.inside("0::/")
    system.group("", GB, 2 * GB)
    assert system.available == 0


def test_other_systems_tell_less(tmp_path: Path) -> None:
    assert 0 < free_memory(tmp_path, tmp_path) <= math.inf


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited on Linux")
def test_the_address_space() -> None:
    code = """
import resource
from oneself.machine import free_memory
before = free_memory()
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + 2**28
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
after = free_memory()
assert 0 < after <= 2**28 < before, (before, after)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
