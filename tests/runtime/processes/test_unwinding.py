"""Death while a handler waits: kills, exit signals, time limits and zombies (decision 5)."""

import asyncio
import logging
from typing import Any

import pytest

from cybernetic import CallFailed, Down, Exit, Kill, Killed, NotRunning, Shutdown, Stop, System
from cybernetic.runtime import DeadLetter, Zombie
from tests.runtime.processes.agents import (
    Puppet,
    Upset,
    ends,
    heard,
    linked,
    monitored,
    raised_by,
    settled,
)

INLINE = pytest.mark.parametrize("inline", [True, False], ids=["inline", "own task"])


class Unwinding(Puppet):
    """Waits in `hold`; when it is cancelled it takes `seconds` to unwind, and says so."""

    def __init__(self, seconds: float, log: list[Any], trap: bool = False) -> None:
        super().__init__(trap)
        self.seconds, self.log = seconds, log

    async def hold(self) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.log.append("cancelled")
            await asyncio.sleep(self.seconds)
            self.log.append("unwound")
            raise
        return "never"

    async def refuse(self, rounds: int) -> str:
        """Swallow every cancellation for `rounds` rounds of 2 seconds, then return."""
        for _ in range(rounds):
            try:
                await asyncio.sleep(2)
            except asyncio.CancelledError:
                self.log.append("swallowed")
        return "an answer"


@INLINE
async def test_a_kill_announces_at_once_and_cancels_then(inline: bool) -> None:
    log: list[Any] = []
    async with System(inline=inline) as system:
        victim = await system.start(Unwinding, 1.0, log, name="victim")
        watcher, peer = await system.start(Puppet), await system.start(Puppet, True)
        token = await monitored(watcher, victim)
        await linked(peer, victim)
        handled, queued = victim.request(Unwinding.hold), victim.request(Puppet.seen)
        await settled()
        victim.exit(Kill())
        assert log == []
        assert not system.alive(victim)
        assert system.whereis("victim") is None
        for request in (handled, queued):
            with pytest.raises(CallFailed) as failure:
                await request
            assert failure.value.reason == Killed()
        assert await watcher.call(Puppet.seen) == [Down(token, victim, Killed())]
        assert await peer.call(Puppet.seen) == [Exit(victim, Killed())]
        await settled()
        assert log == ["cancelled"]
        await asyncio.sleep(2)
        assert log == ["cancelled", "unwound"]
        assert system.statistics()["zombies"] == 0


@INLINE
async def test_another_exit_signal_is_announced_when_the_handler_has_unwound(inline: bool) -> None:
    log: list[Any] = []
    async with System(inline=inline) as system:
        victim = await system.start(Unwinding, 1.0, log, name="victim")
        watcher = await system.start(Puppet)
        token = await monitored(watcher, victim)
        handled, queued = victim.request(Unwinding.hold), victim.request(Puppet.seen)
        await settled()
        victim.exit(Upset())
        assert not system.alive(victim)
        await settled()
        assert log == ["cancelled"]
        with pytest.raises(CallFailed) as failure:
            await victim.call(Puppet.seen)  # its mailbox is closed
        assert failure.value.reason == Upset()
        assert await watcher.call(Puppet.seen) == []
        assert system.whereis("victim") is victim
        await asyncio.sleep(1)
        assert log == ["cancelled", "unwound"]
        assert await watcher.call(Puppet.seen) == [Down(token, victim, Upset())]
        assert system.whereis("victim") is None
        for request in (handled, queued):
            with pytest.raises(CallFailed) as failure:
                await request
            assert failure.value.reason == Upset()


@INLINE
async def test_an_exit_signal_is_announced_at_the_shutdown_limit_at_the_latest(inline: bool) -> None:
    log: list[Any] = []
    async with System(inline=inline) as system:
        victim, watcher = await system.start(Unwinding, 7.0, log), await system.start(Puppet)
        token = await monitored(watcher, victim)
        victim.cast(Unwinding.hold)
        await settled()
        victim.exit(Upset())
        await asyncio.sleep(4.9)
        assert await watcher.call(Puppet.seen) == []
        await asyncio.sleep(0.2)
        assert await watcher.call(Puppet.seen) == [Down(token, victim, Upset())]
        await asyncio.sleep(10)


@INLINE
@pytest.mark.parametrize("reason", [Kill(), Upset()])
async def test_what_a_cancelled_handler_returns_is_not_an_answer(inline: bool, reason: Any) -> None:
    log: list[Any] = []
    async with System(inline=inline) as system:
        victim = await system.start(Unwinding, 0.0, log)
        request = victim.request(Unwinding.refuse, 1)
        await settled()
        with ends() as reasons:
            victim.exit(reason)
            with pytest.raises(CallFailed):
                await request
            await asyncio.sleep(3)
        assert log == ["swallowed"]
        assert reasons == {victim: Killed() if reason == Kill() else reason}


@INLINE
async def test_what_a_handler_raises_while_it_unwinds_changes_nothing(inline: bool) -> None:
    async def upset(me: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("while unwinding")

    async with System(inline=inline) as system:
        for reason, told in ((Upset(), Upset()), (Kill(), Killed())):
            victim = await system.start(Puppet)
            victim.cast(Puppet.do, upset)
            await settled()
            with ends() as reasons:
                victim.exit(reason)
                await settled()
            assert reasons == {victim: told}


@INLINE
async def test_an_agent_that_unwinds_may_still_send_and_its_messages_come_before_its_down(
    inline: bool,
) -> None:
    async with System(inline=inline) as system:
        target = await system.start(Puppet)

        async def say_goodbye(me: Any) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                target.send("goodbye")

        victim = await system.start(Puppet)
        token = await monitored(target, victim)
        victim.cast(Puppet.do, say_goodbye)
        await settled()
        victim.exit(Upset())
        await settled()
        assert await target.call(Puppet.seen) == ["goodbye", Down(token, victim, Upset())]


@INLINE
async def test_a_zombie_is_reported_and_its_sends_are_dropped(
    inline: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with System(inline=inline) as system:
        target, deaf = await system.start(Puppet, True, name="target"), await system.start(Puppet)
        failures: list[Any] = []

        async def haunt(me: Any) -> None:
            for _ in range(4):
                try:
                    await asyncio.sleep(2)
                except asyncio.CancelledError:
                    continue
                target.cast(Puppet.note, "cast")
                target.send("send")
                system.named("target", Puppet).send("by name")
                target.after(0).send("timer")
                target.exit(Upset("from a zombie"))
                try:
                    await target.call(Puppet.note, "call")
                except CallFailed as error:
                    failures.append(error)

        zombie = await system.start(Puppet)
        zombie.cast(Puppet.do, haunt)
        await settled()
        with heard(Zombie) as zombies, heard(DeadLetter) as letters, caplog.at_level(logging.ERROR):
            zombie.exit(Kill())
            await asyncio.sleep(20)
        assert [event.ref for event in zombies] == [zombie]
        assert system.statistics()["zombies"] == 1
        assert "has ended, but its handler does not" in caplog.text
        assert len(failures) == 3
        assert {letter.why for letter in letters} == {"sender has ended"}
        assert await target.call(Puppet.seen) == []
        assert system.alive(deaf)


@INLINE
async def test_what_a_zombie_starts_does_not_live(inline: bool) -> None:
    async with System(inline=inline) as system:

        async def haunt(me: Any) -> None:
            try:
                await asyncio.sleep(2)
            except asyncio.CancelledError:
                await asyncio.sleep(1)
                errors.append(raised_by(me.spawn, Puppet))
                coro = asyncio.sleep(1000)
                errors.append(raised_by(me.task, coro))
                coro.close()

        errors: list[Any] = []
        zombie = await system.start(Puppet)
        zombie.cast(Puppet.do, haunt)
        await settled()
        zombie.exit(Kill())
        await asyncio.sleep(3)
        assert [type(error) for error in errors] == [NotRunning, NotRunning]
        assert list(system.agents()) == []


async def test_a_handler_that_ends_its_own_agent_sends_nothing_more() -> None:
    async with System() as system:
        target, agent = await system.start(Puppet), await system.start(Puppet)

        def work(me: Any) -> str:
            target.send("before")
            me.exit(me.ref, Kill())
            target.send("after")
            return "an answer"

        with heard(DeadLetter) as letters, pytest.raises(CallFailed) as failure:
            await agent.call(Puppet.do, work)
        assert failure.value.reason == Killed()
        assert await target.call(Puppet.seen) == ["before"]
        assert [letter.why for letter in letters] == ["sender has ended"]
        target.send("from outside")
        assert await target.call(Puppet.seen) == ["before", "from outside"]


@INLINE
@pytest.mark.parametrize("first_waits", [False, True], ids=["in its first step", "parked"])
async def test_an_async_handler_that_ends_its_own_agent_is_cancelled(inline: bool, first_waits: bool) -> None:
    log: list[str] = []

    async def work(me: Any) -> None:
        if first_waits:
            await asyncio.sleep(1)
        me.exit(me.ref, Kill())
        log.append("went on")
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            log.append("cancelled")
            raise

    async with System(inline=inline) as system:
        agent = await system.start(Puppet)
        with ends() as reasons:
            with pytest.raises(CallFailed):
                await agent.call(Puppet.do, work)
            await settled()
        assert reasons == {agent: Killed()}
        assert log == ["went on", "cancelled"]


@INLINE
@pytest.mark.parametrize("reason", [Kill(), Upset()])
async def test_a_handler_that_waits_for_a_call_is_cancelled(inline: bool, reason: Any) -> None:
    log: list[str] = []

    async def work(me: Any) -> None:
        try:
            await deaf.within(None).call(Puppet.seen)
        except asyncio.CancelledError:
            log.append("cancelled")
            raise

    async with System(inline=inline) as system:
        agent, deaf = await system.start(Puppet), await system.start(Puppet)
        deaf.cast(Puppet.do, lambda me: asyncio.Event().wait())
        agent.cast(Puppet.do, work)
        await settled()
        with ends() as reasons:
            agent.exit(reason)
            await settled()
        assert log == ["cancelled"]
        assert agent in reasons
        assert system.statistics()["zombies"] == 0


@INLINE
async def test_finally_and_async_with_run_when_a_handler_is_cancelled(inline: bool) -> None:
    log: list[str] = []

    class Resource:
        async def __aenter__(self) -> None:
            log.append("taken")

        async def __aexit__(self, *_: object) -> None:
            await asyncio.sleep(1)
            log.append("released")

    async def work(me: Any) -> None:
        async with Resource():
            await asyncio.Event().wait()

    async with System(inline=inline) as system:
        for reason in (Shutdown(), Kill()):
            agent = await system.start(Puppet)
            agent.cast(Puppet.do, work)
            await settled()
            agent.exit(reason)
            await asyncio.sleep(2)
        assert log == ["taken", "released"] * 2


@INLINE
async def test_stop_raised_while_it_unwinds_changes_nothing(inline: bool) -> None:
    async def work(me: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise Stop(Upset("too late"))

    async with System(inline=inline) as system:
        agent = await system.start(Puppet)
        agent.cast(Puppet.do, work)
        await settled()
        with ends() as reasons:
            agent.exit(Upset("first"))
            await settled()
        assert reasons == {agent: Upset("first")}
