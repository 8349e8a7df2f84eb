"""Causes come before effects, whatever order they arrive in; nothing waits without end, nothing gets lost."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.gateways.envelope import CausalBuffer, Dot, Released
from tests.support import soak

Item = tuple[Dot, int]  # the dot, and which delivery of it


def dot(number: int, node: str = "n") -> Dot:
    return Dot(node, "i", number)


A, B, C, D = map(dot, range(4))


def names(released: list[Released[str]]) -> list[str]:
    """What was released: in order, "late:" where causes are missing, "again:" where repeated."""
    return [("late:" if each.missing else "again:" if each.repeated else "") + each.item for each in released]


def test_what_has_no_causes_is_released_at_once() -> None:
    buffer = CausalBuffer[str]()
    assert buffer.offer(A, [], "a", 0.0) == [Released("a")]
    assert len(buffer) == 0
    assert buffer.deadline is None


def test_an_effect_waits_for_its_cause() -> None:
    buffer = CausalBuffer[str](max_wait=5.0)
    assert buffer.offer(B, [A], "b", 0.0) == []
    assert (len(buffer), buffer.deadline) == (1, 5.0)
    assert names(buffer.offer(A, [], "a", 1.0)) == ["a", "b"]
    assert names(buffer.offer(C, [A, B], "c", 1.0)) == ["c"]


def test_a_chain_that_arrives_backwards_is_released_forwards() -> None:
    buffer = CausalBuffer[str]()
    for late, cause in ((D, C), (C, B), (B, A)):
        assert buffer.offer(late, [cause], str(late.sequence), 0.0) == []
    assert names(buffer.offer(A, [], "0", 0.0)) == ["0", "1", "2", "3"]


def test_all_causes_are_waited_for() -> None:
    buffer = CausalBuffer[str]()
    assert buffer.offer(C, [A, B, C], "c", 0.0) == []
    assert names(buffer.offer(B, [], "b", 0.0)) == ["b"]
    assert names(buffer.offer(A, [], "a", 0.0)) == ["a", "c"]


def test_a_cause_of_another_incarnation_is_another() -> None:
    buffer = CausalBuffer[str]()
    buffer.offer(A._replace(incarnation="j"), [], "a", 0.0)
    assert buffer.offer(B, [A], "b", 0.0) == []


def test_what_waited_too_long_is_released_with_what_is_missing() -> None:
    buffer = CausalBuffer[str](max_wait=5.0)
    buffer.offer(C, [A, B], "c", 0.0)
    buffer.offer(A, [], "a", 1.0)
    assert buffer.due(4.9) == []
    assert buffer.due(5.0) == [Released("c", (B,))]
    assert names(buffer.offer(B, [], "b", 6.0)) == ["b"]
    assert buffer.deadline is None


def test_what_waited_only_for_that_comes_with_it_unflagged() -> None:
    buffer = CausalBuffer[str](max_wait=5.0)
    buffer.offer(B, [A], "b", 0.0)
    buffer.offer(C, [B], "c", 4.0)
    assert names(buffer.due(5.0)) == ["late:b", "c"]


def test_a_cause_that_is_held_itself_goes_first_even_so() -> None:
    buffer = CausalBuffer[str](max_wait=5.0)
    buffer.offer(C, [B], "c", 0.0)
    buffer.offer(B, [A], "b", 4.0)
    assert names(buffer.due(5.0)) == ["late:b", "c"]


def test_causes_in_a_circle_do_not_wait_for_each_other_for_ever() -> None:
    buffer = CausalBuffer[str](max_wait=5.0)
    for one, other, name in ((A, B, "a"), (B, C, "b"), (C, A, "c")):
        assert buffer.offer(one, [other], name, 0.0) == []
    assert sorted(names(buffer.due(5.0))) == ["a", "b", "late:c"]


def test_of_more_than_may_be_held_the_oldest_goes() -> None:
    buffer = CausalBuffer[str](max_held=2)
    assert buffer.offer(B, [A], "b", 0.0) == buffer.offer(C, [A], "c", 0.0) == []
    assert names(buffer.offer(D, [A], "d", 0.0)) == ["late:b"]
    assert len(buffer) == 2
    assert names(CausalBuffer[str](max_held=0).offer(B, [A], "b", 0.0)) == ["late:b"]


def test_a_long_chain_does_not_overflow() -> None:
    size = 5_000
    buffer = CausalBuffer[int](max_held=size, memory=size)
    for number in range(size, 0, -1):
        buffer.offer(dot(number), [dot(number - 1)], number, 0.0)
    assert [each.item for each in buffer.due(1e9)] == [*range(1, size + 1)]
    for number in range(size, 0, -1):
        buffer.offer(dot(number, "m"), [dot(number - 1, "m")], number, 0.0)
    assert [each.item for each in buffer.offer(dot(0, "m"), [], 0, 0.0)] == [*range(size + 1)]


def test_a_message_that_came_before_is_released_at_once_and_marked() -> None:
    buffer = CausalBuffer[str]()
    buffer.offer(A, [], "a", 0.0)
    assert buffer.offer(A, [B], "a", 1.0) == [Released("a", repeated=True)]


def test_another_delivery_of_what_is_held_does_not_overtake_it() -> None:
    buffer = CausalBuffer[str](max_held=10)
    assert buffer.offer(B, [A], "b", 0.0) == buffer.offer(B, [A], "b", 0.0) == []
    assert len(buffer) == 2
    assert names(buffer.offer(A, [], "a", 0.0)) == ["a", "b", "again:b"]


def test_other_deliveries_count_as_held() -> None:
    buffer = CausalBuffer[str](max_held=2)
    buffer.offer(B, [A], "b", 0.0)
    buffer.offer(B, [A], "b", 0.0)
    assert names(buffer.offer(B, [A], "b", 0.0)) == ["late:b", "again:b", "again:b"]


def test_what_was_forgotten_is_waited_for_again() -> None:
    buffer = CausalBuffer[str](memory=2)
    for each, name in ((A, "a"), (B, "b"), (C, "c")):
        buffer.offer(each, [], name, 0.0)
    assert names(buffer.offer(D, [B], "d", 0.0)) == ["d"]
    assert buffer.offer(dot(9), [A], "late", 0.0) == []


@pytest.mark.parametrize("options", [{"max_held": -1}, {"max_wait": -1.0}, {"max_wait": "x"}, {"memory": 0}])
def test_impossible_bounds_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        CausalBuffer(**options)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Arrival:
    """The delivery of a message (None: time passes) some seconds after the one before."""

    number: int | None
    after: float


numbers = st.integers(0, 11)
graphs = st.lists(st.sets(numbers, max_size=3), min_size=12, max_size=12)  # circles too
arrivals = st.lists(
    st.builds(Arrival, st.none() | numbers, st.sampled_from([0.0, 0.5, 3.0])), min_size=1, max_size=40
)


@settings(max_examples=soak(80, 20_000))
@given(graph=graphs, arrivals=arrivals, max_held=st.integers(0, 8), max_wait=st.sampled_from([0.0, 2.0, 1e9]))
def test_every_delivery_is_released_once_and_no_promise_is_broken(
    graph: list[set[int]], arrivals: list[Arrival], max_held: int, max_wait: float
) -> None:
    buffer = CausalBuffer[Item](max_held, max_wait)
    causes = {dot(number): {dot(cause) for cause in graph[number]} - {dot(number)} for number in range(12)}
    offered: Counter[Dot] = Counter()
    came: dict[Dot, float] = {}
    released: list[Released[Item]] = []
    now = 0.0
    for index, arrival in enumerate(arrivals):
        now += arrival.after
        before = len(buffer)
        if arrival.number is None:
            found = buffer.due(now)
        else:
            each = dot(arrival.number)
            offered[each] += 1
            came.setdefault(each, now)
            found = buffer.offer(each, causes[each], (each, index), now)
        for each_released in found:
            kept(each_released, causes, released)
            late_only_if_it_had_to_be(each_released, came, now, max_wait, full=before >= max_held)
            released.append(each_released)
        assert len(buffer) <= max_held
    left = buffer.due(now + 2e9)
    released += left
    assert len(buffer) == 0
    assert buffer.deadline is None
    assert Counter(each.item[0] for each in released) == offered
    assert len({each.item for each in released}) == len(released)


def kept(new: Released[Item], causes: dict[Dot, set[Dot]], released: list[Released[Item]]) -> None:
    """What is released comes after its causes, save those it says are missing; repetitions after the first."""
    known = {each.item[0] for each in released}
    name = new.item[0]
    if new.repeated:
        assert name in known
        assert not new.missing
    else:
        assert name not in known
        assert causes[name] - known == set(new.missing)


def late_only_if_it_had_to_be(
    new: Released[Item], came: dict[Dot, float], now: float, max_wait: float, *, full: bool
) -> None:
    """Something is missing only where room was needed or something has waited its time."""
    if new.missing:
        assert full or any(now - since >= max_wait for since in came.values())


@settings(max_examples=soak(100, 10_000))
@given(graph=graphs, order=st.permutations(range(12)))
def test_when_all_arrive_in_time_nothing_is_missing(graph: list[set[int]], order: list[int]) -> None:
    buffer = CausalBuffer[int](max_held=12)
    causes = [{cause for cause in graph[number] if cause < number} for number in range(12)]
    released = [
        each for number in order for each in buffer.offer(dot(number), map(dot, causes[number]), number, 0.0)
    ]
    assert not any(each.missing or each.repeated for each in released)
    sequence = [each.item for each in released]
    assert sorted(sequence) == [*range(12)]
    assert all(
        sequence.index(cause) < sequence.index(number) for number in range(12) for cause in causes[number]
    )
