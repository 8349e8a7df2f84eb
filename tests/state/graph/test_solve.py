"""Indexes and joins, against looking at every fact."""

from collections import Counter
from itertools import count, product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.state.graph.patterns import Var, query_of
from cybernetic.state.graph.solve import STRIDE, cheapest, solve, solve_with
from cybernetic.state.graph.triples import Triples
from tests.state.graph.worlds import (
    RELATIONS,
    THINGS,
    VALUES,
    answers,
    crowds,
    facts,
    queries,
    triple,
    triples_of,
)


@given(st.lists(facts, max_size=40))
def test_every_index_finds_what_fits_while_triples_come_and_go(toggled: Any) -> None:
    triples, there = Triples(), set[Any]()
    for fact in toggled:
        one = triple(fact)
        if one in there:
            triples.remove(one)
        else:
            triples.add(one)
        there ^= {one}
    assert len(triples) == len(there)
    for s, p, o in product((None, *THINGS), (None, *RELATIONS), (None, *VALUES)):
        _, _, slot = triple((s, p, o))
        fits = {t for t in there if s in (None, t[0]) and p in (None, t[1]) and slot in (None, t[2])}
        found = list(triples.match(s, p, slot))
        assert len(found) == len(fits) == triples.count(s, p, slot)
        assert set(found) == fits
        if None not in (s, p, o):
            assert ((s, p, slot) in triples) == bool(fits)
    for one in there:
        triples.remove(one)
    assert not any(pairs._under for pairs in (triples._by_subject, triples._by_predicate, triples._by_object))


def test_a_query_has_every_answer_once() -> None:
    seen = Counter[bool]()

    @given(st.data())
    def has(data: st.DataObject) -> None:
        known = data.draw(crowds)
        wanted = data.draw(queries(known))
        found = [row for row in solve(triples_of(known), query_of(wanted)) if row is not None]
        assert len(found) == len(set(found))
        assert set(found) == answers(known, wanted)
        seen[len(found) > 1] += 1

    has()
    assert seen[True] > seen.total() / 4, "queries with answers are what this is about"


def test_the_answers_that_rest_on_a_fact_are_those_that_go_without_it() -> None:
    seen = Counter[bool]()

    @given(st.data())
    def rest(data: st.DataObject) -> None:
        known = data.draw(crowds)
        wanted = data.draw(queries(known))
        query = query_of(wanted)
        one = data.draw(st.sampled_from(known))
        gone = answers(known, wanted) - answers([fact for fact in known if fact is not one], wanted)
        found = {
            row
            for at in range(len(wanted))
            for row in solve_with(triples_of(known), query, at, triple(one), count(1))
            if row is not None
        }
        assert found == gone
        seen[bool(gone)] += 1

    rest()
    assert seen[True] > seen.total() / 4, "answers that go are what this is about"


def test_the_rarest_pattern_comes_first_and_is_chosen_anew_for_each_answer() -> None:
    known = [("root", "has", f"n{n}") for n in range(50)] + [("n7", "is", "odd"), ("n7", "size", 3)]
    triples = triples_of(known)
    x, y = Var("x"), Var("y")
    query = query_of([("root", "has", x), (x, "is", "odd"), (x, "size", y)])
    assert cheapest(triples, query.patterns, (None, None)) == 1
    assert cheapest(triples, query.patterns[:2], ("n7", None)) in (0, 1)
    assert cheapest(triples, query.patterns, ("n8", None)) == 1
    assert [row for row in solve(triples, query) if row is not None] == [("n7", 3)]


def test_a_join_costs_what_its_rarest_pattern_does() -> None:
    """A thousand people, one of whom is queen: the two hops from her are found in few looks, in whatever order."""
    known = [(f"p{n}", "knows", f"p{(n * 7 + k) % 1000}") for n in range(1000) for k in range(5)]
    known += [("p3", "rank", "queen")]
    triples = triples_of(known)
    x, y, z = Var("x"), Var("y"), Var("z")
    query = query_of([(y, "knows", z), (x, "knows", y), (x, "rank", "queen")])
    drawn = list(solve(triples, query))
    assert len([row for row in drawn if row is not None]) == 25
    assert drawn.count(None) == 0


def test_a_search_without_an_answer_takes_breaths() -> None:
    triples = triples_of([(f"p{n}", "knows", f"q{n}") for n in range(1000)])
    x = Var("x")
    drawn = list(solve(triples, query_of([(x, "knows", x)])))
    assert drawn == [None] * (1000 // STRIDE)


def test_answers_are_found_as_they_are_drawn() -> None:
    triples = triples_of([(f"p{n}", "knows", f"q{n}") for n in range(1000)])
    x, y, z, w = (Var(name) for name in "xyzw")
    first = next(solve(triples, query_of([(x, "knows", y), (z, "knows", w)])))  # of a million
    assert first is not None
