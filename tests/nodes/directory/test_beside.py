"""Names and what agents say go along one line: neither overtakes the other, and nothing is said twice or too fast."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cybernetic import Agent, Kill
from cybernetic.nodes.directory.directory import AT_ONCE
from cybernetic.nodes.directory.entries import Claim
from cybernetic.nodes.directory.told import Told
from cybernetic.nodes.link.output import Output
from cybernetic.nodes.remote import ops
from tests.nodes.cluster.mesh import Holder, inside, one
from tests.nodes.directory.stage import watched

MANY = 8 * AT_ONCE


class Speaker(Agent):
    """Casts to another, and has something done in the same turn."""

    def __init__(self) -> None:
        self.count = 0

    def go(self, other: Any, then: Callable[[], object]) -> None:
        other.cast(Holder.note, 1)
        then()

    def push(self, other: Any, times: int) -> None:
        other.cast(Holder.note, bytes(100_000) + b"%d" % self.count)
        self.count += 1
        if self.count < times:
            self.ref.cast(Speaker.push, other, times)


async def test_casts_of_the_turn_in_which_a_link_is_closed_arrive() -> None:
    async with one("a") as first, one("b", "a") as second:
        holder = second.spawn(Holder, name="h")
        await asyncio.sleep(1)
        peer = inside(first).peers["b"]
        first.spawn(Speaker).cast(Speaker.go, first.whereis("h"), lambda: peer.close("enough"))
        await asyncio.sleep(1)
        assert await holder.call(Holder.seen) == [1]


@pytest.mark.parametrize("how", ["say", "inform"])
async def test_what_is_told_after_a_cast_leaves_after_it(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[bytes] = []
    async with one("a") as first, one("b", "a") as second:
        second.spawn(Holder, name="h")
        await asyncio.sleep(1)
        peer, codec = inside(first).peers["b"], inside(first).codec
        told, far = codec.encode((ops.PART, b"")), first.whereis("h")
        speaker = first.spawn(Speaker)
        with monkeypatch.context() as patch:
            patch.setattr(Output, "put", lambda _, data: left.append(data))
            then = {"say": lambda: peer.say(told), "inform": lambda: peer.inform(iter([(told, 1)]))}[how]
            speaker.cast(Speaker.go, far, then)
            await asyncio.sleep(0.1)
    assert [codec.decode(data)[0] for data in left][-2:] == [ops.CASTS, ops.PART]


async def test_agents_held_behind_names_go_on_when_these_are_told() -> None:
    async with one("a") as first, one("b", "a") as second:
        holder = second.spawn(Holder, name="h")
        await asyncio.sleep(1)
        far, peer = first.whereis("h"), inside(first).peers["b"]
        for n in range(MANY):
            first.spawn(Holder, name=f"n{n}")
        inside(first).exchange.lacks(peer, [])
        first.spawn(Speaker).cast(Speaker.push, far, 60)
        held = 0
        while not peer.line.open:
            await asyncio.sleep(0)
            held = max(held, len(peer.line._held))
        assert held
        await asyncio.sleep(5)
        got = await holder.call(Holder.seen)
        assert [int(each[100_000:]) for each in got] == [*range(60)]


async def test_a_link_that_takes_more_lets_no_more_leave_in_one_turn() -> None:
    async with one("a") as first, one("b", "a") as second:
        for n in range(MANY):
            first.spawn(Holder, name=f"n{n}")
        await asyncio.sleep(5)
        peer = inside(first).peers["b"]
        with watched(first, "b") as told:
            inside(first).exchange.lacks(peer, [])
            while not told["PART"]:
                await asyncio.sleep(0)
            for _ in range(3):
                peer.drained()
                assert told["PART"] == 1
        await asyncio.sleep(5)
        assert second.whereis("n0") is not None


async def test_a_name_is_told_when_the_link_takes_more() -> None:
    async with one("a") as first, one("b", "a") as second:
        await asyncio.sleep(5)
        peer = inside(first).peers["b"]
        peer.link.full = True
        first.spawn(Holder, name="x")
        await asyncio.sleep(0.5)
        assert not peer.line.open
        assert second.whereis("x") is None
        peer.link.full = False
        peer.drained()
        await asyncio.sleep(0.5)
        assert second.whereis("x") is not None


async def test_who_asks_twice_for_what_it_lacks_is_told_once() -> None:
    async with one("a") as first, one("b", "a") as second:
        for n in range(MANY):
            first.spawn(Holder, name=f"n{n}")
        await asyncio.sleep(5)
        exchange, peer = inside(first).exchange, inside(first).peers["b"]
        with watched(first, "b") as told:
            exchange.lacks(peer, [])
            exchange.lacks(peer, [])
            await asyncio.sleep(0.5)
            assert told["PART"] == MANY // AT_ONCE + 1  # and what is known of all changes
            exchange.lacks(peer, [])
            await asyncio.sleep(0.5)
            assert told["PART"] == 2 * (MANY // AT_ONCE + 1)
        assert len(second.names) == MANY


async def test_a_name_whose_agent_is_known_to_have_ended_leads_to_nobody() -> None:
    async with one("a") as first, one("b", "a") as second:
        ref = first.spawn(Holder, name="x")
        await asyncio.sleep(1)
        assert second.whereis("x") is not None
        inside(second).peers["a"].gone(ref._serial, Kill())  # before that the name is free is told
        assert second.whereis("x") is None
        assert "x" not in second.names


def test_an_agent_that_gave_up_another_name_has_its_own() -> None:
    told = Told(("a", "1"))
    old, new = (Claim(name, ("a", "1"), None, 5, "C") for name in ("old", "new"))  # type: ignore[arg-type]
    told.name(old)
    told.name(new)
    told.unname(old)
    assert told.named(5) == "new"
    told.unname(new)
    assert told.named(5) is None
