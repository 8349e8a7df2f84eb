"""Telemetry events of the runtime: attach and detach, and each event is told (`LoopHeld`: in integration)."""

import asyncio
import logging
from typing import Any

import pytest

from cybernetic import CallFailed, CallTimeout, Crash, Kill, Killed, Normal, OptionError, StartFailed, System
from cybernetic.core import Event, attach, registered
from cybernetic.runtime import AgentEnded, AgentStarted, DeadLetter, LoopHeld, MailboxHigh, Zombie
from tests.runtime.processes.agents import Puppet, crash, heard, held, settled


async def test_a_start_and_an_end_are_told_of_once_each() -> None:
    async with System() as system:
        with heard(AgentStarted) as started, heard(AgentEnded) as ended:
            one, other = await system.start(Puppet), system.spawn(Puppet)
            assert [event.ref for event in started] == [one]
            await settled()
            assert [event.ref for event in started] == [one, other]
            one.cast(Puppet.do, crash)
            await settled()
            other.exit(Kill())
            other.exit(Kill())
            assert [(event.ref, event.reason) for event in ended] == [
                (one, Crash("ValueError", "on purpose")),
                (other, Killed()),
            ]
            third = await system.start(Puppet)
            await third.stop()
            assert ended[-1] == AgentEnded(third, Normal())


async def test_an_agent_that_does_not_start_is_told_of_as_ended_only() -> None:
    class Failing(Puppet):
        def setup(self) -> None:
            raise ValueError("on purpose")

    async with System() as system:
        with heard(AgentStarted) as started, heard(AgentEnded) as ended, pytest.raises(StartFailed):
            await system.start(Failing)
        assert started == []
        assert [event.reason for event in ended] == [Crash("ValueError", "on purpose")]


@pytest.mark.parametrize("why", ["dead", "unread", "no such name", "full", "sender has ended"])
async def test_every_message_that_is_dropped_is_a_dead_letter_that_says_why(why: str) -> None:
    class Narrow(Puppet):
        mailbox_limit = 1

    async with System() as system:
        agent, sender = await system.start(Narrow), await system.start(Puppet)
        target: Any = agent
        with heard(DeadLetter) as letters, held(agent):
            await settled()
            match why:
                case "dead":
                    agent.exit(Kill())
                    sender.cast(Puppet.do, lambda me: agent.cast(Puppet.note, "lost"))
                case "unread":
                    sender.cast(Puppet.do, lambda me: agent.cast(Puppet.note, "lost"))
                    await settled()
                    agent.exit(Kill())
                case "no such name":
                    target = system.named("nobody", Puppet)
                    sender.cast(Puppet.do, lambda me: target.cast(Puppet.note, "lost"))
                case "full":
                    agent.send("kept")
                    sender.cast(Puppet.do, lambda me: agent.cast(Puppet.note, "lost"))
                case "sender has ended":

                    def work(me: Any) -> None:
                        me.exit(me.ref, Kill())
                        agent.cast(Puppet.note, "lost")

                    sender.cast(Puppet.do, work)
            await settled()
        assert letters == [DeadLetter(target, ("lost",), sender, why)]
        assert system.statistics()["dead_letters"] == 1


async def test_a_call_is_no_dead_letter_for_its_caller_learns_of_it() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        with heard(DeadLetter) as letters:
            with held(agent):
                await settled()
                request = agent.request(Puppet.seen)
                agent.exit(Kill())
            for call in (request, agent.request(Puppet.seen), system.named("x", Puppet).call(Puppet.seen)):
                with pytest.raises(CallFailed):
                    await call
            slow = await system.start(Puppet)
            with pytest.raises(CallTimeout):
                await slow.within(1).call(Puppet.do, lambda me: asyncio.sleep(2))
            await asyncio.sleep(2)
        assert letters == []


async def test_nobody_hears_after_detaching() -> None:
    told: list[Any] = []
    async with System() as system:
        detach, detach_twin = attach(AgentStarted, told.append), attach(AgentStarted, told.append)
        await system.start(Puppet)
        assert len(told) == 2
        detach()
        detach()
        await system.start(Puppet)
        assert len(told) == 3
        detach_twin()
        await system.start(Puppet)
        assert len(told) == 3


async def test_a_listener_that_raises_is_logged_and_detached_and_the_others_hear(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls: list[Any] = []

    def broken(event: Any) -> None:
        calls.append(event)
        raise ValueError("a broken listener")

    attach(AgentStarted, broken)
    with heard(AgentStarted) as events, caplog.at_level(logging.ERROR):
        async with System() as system:
            refs = [await system.start(Puppet) for _ in range(3)]
            assert [event.ref for event in events] == refs
            assert system.alive(refs[0])
    assert len(calls) == 1
    assert len([record for record in caplog.records if "was detached" in record.message]) == 1


async def test_a_listener_may_detach_itself_and_others_while_it_is_told() -> None:
    told: list[str] = []

    def first(event: Any) -> None:
        told.append("first")
        detach_first()

    detach_first = attach(AgentStarted, first)
    detach_second = attach(AgentStarted, lambda event: told.append("second"))
    async with System() as system:
        await system.start(Puppet)
        await system.start(Puppet)
    detach_second()
    assert told == ["first", "second", "second"]


@pytest.mark.parametrize("wrong", [Event, int, "agent.started", None, AgentStarted(None)])
def test_only_a_registered_event_can_be_listened_to(wrong: Any) -> None:
    with pytest.raises(OptionError, match="a registered Event class"):
        attach(wrong, print)


def test_the_events_of_the_runtime_are_registered_with_name_owner_and_units() -> None:
    events = {event.name: event for event in registered() if event.owner == "runtime"}
    assert events == {
        "agent.started": AgentStarted,
        "agent.ended": AgentEnded,
        "message.dead_letter": DeadLetter,
        "mailbox.high_water": MailboxHigh,
        "loop.held": LoopHeld,
        "agent.zombie": Zombie,
    }
    assert MailboxHigh.units == {"length": "messages"}
    assert LoopHeld.units == {"seconds": "s"}
