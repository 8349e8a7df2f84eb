"""Neighbourhoods and ways, against breadth-first search over all facts."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic import OptionError
from cybernetic.state.graph.facts import Fact
from cybernetic.state.graph.solve import STRIDE
from cybernetic.state.graph.walk import Way, around, hops_of, path, way_of
from tests.state.graph.worlds import RELATIONS, THINGS, facts, triple, triples_of

ways = st.builds(
    way_of,
    st.sampled_from(["out", "in", "both"]),
    st.none() | st.lists(st.sampled_from(RELATIONS), max_size=2).map(tuple),
)
NODES = "abcdefg"


@st.composite
def journeys(draw: Any) -> tuple[list[Fact], Any, Any, Way]:
    """Facts, two ends, and a way that mostly leads from one to the other. There may be shorter ones, and dead ends."""
    way = draw(ways.filter(lambda way: way.predicates != ()))
    line = draw(st.permutations(NODES))[: draw(st.integers(3, 6))]
    steps = list(pairwise(line))
    for name in draw(st.lists(st.sampled_from("uvwxyz"), max_size=6, unique=True)):
        steps.append((line[0], name) if name < "x" else (name, line[-1]))
    known = []
    for one, other in draw(st.permutations(steps)):
        predicate = draw(st.sampled_from(way.predicates or RELATIONS))
        back = way.direction == "in" or (way.direction == "both" and draw(st.booleans()))
        known.append(Fact(other, predicate, one) if back else Fact(one, predicate, other))
    more = st.builds(Fact, st.sampled_from(NODES), st.sampled_from(RELATIONS), st.sampled_from([*NODES, 1]))
    known += draw(st.lists(more, max_size=6))
    end = line[-1] if draw(st.integers(0, 7)) else draw(st.sampled_from([*NODES, 1]))
    return known, line[0], end, way


def edges(known: Any, way: Way) -> list[Any]:
    """(from, to, fact) for each step that may be taken."""
    found = []
    for one in {triple(fact) for fact in known}:
        if way.predicates is not None and one[1] not in way.predicates:
            continue
        if way.direction != "in":
            found.append((one[0], one[2], one))
        if way.direction != "out":
            found.append((one[2], one[0], one))
    return found


def distances(known: Any, start: Any, way: Way, goal: Any = None) -> dict[Any, int]:
    """Steps from `start` to all that is reached; numbers are not gone through."""
    steps, reached, frontier = edges(known, way), {start: 0}, [start]
    while frontier:
        node = frontier.pop(0)
        if type(node) is str or node == start:
            for here, there, _ in steps:
                if here == node and there not in reached:
                    reached[there] = reached[node] + 1
                    frontier.append(there)
    return reached


@given(st.lists(facts, max_size=20), st.sampled_from(THINGS), st.integers(1, 4), ways)
def test_what_is_around_is_what_breadth_first_search_meets(
    known: Any, start: Any, hops: int, way: Way
) -> None:
    found = [one for one in around(triples_of(known), start, hops, way) if one is not None]
    far = distances(known, start, way)
    expected: dict[Any, int] = {}
    for here, _, fact in edges(known, way):
        if here in far and far[here] < hops and type(here) is str:
            expected[fact] = min(expected.get(fact, 99), far[here] + 1)
    assert [step for step, _ in found] == sorted(step for step, _ in found)
    assert len(found) == len(expected)
    assert {fact: step for step, fact in found} == expected


def test_a_way_is_one_of_the_shortest() -> None:
    seen = Counter[int | None]()

    @given(journeys())
    def is_shortest(drawn: Any) -> None:
        known, start, goal, way = drawn
        _, _, end = triple((None, None, goal))
        length = distances(known, start, way).get(end)
        seen[length] += 1
        for hops in range(1, 7):
            found = [one for one in path(triples_of(known), start, end, hops, way) if one is not None]
            if length is None or length > hops:
                assert found == []
                continue
            (chain,) = found
            assert len(chain) == length
            at = {start}
            steps = edges(known, way)
            for fact in chain:
                at = {there for here, there, one in steps if one == fact and here in at}
            assert end in at

    is_shortest()
    assert all(seen[length] > 2 for length in (2, 3, 4)), "ways of several steps are what this is about"


def test_a_number_that_two_share_is_no_way_between_them() -> None:
    for more in (
        [],
        [("ann", "knows", "c"), ("ann", "knows", "d")],
        [("bob", "knows", "c"), ("bob", "knows", "d")],
    ):
        crowded = triples_of([("ann", "age", 5), ("bob", "age", 5), *more])
        assert list(path(crowded, "ann", "bob", 4, Way())) == []
    triples = triples_of([("ann", "age", 5), ("bob", "age", 5)])
    assert list(path(triples, "ann", "bob", 4, Way())) == []
    assert list(path(triples, "ann", 5, 4, Way())) == [(("ann", "age", 5),)]
    assert list(path(triples, 5, "bob", 4, Way())) == [(("bob", "age", 5),)]
    assert list(around(triples, "ann", 4, Way())) == [(1, ("ann", "age", 5))]


def test_a_long_walk_takes_breaths() -> None:
    known = [("root", "has", f"n{n}") for n in range(1000)]
    assert list(around(triples_of(known), "root", 1, Way())).count(None) == 1000 // STRIDE
    assert list(path(triples_of(known), "root", "nowhere", 3, Way())).count(None) <= 1000 // STRIDE


def test_a_walk_that_finds_nothing_takes_breaths_too() -> None:
    known = [("root", "has", f"n{n}") for n in range(1000)] + [(f"n{n}", "is", n) for n in range(1000)]
    drawn = list(around(triples_of(known), "root", 2, Way("out", ("has",))))
    assert drawn.count(None) == 2001 // STRIDE


def test_a_way_between_hubs_is_searched_from_the_smaller_end() -> None:
    known = [("hub", "has", f"n{n}") for n in range(5000)] + [("n7", "has", "goal")]
    drawn = list(path(triples_of(known), "goal", "hub", 5, Way()))
    assert drawn == [(("n7", "has", "goal"), ("hub", "has", "n7"))]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: way_of("up", None), "direction: expected one of 'out', 'in', 'both', got: 'up'"),
        (lambda: way_of("out", "knows"), "predicates: expected a list of at most 16 texts, or None"),
        (lambda: way_of("out", ("",)), "predicates: expected a text"),
        (lambda: hops_of(0), "hops: expected an integer >= 1"),
        (lambda: hops_of(65), "hops: expected 1 to 64, got: 65"),
    ],
)
def test_a_walk_that_cannot_be_says_why(wrong: Any, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        wrong()
