"""Fair queueing: the bound of Goyal's theorem, order within a flow, floods, and what is refused."""

from collections import Counter
from itertools import combinations
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.damping import FairQueue, Pacer

FLOWS = "abc"


def test_tags_are_those_of_the_paper() -> None:
    queue: FairQueue[str] = FairQueue()
    for flow, item, cost, weight in (
        ("a", "a1", 2, 1),
        ("a", "a2", 2, 1),
        ("b", "b1", 1, 2),
        ("b", "b2", 3, 2),
    ):
        queue = queue.put(flow, item, cost=cost, weight=weight)
    tags = []
    while queue:
        queue, head = queue.pop()
        tags.append((head.item, head.start, head.finish))
    assert tags == [("a1", 0.0, 2.0), ("b1", 0.0, 0.5), ("b2", 0.5, 2.0), ("a2", 2.0, 4.0)]


@given(
    st.dictionaries(st.sampled_from(FLOWS), st.floats(0.1, 10.0), min_size=2),
    st.lists(st.tuples(st.sampled_from(FLOWS), st.floats(0.1, 5.0)), min_size=1, max_size=60),
)
def test_flows_that_wait_get_work_in_proportion_to_their_weights(
    weights: dict[str, float], story: list[tuple[str, float]]
) -> None:
    queue: FairQueue[int] = FairQueue()
    largest: dict[str, float] = Counter()
    for item, (flow, cost) in enumerate(story):
        if flow in weights:
            queue = queue.put(flow, item, cost=cost, weight=weights[flow])
            largest[flow] = max(largest[flow], cost)
    left = Counter(request.flow for request in queue.waiting)
    got: dict[str, float] = Counter()
    while queue:
        for f, g in combinations(weights, 2):
            if left[f] and left[g]:
                unfair = abs(got[f] / weights[f] - got[g] / weights[g])
                assert unfair <= largest[f] / weights[f] + largest[g] / weights[g] + 1e-9
        queue, head = queue.pop()
        got[head.flow] += head.cost
        left[head.flow] -= 1


@given(st.lists(st.sampled_from([*FLOWS, None]), max_size=80))
def test_within_a_flow_the_order_is_that_of_arrival_and_nothing_is_lost(story: list[str | None]) -> None:
    queue: FairQueue[int] = FairQueue()
    put: list[tuple[str, int]] = []
    served: list[tuple[str, int]] = []
    for item, flow in enumerate(story):
        if flow:
            queue = queue.put(flow, item)
            put.append((flow, item))
        elif queue:
            expected = queue.head
            queue, head = queue.pop()
            assert head == expected
            served.append((head.flow, head.item))
    while queue:
        queue, head = queue.pop()
        served.append((head.flow, head.item))
    for flow in FLOWS:
        assert [pair for pair in put if pair[0] == flow] == [pair for pair in served if pair[0] == flow]


def test_a_flood_of_a_hundred_to_one_starves_nobody_for_five_seconds() -> None:
    """One unit floods, a polite one asks every ten seconds; one call a second, equal weights."""
    queue: FairQueue[float] = FairQueue()
    pacer, now, longest = Pacer(1.0), 0.0, 0.0
    for second in range(60):
        for _ in range(100):
            queue = queue.put("flood", float(second))
        if second % 10 == 0:
            queue = queue.put("polite", float(second))
        pacer, now = pacer.grant(float(second))
        queue, head = queue.pop()
        if head.flow == "polite":
            longest = max(longest, now - head.item)
    assert longest <= 5.0
    assert all(request.flow == "flood" for request in queue.waiting)


def test_an_idle_flow_saves_up_nothing() -> None:
    queue: FairQueue[int] = FairQueue()
    for item in range(10):
        queue = queue.put("busy", item)
    for _ in range(5):
        queue, _ = queue.pop()
    for item in range(10):
        queue = queue.put("late", item)
    order = []
    for _ in range(6):
        queue, head = queue.pop()
        order.append(head.flow)
    assert Counter(order) == {"busy": 3, "late": 3}


def test_who_comes_while_a_long_request_is_served_begins_where_that_one_began() -> None:
    served, head = FairQueue[str]().put("a", "long", cost=10.0).put("a", "next").pop()
    assert head.item == "long"
    queue = served.put("b", "short")
    assert queue.head is not None
    assert (queue.head.item, queue.head.start) == ("short", 0.0)


def test_memory_is_that_of_what_waits() -> None:
    queue: FairQueue[int] = FairQueue()
    for item in range(1000):
        queue = queue.put(f"flow-{item}", item)
        queue, _ = queue.pop()
    assert queue == FairQueue()


def test_what_a_dead_unit_waits_for_is_dropped() -> None:
    queue = FairQueue[str]().put("a", "1").put("b", "2").put("a", "3").drop("a")
    assert [request.item for request in queue.waiting] == ["2"]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("cost", {"cost": 0.0}),
        ("cost", {"cost": nan}),
        ("weight", {"weight": 0.0}),
        ("cost", {"cost": 1e300, "weight": 1e-300}),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, more: dict[str, float]) -> None:
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        FairQueue[str]().put("a", "1", **more)


def test_an_empty_queue_serves_nobody() -> None:
    assert FairQueue[str]().head is None
    with pytest.raises(IndexError):
        FairQueue[str]().pop()


@given(
    st.lists(st.tuples(st.sampled_from(FLOWS), st.integers(1, 4), st.booleans()), max_size=40),
    st.integers(0, 40),
)
def test_what_is_taken_back_before_anything_was_served_is_as_if_it_had_not_been_asked(
    story: list[tuple[str, int, bool]], late: int
) -> None:
    queue: FairQueue[int] = FairQueue()
    without: FairQueue[int] = FairQueue()
    gone = set()
    for item, (flow, cost, stays) in enumerate(story):
        queue = queue.put(flow, item, cost=cost)
        if stays:
            without = without.put(flow, item, cost=cost)
        else:
            gone.add(item)
        if item >= late:  # it is taken back at once
            queue = queue.without(gone.__contains__)
    queue = queue.without(gone.__contains__)
    for flow in FLOWS:  # who asks later has the same place as well
        queue, without = (one.put(flow, -1) for one in (queue, without))
    while without:
        (queue, head), (without, other) = queue.pop(), without.pop()
        assert (head.flow, head.item, head.start) == (other.flow, other.item, other.start)
    assert not queue


@given(st.lists(st.tuples(st.sampled_from(FLOWS), st.integers(0, 3)), max_size=60))
def test_what_is_taken_back_takes_nothing_from_the_others_and_leaves_the_order(
    story: list[tuple[str, int]],
) -> None:
    queue: FairQueue[int] = FairQueue()
    left: dict[str, list[int]] = {flow: [] for flow in FLOWS}
    for item, (flow, what) in enumerate(story):
        if what == 0 and queue:
            queue, head = queue.pop()
            assert left[head.flow].pop(0) == head.item
        elif what == 1 and left[flow]:
            taken = left[flow].pop(len(left[flow]) // 2)
            queue = queue.without(lambda one, taken=taken: one == taken)  # type: ignore[misc]
        else:
            queue = queue.put(flow, item)
            left[flow].append(item)
        assert all(one.start >= queue.virtual for one in queue.waiting)
        waits = {one: [each.item for each in queue.waiting if each.flow == one] for one in FLOWS}
        assert waits == left


def test_one_that_is_asked_for_again_keeps_its_place_and_its_flow_its_tags() -> None:
    queue = FairQueue[str]().put("a", "1").put("a", "2").put("b", "3")
    renewed = queue.renewed(lambda item: item == "2", "two")
    assert renewed is not None
    assert [one.item for one in renewed.waiting] == ["1", "3", "two"]
    assert renewed.finish == queue.finish
    assert queue.renewed(lambda item: item == "4", "four") is None


def test_one_that_is_not_ready_stays_where_it_is() -> None:
    queue = FairQueue[str]().put("a", "1").put("a", "2").put("b", "3")
    at = queue.first(lambda item: item != "1")
    assert at == 1
    queue, head = queue.pop(at)
    assert (head.item, [one.item for one in queue.waiting]) == ("3", ["1", "2"])
    assert queue.first(lambda item: item == "4") is None


def test_who_comes_while_one_was_passed_over_gets_nothing_of_the_past() -> None:
    queue = FairQueue[str]().put("late", "lapsed")
    for n in range(50):
        queue = queue.put("c", f"c{n}")
    for _ in range(20):
        at = queue.first(lambda item: item != "lapsed")
        assert at is not None
        queue, _ = queue.pop(at)
    before = queue.virtual
    queue, head = queue.pop()
    assert (head.item, queue.virtual) == ("lapsed", before)
    for n in range(20):
        queue = queue.put("new", f"n{n}")
    flows = []
    for _ in range(20):
        queue, head = queue.pop()
        flows.append(head.flow)
    assert 8 <= flows.count("c") <= 12


def test_what_moves_up_does_not_come_all_at_once() -> None:
    queue = FairQueue[str]()
    for n in range(40):
        queue = queue.put("a", f"a{n}").put("b", f"b{n}")
    for _ in range(20):
        at = queue.first(lambda item: item[0] == "b")
        assert at is not None
        queue, _ = queue.pop(at)
    queue = queue.without(lambda item: item[0] == "a" and int(item[1:]) < 20)
    flows = []
    for _ in range(20):
        queue, head = queue.pop()
        flows.append(head.flow)
    assert 8 <= flows.count("b") <= 12


def test_those_behind_one_that_is_taken_back_keep_their_places_though_they_were_passed_over() -> None:
    queue: FairQueue[str] = FairQueue()
    for n in range(40):
        queue = queue.put("a", f"a{n}").put("b", f"b{n}")
    for _ in range(30):
        at = queue.first(lambda item: item[0] == "b")
        assert at is not None
        queue, _ = queue.pop(at)
    queue = queue.without(lambda item: item == "a0").put("a", "last")
    assert [one.start for one in queue.waiting if one.flow == "a"][:3] == [1.0, 2.0, 3.0]
    assert [one.item for one in queue.waiting if one.flow == "a"] == [
        *(f"a{n}" for n in range(1, 40)),
        "last",
    ]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5)), min_size=20, max_size=60))
def test_taking_one_back_sends_nobody_back_whoever_was_passed_over(story: list[tuple[str, int]]) -> None:
    queue: FairQueue[int] = FairQueue()
    left: dict[str, list[int]] = {flow: [] for flow in "ab"}
    for item, (flow, what) in enumerate(story):
        if what <= 1 and queue:
            queue, head = queue.pop(len(queue) - 1 if what else len(queue) // 2)
            left[head.flow].remove(head.item)
        elif what == 2 and left[flow]:
            taken = left[flow].pop(len(left[flow]) // 2)
            before = {one.item: one.start for one in queue.waiting}
            queue = queue.without(lambda one, taken=taken: one == taken)  # type: ignore[misc]
            assert all(one.start <= before[one.item] for one in queue.waiting)
        else:
            queue = queue.put(flow, item)
            left[flow].append(item)
        assert {one: [each.item for each in queue.waiting if each.flow == one] for one in "ab"} == left
