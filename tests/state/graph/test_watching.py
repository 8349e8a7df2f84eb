"""Watched queries: what they are told is what asking anew would have shown."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.state.graph import watching
from cybernetic.state.graph.facts import Fact
from cybernetic.state.graph.patterns import Var, query_of
from cybernetic.state.graph.solve import solve
from cybernetic.state.graph.watching import Watches
from tests.state.graph.worlds import Site, answers, crowds, queries, triple, triples_of

X, Y = Var("x"), Var("y")


def hear(watches: Watches, site: Site, delta: Any) -> None:
    for change in site.take(delta):
        assert change is not None
        for breath in watches.react(site.book.triples, change):
            assert breath is None


def write(watches: Watches, site: Site, fact: Any, adds: bool) -> None:
    pen = site.pen()
    if adds:
        pen.add(fact, "me")
    else:
        pen.remove(site.book.keys(fact), "removed", "me")
    hear(watches, site, pen.delta)


@st.composite
def changes(draw: Any) -> tuple[list[Any], list[Any]]:
    """Queries, and facts that come and go, each with whether it comes and whether somebody looks then.

    Now and then one comes that is there, or goes that is not.
    """
    known = draw(crowds)
    steps, there = [], set[Any]()
    for _ in range(draw(st.integers(10, 25))):
        fact = draw(st.sampled_from(known))
        adds = (triple(fact) in there) == (draw(st.integers(0, 7)) == 7)
        (there.add if adds else there.discard)(triple(fact))
        steps.append((fact, adds, draw(st.booleans())))
    return draw(st.lists(queries(known), min_size=1, max_size=3)), steps


def test_what_is_told_turns_the_old_answers_into_the_new_ones() -> None:
    seen = Counter[str]()

    @given(changes())
    def turns(drawn: Any) -> None:
        wanted = dict(zip("abc", drawn[0], strict=False))
        site, watches = Site("one"), Watches()
        held: dict[str, set[Any]] = {}
        for token, patterns in wanted.items():
            watches.add(token, query_of(patterns))
            held[token] = set()
        for fact, adds, looks in drawn[1]:
            write(watches, site, fact, adds)
            if not looks:
                continue  # several changes are told at once
            for key, added, removed in watches.take():
                assert not held[key] & set(added)
                assert held[key] >= set(removed)
                assert added or removed
                held[key] = held[key] - set(removed) | set(added)
                seen.update(came=len(added), gone=len(removed))
            for token, patterns in wanted.items():
                rows = {row for row in solve(site.book.triples, watches.query(token)) if row is not None}
                assert held[token] == rows == answers(site.shown_facts(), patterns)
        seen["drawn"] += 1

    turns()
    assert min(seen["came"], seen["gone"]) > seen["drawn"] / 2, (
        "answers that come and go are what this is about"
    )


def test_what_comes_and_goes_between_is_not_told() -> None:
    site, watches = Site("one"), Watches()
    watches.add("w", query_of([(X, "knows", Y), (Y, "knows", X)]))
    for adds in (True, False):
        write(watches, site, Fact("a", "knows", "a"), adds)
    assert list(watches.take()) == []
    write(watches, site, Fact("a", "knows", "a"), True)
    assert list(watches.take()) == [("w", [("a", "a")], [])]
    for adds in (False, True):
        write(watches, site, Fact("a", "knows", "a"), adds)
    assert list(watches.take()) == []


def test_what_is_watched_no_more_is_told_nothing() -> None:
    site, watches = Site("one"), Watches()
    watches.add("w", query_of([(X, "knows", Y), (X, Y, X)]))
    watches.add("v", query_of([(X, "knows", Y)]))
    assert watches.drop("w")
    assert not watches.drop("w")
    write(watches, site, Fact("a", "knows", "b"), True)
    assert list(watches.take()) == [("v", [("a", "b")], [])]
    assert watches.drop("v")
    assert len(watches) == 0
    assert not watches._by_predicate


def test_a_query_whose_changes_cost_too_much_is_given_up_and_says_so(monkeypatch: Any) -> None:
    monkeypatch.setattr(watching, "MOST_BREATHS", 3)
    triples = triples_of([(f"p{n}", "is", "here") for n in range(5000)] + [("a", "knows", "b")])
    watches = Watches()
    watches.add("w", query_of([(X, "knows", Y), (Var("z"), "is", "here"), (Var("z"), "is", Y)]))
    watches.add("v", query_of([(X, "knows", Y)]))
    assert len(list(watches.react(triples, (("a", "knows", "b"), True)))) <= 4
    watches.add("u", query_of([(X, "knows", Y), (Y, "is", Var("z"))]))
    assert list(watches.failed) == []
    watches.add("t", query_of([(X, "knows", Y), (Var("z"), "is", "here"), (Var("w"), "is", "here")]))
    assert len(list(watches.react(triples, (("a", "knows", "b"), True)))) <= 4
    assert list(watches.failed) == ["t"]
    assert "600 facts" in watches.failed["t"]
    assert [token for token, _, _ in watches.take()] == ["v"]


def test_a_query_that_has_too_much_to_tell_is_given_up(monkeypatch: Any) -> None:
    monkeypatch.setattr(watching, "MOST_NEWS", 10)
    triples = triples_of([(f"p{n}", "is", "here") for n in range(11)] + [("a", "knows", "b")])
    watches = Watches()
    watches.add("w", query_of([(X, "knows", Y), (Var("z"), "is", "here")]))
    list(watches.react(triples, (("a", "knows", "b"), True)))
    assert "at most 10" in watches.failed["w"]
