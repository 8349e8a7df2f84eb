"""What exit signals do, explicit ones and those of links, to agents that trap and that do not (P-4 to P-6, P-8)."""

from typing import Any

import pytest

from cybernetic import Down, Exit, Kill, Killed, Normal, OptionError, Reason, Shutdown, Stop, System
from tests.runtime.processes.agents import (
    Puppet,
    Upset,
    crash,
    ends,
    held,
    linked,
    monitored,
    raised_by,
    settled,
    stop_with,
)

OTHERS = [Upset("x"), Shutdown(), Shutdown("detail"), Killed()]


@pytest.mark.parametrize("sender_is_agent", [True, False], ids=["from an agent", "from outside"])
@pytest.mark.parametrize("trap", [False, True], ids=["untrapped", "trapped"])
@pytest.mark.parametrize("reason", [Normal(), Kill(), *OTHERS], ids=repr)
async def test_p_4_the_table_of_explicit_exit_signals(
    reason: Reason, trap: bool, sender_is_agent: bool
) -> None:
    async with System() as system:
        sender, target = await system.start(Puppet), await system.start(Puppet, trap)
        with ends() as reasons:
            if sender_is_agent:
                await sender.call(Puppet.do, lambda me: me.exit(target, reason))
            else:
                target.exit(reason)
            await settled()
        if reason == Kill():
            assert reasons == {target: Killed()}
        elif trap:
            assert reasons == {}
            assert await target.call(Puppet.seen) == [Exit(sender if sender_is_agent else None, reason)]
        elif reason == Normal():
            assert reasons == {}
            assert await target.call(Puppet.seen) == []
        else:
            assert reasons == {target: reason}


@pytest.mark.parametrize("trap", [False, True], ids=["untrapped", "trapped"])
@pytest.mark.parametrize("reason", [Normal(), Kill(), *OTHERS], ids=repr)
async def test_p_4_the_table_of_exit_signals_to_oneself(reason: Reason, trap: bool) -> None:
    async with System() as system:
        target = await system.start(Puppet, trap)
        with ends() as reasons:
            target.cast(Puppet.do, lambda me: me.exit(me.ref, reason))
            await settled()
        if reason == Kill():
            assert reasons == {target: Killed()}
        elif trap:
            assert await target.call(Puppet.seen) == [Exit(target, reason)]
        else:
            assert reasons == {target: reason}


async def test_p_4_an_untrapped_signal_discards_the_unread_mailbox_and_fails_its_calls() -> None:
    async with System() as system:
        target = await system.start(Puppet)
        with held(target):
            await settled()
            calls = [target.request(Puppet.seen) for _ in range(3)]
            target.exit(Upset())
            await settled()
            for call in calls:
                with pytest.raises(Exception, match="Upset") as failure:
                    await call
                assert failure.value.reason == Upset()
        assert target.inspect().info() is None


async def test_p_4_a_signal_carries_a_reason_and_nothing_else() -> None:
    async with System() as system:
        target = await system.start(Puppet)
        for wrong in (None, "shutdown", Shutdown, ValueError("x")):
            with pytest.raises(OptionError, match="expected a Reason"):
                target.exit(wrong)  # type: ignore[arg-type]
        error = await target.call(Puppet.do, lambda me: raised_by(me.exit, "target", Upset()))
        assert isinstance(error, OptionError)
        assert "expected an address" in str(error)
        assert system.alive(target)


@pytest.mark.parametrize("trap", [False, True], ids=["untrapped", "trapped"])
@pytest.mark.parametrize("reason", [Normal(), Kill(), *OTHERS], ids=repr)
async def test_p_5_through_a_link_a_reason_is_the_victims_own(reason: Reason, trap: bool) -> None:
    """`Kill` as a reason of somebody's own is trappable, and passed on as it is."""
    async with System() as system:
        victim, peer, beyond = (
            await system.start(Puppet),
            await system.start(Puppet, trap),
            await system.start(Puppet, True),
        )
        await linked(victim, peer)
        await linked(beyond, peer)
        with ends() as reasons:
            victim.cast(Puppet.do, stop_with(reason))
            await settled()
        if trap:
            assert reasons == {victim: reason}
            assert await peer.call(Puppet.seen) == [Exit(victim, reason)]
        elif reason == Normal():
            assert reasons == {victim: reason}
            assert await peer.call(Puppet.seen) == []
        else:
            assert reasons == {victim: reason, peer: reason}
            assert await beyond.call(Puppet.seen) == [Exit(peer, reason)]


async def test_p_6_everyone_observes_a_kill_as_killed() -> None:
    async with System() as system:
        victim, trapping, plain, watcher = [
            await system.start(Puppet, trap) for trap in (True, True, False, False)
        ]
        await linked(trapping, victim)
        await linked(plain, victim)
        token = await monitored(watcher, victim)
        with ends() as reasons:
            victim.exit(Kill())
        assert reasons == {victim: Killed(), plain: Killed()}
        assert await trapping.call(Puppet.seen) == [Exit(victim, Killed())]
        assert await watcher.call(Puppet.seen) == [Down(token, victim, Killed())]


async def test_p_6_killed_is_an_ordinary_reason_downstream() -> None:
    async with System() as system:
        target = await system.start(Puppet, True)
        target.exit(Killed())
        assert await target.call(Puppet.seen) == [Exit(None, Killed())]


class Leaver(Puppet):
    """Stops on the first trapped exit."""

    def __init__(self, seen: list[Any]) -> None:
        super().__init__(trap=True)
        self.got = seen

    def receive(self, message: Any) -> None:
        super().receive(message)
        if isinstance(message, Exit):
            raise Stop(message.reason)


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "handler waits"])
async def test_p_8_a_trapped_exit_is_a_message_at_the_tail(busy: bool) -> None:
    seen: list[Any] = []
    async with System() as system:
        sender, target = await system.start(Puppet), await system.start(Leaver, seen)

        def work(me: Any) -> None:
            target.send("before")
            me.exit(target, Upset())
            target.send("after")

        with ends() as reasons:
            with held(*[target][: int(busy)]):
                await settled()
                await sender.call(Puppet.do, work)
            await settled()
        assert seen == ["before", Exit(sender, Upset())]
        assert reasons == {target: Upset()}


async def test_p_8_a_trapping_agent_may_go_on_after_an_exit() -> None:
    async with System() as system:
        victim, target = await system.start(Puppet), await system.start(Puppet, True)
        await linked(target, victim)
        target.send(1)
        victim.cast(Puppet.do, crash)
        await settled()
        target.send(2)
        first, exit, second = await target.call(Puppet.seen)
        assert (first, second) == (1, 2)
        assert exit.ref is victim
