"""Exports of different age put into one graph: what was removed there is not brought back by an older one."""

from itertools import count
from typing import Any

import pytest

from cybernetic.state.graph.facts import Fact
from tests.state.graph.apart import NOW, Node, heal

ANN = Fact("ann", "knows", "bob")


@pytest.fixture
def nodes() -> list[Node]:
    ticks = count(1)
    return [Node(name, ticks) for name in "abc"]


def shows(*nodes: Node) -> list[bool]:
    return [bool(node.book.assertions(ANN)) for node in nodes]


@pytest.mark.parametrize("how", ["replaced", "renewed"])
@pytest.mark.parametrize("names_changes", [True, False])
def test_an_older_export_does_not_bring_back_what_was_removed(
    nodes: list[Node], how: str, names_changes: bool
) -> None:
    a, _, c = nodes
    files: list[Any] = []
    for n in range(3):
        a.say(ANN, f"reason {n}" if how == "replaced" else None, NOW + 1000 * (n + 1))
        files.append(a.export(names_changes))
    assert [c.load(file) for file in reversed(files)] == [["new"], ["known"], ["known"]]
    c.remove(ANN)
    assert [c.load(file) for file in files] == [["ended"]] * 3
    assert shows(c) == [False]
    a.remove(ANN)
    assert [a.load(file) for file in files] == [["ended"]] * 3
    assert c.load(files[0], again=True) == ["new"]
    assert shows(c) == [True]


def test_what_was_put_in_from_an_older_export_goes_where_a_later_one_was_removed(nodes: list[Node]) -> None:
    a, b, c = nodes
    a.say(ANN, "a letter")
    old = a.export()
    a.say(ANN, "a call")
    b.load(old)
    c.load(a.export())
    c.remove(ANN)
    assert shows(b, c) == [True, False]
    heal([b, c])
    assert shows(b, c) == [False, False]


def test_what_its_source_said_there_stays_where_something_later_was_removed(nodes: list[Node]) -> None:
    a, b, c = nodes
    a.say(ANN)
    c.load(a.export())
    b.say(ANN, "a letter")
    b.remove(ANN)
    c.hear(b)
    assert c.say(ANN, "a call").cause == "a call"
    heal(nodes)
    assert shows(*nodes) == [True] * 3
    assert len(a.standing(ANN)) == 2


@pytest.mark.parametrize("again", [False, True])
def test_what_stands_is_not_said_anew_by_saying_it_again(nodes: list[Node], again: bool) -> None:
    a, _, c = nodes
    a.say(ANN)
    file = a.export()
    c.hear(a)
    a.remove(ANN)

    def say() -> None:
        if again:
            c.load(file, again=True)
        else:
            c.say(ANN)

    say()
    heal(nodes)
    assert shows(*nodes) == [False] * 3
    say()
    heal(nodes)
    assert shows(*nodes) == [True] * 3
