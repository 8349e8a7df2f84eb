"""What expires ends by itself: what its source said elsewhere, or says without an end, stays and shows again."""

from itertools import count
from typing import Any

import pytest

from cybernetic.state.graph.book import GRACE
from cybernetic.state.graph.entries import key_for, standing
from cybernetic.state.graph.facts import Fact
from tests.state.graph.apart import NOW, WHO, Node, heal
from tests.state.graph.worlds import drawn

ANN = Fact("ann", "knows", "bob")


@pytest.fixture
def nodes() -> list[Node]:
    ticks = count(1)
    return [Node(name, ticks) for name in "abc"]


def told(node: Node) -> list[Any]:
    return [one.until for one in node.book.assertions(ANN)]


def ended(node: Node) -> list[Any]:
    return [(one.assertion.until, one.how) for one in node.book.history(ANN)]


@pytest.mark.parametrize("how", ["put in", "heard"])
def test_what_was_said_without_an_end_shows_again_when_what_came_besides_has_expired(
    nodes: list[Node], how: str
) -> None:
    a, b, _ = nodes
    b.say(ANN)
    a.say(ANN, until=NOW + 10)
    if how == "put in":
        assert b.load(a.export()) == ["new"]
    else:
        b.hear(a)
    assert told(b) == [NOW + 10]
    b.wait(11)
    assert told(b) == [None]
    assert [one.get("until") for one in b.export()] == [None]
    b.wait(2 * GRACE)
    assert told(b) == [None]
    assert ended(b) == [(None, None), (NOW + 10, "expired")]
    assert len(b.standing(ANN)) == 1
    assert not drawn(b.book.spent())


def test_what_expired_besides_shows_again_where_the_clock_is_set_back(nodes: list[Node]) -> None:
    a, b, _ = nodes
    b.say(ANN)
    a.say(ANN, until=NOW + 10)
    b.hear(a)
    for _ in range(2):
        list(b.book.expire(NOW + 11))
        assert told(b) == [None]
        list(b.book.expire(NOW))
        assert told(b) == [NOW + 10]


def test_what_was_put_in_besides_what_its_source_said_later_does_not_show_again(nodes: list[Node]) -> None:
    a, b, c = nodes
    a.say(ANN)
    b.load(a.export())
    a.say(ANN, until=NOW + 10)
    c.load(a.export())
    b.hear(c)
    b.wait(11)
    assert told(b) == []


@pytest.mark.parametrize("ends", ["by itself", "as it is said anew"])
def test_what_expires_where_it_was_put_in_does_not_end_where_it_was_said(
    nodes: list[Node], ends: str
) -> None:
    a, b, _ = nodes
    a.say(ANN)
    (record,) = a.export()
    assert b.load([record | {"until": NOW + 5}]) == ["new"]
    if ends == "by itself":
        b.wait(2 * GRACE)
    else:
        b.time += 11
        b.say(ANN, "a letter")
    assert told(b) == [] or ends != "by itself"
    stands = list(a.standing(ANN))
    a.hear(b)
    a.tend()
    assert set(stands) <= set(a.standing(ANN))
    heal([a, b])
    assert standing(a.state, key_for(ANN, WHO)) is not None


@pytest.mark.parametrize("how", ["put in", "said"])
def test_what_has_expired_and_is_still_there_is_said_again_where_that_is_wanted(
    nodes: list[Node], how: str
) -> None:
    a, b, _ = nodes
    a.say(ANN)
    old = a.export()
    a.say(ANN, until=NOW + 10)
    if how == "put in":
        b.load(a.export())
    else:
        b.say(ANN, until=NOW + 10)
    b.time += 12
    list(b.book.expire(b.time))
    assert told(b) == []
    assert b.load(old, again=True) == ["new"]
    assert told(b) == [None]
    b.wait(2 * GRACE)
    assert told(b) == [None]
