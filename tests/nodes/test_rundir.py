"""Directories of runs: nobody else's, held while a process lives, swept when none does."""

from pathlib import Path

import pytest

from cybernetic.nodes.errors import HostFailed
from cybernetic.nodes.host.rundir import make, runs, sweep


def test_a_run_is_listed_while_it_is_held_and_swept_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "cybernetic.nodes.host.rundir.SOCKET_PATH_BYTES", 1000
    )  # where pytest puts things is long
    base = tmp_path / "b"
    run = make("shop/one", base)
    assert run.path.stat().st_mode & 0o777 == 0o700
    assert [(each.name, each.path) for each in runs(base)] == [("shop_one", run.path)]
    assert sweep(base) == []
    run.release()
    assert runs(base) == []
    assert [each.path for each in sweep(base)] == [run.path]
    assert not run.path.exists()


def test_a_link_in_place_of_the_base_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "b").symlink_to(tmp_path / "real")
    with pytest.raises(HostFailed, match="a link or a file"):
        make("x", tmp_path / "b")


def test_a_base_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b").chmod(0o755)
    with pytest.raises(HostFailed, match="mode 0700, got: 0755"):
        make("x", tmp_path / "b")


def test_a_base_too_long_for_sockets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostFailed, match="too long"):
        make("x", tmp_path / ("long" * 15))
