"""Monitors (M-1 to M-7)."""

import asyncio
from typing import Any

import pytest

from cybernetic import Down, Kill, Killed, NoProc, Normal, OptionError, Shutdown, System, Token
from tests.runtime.processes.agents import (
    Puppet,
    Upset,
    crash,
    ends,
    held,
    monitored,
    raised_by,
    settled,
    stop_with,
)


async def test_m_1_monitors_stack_and_each_gives_one_down() -> None:
    async with System() as system:
        watcher, target = await system.start(Puppet), await system.start(Puppet)
        tokens = [await monitored(watcher, target) for _ in range(3)]
        assert len(set(tokens)) == 3
        target.exit(Upset())
        assert await watcher.call(Puppet.seen) == [Down(token, target, Upset()) for token in tokens]


async def test_m_1_a_monitor_works_one_way() -> None:
    async with System() as system:
        watcher, target = await system.start(Puppet), await system.start(Puppet, True)
        await monitored(watcher, target)
        watcher.exit(Kill())
        await settled()
        assert await target.call(Puppet.seen) == []


@pytest.mark.parametrize(
    "die",
    [
        lambda ref: ref.exit(Kill()),
        lambda ref: ref.exit(Shutdown("s")),
        lambda ref: ref.cast(Puppet.do, crash),
        lambda ref: ref.cast(Puppet.do, stop_with(Normal())),
    ],
    ids=["kill", "shutdown", "crash", "normal"],
)
async def test_m_2_down_carries_token_object_and_the_very_reason(die: Any) -> None:
    async with System() as system:
        watcher, target = await system.start(Puppet), await system.start(Puppet, name="target")
        named = system.named("target", Puppet)
        by_ref, by_name = await monitored(watcher, target), await monitored(watcher, named)
        with ends() as reasons:
            die(target)
            await settled()
        one, other = await watcher.call(Puppet.seen)
        assert one == Down(by_ref, target, reasons[target])
        assert other == Down(by_name, named, reasons[target])
        assert other.ref is named


@pytest.mark.parametrize("what", ["dead", "name"])
@pytest.mark.parametrize("priority", [False, True])
async def test_m_3_monitoring_what_is_not_there_gives_a_down_at_once(what: str, priority: bool) -> None:
    async with System() as system:
        watcher, dead = await system.start(Puppet), await system.start(Puppet)
        dead.exit(Upset())
        target: Any = dead if what == "dead" else system.named("nobody", Puppet)
        token = await monitored(watcher, target, priority)
        assert isinstance(token, Token)
        assert await watcher.call(Puppet.seen) == [Down(token, target, NoProc())]


async def test_m_3_that_down_comes_behind_what_is_queued() -> None:
    async with System() as system:
        watcher, dead = await system.start(Puppet), await system.start(Puppet)
        dead.exit(Kill())
        with held(watcher):
            await settled()
            watcher.cast(Puppet.do, lambda me: me.monitor(dead) and None)
            watcher.cast(Puppet.note, "queued")
        await settled()
        *rest, down = await watcher.call(Puppet.seen)
        assert rest == ["queued"]
        assert isinstance(down, Down)


async def test_m_4_a_monitor_by_name_is_bound_to_who_holds_it_then() -> None:
    async with System() as system:
        watcher, first = await system.start(Puppet), await system.start(Puppet, name="it")
        it = system.named("it", Puppet)
        token = await monitored(watcher, it)
        first.exit(Kill())
        second = await system.start(Puppet, name="it")
        second.exit(Upset())
        assert await watcher.call(Puppet.seen) == [Down(token, it, Killed())]


async def test_m_5_an_agent_never_gets_a_down_of_itself() -> None:
    class Ending(Puppet):
        def terminate(self, reason: Any) -> None:
            last.extend(self.got)

    last: list[Any] = []
    async with System() as system:
        agent = await system.start(Ending)
        token = await agent.call(Puppet.do, lambda me: me.monitor(me.ref))
        assert await agent.call(Puppet.do, lambda me: me.demonitor(token)) is False
        await agent.stop()
        assert last == []


async def test_m_6_after_demonitor_no_down_comes() -> None:
    async with System() as system:
        watcher, target = await system.start(Puppet), await system.start(Puppet)

        def work(me: Any) -> list[bool]:
            token = me.monitor(target)
            active = [me.demonitor(token), me.demonitor(token), me.demonitor(token, flush=True)]
            target.exit(Kill())
            return active

        assert await watcher.call(Puppet.do, work) == [True, False, False]
        assert await watcher.call(Puppet.seen) == []
        assert watcher.inspect().info().monitors == ()


@pytest.mark.parametrize("length", [1, 100], ids=["short", "longer than a turn"])
@pytest.mark.parametrize("flush", [False, True])
async def test_m_6_a_down_that_is_queued_stays_unless_it_is_flushed(flush: bool, length: int) -> None:
    async with System() as system:
        watcher = await system.start(Puppet)
        targets = [await system.start(Puppet) for _ in range(2)]
        tokens = [await monitored(watcher, target) for target in targets]
        with held(watcher):
            await settled()
            undone = watcher.request(Puppet.do, lambda me: me.demonitor(tokens[0], flush=flush))
            for n in range(length):
                watcher.cast(Puppet.note, n)
            for target in targets:
                target.exit(Upset())
            watcher.cast(Puppet.note, "last")
        downs = [Down(token, target, Upset()) for token, target in zip(tokens, targets, strict=True)]
        assert await watcher.call(Puppet.seen) == [*range(length), *downs[int(flush) :], "last"]
        assert await undone is False  # the Down was delivered already, or just flushed


async def test_m_6_a_token_of_another_agent_has_no_effect() -> None:
    async with System() as system:
        watcher, stranger, target = [await system.start(Puppet) for _ in range(3)]
        token = await monitored(watcher, target)
        await monitored(stranger, target)
        for flush in (False, True):
            assert await stranger.call(Puppet.do, lambda me, f=flush: me.demonitor(token, flush=f)) is False
        target.exit(Upset())
        assert await watcher.call(Puppet.seen) == [Down(token, target, Upset())]


async def test_m_6_what_is_no_token_is_an_error() -> None:
    async with System() as system:
        watcher = await system.start(Puppet)
        for wrong in (None, 3, "token", watcher):
            error = await watcher.call(Puppet.do, lambda me, w=wrong: raised_by(me.demonitor, w))
            assert isinstance(error, OptionError)
        error = await watcher.call(Puppet.do, lambda me: raised_by(me.monitor, "a name"))
        assert isinstance(error, OptionError)
        assert await watcher.call(Puppet.do, lambda me: me.demonitor(Token("made by hand"))) is False


@pytest.mark.parametrize("parked", [False, True])
async def test_m_7_a_monitor_vanishes_with_its_owner(parked: bool) -> None:
    async with System() as system:
        watcher, target = await system.start(Puppet), await system.start(Puppet, True)
        await monitored(watcher, target)
        assert target.inspect().info().monitored_by == (watcher,)
        if parked:
            watcher.cast(Puppet.do, lambda me: asyncio.Event().wait())
            await settled()
        watcher.exit(Upset())
        await system.wait(watcher)
        assert target.inspect().info().monitored_by == ()
        target.cast(Puppet.note, "goes on")
        assert await target.call(Puppet.seen) == ["goes on"]
        target.exit(Kill())
        assert system.statistics()["dead_letters"] == 0
