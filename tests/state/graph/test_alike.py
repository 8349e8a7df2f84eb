"""1, True and 1.0 are equal in Python, and three objects in a graph: each shows, expires and is over by itself."""

from itertools import count, permutations
from typing import Any

import pytest

from cybernetic.state import Hlc
from cybernetic.state.graph.edits import sweeping
from cybernetic.state.graph.entries import standing
from cybernetic.state.graph.facts import Fact
from cybernetic.state.replica.writer import Writer
from tests.state.graph.apart import Node
from tests.state.graph.worlds import NOW, Site, drawn, triple


def test_one_and_true_and_one_point_zero_are_three_objects() -> None:
    site = Site("one")
    for value in (1, 1.0, True):
        site.add("a", "is", value)
    assert len(site.book) == 3
    site.remove("a", "is", 1)
    assert site.shown() == {triple(("a", "is", 1.0)), triple(("a", "is", True))}


@pytest.mark.parametrize("order", list(permutations((1, 1.0, True))))
def test_one_and_true_and_one_point_zero_expire_each_in_its_time_and_are_all_taken_out(order: Any) -> None:
    site = Site("one")
    for n, value in enumerate(order):
        site.add("a", "is", value, until=NOW + 10 * (n + 1))
    for n, value in enumerate(order):
        assert triple(("a", "is", value)) in site.shown()
        site.now = NOW + 10 * (n + 1)
        list(site.book.expire(site.now))
        assert triple(("a", "is", value)) not in site.shown()
    list(site.book.expire(NOW + 15))  # a clock that is set back
    assert site.shown() == {triple(("a", "is", value)) for value in order[1:]}
    site.now = NOW + 100
    list(site.book.expire(site.now))
    spent = drawn(site.book.spent())
    assert {type(key[2]) for key in spent} == {bool, float, int}
    writer = Writer("one", Hlc("one", lambda: site.now), lambda: site.now)
    list(site.take(sweeping(spent, (), site.now)(site.state, writer, [])))
    assert not any(standing(site.state, ("a", "is", value, "me")) for value in order)
    assert not drawn(site.book.spent(NOW + 1000))


def test_one_and_true_and_one_point_zero_are_over_each_by_itself() -> None:
    a, b = (Node(name, count(1)) for name in "ab")
    said = [Fact("ann", "is", value) for value in (1, 1.0, True)]
    for one in said:
        a.say(one)
    b.load(a.export())
    for n, one in enumerate(said, 1):
        a.remove(one)
        b.hear(a)
        list(b.book.look())
        over = [type(key[2]) for key in b.book.outlived()]
        assert sorted(map(str, over)) == sorted(str(type(one.object)) for one in said[:n])
    assert b.tend()
    assert not b.export()
