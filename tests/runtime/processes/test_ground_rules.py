"""What holds for all of it in Python: PY-1 to PY-7, and what OTP's ways became (DR-1, DR-5, DR-6)."""

import asyncio
import copy
import gc
import pickle
import weakref
from typing import Any

import pytest

from cybernetic import (
    CallFailed,
    CallTimeout,
    Cancelled,
    Crash,
    Down,
    Kill,
    Killed,
    NoConnection,
    NoProc,
    Normal,
    Reason,
    Shutdown,
    System,
)
from tests.runtime.processes.agents import (
    Mopper,
    Puppet,
    Upset,
    crash,
    ends,
    held,
    linked,
    monitored,
    settled,
)


async def test_py_1_every_transition_is_done_when_the_call_that_made_it_returns() -> None:
    """No step of start, link, monitor, name and death waits for the loop."""
    async with System() as system:
        agent = await system.start(Puppet, True)

        def work(me: Any) -> list[Any]:
            seen = []
            ref, token = me.spawn(Puppet, name="x", link=True, monitor=True)
            seen.append(system.whereis("x") is ref)
            ref.exit(Kill())
            seen += [system.whereis("x"), system.alive(ref), me.ref.inspect().info().links]
            seen += [me.demonitor(token), me.ref.inspect().info().length]
            return seen

        assert await agent.call(Puppet.do, work) == [True, None, False, (), False, 2]


async def test_py_2_a_peer_that_died_and_a_call_that_took_too_long_are_told_apart() -> None:
    async with System() as system:
        agent, peer = await system.start(Puppet), await system.start(Puppet)
        peer.cast(Puppet.do, lambda me: asyncio.sleep(3))

        async def ask(me: Any) -> list[Any]:
            errors: list[Any] = []
            for _ in range(2):
                try:
                    await peer.within(1).call(Puppet.seen)
                except (CallTimeout, CallFailed) as error:
                    errors.append(error)
                peer.exit(Kill())
            return errors

        late, gone = await agent.call(Puppet.do, ask)
        assert isinstance(late, CallTimeout)
        assert isinstance(gone, CallFailed)
        assert gone.reason == NoProc()
        assert not isinstance(late, CallFailed)
        assert not isinstance(gone, TimeoutError)


async def _cancel_from_outside(task: Any) -> None:
    task.cancel()


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("how", ["from outside", "by itself", "a future is cancelled"])
async def test_py_2_a_handler_cancelled_by_foreign_code_ends_its_agent_as_cancelled(
    how: str, inline: bool
) -> None:
    tasks: list[Any] = []
    future = asyncio.get_running_loop().create_future()

    async def work(me: Any) -> None:
        tasks.append(asyncio.current_task())
        if how == "by itself":
            tasks[0].cancel()
        await (future if how == "a future is cancelled" else asyncio.sleep(100))

    async with System(inline=inline) as system:
        mopped: list[Reason] = []
        agent, watcher = await system.start(Mopper, mopped), await system.start(Puppet)
        token = await monitored(watcher, agent)
        request = agent.request(Puppet.do, work)
        await settled()
        if how == "from outside":
            tasks[0].cancel()
        elif how == "a future is cancelled":
            future.cancel()
        await settled()
        with pytest.raises(CallFailed) as failure:
            await request
        assert failure.value.reason == Cancelled()
        assert await watcher.call(Puppet.seen) == [Down(token, agent, Cancelled())]
        assert mopped == [Cancelled()]


async def test_py_2_cancelling_the_one_who_waits_does_not_cancel_the_handler() -> None:
    async with System() as system:
        agent = await system.start(Puppet)

        async def work(me: Any) -> None:
            await asyncio.sleep(1)
            me.got.append("done")

        task = asyncio.create_task(agent.call(Puppet.do, work))
        await settled()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await agent.call(Puppet.seen) == ["done"]


async def test_py_3_the_failure_of_a_child_is_data_and_raises_nothing_in_its_parent() -> None:
    async with System() as system:
        parent = await system.start(Puppet, True)

        async def work(me: Any) -> str:
            children = [me.spawn(Puppet, link=True) for _ in range(3)]
            for child in children:
                child.cast(Puppet.do, crash)
            await asyncio.sleep(1)
            return "undisturbed"

        assert await parent.call(Puppet.do, work) == "undisturbed"
        assert [message.reason for message in await parent.call(Puppet.seen)] == [
            Crash("ValueError", "on purpose")
        ] * 3


@pytest.mark.parametrize("inline", [True, False])
async def test_py_4_a_handler_that_waits_is_held_although_nobody_else_holds_it(inline: bool) -> None:
    async with System(inline=inline) as system:
        agent = await system.start(Puppet)

        async def work(me: Any) -> str:
            await asyncio.sleep(1)
            return "still there"

        async def work_for(me: Any) -> Any:
            return await me.task(work(me))

        for handler in (work, work_for):
            request = agent.request(Puppet.do, handler)
            await settled()
            gc.collect()
            assert await request == "still there"


async def test_py_4_a_reply_that_fails_and_is_never_awaited_is_no_unheard_exception() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        for _ in range(3):
            agent.request(Puppet.seen)
        agent.request(Puppet.do, crash)
        await settled()
        gc.collect()
        assert not system.alive(agent)


async def test_py_5_a_cleanup_that_waits_is_bounded_and_a_kill_ends_the_wait() -> None:
    async def slow(me: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(60)

    async with System() as system:
        for second in (None, Kill()):
            agent = await system.start(Puppet)
            agent.cast(Puppet.do, slow)
            await settled()
            began = asyncio.get_running_loop().time()
            agent.exit(Shutdown())
            if second is not None:
                agent.exit(second)
            reason = await system.wait(agent) if second is None else NoProc()
            took = asyncio.get_running_loop().time() - began
            assert took == pytest.approx(5.0 if second is None else 0.0)
            assert reason == (Shutdown() if second is None else NoProc())
            await asyncio.sleep(60)


async def test_py_6_nothing_reads_another_clock_than_the_loops() -> None:
    """Hours of time-outs, timers and idle waits pass at once on a loop whose time is a number."""
    async with System() as system:
        agent = await system.start(Puppet)
        agent.after(3600).send("an hour")
        agent.cast(Puppet.do, lambda me: asyncio.sleep(7200))
        with pytest.raises(CallTimeout):
            await agent.within(3000).call(Puppet.seen)
        assert asyncio.get_running_loop().time() == pytest.approx(3000, abs=1)
        await asyncio.sleep(3000)
        assert await agent.within(None).call(Puppet.seen) == ["an hour"]


REASONS = [
    Normal(),
    Shutdown(),
    Shutdown("detail"),
    Kill(),
    Killed(),
    NoProc(),
    NoConnection(),
    Cancelled(),
    Crash("ValueError", "text", "a traceback"),
    Upset("x"),
]


@pytest.mark.parametrize("reason", REASONS, ids=repr)
def test_py_7_reasons_compare_by_value_and_travel(reason: Reason) -> None:
    twin = copy.deepcopy(reason)
    assert twin == reason
    assert hash(twin) == hash(reason)
    assert pickle.loads(pickle.dumps(reason)) == reason
    assert [other for other in REASONS if other == reason] == [reason]
    with pytest.raises((AttributeError, TypeError)):
        reason.detail = "changed"  # type: ignore[attr-defined]


def test_py_7_a_crash_compares_by_type_and_text() -> None:
    one, other = Crash.of(ValueError("x")), Crash("ValueError", "x", "another traceback")
    assert one == other
    assert one != Crash.of(KeyError("x"))
    assert one.exception is not None
    assert pickle.loads(pickle.dumps(one)) == one


async def test_py_7_a_reason_keeps_no_agent_alive() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        seen = await agent.call(Puppet.do, weakref.ref)
        with ends() as reasons:
            agent.cast(Puppet.do, crash)
            await settled()
        assert reasons[agent].exception is not None  # type: ignore[attr-defined]
        assert seen() is None  # gone without the garbage collector: no cycle survives a death


@pytest.mark.parametrize("end", ["kill", "stop", "crash", "killed while it waits", "killed while linked"])
async def test_no_cycle_survives_a_death(end: str) -> None:
    async with System() as system:
        agent, peer = await system.start(Puppet), await system.start(Puppet, True)
        seen = await agent.call(Puppet.do, weakref.ref)
        gc.collect()
        gc.disable()
        try:
            match end:
                case "kill":
                    agent.exit(Kill())
                case "stop":
                    await agent.stop()
                case "crash":
                    agent.cast(Puppet.do, crash)
                case "killed while it waits":
                    agent.cast(Puppet.do, lambda me: asyncio.sleep(100))
                    await settled()
                    agent.exit(Kill())
                case "killed while linked":
                    await linked(peer, agent)
                    await monitored(peer, agent)
                    agent.exit(Kill())
            await settled()
            assert seen() is None
        finally:
            gc.enable()


async def test_dr_1_a_reply_is_not_searched_for_in_the_mailbox() -> None:
    """What OTP does by selective receive: the answer goes to who waits, the mailbox stays as it is."""
    async with System() as system:
        caller, server = await system.start(Puppet), await system.start(Puppet)

        async def ask(me: Any) -> int:
            await server.call(Puppet.seen)
            return me.ref.inspect().info().length

        with held(caller):
            await settled()
            length = caller.request(Puppet.do, ask)
            for n in range(500):
                caller.send(n)
        assert await length == 500
        assert await caller.call(Puppet.seen) == list(range(500))


async def test_dr_5_a_ref_tells_its_node_and_is_no_pickle() -> None:
    async with System() as system:
        agent, other = await system.start(Puppet), await system.start(Puppet)
        assert repr(agent) != repr(other)
        assert agent != other
        with pytest.raises(TypeError, match="addresses travel inside messages only"):
            pickle.dumps(agent)


async def test_dr_6_messages_are_passed_by_reference_on_one_node() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        message = {"anything": 1}
        agent.send(message)
        (received,) = await agent.call(Puppet.seen)
        assert received is message
