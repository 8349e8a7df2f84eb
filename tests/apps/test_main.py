"""The command line as a newcomer meets it: help, the nearest name, exit statuses."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from cybernetic import __version__
from cybernetic.apps import main
from cybernetic.apps.commands import doctor


def _ended(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


def test_an_unknown_command_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = _ended(capsys, "docter")
    assert status == 2
    assert (
        "expected a command (run, node, tree, top, room, call, stop, graph, parked, config, doctor, bench, demo)"
        in err
    )
    assert "got: 'docter', did you mean doctor?" in err


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = _ended(capsys)
    assert status == 2
    assert "cybernetic run shop.main:Shop" in err


def test_the_version_is_that_of_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = _ended(capsys, "--version")
    assert (status, out.split()[:2]) == (0, ["cybernetic", __version__])


@pytest.mark.parametrize(
    "command", ["run", "node", "tree", "top", "room", "call", "stop", "config", "doctor", "bench", "demo"]
)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = _ended(capsys, command, "--help")
    assert status == 0
    assert out.startswith(f"usage: cybernetic {command}")


def test_every_mistake_in_the_flags_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "counter:App", "--nodes", "many", "--listen", "here", "--log", "loud"]) == 2
    err = capsys.readouterr().err
    assert "flag --nodes: system.nodes: expected an integer >= 0, got: 'many'" in err
    assert "flag --listen: cluster.listen: expected a list" in err
    assert "flag --log: system.log: expected one of debug" in err


def test_a_node_without_a_peer_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["node", "--name", "edge"]) == 2
    assert "expected --join ADDRESS or --listen ADDRESS, or both" in capsys.readouterr().err


def test_a_node_without_a_secret_learns_how_to_make_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CYBERNETIC_SECRET", raising=False)
    assert main(["node", "--join", "tcp:127.0.0.1:1"]) == 2
    err = capsys.readouterr().err
    assert 'python -c "import secrets; print(secrets.token_hex(32))" > secret; chmod 600 secret' in err


def _raising(error: BaseException) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        raise error

    return run


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "run", _raising(KeyboardInterrupt()))
    assert main(["doctor"]) == 130


def test_a_reader_that_has_gone_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = os.dup(1)
    try:
        with open(copy, "w", closefd=False) as out:
            monkeypatch.setattr(sys, "stdout", out)
            monkeypatch.setattr(doctor, "run", _raising(BrokenPipeError()))
            assert main(["doctor"]) == 141
        assert capsys.readouterr().err == ""
    finally:
        os.close(copy)


def test_the_package_runs_as_a_module() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "cybernetic", "--version"], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout.split()[:2]) == (0, ["cybernetic", __version__])
