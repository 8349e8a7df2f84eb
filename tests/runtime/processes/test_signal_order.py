"""In which order signals arrive, what is free when a death is announced, and what the dead get (P-9, P-10, P-12)."""

import asyncio
from typing import Any

import pytest

from cybernetic import CallFailed, Crash, Down, Exit, Kill, NoProc, Normal, Shutdown, System
from cybernetic.runtime import DeadLetter
from tests.runtime.processes.agents import (
    Puppet,
    Upset,
    crash,
    ends,
    heard,
    held,
    linked,
    monitored,
    settled,
    stop_with,
)


async def _unwinds(me: Any) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(1)


DEATHS = [
    ("crash", lambda ref: ref.cast(Puppet.do, crash)),
    ("stop", lambda ref: ref.cast(Puppet.do, stop_with(Upset()))),
    ("normal stop", lambda ref: ref.cast(Puppet.do, stop_with(Normal()))),
    ("kill", lambda ref: ref.exit(Kill())),
    ("signal", lambda ref: ref.exit(Shutdown())),
    ("own signal", lambda ref: ref.cast(Puppet.do, lambda me: me.exit(me.ref, Upset()))),
]
DEATH = pytest.mark.parametrize("die", [die for _, die in DEATHS], ids=[name for name, _ in DEATHS])


@pytest.mark.parametrize("reason", [Upset(), Normal(), None], ids=["stop", "normal", "crash"])
async def test_p_9_all_that_was_sent_before_dying_arrives_before_the_exit_and_the_down(reason: Any) -> None:
    async with System() as system:
        target, sender = await system.start(Puppet, True), await system.start(Puppet)
        await linked(target, sender)
        token = await monitored(target, sender)

        def work(me: Any) -> None:
            target.cast(Puppet.note, "cast")
            target.send("send")
            me.exit(target, Upset("explicit"))
            target.request(Puppet.note, "call")
            target.cast(Puppet.note, "last")
            crash(me) if reason is None else me.stop(reason)

        with held(target), ends() as reasons:
            await settled()
            sender.cast(Puppet.do, work)
            await settled()
        *sent, one, other = await target.call(Puppet.seen)
        assert sent == ["cast", "send", Exit(sender, Upset("explicit")), "call", "last"]
        assert {one, other} == {Exit(sender, reasons[sender]), Down(token, sender, reasons[sender])}


async def test_p_9_unlink_and_demonitor_take_effect_in_sending_order() -> None:
    async with System() as system:
        target, peer = await system.start(Puppet, True), await system.start(Puppet)

        def work(me: Any) -> None:
            me.link(peer)
            me.unlink(peer)
            me.exit(peer, Kill())  # after the unlink: nothing comes of it
            token = me.monitor(peer)
            me.cleared = me.demonitor(token)

        await target.call(Puppet.do, work)
        assert [type(message) for message in await target.call(Puppet.seen)] == [Down]


class Heir(Puppet):
    """Looks for the name of whoever ended, and takes it at once."""

    def receive(self, message: Any) -> None:
        super().receive((type(message), self.system.whereis("throne")))
        self.spawn(Puppet, name="throne").exit(Kill())


@DEATH
@pytest.mark.parametrize("handler", [None, _unwinds], ids=["idle", "parked"])
async def test_p_10_a_name_is_free_before_the_exit_and_the_down(die: Any, handler: Any) -> None:
    async with System() as system:
        holder, heir = await system.start(Puppet, name="throne"), await system.start(Heir, True)
        await linked(heir, holder)
        await monitored(heir, holder)
        if handler is not None:
            holder.cast(Puppet.do, handler)
            await settled()
            holder.exit(Shutdown())
        else:
            die(holder)
        await asyncio.sleep(2)
        assert sorted(map(repr, await heir.call(Puppet.seen))) == sorted(
            map(repr, [(Exit, None), (Down, None)])
        )
        assert system.whereis("throne") is None


async def test_p_10_a_parked_agent_keeps_its_name_until_it_has_unwound() -> None:
    async with System() as system:
        holder = await system.start(Puppet, name="throne")
        holder.cast(Puppet.do, _unwinds)
        await settled()
        holder.exit(Shutdown())
        assert system.whereis("throne") is holder
        await system.wait(holder)
        assert system.whereis("throne") is None


@pytest.mark.parametrize("way", ["wait", "call", "request"])
async def test_p_10_whoever_awaits_an_end_finds_the_name_free(way: str) -> None:
    async with System() as system:
        holder = await system.start(Puppet, name="throne")
        holder.cast(Puppet.do, _unwinds)
        await settled()
        ended = asyncio.create_task(system.wait(holder))
        request = holder.request(Puppet.seen)
        await settled()
        holder.exit(Upset())
        if way == "wait":
            assert await ended == Upset()
        else:
            with pytest.raises(CallFailed):
                await request
        assert await system.start(Puppet, name="throne")
        await ended
        with pytest.raises(CallFailed):
            await request


@DEATH
async def test_p_12_sending_to_the_dead_is_silent_and_counted(die: Any) -> None:
    async with System() as system:
        target = await system.start(Puppet)
        die(target)
        await settled()
        before = system.statistics()["dead_letters"]
        with heard(DeadLetter) as letters:
            target.cast(Puppet.note, 1)
            target.send(2)
            target.exit(Kill())
        assert [(letter.target, letter.message, letter.why) for letter in letters] == [
            (target, (1,), "dead"),
            (target, (2,), "dead"),
        ]
        assert system.statistics()["dead_letters"] == before + 2
        with pytest.raises(CallFailed) as failure:
            await target.call(Puppet.seen)
        assert failure.value.reason == NoProc()


async def test_p_12_sending_to_a_name_nobody_holds_is_silent_and_counted() -> None:
    async with System() as system:
        nobody = system.named("nobody", Puppet)
        with heard(DeadLetter) as letters:
            nobody.cast(Puppet.note, 1)
            nobody.send(2)
            nobody.exit(Kill())
        assert [(letter.target, letter.why) for letter in letters] == [(nobody, "no such name")] * 2
        assert system.statistics()["dead_letters"] == 2


async def test_p_12_a_message_to_one_whose_handler_unwinds_is_dropped() -> None:
    async with System() as system:
        target = await system.start(Puppet)
        target.cast(Puppet.do, _unwinds)
        await settled()
        target.exit(Upset())
        with heard(DeadLetter) as letters:
            target.cast(Puppet.note, 1)
            with pytest.raises(CallFailed) as failure:
                await target.call(Puppet.seen)
        assert failure.value.reason == Upset()
        assert [letter.why for letter in letters] == ["dead"]
        await system.wait(target)


async def test_p_9_a_crash_reason_is_the_same_in_every_announcement() -> None:
    async with System() as system:
        victim = await system.start(Puppet)
        watchers = [await system.start(Puppet, True) for _ in range(3)]
        for watcher in watchers:
            await linked(watcher, victim)
            await monitored(watcher, victim)
        with ends() as reasons:
            victim.cast(Puppet.do, crash)
            await settled()
        told = [message.reason for watcher in watchers for message in await watcher.call(Puppet.seen)]
        assert told == [Crash("ValueError", "on purpose")] * 6
        assert all(reason is reasons[victim] for reason in told)
