"""Limits by control group: what is written where, and what is said where there is none."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.nodes.errors import HostFailed
from cybernetic.nodes.host.driver_limits import Held, group_files, own_group
from cybernetic.supervision import Limits

MIB = 2**20


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory where new groups have files, as in cgroup v2, and may be removed with them."""
    ours = tmp_path / "ours"
    ours.mkdir()
    (tmp_path / "cgroup.controllers").write_text("cpu memory")
    (tmp_path / "member").write_text("1:cpu:/elsewhere\n0::/ours\n")
    files = ("memory.max", "cpu.max", "cgroup.procs")
    make, remove = Path.mkdir, Path.rmdir

    def mkdir(path: Path, *args: Any, **options: Any) -> None:
        make(path, *args, **options)
        for file in files:
            (path / file).write_text("max")

    def rmdir(path: Path) -> None:
        for file in files:
            (path / file).unlink(missing_ok=True)
        remove(path)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr(Path, "rmdir", rmdir)
    return tmp_path


def _held(limits: Limits, groups: Path) -> Held:
    return Held(limits, groups, groups / "member")


def test_a_group_is_made_below_our_own_gets_the_process_and_is_removed(groups: Path) -> None:
    held = _held(Limits(memory=64 * MIB, cpus=0.5), groups)
    (group,) = (groups / "ours").iterdir()
    assert (group / "memory.max").read_text() == str(64 * MIB)
    assert (group / "cpu.max").read_text() == "50000 100000"
    held.apply(os.getpid())
    assert (group / "cgroup.procs").read_text() == str(os.getpid())
    held.release()
    held.release()
    assert not list((groups / "ours").iterdir())


def test_without_such_limits_no_group_is_made(groups: Path) -> None:
    _held(Limits(address_space=64 * MIB, cpu_seconds=1), groups).release()
    assert not list((groups / "ours").iterdir())


def test_a_limit_whose_controller_is_absent_is_refused_by_name_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("")
    (tmp_path / "member").write_text("0::/\n")
    with pytest.raises(HostFailed, match=r"limit cpus is not offered here: no cpu\.max"):
        Held(Limits(cpus=1), tmp_path, tmp_path / "member")
    assert [each for each in tmp_path.iterdir() if each.is_dir()] == []


def test_a_group_that_may_not_be_made_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("")
    (tmp_path / "member").write_text("0::/not/there\n")
    with pytest.raises(HostFailed, match="limit memory and cpus is not offered here"):
        Held(Limits(memory=64 * MIB, cpus=1), tmp_path, tmp_path / "member")


def test_a_process_that_is_gone_is_told_as_limits_that_could_not_be_set() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    with pytest.raises(HostFailed, match="could not be set"):
        Held(Limits(cpu_seconds=1)).apply(gone.pid)


@pytest.mark.parametrize("memberships", ["", "1:cpu:/a\n2:memory:/b\n"])
def test_a_process_in_no_group_of_version_two_is_told_so(tmp_path: Path, memberships: str) -> None:
    with pytest.raises(HostFailed, match="no cgroup v2"):
        own_group(tmp_path, memberships)
    (tmp_path / "cgroup.controllers").write_text("")
    with pytest.raises(HostFailed, match="in no cgroup v2"):
        own_group(tmp_path, memberships)


@given(st.none() | st.integers(16 * MIB, 2**50), st.none() | st.floats(1e-9, 1e4))
def test_only_limits_that_are_set_are_written_and_a_quota_is_one_the_kernel_takes(
    memory: int | None, cpus: float | None
) -> None:
    files = group_files(Limits(memory=memory, cpus=cpus))
    assert set(files) == {name for name, limit in (("memory", memory), ("cpus", cpus)) if limit is not None}
    if cpus is not None:
        quota, period = map(int, files["cpus"][1].split())
        assert quota >= 1000
        assert quota <= max(1000, cpus * period)
