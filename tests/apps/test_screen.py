"""Which terminals are shown pictures, and what counts as a key."""

import io
import sys

import pytest
from rich.console import Console

from cybernetic.apps.screen import _keys, shows


class Input(io.StringIO):
    """What is typed, on a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("kind", "picture"), [("xterm-256color", True), ("dumb", False), ("unknown", False)])
def test_a_terminal_that_cannot_move_about_is_shown_lines(
    kind: str, picture: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", kind)
    monkeypatch.setattr(sys, "stdin", Input())
    assert shows(Console(file=io.StringIO(), force_terminal=True)) is picture
    assert not shows(Console(file=io.StringIO(), force_terminal=False))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert not shows(Console(file=io.StringIO(), force_terminal=True))


@pytest.mark.parametrize(
    ("typed", "keys"), [("2", ["2"]), ("*b", ["*", "b"]), ("\x1b", ["\x1b"]), ("\x1b[A", []), ("", [""])]
)
def test_escape_is_a_key_and_an_arrow_is_none(typed: str, keys: list[str]) -> None:
    assert _keys(typed) == keys
