"""`cybernetic stop` stops what was meant: it names what it found, and asks where somebody can answer."""

import argparse
import io
import sys
from pathlib import Path
from typing import Any

import pytest

from cybernetic.apps.commands import stop
from cybernetic.apps.control.client import Found


class Terminal(io.StringIO):
    """What a person types, or sees."""

    def isatty(self) -> bool:
        return True


class Asked:
    """Stands for the client: the only system there is, called "shop"."""

    done: list[str]

    def __init__(self, path: Path) -> None:
        pass

    def __enter__(self) -> "Asked":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ask(self, do: str) -> Any:
        self.done.append(do)
        return {"pid": 7, "since": 0.0}


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the system."""
    Asked.done = []
    monkeypatch.setattr(stop, "Client", Asked)
    monkeypatch.setattr(stop, "find", lambda name: Found("shop", Path("/nowhere/at/all/ask")))
    return Asked.done


def _run(words: list[str]) -> int:
    parser = argparse.ArgumentParser()
    stop.add(parser.add_subparsers())
    options = parser.parse_args(["stop", *words])
    status: int = options.command(options)
    return status


@pytest.mark.parametrize(
    ("typed", "status"), [("y\n", 0), ("Yes \n", 0), ("n\n", 1), ("\n", 1), ("", 1), ("yep\n", 1)]
)
def test_at_a_terminal_it_names_the_only_system_and_asks(
    done: list[str], monkeypatch: pytest.MonkeyPatch, typed: str, status: int
) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stdout", shown)
    assert _run([]) == status
    assert shown.getvalue().startswith("stop shop, pid 7, since 19")
    assert ("stop" in done) is (status == 0)
    assert shown.getvalue().endswith("shop has stopped\n" if status == 0 else "shop goes on\n")


def test_where_nobody_can_answer_it_wants_to_be_told_which(
    done: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run([]) == 1
    assert "expected --system NAME, or --yes to stop the only one there is, which is shop, pid 7" in (
        capsys.readouterr().err
    )
    assert done == ["describe"]


@pytest.mark.parametrize("words", [["--yes"], ["--system", "shop"]])
def test_who_says_which_or_yes_is_not_asked(
    done: list[str], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert _run(words) == 0
    assert (done, capsys.readouterr().out) == (["stop"], "shop has stopped\n")
