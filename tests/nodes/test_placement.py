"""Where agents are placed: the same everywhere, where they fit, and never too many in one place."""

import random
from dataclasses import replace
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.nodes.plan.capabilities import fits
from cybernetic.nodes.plan.placement import NAMED, Candidate, NoFit, most_load, place, rank
from tests.support import soak

NOTHING: frozenset[tuple[str, object]] = frozenset()
OFFERS = st.dictionaries(st.sampled_from(["gpu", "zone"]), st.sampled_from([True, 1, "eu"]))
CANDIDATES = st.lists(
    st.builds(Candidate, st.text(max_size=3), st.just("host"), OFFERS, st.integers(0, 12)),
    max_size=6,
    unique_by=lambda candidate: candidate.name,
)
REQUIRES = OFFERS.map(lambda offer: frozenset(offer.items()))
KEYS = st.text(max_size=8)


def nodes(count: int) -> list[Candidate]:
    return [Candidate(f"worker-{n}", "host", {}) for n in range(count)]


@given(KEYS, REQUIRES, CANDIDATES, st.randoms(use_true_random=False))
def test_a_place_fits_and_does_not_depend_on_the_order(
    key: str, requires: frozenset[tuple[str, object]], candidates: list[Candidate], chance: random.Random
) -> None:
    chosen = place(key, None, requires, candidates)
    fitting = {c.name: c for c in candidates if fits(c.capabilities, requires)}
    if fitting:
        assert isinstance(chosen, str)
        loads = [c.load for c in fitting.values()]
        assert fitting[chosen].load + 1 <= ceil(1.25 * (sum(loads) + 1) / len(loads)) + 1
    else:
        assert isinstance(chosen, NoFit)
        assert str(chosen).startswith("no node fits: expected ")
    shuffled = list(candidates)
    chance.shuffle(shuffled)
    assert place(key, None, requires, shuffled) == chosen


@given(KEYS, st.text(max_size=3), REQUIRES, CANDIDATES)
def test_a_named_node_is_taken_whatever_its_load_if_it_fits(
    key: str, node: str, requires: frozenset[tuple[str, object]], candidates: list[Candidate]
) -> None:
    there = [c for c in candidates if c.name == node and fits(c.capabilities, requires)]
    chosen = place(key, node, requires, candidates, avoid={node})
    assert chosen == node if there else isinstance(chosen, NoFit)


@given(KEYS, CANDIDATES.filter(lambda candidates: len(candidates) > 1), st.data())
def test_ex_3_a_node_that_goes_moves_only_what_was_on_it(
    key: str, candidates: list[Candidate], data: st.DataObject
) -> None:
    equal = [replace(candidate, capabilities={}, load=3) for candidate in candidates]
    gone = data.draw(st.sampled_from(equal))
    before = place(key, None, NOTHING, equal)
    after = place(key, None, NOTHING, [candidate for candidate in equal if candidate != gone])
    assert after != gone.name
    assert before in (after, gone.name)


@given(KEYS, CANDIDATES.filter(bool), st.sets(st.text(max_size=3)))
def test_what_is_to_be_avoided_is_taken_only_if_nothing_else_fits(
    key: str, candidates: list[Candidate], avoid: set[str]
) -> None:
    chosen = place(key, None, NOTHING, candidates, avoid=avoid)
    assert (chosen in avoid) == all(candidate.name in avoid for candidate in candidates)


@given(st.integers(1, 7), st.integers(0, 60), st.booleans())
def test_no_node_gets_more_than_its_share_and_a_quarter(count: int, agents: int, alike: bool) -> None:
    candidates = nodes(count)
    for n in range(agents):
        chosen = place("same" if alike else str(n), None, NOTHING, candidates)
        candidates = [replace(c, load=c.load + (c.name == chosen)) for c in candidates]
    assert sum(c.load for c in candidates) == agents
    assert max(c.load for c in candidates) <= ceil(1.25 * agents / count) + 1


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=9))
def test_some_node_is_always_below_the_bound(loads: list[int]) -> None:
    assert min(loads) < most_load(loads)


def test_equal_keys_go_to_one_node_and_many_keys_to_all_alike() -> None:
    candidates, count = nodes(5), soak(1000, 20_000)
    places = [place(str(n), None, NOTHING, candidates) for n in range(count)]
    assert places == [place(str(n), None, NOTHING, candidates) for n in range(count)]
    assert all(abs(places.count(c.name) - count / 5) < count / 15 for c in candidates)


def test_the_rank_of_a_node_is_the_same_in_every_process() -> None:
    assert rank("counter", "worker-1") == 15996557795502147146
    assert rank("b", "a") != rank("", "ab")


def test_a_refusal_says_what_was_asked_and_what_each_lacks() -> None:
    requires = frozenset({("gpu", True), ("zone", "eu")})
    pair = [Candidate("b", "host", {"gpu": True}), Candidate("a", "host", {"gpu": 1, "zone": "eu"})]
    assert str(place("x", None, requires, pair)) == (
        "no node fits: expected gpu=true, zone=eu, but 'a' lacks gpu=true (it has gpu=1); 'b' lacks zone=eu"
    )
    assert str(place("x", "b", requires, pair)) == (
        "no node fits: expected node 'b' with gpu=true, zone=eu, but 'b' lacks zone=eu"
    )
    assert str(place("x", "c", requires, pair)) == "no node fits: expected node 'c', got: 'a', 'b'"
    assert str(place("x", None, NOTHING, [])) == "no node fits: expected any node, got: none"


def test_a_refusal_speaks_of_some_nodes_only() -> None:
    said = str(place("x", None, frozenset({("gpu", True)}), nodes(NAMED + 3)))
    assert said.count("lacks") == NAMED
    assert said.endswith("; and 3 more")
