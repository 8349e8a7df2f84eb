"""What waits for another node leaves in order, of the directory some in each turn; nothing to a link that is full."""

from types import SimpleNamespace
from typing import Any

import pytest

from cybernetic.nodes.remote.line import A_TURN, WAITING, WAITING_BYTES, Line
from cybernetic.nodes.remote.ops import Words

MANY = 10 * A_TURN
FREE: Any = SimpleNamespace(full=False)
FULL: Any = SimpleNamespace(full=True)


def words(keys: int, each: int = 1, name: str = "") -> Words:
    """Messages of `each` keys."""
    for n in range(0, keys, each):
        yield (name, n), each


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The agents that were held."""
    found: list[Any] = []
    monkeypatch.setattr(Line, "hold", lambda _, sender: found.append(sender))
    return found


def test_of_the_directory_some_is_told_in_each_turn() -> None:
    for each in (1, 10, A_TURN):
        line, told = Line(), []
        line.tell(words(MANY, each))
        while not line.open:
            told.append(each * len([*line.leaving(FREE)]))
            assert line.paused != line.open
        assert set(told) <= {A_TURN, 0}
        assert sum(told) == MANY


def test_what_was_said_later_comes_later() -> None:
    line = Line()
    line.wait(b"before", None)
    line.tell(words(MANY, 50, "names"))
    line.wait(b"after", None)
    line.tell_first(words(1, 1, "greeting"))
    found: list[Any] = []
    while not line.open:
        found += line.leaving(FREE)
    assert (found[:2], found[2], found[-1]) == ([("greeting", 0), b"before"], ("names", 0), b"after")
    assert [n for name, n in found[2:-1] if name == "names"] == [*range(0, MANY, 50)]
    assert line.last is None


def test_others_have_their_turn_where_words_pause() -> None:
    line = Line()
    line.tell(iter([None, (("x",), 1)]))
    assert [*line.leaving(FREE)] == []
    assert (line.paused, line.open) == (True, False)
    assert [*line.leaving(FREE)] == [("x",)]
    assert (line.paused, line.open) == (False, True)


def test_nothing_leaves_while_the_link_is_full() -> None:
    line = Line()
    line.wait(b"message", None)
    line.tell(words(2))
    assert [*line.leaving(FULL)] == []
    assert (line.paused, line.open) == (False, False)  # until it is drained
    link = SimpleNamespace(full=False)
    for _ in line.leaving(link):
        link.full = True
    assert line.last is not None
    assert [*line.leaving(FREE)] == [("", 0), ("", 1)]
    assert line.open


def test_when_the_node_leaves_what_agents_have_said_leaves_and_names_do_not() -> None:
    line = Line()
    for message in (b"first", b"second"):
        line.tell(words(MANY))
        line.wait(message, None)
    assert line.rest() == [b"first", b"second"]
    assert (line.rest(), line.last, line.open) == ([], None, False)


def test_agents_are_held_while_very_many_messages_wait(held: list[Any]) -> None:
    line = Line()
    for _ in range(WAITING):
        line.wait(b"", "sender")
    assert held == ["sender"]
    line.wait(b"", None)
    assert held == ["sender"]


def test_agents_are_held_while_very_much_waits(held: list[Any]) -> None:
    line, large = Line(), bytes(WAITING_BYTES // 4)
    for _ in range(8):
        for number in range(4):
            assert held == []
            line.wait(large, number)
        assert held == [3]
        assert len([*line.leaving(FREE)]) == 4
        held.clear()
