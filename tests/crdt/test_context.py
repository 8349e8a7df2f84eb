"""Contexts, held to plain sets of dots."""

from bisect import bisect_left
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.crdt import Context, runs
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


single = st.tuples(st.integers(1, 5), st.integers(1, 3)).map(lambda one: (one[0], one[0] + one[1]))


@given(single, single)
def test_so_are_two_of_one_run_each(one: tuple[int, int], other: tuple[int, int]) -> None:
    ours, theirs = Context({"a": one}), Context({"a": other})
    assert ours.join(theirs) == Context.of({*ours, *theirs})
    assert ours.meet(theirs) == Context.of(set(ours) & set(theirs))
    assert ours.minus(theirs) == Context.of(set(ours) - set(theirs))
    assert (ours <= theirs) == (set(ours) <= set(theirs))


@given(
    scattered,
    st.sets(st.tuples(st.just("a"), st.integers(1, 400)), max_size=4),
    st.sampled_from([(1, 400), (1, 100), (100, 400), (90, 110)]),
)
def test_contexts_of_many_runs_that_have_most_in_common_are_sets_too(
    differs: set[tuple[str, int]], few: set[tuple[str, int]], window: tuple[int, int]
) -> None:
    base = {("a", n) for n in range(1, 400, 3)} | {("b", n) for n in range(1, 400, 2)}
    part = {(replica, n) for replica, n in base if n == 1 or window[0] <= n < window[1]}
    for one, other in (
        (base, base ^ few),
        (base | few, part),
        (base ^ few, base | differs),
        (part, base ^ few),
    ):
        ours, theirs = Context.of(one), Context.of(other)
        assert ours.join(theirs) == theirs.join(ours) == Context.of(one | other)
        assert ours.meet(theirs) == theirs.meet(ours) == Context.of(one & other)
        assert ours.minus(theirs) == Context.of(one - other)
        assert theirs.minus(ours) == Context.of(other - one)
        assert (ours <= theirs, theirs <= ours) == (one <= other, other <= one)


def test_what_two_contexts_of_many_runs_have_alike_is_not_gone_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bounds = tuple(range(1, 40_001))
    one = Context({"a": bounds})
    other = Context({"a": (*bounds[:9_000], *bounds[9_002:20_001], *bounds[20_003:])})
    part = Context({"a": (1, 2, *bounds[8_000:16_000])})
    stretches: list[Any] = []

    def noted(*args: Any) -> int:
        stretches.append(args)
        return same(*args)

    def sorts(*_: Any) -> Any:
        raise AssertionError("all runs are sorted")

    same = runs._same
    monkeypatch.setattr(runs, "_same", noted)
    monkeypatch.setattr(runs, "_sorted", sorts)
    assert one.join(part) == one == one.join(Context({"a": bounds}))
    assert part <= one
    assert not one <= part
    assert len(one.minus(part)) == 20_000 - 4_001
    assert not part.minus(one)
    assert len(one.minus(other)) == len(other.minus(one)) == 1
    assert len(one.meet(other)) == 19_999
    assert len(stretches) < 30


def test_two_contexts_of_runs_that_are_scattered_are_sorted_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Context({"a": tuple(range(1, 40_001))})
    other = Context({"a": tuple(n for n in range(1, 40_001) if n % 10 not in (0, 1))})
    stretches: list[Any] = []

    def noted(*args: Any) -> int:
        stretches.append(args)
        return same(*args)

    same = runs._same
    monkeypatch.setattr(runs, "_same", noted)
    assert other.minus(one) == Context.of(set(other) - set(one))
    assert len(stretches) < 1_000


def test_a_set_that_has_few_runs_is_looked_for_in_one_that_has_many(monkeypatch: pytest.MonkeyPatch) -> None:
    many, few = Context({"a": tuple(range(1, 400, 2))}), Context({"a": (1, 50)})
    searches: list[Any] = []

    def searched(*args: Any) -> int:
        searches.append(args)
        return bisect_left(*args)

    monkeypatch.setattr(runs, "bisect_left", searched)
    assert len(many.meet(few)) == 25
    assert len(searches) <= 2


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
