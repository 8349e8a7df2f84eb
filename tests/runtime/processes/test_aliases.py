"""Reply addresses that are switched off: what comes to them later vanishes before any mailbox (M-8)."""

import asyncio
from typing import Any

import pytest

from cybernetic import Agent, CallTimeout, Deferred, Kill, System
from tests.runtime.processes.agents import Puppet, held, settled


class Slow(Agent):
    """Answers when it is told to, from outside its handler."""

    def __init__(self) -> None:
        self.kept: list[Deferred[Any]] = []

    def ask(self) -> Any:
        deferred = self.defer()
        self.kept.append(deferred)
        return deferred

    def answer(self, value: Any) -> list[bool]:
        return [deferred.reply(value) for deferred in self.kept]


async def test_m_8_an_alias_is_used_once() -> None:
    async with System() as system:
        slow = await system.start(Slow)
        request = slow.request(Slow.ask)
        assert await slow.call(Slow.answer, "first") == [True]
        assert await slow.call(Slow.answer, "second") == [False]
        assert await request == "first"
        assert await request == "first"


@pytest.mark.parametrize("from_an_agent", [False, True])
async def test_m_8_after_a_time_out_a_late_answer_vanishes(from_an_agent: bool) -> None:
    async with System() as system:
        slow, caller = await system.start(Slow), await system.start(Puppet)

        async def ask(me: Any = None) -> str:
            try:
                await slow.within(1).call(Slow.ask)
            except CallTimeout:
                return "too late"
            return "in time"

        assert await (caller.call(Puppet.do, ask) if from_an_agent else ask()) == "too late"
        assert await slow.call(Slow.answer, "late") == [False]
        await settled()
        assert await caller.call(Puppet.seen) == []
        assert system.statistics()["dead_letters"] == 0


async def test_m_8_an_alias_goes_with_the_one_who_asked() -> None:
    async with System() as system:
        slow, caller = await system.start(Slow), await system.start(Puppet)
        caller.cast(Puppet.do, lambda me: slow.within(None).call(Slow.ask))
        await settled()
        caller.exit(Kill())
        await settled()
        assert await slow.call(Slow.answer, "to nobody") == [False]


async def test_m_8_an_alias_goes_with_a_cancelled_task() -> None:
    async with System() as system:
        slow = await system.start(Slow)
        task = asyncio.create_task(slow.call(Slow.ask))
        await settled()
        task.cancel()
        await settled()
        assert await slow.call(Slow.answer, "to nobody") == [False]


async def test_m_8_the_request_itself_is_not_withdrawn() -> None:
    async with System() as system:
        target = await system.start(Puppet)
        with held(target):
            await settled()
            with pytest.raises(CallTimeout):
                await target.within(1).call(Puppet.note, "done all the same")
        assert await target.call(Puppet.seen) == ["done all the same"]


async def test_m_8_an_answer_that_is_there_already_stays() -> None:
    async with System() as system:
        target = await system.start(Puppet)
        request = target.within(1).request(Puppet.seen)
        await asyncio.sleep(100)
        target.exit(Kill())
        assert await request == []
