"""Turns: at most 64 messages each, one at a time, in the order agents became ready (decision 1)."""

import asyncio
from collections import Counter
from itertools import groupby
from typing import Any

import pytest

from cybernetic import Agent, System
from tests.runtime.processes.agents import Puppet, held, settled

TURN = 64


class Scribe(Agent):
    """Writes every message into a list that several share."""

    def __init__(self, name: str, written: list[str]) -> None:
        self.name, self.written = name, written

    def write(self) -> None:
        self.written.append(self.name)

    async def write_async(self) -> None:
        self.written.append(self.name)

    def again(self, left: int) -> None:
        self.written.append(self.name)
        if left:
            self.ref.cast(Scribe.again, left - 1)


def runs(written: list[str]) -> list[tuple[str, int]]:
    """How often each wrote in a row."""
    return [(name, len(list(group))) for name, group in groupby(written)]


@pytest.mark.parametrize("method", [Scribe.write, Scribe.write_async])
async def test_an_agent_handles_at_most_64_messages_before_others_get_a_turn(method: Any) -> None:
    written: list[str] = []
    async with System() as system:
        a, b = [await system.start(Scribe, name, written) for name in "ab"]
        for _ in range(200):
            a.cast(method)
        for _ in range(3):
            b.cast(method)
        await settled()
        if method is Scribe.write:
            assert runs(written) == [("a", TURN), ("b", 3), ("a", 200 - TURN)]
        assert written.index("b") <= TURN
        assert len(written) == 203
        assert (a.inspect().info().reductions, b.inspect().info().reductions) == (200, 3)


async def test_two_floods_take_turns() -> None:
    written: list[str] = []
    async with System() as system:
        a, b = [await system.start(Scribe, name, written) for name in "ab"]
        for _ in range(TURN * 3 + 1):
            a.cast(Scribe.write)
            b.cast(Scribe.write)
        await settled()
        assert runs(written) == [*[("a", TURN), ("b", TURN)] * 3, ("a", 1), ("b", 1)]


async def test_an_agent_that_casts_to_itself_lets_others_in_after_every_turn() -> None:
    written: list[str] = []
    async with System() as system:
        a, b = [await system.start(Scribe, name, written) for name in "ab"]
        a.cast(Scribe.again, 9)
        b.cast(Scribe.again, 9)
        await settled()
        assert runs(written) == [("a", 1), ("b", 1)] * 10


async def test_an_agent_in_a_context_of_its_own_and_a_traced_one_get_no_longer_turns() -> None:
    written: list[str] = []
    async with System() as system:
        a, b = [await system.start(Scribe, name, written) for name in "ab"]
        await a.call(Scribe.write_async)  # from here on its turns run in a context of their own
        await b.inspect().trace()
        written.clear()
        for _ in range(150):
            a.cast(Scribe.write)
            b.cast(Scribe.write)
        await settled()
        assert max(count for _, count in runs(written)[:-1]) <= TURN
        assert Counter(written) == {"a": 150, "b": 150}
        assert len(await b.inspect().log()) == 10
        assert (a.inspect().info().reductions, b.inspect().info().reductions) == (151, 152)


@pytest.mark.parametrize("inline", [True, False])
async def test_one_message_at_a_time_also_while_a_handler_waits(inline: bool) -> None:
    at_work: set[int] = set()
    most: list[int] = []

    class Worker(Agent):
        async def work(self, n: int) -> None:
            at_work.add(n)
            most.append(len(at_work))
            await asyncio.sleep(0.1 * (n % 3))
            at_work.discard(n)

    async with System(inline=inline) as system:
        agent = await system.start(Worker)
        for n in range(100):
            agent.cast(Worker.work, n)
        await asyncio.sleep(100)
        assert most == [1] * 100
        assert agent.inspect().info().reductions == 100


@pytest.mark.parametrize("length", [1, 2, TURN, TURN + 1, 3 * TURN, 1000])
async def test_every_message_is_handled_once_and_counted_whatever_the_length(length: int) -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        with held(agent):
            await settled()
            for n in range(length):
                agent.send(n)
            assert agent.inspect().info().length == length
        await settled()
        assert agent.inspect().info().length == 0
        assert agent.inspect().info().reductions == length + 1
        assert await agent.call(Puppet.seen) == list(range(length))


async def test_a_chain_of_sends_does_not_nest() -> None:
    class Hop(Agent):
        def hop(self, left: int) -> None:
            if left:
                self.spawn(Hop).cast(Hop.hop, left - 1)
            else:
                done.set()

    done = asyncio.Event()
    async with System() as system:
        first = await system.start(Hop)
        first.cast(Hop.hop, 3000)
        await done.wait()
        assert system.statistics()["started"] == 3001
