"""Timers (P-15)."""

import asyncio
import logging
from typing import Any

import pytest

from cybernetic import BadCall, Kill, OptionError, Stop, System
from cybernetic.runtime import DeadLetter
from tests.runtime.processes.agents import Puppet, crash, heard, held, settled


def now() -> float:
    return asyncio.get_running_loop().time()


class Clocked(Puppet):
    """Notes when each message is handled."""

    def note(self, value: Any) -> None:
        self.got.append((value, now()))

    def receive(self, message: Any) -> None:
        self.got.append((message, now()))


async def test_p_15_a_timer_delivers_when_it_is_due() -> None:
    async with System() as system:
        agent = await system.start(Clocked)
        cast, sent = agent.after(2.0).cast(Puppet.note, "cast"), agent.after(1.5).send("send")
        assert cast.active
        assert sent.active
        await asyncio.sleep(3)
        assert await agent.call(Puppet.seen) == [("send", 1.5), ("cast", 2.0)]
        assert not cast.active


async def test_p_15_every_repeats_without_drift_until_it_is_cancelled() -> None:
    async with System() as system:
        agent = await system.start(Clocked)
        timer = agent.every(0.5).cast(Puppet.note, "tick")
        await asyncio.sleep(2.25)
        assert timer.active
        assert timer.cancel() == pytest.approx(0.25)
        await asyncio.sleep(5)
        assert await agent.call(Puppet.seen) == [("tick", pytest.approx(0.5 * n)) for n in (1, 2, 3, 4)]
        assert not timer.active


async def test_p_15_cancel_tells_what_was_left_once() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        timer, fired = agent.after(10).send("never"), agent.after(1).send("fired")
        await asyncio.sleep(4)
        assert timer.cancel() == pytest.approx(6)
        assert timer.cancel() is None
        assert fired.cancel() is None
        await asyncio.sleep(20)
        assert await agent.call(Puppet.seen) == ["fired"]


async def test_p_15_a_message_that_was_delivered_stays_in_the_mailbox() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        with held(agent):
            await settled()
            timer = agent.after(1).send("delivered")
            await asyncio.sleep(2)
            assert timer.cancel() is None
        assert await agent.call(Puppet.seen) == ["delivered"]


async def test_p_15_a_timer_of_zero_goes_behind_what_is_queued() -> None:
    async with System() as system:
        agent = await system.start(Puppet)

        def work(me: Any) -> None:
            me.ref.after(0).cast(Puppet.note, "timer")
            me.ref.send("queued")

        with held(agent):
            await settled()
            agent.send("first")
            agent.cast(Puppet.do, work)
            await settled()
        await settled()
        assert await agent.call(Puppet.seen) == ["first", "queued", "timer"]


@pytest.mark.parametrize("repeated", [False, True], ids=["after", "every"])
async def test_p_15_a_timer_for_a_dead_agent_is_dropped(repeated: bool) -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        timer = (agent.every if repeated else agent.after)(1).send("late")
        agent.exit(Kill())
        with heard(DeadLetter) as letters:
            await asyncio.sleep(5)
        assert not timer.active
        assert letters == []


async def test_p_15_a_timer_to_a_dead_agent_from_the_start_is_no_error() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        agent.exit(Kill())
        timer = agent.after(1).send("late")
        await asyncio.sleep(2)
        assert not timer.active


async def test_p_15_a_name_is_resolved_when_the_timer_is_due() -> None:
    async with System() as system:
        first = await system.start(Clocked, name="it")
        it = system.named("it", Clocked)
        it.after(2).cast(Puppet.note, "for whoever holds it then")
        first.exit(Kill())
        await asyncio.sleep(1)
        await system.start(Clocked, name="it")
        await asyncio.sleep(2)
        assert await it.call(Puppet.seen) == [("for whoever holds it then", 2.0)]


async def test_p_15_a_name_nobody_holds_is_no_error_and_every_goes_on() -> None:
    async with System() as system:
        it = system.named("it", Clocked)
        once, timer = it.after(1).send("nobody"), it.every(1).send("tick")
        await asyncio.sleep(1.5)
        assert not once.active
        await system.start(Clocked, name="it")
        await asyncio.sleep(1)
        assert await it.call(Puppet.seen) == [("tick", 2.0)]
        assert timer.active
        timer.cancel()


async def test_p_15_a_timer_to_an_address_with_a_deadline_works_as_well() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        agent.within(3).after(1).send("x")
        await asyncio.sleep(2)
        assert await agent.call(Puppet.seen) == ["x"]


async def test_p_15_a_timer_may_end_its_own_agent() -> None:
    class Mortal(Puppet):
        def end(self) -> None:
            raise Stop

    async with System() as system:
        agent = await system.start(Mortal)
        agent.every(1).cast(Mortal.end)
        await asyncio.sleep(5)
        assert not system.alive(agent)


async def test_a_timer_names_who_started_it_as_the_sender() -> None:
    class Curious(Puppet):
        def receive(self, message: Any) -> None:
            self.got.append((message, self.sender))

    async def beside(me: Any) -> None:
        target.after(2).send("task")

    def work(me: Any) -> None:
        target.after(1).send("handler")
        me.task(beside(me))

    async with System() as system:
        target, starter = await system.start(Curious), await system.start(Puppet)
        await starter.call(Puppet.do, work)
        target.after(3).send("outside")
        await asyncio.sleep(4)
        assert await target.call(Puppet.seen) == [("handler", starter), ("task", starter), ("outside", None)]


async def test_a_traced_agents_timer_names_it_as_the_sender() -> None:
    class Curious(Puppet):
        def receive(self, message: Any) -> None:
            self.got.append(self.sender)

    async with System() as system:
        target, starter = await system.start(Curious), await system.start(Puppet)
        await starter.inspect().trace()
        await starter.call(Puppet.do, lambda me: target.after(1).send("x") and None)
        await asyncio.sleep(2)
        assert await target.call(Puppet.seen) == [starter]


async def test_mistakes_with_timers_are_errors_at_the_line() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        for wrong in (-1, "1", None, float("nan"), float("inf"), True):
            with pytest.raises(OptionError, match="after"):
                agent.after(wrong)  # type: ignore[arg-type]
        for wrong in (0, -1, "1", None, float("inf")):
            with pytest.raises(OptionError, match="every"):
                agent.every(wrong)  # type: ignore[arg-type]
        with pytest.raises(BadCall):
            agent.after(1).cast(agent.cast)  # type: ignore[arg-type]
        with pytest.raises(BadCall):
            system.named("it", Puppet).after(1).cast(lambda me: None)


async def test_a_crash_in_a_timed_message_is_reported_as_that_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        agent.after(1).cast(Puppet.do, crash)
        with caplog.at_level(logging.ERROR):
            await asyncio.sleep(2)
        (report,) = [record.report for record in caplog.records if hasattr(record, "report")]
        assert report.message.startswith("Puppet.do(")


async def test_a_timed_cast_that_does_not_bind_is_the_senders_fault(caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        agent.after(1).cast(Puppet.note)  # type: ignore[call-arg]
        with caplog.at_level(logging.ERROR):
            await asyncio.sleep(2)
        assert system.alive(agent)
        assert system.statistics()["bad_calls"] == 1
        assert "Puppet.note: arguments do not bind" in caplog.text


async def test_the_end_of_the_system_ends_its_timers() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        timers = [
            agent.after(100).send(1),
            agent.every(100).send(2),
            system.named("x", Puppet).every(1).send(3),
        ]
    assert [timer.active for timer in timers] == [False] * 3
