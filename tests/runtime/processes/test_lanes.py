"""One mailbox, in order: what acts at once, what queues, what may overtake (decision 4)."""

import asyncio
from typing import Any

import pytest

from cybernetic import CallTimeout, Down, Exit, Kill, Killed, Normal, Reason, Shutdown, System
from tests.runtime.processes.agents import (
    Mopper,
    Puppet,
    Upset,
    ends,
    held,
    linked,
    monitored,
    settled,
)


def log_state(log: list[Any], entry: Any) -> Any:
    """For `replace_state`: note, in the agent, that the system request is served."""

    def change(state: dict[str, Any]) -> dict[str, Any]:
        log.append(entry)
        return state

    return change


# (a) What acts on the record on arrival.


@pytest.mark.parametrize("reason", [Kill(), Upset()])
async def test_at_once_an_end_does_not_wait_behind_what_is_queued(reason: Reason) -> None:
    async with System() as system:
        killer, victim = await system.start(Puppet), await system.start(Puppet)

        def work(me: Any) -> bool:
            for n in range(200):
                victim.cast(Puppet.note, n)
            me.exit(victim, reason)
            return system.alive(victim)

        assert await killer.call(Puppet.do, work) is False


async def test_at_once_links_and_monitors_with_one_whose_handler_waits_and_whose_mailbox_is_long() -> None:
    async with System() as system:
        busy, agent = await system.start(Puppet), await system.start(Puppet, True)
        with held(busy):
            await settled()
            for n in range(100):
                busy.cast(Puppet.note, n)
            token = await monitored(agent, busy)
            await linked(agent, busy)
            assert busy.inspect().info().links == busy.inspect().info().monitored_by == (agent,)
            await agent.call(Puppet.do, lambda me: me.unlink(busy))
            assert busy.inspect().info().links == ()
            busy.exit(Kill())
            assert await agent.call(Puppet.seen) == [Down(token, busy, Killed())]


async def test_at_once_a_reply_passes_the_callers_own_mailbox() -> None:
    async with System() as system:
        caller, server = await system.start(Puppet), await system.start(Puppet)
        order: list[Any] = []

        async def ask(me: Any) -> None:
            for n in range(300):
                me.ref.cast(Puppet.do, lambda _, n=n: order.append(n))
            order.append(await server.call(Puppet.do, lambda _: "reply"))

        await caller.call(Puppet.do, ask)
        await settled()
        assert order == ["reply", *range(300)]


async def test_at_once_whoever_waits_for_an_end_hears_of_it_though_the_mailbox_is_full_of_others() -> None:
    async with System() as system:
        waiter, target = await system.start(Puppet), await system.start(Puppet)

        async def work(me: Any) -> Reason:
            me.ref.send("queued")
            reason: Reason = await system.wait(target)
            return reason

        request = waiter.request(Puppet.do, work)
        await settled()
        target.exit(Upset())
        assert await request == Upset()


# (b) The message lane, strictly by arrival.


async def test_in_order_a_request_to_stop_waits_behind_what_is_queued() -> None:
    mopped: list[Reason] = []
    async with System() as system:
        agent = await system.start(Mopper, mopped)
        seen: list[Any] = []
        with held(agent):
            await settled()
            agent.cast(Puppet.do, lambda me: seen.append("before"))
            stop = asyncio.create_task(agent.stop(Shutdown("asked")))
            await settled()
            agent.cast(Puppet.do, lambda me: seen.append("after"))
            assert system.alive(agent)
        await stop
        assert seen == ["before"]
        assert mopped == [Shutdown("asked")]


async def test_in_order_everything_that_queues_is_handled_by_arrival() -> None:
    log: list[Any] = []

    class Logger(Puppet):
        def note(self, value: Any) -> None:
            log.append(value)

        def receive(self, message: Any) -> None:
            log.append(message if isinstance(message, str) else type(message).__name__)

    async with System() as system:
        parent = await system.start(Puppet)
        agent = await parent.call(Puppet.do, lambda me: me.spawn(Logger, True))
        peers = [await system.start(Puppet) for _ in range(2)]
        await linked(agent, peers[0])
        await monitored(agent, peers[1])
        gate = asyncio.Event()
        agent.cast(Puppet.do, lambda me: gate.wait())
        await settled()
        agent.cast(Puppet.note, "cast")
        agent.after(0).send("timer")
        peers[0].exit(Upset())
        call = agent.request(Puppet.note, "call")
        state = asyncio.create_task(agent.inspect().replace_state(log_state(log, "system request")))
        await settled()
        peers[1].exit(Upset())
        agent.send("send")
        agent.exit(Upset())
        parent.cast(Puppet.do, lambda me: me.exit(agent, Shutdown("from the parent")))
        await settled()
        agent.send("never")
        gate.set()
        assert await system.wait(agent) == Shutdown("from the parent")
        await call
        await state
        before_or_after = log.index("timer")  # due at once, but only the loop can tell when
        assert log[:before_or_after] + log[before_or_after + 1 :] == [
            *("cast", "Exit", "call", "system request", "Down", "send", "Exit")
        ]


async def test_in_order_a_continuation_runs_before_everything_queued() -> None:
    async with System() as system:
        agent = await system.start(Puppet)

        def work(me: Any) -> None:
            me.continue_with(Puppet.note, "continued")

        with held(agent):
            await settled()
            agent.cast(Puppet.do, work)
            agent.send("queued")
        assert await agent.call(Puppet.seen) == ["continued", "queued"]


# (c) The control lane.


async def test_suspended_only_system_requests_are_served_and_the_rest_queues_in_order() -> None:
    async with System() as system:
        agent, peer = await system.start(Puppet, True), await system.start(Puppet)
        await linked(agent, peer)
        token = await monitored(agent, peer)
        port = agent.inspect()
        await port.suspend()
        await port.suspend()
        agent.send(1)
        agent.after(1).cast(Puppet.note, 2)
        await asyncio.sleep(2)
        peer.exit(Upset())
        agent.exit(Upset("explicit"))
        agent.send(3)
        assert await port.get_state() == {"trap_exit": True, "got": []}
        with pytest.raises(CallTimeout, match="suspended"):
            await agent.within(1).call(Puppet.seen)
        assert port.info().status == "suspended"
        assert await port.get_state() == {"trap_exit": True, "got": []}
        await port.resume()
        first, second, one, other, explicit, third = await agent.call(Puppet.seen)
        assert (first, second, third) == (1, 2, 3)
        assert {one, other} == {Exit(peer, Upset()), Down(token, peer, Upset())}
        assert explicit == Exit(None, Upset("explicit"))


async def test_suspended_requests_queued_before_the_suspension_are_served_too() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        port = agent.inspect()
        with held(agent):
            await settled()
            suspending = asyncio.create_task(port.suspend())
            await settled()
            agent.send("message")
            state = asyncio.create_task(port.get_state())
            await settled()
        await suspending
        assert (await state)["got"] == []
        await port.resume()
        assert await agent.call(Puppet.seen) == ["message"]


@pytest.mark.parametrize("trap", [False, True], ids=["cleans up", "traps"])
async def test_suspended_the_parents_exit_is_obeyed(trap: bool) -> None:
    mopped: list[Reason] = []
    async with System() as system:
        parent = await system.start(Puppet)
        agent = await parent.call(Puppet.do, lambda me: me.spawn(Mopper, mopped, trap))
        await agent.inspect().suspend()
        agent.send("never handled")
        with ends() as reasons:
            await parent.call(Puppet.do, lambda me: me.exit(agent, Shutdown("parent")))
            await settled()
        assert mopped == [Shutdown("parent")]
        assert reasons == {agent: Shutdown("parent")}


async def test_suspended_it_can_be_stopped_and_killed() -> None:
    async with System() as system:
        mopped: list[Reason] = []
        for way in ("stop", "kill", "signal"):
            agent = await system.start(Mopper, mopped)
            await agent.inspect().suspend()
            with ends() as reasons:
                if way == "stop":
                    await agent.stop(timeout=1)
                else:
                    agent.exit(Kill() if way == "kill" else Upset())
            assert reasons == {agent: {"stop": Normal(), "kill": Killed(), "signal": Upset()}[way]}
        assert mopped == [Normal()]


@pytest.mark.parametrize("last", ["system request", "parent's exit"])
async def test_suspended_nothing_in_the_control_lane_is_lost_when_it_is_resumed(last: str) -> None:
    async with System() as system:
        parent, helper = await system.start(Puppet), await system.start(Puppet)
        agent = await parent.call(Puppet.do, lambda me: me.spawn(Puppet, True))
        port = agent.inspect()
        await port.suspend()

        def then(me: Any) -> Any:
            return me.exit(agent, Shutdown()) if last == "parent's exit" else port.get_state()

        with ends() as reasons:
            helper.cast(Puppet.do, lambda me: port.resume())  # both stand in the lane before the agent's turn
            done = parent.request(Puppet.do, then)
            await settled()
        await done
        assert reasons == ({agent: Shutdown()} if last == "parent's exit" else {})


# (d) What may overtake, by the receiver's choice.


@pytest.mark.parametrize("length", [1, 64, 300])
@pytest.mark.parametrize("priority", [False, True])
@pytest.mark.parametrize("kind", ["monitor", "link"])
async def test_priority_news_of_a_death_goes_before_all_that_is_queued(
    kind: str, priority: bool, length: int
) -> None:
    async with System() as system:
        agent, peer = await system.start(Puppet, True), await system.start(Puppet)
        await (monitored if kind == "monitor" else linked)(agent, peer, priority)
        with held(agent):
            await settled()
            for n in range(length):
                agent.send(n)
            peer.exit(Upset())
            agent.send("last")
        *numbers, last = await agent.call(Puppet.seen)
        news = numbers.pop(0 if priority else -1)
        assert isinstance(news, Down if kind == "monitor" else Exit)
        assert numbers == list(range(length))
        assert last == "last"


async def test_priority_holds_in_the_middle_of_a_turn() -> None:
    """What a turn has taken over already counts as queued: the news goes before it, and nothing is lost."""
    async with System() as system:
        agent, peer = await system.start(Puppet, True), await system.start(Puppet)
        for length in (10, 64, 200):
            peer = await system.start(Puppet)
            token = await monitored(agent, peer, priority=True)
            await agent.call(Puppet.do, lambda me: me.got.clear())
            handled = agent.inspect().info().reductions
            with held(agent):
                await settled()
                agent.cast(Puppet.do, lambda me, peer=peer: peer.exit(Kill()))
                for n in range(length):
                    agent.send(n)
            await settled()
            assert await agent.call(Puppet.seen) == [Down(token, peer, Killed()), *range(length)]
            assert agent.inspect().info().reductions - handled == length + 4


async def test_priority_ends_with_the_link() -> None:
    async with System() as system:
        agent, peer = await system.start(Puppet, True), await system.start(Puppet)
        await linked(agent, peer, priority=True)
        await agent.call(Puppet.do, lambda me: me.unlink(peer))
        await linked(agent, peer)
        with held(agent):
            await settled()
            agent.send("queued")
            peer.exit(Upset())
        assert await agent.call(Puppet.seen) == ["queued", Exit(peer, Upset())]
