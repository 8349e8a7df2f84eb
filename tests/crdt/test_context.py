"""Contexts, held to plain sets of dots."""

from bisect import bisect_right
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.crdt import Context
from cybernetic.wire import Codec, DamagedMessage
from tests.crdt.forging import forged

CODEC = Codec()
dots = st.sets(st.tuples(st.sampled_from("abc"), st.integers(1, 40)), max_size=60)


@given(dots, dots)
def test_a_context_is_a_set_of_dots(one: set[tuple[str, int]], other: set[tuple[str, int]]) -> None:
    ours, theirs = Context.of(one), Context.of(other)
    assert set(ours) == one
    assert len(ours) == len(one)
    assert bool(ours) == bool(one)
    assert ours.join(theirs) == Context.of(one | other)
    assert ours.meet(theirs) == Context.of(one & other)
    assert ours.minus(theirs) == Context.of(one - other)
    assert (ours <= theirs) == (one <= other)
    assert (ours == theirs) == (one == other)
    assert hash(ours.join(theirs)) == hash(theirs.join(ours))
    assert ours.knows_all(other) == (other <= one)
    assert set(ours.without("ab")) == {dot for dot in one if dot[0] == "c"}


scattered = st.sets(st.tuples(st.sampled_from("ab"), st.integers(1, 200)), min_size=40, max_size=90)


@given(scattered, scattered | dots)
def test_contexts_of_many_runs_are_sets_too(one: set[tuple[str, int]], other: set[tuple[str, int]]) -> None:
    ours, theirs = Context.of(one), Context.of(other)
    assert ours.join(theirs) == theirs.join(ours) == Context.of(one | other)
    assert ours.meet(theirs) == theirs.meet(ours) == Context.of(one & other)
    assert ours.minus(theirs) == Context.of(one - other)
    assert theirs.minus(ours) == Context.of(other - one)
    assert (ours <= theirs, theirs <= ours) == (one <= other, other <= one)
    assert ours.meet(theirs) <= theirs <= ours.join(theirs)


def test_two_contexts_of_many_runs_meet_without_a_search_for_each_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = Context({"a": tuple(range(1, 400, 2))}), Context({"a": tuple(range(3, 403, 2))})
    searches: list[Any] = []

    def searched(*args: Any) -> int:
        searches.append(args)
        return bisect_right(*args)

    monkeypatch.setattr("cybernetic.crdt.context.bisect_right", searched)
    assert len(one.meet(other)) == 0
    assert one.minus(other) == one
    assert searches == []
    few = Context({"a": (1, 50)})
    assert len(one.meet(few)) == 25
    assert len(searches) == 1


@given(dots)
def test_a_context_knows_its_dots_and_the_next_ones(held: set[tuple[str, int]]) -> None:
    context = Context.of(held)
    for replica in "abc":
        numbers = {n for r, n in held if r == replica}
        assert context.next(replica) == max(numbers, default=0) + 1
        for n in range(1, 42):
            assert context.knows(replica, n) == (n in numbers)
            assert context.knows_up_to(replica, n) == (set(range(1, n + 1)) <= numbers)
            assert context.up_to().knows(replica, n) == (n <= max(numbers, default=0))


@given(st.permutations(range(1, 30)))
def test_what_arrives_out_of_order_closes_up(order: list[int]) -> None:
    context = Context()
    for n in order:
        context = context.join(Context.of([("a", n)]))
    assert context.runs == {"a": (1, 30)}


@given(dots)
def test_a_context_arrives_as_it_was_sent(held: set[tuple[str, int]]) -> None:
    context = Context.of(held)
    assert CODEC.copy(context) == context


def test_a_context_of_a_million_changes_in_a_row_is_a_few_bytes() -> None:
    assert len(CODEC.encode(Context({"replica": (1, 1_000_001)}))) < 60


@pytest.mark.parametrize(
    "parts",
    [
        (2, ["a"], [[0, 1, 1]]),
        (1, ["a", "a"], []),
        (1, "a", []),
        (1, [""], []),
        (1, [7], []),
        (1, ["a"], [[1, 1, 1]]),
        (1, ["a"], [[-1, 1, 1]]),
        (1, ["a"], [[True, 1, 1]]),
        (1, ["a"], [[0, 1]]),
        (1, ["a"], [[0, 1, 1, 1]]),
        (1, ["a"], [[0, 0, 1]]),
        (1, ["a"], [[0, 1, 0]]),
        (1, ["a"], [[0, 1, -5]]),
        (1, ["a"], [[0, 1, 1.0]]),
        (1, ["a"], [[0, 1, 2**60]]),
        (1, ["a"], [[0, 1, 1], [0, 5, 1]]),
        (1, ["a"], {0: 1}),
        (1, ["a"], [7]),
        (1, ["a"]),
    ],
    ids=repr,
)
def test_what_is_no_context_is_refused(parts: tuple[Any, ...]) -> None:
    assert CODEC.decode(forged("state.Context", 1, ["a"], [[0, 1, 1]])) == Context.of([("a", 1)])
    with pytest.raises(DamagedMessage, match=r"expected parts that build a state\.Context"):
        CODEC.decode(forged("state.Context", *parts))
