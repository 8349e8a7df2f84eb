"""Unbounded mailboxes that grow long are told of."""

import asyncio
from typing import Any

import pytest

from cybernetic import System
from cybernetic.runtime import MailboxHigh
from tests.runtime.processes.agents import Puppet, heard, held, settled

HIGH = 10_000


async def _parked(agent: Any) -> None:
    agent.cast(Puppet.do, lambda me: asyncio.sleep(100))
    await settled()


async def _suspended(agent: Any) -> None:
    await agent.inspect().suspend()


async def _idle(agent: Any) -> None:
    return


@pytest.mark.parametrize("state", [_idle, _parked, _suspended])
async def test_py_8_a_long_mailbox_is_told_of_at_the_mark_and_at_each_doubling(state: Any) -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        await state(agent)
        with heard(MailboxHigh) as events:
            for n in range(HIGH - 1):
                agent.send(n)
            await settled()
            assert events == []
            if state is _idle:
                for n in range(HIGH):
                    agent.send(n)
                await settled()
                assert [(event.ref, event.length) for event in events] == [(agent, HIGH)]
            else:
                for n in range(3 * HIGH + 10):
                    agent.send(n)
                await settled()
                assert [event.length for event in events] == [HIGH, 2 * HIGH, 4 * HIGH]
        assert system.statistics()["high_waters"] == len(events)
        if state is _suspended:
            await agent.inspect().resume()
        await asyncio.sleep(200)
        assert len(await agent.call(Puppet.seen)) >= 2 * HIGH - 1


async def test_py_8_a_mailbox_that_is_long_when_its_handler_begins_to_wait_is_told_of() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        with heard(MailboxHigh) as events, held(agent):
            await settled()
            for n in range(HIGH):
                agent.send(n)
        await settled()
        assert events
        assert {event.ref for event in events} == {agent}
        assert events[0].length == HIGH


async def test_py_8_a_short_mailbox_is_not_told_of_however_much_passes_through() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        with heard(MailboxHigh) as events:
            for _ in range(20):
                for n in range(1000):
                    agent.send(n)
                await settled()
        assert events == []
