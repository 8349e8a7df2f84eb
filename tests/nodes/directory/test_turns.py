"""Nodes with many names that stop, start anew, or are linked anew in the very turns in which links break and begin."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from cybernetic import Agent, Down, NoConnection, System, attach
from cybernetic.nodes import NodeJoined, NodeLagging, NodeLost
from cybernetic.nodes.directory.directory import AT_ONCE
from cybernetic.nodes.directory.exchange import Exchange
from tests.nodes.cluster.mesh import Holder, inside, one
from tests.nodes.directory.stage import part

MANY = 5 * AT_ONCE
PASSES = range(6)  # of the loop, between one thing and the next


@pytest.fixture
def events() -> Iterator[list[Any]]:
    """What becomes of nodes: of each event its kind, the node, and when it was."""
    seen: list[Any] = []

    def note(event: Any) -> None:
        seen.append((type(event).__name__, event.node, asyncio.get_running_loop().time()))

    ends = [attach(kind, note) for kind in (NodeJoined, NodeLagging, NodeLost)]
    yield seen
    for end in ends:
        end()


async def crowded(system: System, many: int = MANY) -> None:
    for n in range(many):
        system.spawn(Holder, name=f"n{n}")
    await asyncio.sleep(5)


async def passes(many: int) -> None:
    for _ in range(many):
        await asyncio.sleep(0)


def killed(system: System) -> None:
    """The end of a node as others see it when its process is killed."""
    cluster = inside(system)
    cluster.leaving = True
    for listener in cluster._listeners:
        listener.close()
    for task in tuple(cluster._tasks):
        task.cancel()
    for peer in list(cluster.peers.values()):
        peer.link.abort("killed")


@pytest.mark.parametrize("later", PASSES)
async def test_a_system_that_is_stopped_when_a_link_breaks_stops(later: int) -> None:
    async with one("a") as first:
        second = one("b", "a")
        await second.__aenter__()
        await crowded(first)
        inside(second).peers["a"].link.abort("for a test")
        await passes(later)
        async with asyncio.timeout(10):
            await second.stop()
        assert inside(second).peers == {}


@pytest.mark.parametrize("later", PASSES)
async def test_a_node_that_leaves_when_it_loses_another_leaves(later: int) -> None:
    async with one("a") as first, one("b", "a") as second:
        await crowded(first)
        inside(second).lose(inside(second).peers["a"], "for a test")
        await passes(later)
        async with asyncio.timeout(10):
            await inside(second).leave()
        assert second.names == {}


@pytest.mark.parametrize("later", [0, 3])
async def test_a_node_that_is_started_anew_at_once_is_welcome_and_what_it_had_before_is_gone(
    later: int,
) -> None:
    async with one("b") as second:
        first = one("a", "b")
        await first.__aenter__()
        await crowded(first, 8 * MANY)
        peer = inside(second).peers["a"]
        killed(first)
        while peer.link is not None and peer.link._reason is None:
            await passes(1)
        await passes(later)
        assert inside(second).exchange.directory._claims  # which are still being freed
        async with one("a", "b", listen=["memory:a2"]) as again:
            new = again.spawn(Holder, name="n1")
            await asyncio.sleep(1)
            assert list(second.names) == ["n1"]
            found: Any = second.whereis("n1")
            assert found._serial == new._serial
            assert await found.call(Holder.seen) == []
            assert part(second, again) == part(again, again)
        await first.stop()


@pytest.mark.parametrize("later", PASSES)
async def test_a_node_that_is_linked_anew_at_once_has_its_names_whenever_the_old_ones_are_freed(
    later: int, events: list[Any]
) -> None:
    async with one("a") as first, one("b", "a") as second:
        await crowded(first)
        events.clear()
        before = inside(second).peers["a"]
        if later:
            before.link.abort("for a test")
            await passes(later)
        await inside(second).join(inside(first)._listeners[0].address)
        assert before.lost
        assert inside(second).peers["a"].link is not None
        await asyncio.sleep(5)
        assert [event[:2] for event in events if event[1] == "a"] == [("NodeLost", "a"), ("NodeJoined", "a")]
        assert len(second.names) == MANY
        assert part(second, first) == part(first, first)
        assert len(inside(second).exchange.directory._claims) == MANY


@pytest.mark.parametrize("later", PASSES)
async def test_what_agents_have_said_arrives_though_their_node_leaves_at_once(later: int) -> None:
    async with one("b") as second:
        first = one("a")
        await first.__aenter__()
        await crowded(first)
        hearer: Any = second.spawn(Holder)
        await inside(first).join(inside(second)._listeners[0].address)
        far = inside(first).peers["b"].proxy(hearer._serial, hearer._protocol)
        far.cast(Holder.note, "last words")
        await passes(later)
        await inside(first).leave()
        await asyncio.sleep(3)
        assert await hearer.call(Holder.seen) == ["last words"]
        await first.stop()


@pytest.mark.parametrize("later", PASSES)
async def test_what_was_said_before_a_link_breaks_arrives_in_order_however_much_has_to_be_heard(
    later: int,
) -> None:
    async with one("b") as second, one("a", "b") as first:
        await crowded(first)
        hearer: Any = second.spawn(Holder)
        await asyncio.sleep(1)
        far = inside(first).peers["b"].proxy(hearer._serial, hearer._protocol)
        for n in range(MANY):
            first.spawn(Holder, name=f"m{n}")
            far.cast(Holder.note, n)
        await passes(later)
        inside(first).peers["b"].close("for a test")
        await asyncio.sleep(20)
        assert await hearer.call(Holder.seen) == list(range(MANY))
        assert len(second.names) == 2 * MANY


@pytest.mark.parametrize("later", [7, 9, 11])
async def test_who_stops_when_it_is_linked_anew_is_lost_by_the_other_at_once(
    later: int, events: list[Any]
) -> None:
    """The line breaks, the other end calls anew at once, and this node is stopped."""
    async with one("a") as first:
        second = one("b", "a")
        await second.__aenter__()
        await crowded(first, 4 * MANY)
        inside(second).peers["a"].link.abort("the line breaks")
        anew = asyncio.ensure_future(inside(first).join(inside(second)._listeners[0].address))
        await passes(later)
        stopped = asyncio.get_running_loop().time()
        await second.stop()
        await asyncio.wait([anew])
        anew.exception()
        await asyncio.sleep(30)
        assert inside(first).peers == {}
        assert all(when - stopped < 1 for _, _, when in events)
        assert "NodeLagging" not in [kind for kind, _, _ in events]


async def test_nobody_is_silent_however_long_what_was_known_is_freed(
    monkeypatch: pytest.MonkeyPatch, events: list[Any]
) -> None:
    def late(exchange: Exchange) -> None:
        asyncio.get_running_loop().call_later(3, free, exchange)

    free = Exchange._do_some
    monkeypatch.setattr(Exchange, "_do_some", late)
    async with one("a") as first, one("b", "a") as second:
        await crowded(first)
        events.clear()
        for again in range(3):
            await inside(second).join(inside(first)._listeners[0].address)
            await asyncio.sleep(5)
            assert len(inside(second).exchange.directory._rest) == again + 1
            assert len(second.names) == MANY - again
            await first.named(f"n{again}", Holder).stop()
            await asyncio.sleep(0.1)
            assert second.whereis(f"n{again}") is None
        await asyncio.sleep(60)
        assert not inside(second).exchange.directory.busy
        assert len(inside(second).exchange.directory._claims) == len(second.names) == MANY - 3
        assert {kind for kind, _, _ in events} == {"NodeJoined", "NodeLost"}
        assert len(events) == 12


class Mourner(Agent):
    """Counts the names it can see when it hears of an end."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def watch(self, other: Any) -> None:
        self.monitor(other)

    def receive(self, message: Any) -> None:
        self.heard.append((message, len(self.system.names)))

    def tell(self) -> list[Any]:
        return self.heard


async def test_who_watches_hears_once_of_a_lost_agent_and_finds_all_its_names_free() -> None:
    async with one("a") as first, one("b", "a") as second:
        await crowded(first)
        near, kept = second.spawn(Mourner), second.whereis("n2")
        await near.call(Mourner.watch, second.whereis("n1"))
        assert kept is not None
        inside(second).lose(inside(second).peers["a"], "for a test")
        assert (kept.gone, kept.name, second.whereis("n2")) == (True, "n2", None)
        mine = second.spawn(Holder, name="n3")
        await asyncio.sleep(0)
        ((message, free),) = await near.call(Mourner.tell)
        assert isinstance(message, Down)
        assert isinstance(message.reason, NoConnection)
        assert free == 1
        assert second.names == {"n3": mine}
        await asyncio.sleep(10)
        assert len(await near.call(Mourner.tell)) == 1
        found: Any = first.whereis("n3")
        assert (second.whereis("n3"), found._serial) == (mine, mine._serial)  # it took the name later


async def test_an_agent_of_another_node_says_its_name_however_its_address_has_come() -> None:
    async with one("a") as first, one("b", "a") as second:
        early: Any = first.spawn(Holder)
        late: Any = first.spawn(Holder, name="late")
        await asyncio.sleep(1)
        peer = inside(second).peers["a"]
        assert peer.proxy(late._serial, late._protocol).name == "late"
        seen = peer.proxy(early._serial, early._protocol)
        assert seen.name is None
        inside(first).exchange.names["early"] = early
        await asyncio.sleep(1)
        assert seen.name == "early"
        assert second.names == {"late": second.whereis("late"), "early": seen}
        assert ("early" in inside(second).exchange.names, "x" in inside(second).exchange.names) == (
            True,
            False,
        )


async def test_an_address_that_was_asked_for_is_kept_as_long_as_its_name_leads_there() -> None:
    async with one("a") as first, one("b", "a") as second:
        await crowded(first)
        seen = [id(second.whereis(f"n{n}")) for n in range(MANY)]
        assert [id(second.whereis(f"n{n}")) for n in range(MANY)] == seen
        assert {id(ref) for ref in second.names.values()} == {*seen}
        names = inside(second).exchange.names
        await first.named("n0", Holder).stop()
        await asyncio.sleep(1)
        assert (len(names._there), names.get("n0")) == (MANY - 1, None)
        inside(second).leaving = True  # so that it is not linked anew
        inside(second).lose(inside(second).peers["a"], "for a test")
        assert second.names == {}
        await asyncio.sleep(1)
        assert len(names._there) == 0


async def test_who_handles_what_is_logged_of_a_lost_node_finds_its_names_free() -> None:
    found: list[Any] = []
    async with one("a") as first, one("b", "a") as second:
        await crowded(first)
        assert len(second.names) == MANY

        class Reader(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                found.append((second.whereis("n1"), second.names))

        log, reader = logging.getLogger("cybernetic.nodes"), Reader(logging.WARNING)
        log.addHandler(reader)
        inside(second).lose(inside(second).peers["a"], "for a test")
        log.removeHandler(reader)
    assert found == [(None, {})]
