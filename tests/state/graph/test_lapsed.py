"""What has expired is a part of the history from then on, once, and the same when it is taken out, wherever it is."""

import asyncio
from itertools import count, islice
from pathlib import Path
from time import thread_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic import System
from cybernetic.state import Graph, Period, Replica, Stamp
from cybernetic.state.graph.book import GRACE, WRITER_GRACE
from cybernetic.state.graph.edits import adding, sweeping
from cybernetic.state.graph.entries import ending, past_key, touched
from cybernetic.state.graph.facts import Assertion, Fact
from cybernetic.state.graph.past import MOST_PAST
from cybernetic.state.graph.records import UNSTAMPED
from tests.state.graph.apart import NOW, WHO, Node
from tests.state.graph.worlds import Site, drawn
from tests.state.replica.net import Net, clock

ANN = Fact("ann", "knows", "bob")
DAY = 86_400.0


@pytest.fixture
def nodes() -> list[Node]:
    return three()


def three() -> list[Node]:
    ticks = count(1)
    return [Node(name, ticks) for name in "abc"]


def told(node: Node | Site) -> list[Any]:
    return [(one.how, one.end and one.end.millis / 1000) for one in node.book.history(ANN)]


def at(node: Node, time: float) -> Node:
    """A node at a time, at which nothing is taken out yet."""
    node.time = time
    list(node.book.expire(time))
    return node


def pulse(node: Node, seconds: float, keep: float) -> None:
    """Let time pass, and take out what is to be, also of the past, as the pulse of a graph does."""
    node.wait(seconds)
    gone = drawn([*node.book.outdated(keep), *node.book.crowding()])
    node.write(sweeping((), gone, node.time))


async def test_on_every_node_it_is_the_same_before_and_after_it_is_taken_out_and_after_a_restart(
    tmp_path: Path,
) -> None:
    net = Net(5)
    async with System() as system:

        async def start(name: str) -> Any:
            return await system.start(Graph, "world", tmp_path / name, None, net.peers(name), clock)

        graphs = [await start(name) for name in "ab"]
        said = await graphs[0].call(Graph.add, *ANN, who=WHO, ttl=10.0)
        await asyncio.sleep(9.9)
        for graph in graphs:
            assert await graph.call(Graph.history, *ANN) == (Period(said),)
        expected = Period(said, Stamp(round(said.until * 1000), 0, said.at.node), "expired")
        for wait, left in (0.1, 1), (5.0, 1), (WRITER_GRACE, 0), (6 * 3600.0, 0):
            await asyncio.sleep(wait)
            for graph in graphs:
                assert await graph.call(Graph.history, *ANN) == (expected,)
                value = await (await graph.call(Graph.replica)).call(Replica.value)
                assert len([key for key in value if len(key) == 4]) == left
            await graphs[1].stop()
            graphs[1] = await start("b")


async def test_while_a_clock_that_has_stepped_is_not_believed_it_is_a_part_and_with_the_clock_it_goes_back() -> (
    None
):
    ahead = 0.0
    async with System() as system:
        graph = await system.start(Graph, "world", None, None, Net(5).peers("a"), lambda: clock() + ahead)
        said = await graph.call(Graph.add, *ANN, who=WHO, ttl=86_400.0)
        ahead = 2 * 86_400.0
        await asyncio.sleep(3600.0)
        (period,) = await graph.call(Graph.history, *ANN)
        assert (period.how, period.end.millis) == ("expired", round(said.until * 1000))
        ahead = 0.0
        await asyncio.sleep(1.0)
        assert await graph.call(Graph.history, *ANN) == (Period(said),)


def test_each_source_has_its_own_and_what_is_said_after_it_stands_beside_it() -> None:
    site = Site("one")
    for n, who in enumerate(["camera", "clerk", "nurse"]):
        site.add(*ANN, who=who, until=NOW + 10 * n if n else None)
    site.now = NOW + 15
    list(site.book.expire(site.now))
    assert told(site) == [(None, None), ("expired", NOW + 10), (None, None)]
    site.now = NOW + 20
    list(site.book.expire(site.now))
    assert told(site) == [(None, None), ("expired", NOW + 10), ("expired", NOW + 20)]


@pytest.mark.parametrize("until", [NOW - 10, -1e308])
def test_what_arrives_expired_ended_when_it_was_said_at_the_soonest(until: float) -> None:
    site = Site("one")
    site.add(*ANN, until=until)
    assert told(site) == [("expired", NOW)]
    assert site.book.history(ANN)[0].end == site.book.history(ANN)[0].assertion.at


@pytest.mark.parametrize("until", [NOW + 20, 1e300, None])
def test_of_what_is_said_to_have_expired_before_its_time_the_end_is_that(until: float | None) -> None:
    """As by a clock that was ahead, and of which the stamp was put right since."""
    site = Site("one")
    said = Assertion(ANN, WHO, Stamp(int(NOW * 1000), 0, "x"), until=until)
    pen = site.pen()
    pen._write(past_key(said), ending(said, "expired", None, None, False), said.at)
    site.write(pen)
    assert told(site) == [("expired", NOW)]


@pytest.mark.parametrize("how", ["removed", "said anew", "put in", "taken out"])
def test_what_has_expired_beneath_a_later_word_stays_so_whatever_becomes_of_that(
    nodes: list[Node], how: str
) -> None:
    a, b, c = nodes
    a.say(ANN, until=NOW + 10)
    b.say(ANN, "a letter")
    for node in a, b, c:
        at(node, NOW + 5).hear(b)
        node.hear(a)
    assert told(c) == [(None, None)]
    first = at(c, NOW + 12).book.history(ANN)[0]
    assert (first.how, first.end and first.end.millis) == ("expired", (NOW + 10) * 1000)
    match how:
        case "removed":
            c.remove(ANN)
        case "said anew":
            c.say(ANN, "a call")
        case "put in":
            at(b, NOW + 12).say(ANN, "a call")
            c.load(b.export())
        case _:
            c.wait(GRACE)
    assert c.book.history(ANN)[0] == first
    assert len(c.book.history(ANN)) == (3 if how == "said anew" else 2)


def test_what_many_put_in_and_one_said_is_one_period(nodes: list[Node]) -> None:
    a, b, c = nodes
    a.say(ANN, until=NOW + 10)
    for node in b, c:
        node.load(a.export())
    for node in a, b:
        c.hear(node)
    assert len(c.writes()[(*ANN, WHO)]) == 3
    assert told(at(c, NOW + 12)) == [("expired", NOW + 10)]
    c.wait(GRACE)
    assert told(c) == [("expired", NOW + 10)]


@pytest.mark.parametrize("forgotten", [False, True])
def test_what_was_put_in_and_had_ended_elsewhere_is_told_as_it_ended_there(
    nodes: list[Node], forgotten: bool
) -> None:
    a, _, c = nodes
    a.say(ANN, until=NOW + 10)
    c.load(a.export())
    at(a, NOW + 5).remove(ANN)
    if forgotten:
        a.forget_past()
    at(c, NOW + 12).hear(a)
    for _ in range(2):
        assert told(c) == ([] if forgotten else [("removed", NOW + 5)])
        c.tend()


def test_where_the_state_knows_already_that_it_was_taken_out_it_is_told_all_the_same(
    nodes: list[Node],
) -> None:
    """As between two diffs: an index follows a little later."""
    a, b, _ = nodes
    a.say(ANN, until=NOW + 10)
    b.hear(a)
    a.wait(10 + WRITER_GRACE)
    at(b, a.time)
    delta = a.state.since(b.state.context)
    b.book.state = b.state.join(delta)
    assert told(b) == [("expired", NOW + 10)]
    list(b.book.follow(b.book.state, touched(delta), b.time))
    assert told(b) == [("expired", NOW + 10)]


@pytest.mark.parametrize("away", [6.0 * DAY, 8 * DAY])
def test_however_late_it_is_taken_out_it_is_kept_for_a_time_from_then_on_and_holds_against_old_exports(
    nodes: list[Node], away: float
) -> None:
    """As where all nodes were down meanwhile."""
    a, b, _ = nodes
    a.say(ANN)
    old = a.export(names_changes=False)
    at(a, NOW + 10).say(ANN, until=NOW + DAY)
    at(a, NOW + DAY + away).start("a again")
    keep, expected = 7 * DAY, [("expired", NOW + DAY)]
    for wait in 0.0, GRACE, 1.0, 3600.0, 6 * DAY:
        pulse(a, wait, keep)
        assert told(a) == expected
        assert a.load(old) != ["new"]
    at(b, a.time).hear(a)
    for node in a, b:
        pulse(node, DAY, keep)
        pulse(node, 1.0, keep)
        assert told(node) == []


def test_of_too_much_past_what_ended_first_goes_whenever_it_was_said(nodes: list[Node]) -> None:
    a = nodes[0]
    a.say(ANN, until=NOW + 3600)
    for n in range(MOST_PAST + 1):
        a.time += 60
        a.write(adding(Assertion(ANN, "camera", UNSTAMPED, f"round {n}"), (), a.book.ended))
    pulse(a, 3600.0, 7 * DAY)
    for wait in 0.0, WRITER_GRACE, 1.0, DAY:
        pulse(a, wait, 7 * DAY)
        assert ("expired", NOW + 3600) in told(a)
    assert [one.assertion.cause for one in a.book.history(ANN)] == [
        None,
        *[f"round {n}" for n in range(1, MOST_PAST + 1)],
    ]


def test_of_what_has_been_taken_out_nothing_is_kept_in_mind() -> None:
    site = Site("one")
    sources = [f"source {n}" for n in range(5)]
    for n, who in enumerate(sources):
        site.add(*ANN, who=who, until=NOW + n + 1)
    site.now += 10
    list(site.book.expire(site.now))
    expected = site.book.history(ANN)
    assert site.book._lapsed._stamps
    pen = site.pen()
    pen.drop_expired([(*ANN, who) for who in sources], site.now)
    site.write(pen)
    assert not site.book._lapsed._stamps
    assert site.book.history(ANN) == expected
    assert told(site) == [("expired", NOW + n + 1) for n in range(5)]


@pytest.mark.parametrize("put_in", [False, True])
def test_to_tell_what_has_expired_takes_no_longer_for_each_however_much_is_past(put_in: bool) -> None:
    few, many = [min(seconds_for_what_has_expired(past, put_in) for _ in range(3)) for past in (10, 2000)]
    assert many < 4 * few


def seconds_for_what_has_expired(past: int, put_in: bool) -> float:
    """What it takes to tell of 200 sources, beside `past` others whose words were removed."""
    site, sources = Site("one"), [f"source {n}" for n in range(200)]
    pen = site.pen()
    for n, who in enumerate(sources):
        if put_in:
            pen.restore(Assertion(ANN, who, Stamp(int(NOW) * 1000, n, "other"), until=NOW + 5))
        else:
            pen.add(ANN, who, until=NOW + 5)
    for n in range(past):
        pen.add(ANN, f"gone {n}")
    site.write(pen)
    pen = site.pen()
    pen.remove([(*ANN, f"gone {n}") for n in range(past)], "removed", "me")
    site.write(pen)
    list(site.book.expire(NOW + 10))
    search = site.book.ended_of(ANN)
    assert len([one for one in islice(search, 2 * past) if one]) == past
    begin = thread_time()
    told = [one.how for one in search if one]
    took = thread_time() - begin
    assert told == ["expired"] * len(sources)
    return took


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["say", "say", "load", "again", "remove", "hear", "hear", "wait"]),
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from([None, 5.0, 15.0, 25.0]),
    ),
    max_size=12,
)


@given(STEPS)
def test_to_take_it_out_changes_no_history(steps: list[tuple[str, int, int, float | None]]) -> None:
    nodes, time = three(), NOW
    for what, one, other, until in steps:
        node = nodes[one]
        match what:
            case "say":
                node.say(ANN, until=None if until is None else time + until)
            case "load" | "again":
                node.load(nodes[other].export(), again=what == "again")
            case "remove":
                node.remove(ANN)
            case "hear":
                node.hear(nodes[other])
            case _:
                time += 10.0
                for each in nodes:
                    at(each, time)
    for node in nodes:
        at(node, time + 2 * GRACE).tend()
        before = node.book.history(ANN)
        node.wait(0.0)
        assert node.book.history(ANN) == before
