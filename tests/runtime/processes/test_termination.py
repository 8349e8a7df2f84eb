"""How agents end, by what cause and with what reason (P-1 to P-3, P-7, P-11, P-13)."""

import asyncio
import builtins
from typing import Any

import pytest

from cybernetic import Cancelled, Crash, Down, Exit, Kill, Killed, Normal, Reason, Shutdown, Stop, System
from tests.runtime.processes.agents import Mopper, Puppet, Upset, ends, monitored, settled


async def _forever(me: Any) -> None:
    await asyncio.Event().wait()


async def _unwinds_slowly(me: Any) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(1)


@pytest.mark.parametrize("handler", [None, _forever, _unwinds_slowly])
async def test_p_1_the_first_exit_signal_decides_and_there_is_one_end(handler: Any) -> None:
    async with System() as system:
        watcher, victim = await system.start(Puppet), await system.start(Puppet)
        token = await monitored(watcher, victim)
        if handler is not None:
            victim.cast(Puppet.do, handler)
            await settled()
        with ends() as reasons:
            for reason in (Upset("first"), Upset("second"), Shutdown(), Normal()):
                victim.exit(reason)
            await asyncio.sleep(2)
            victim.exit(Kill())
        assert reasons == {victim: Upset("first")}
        assert await watcher.call(Puppet.seen) == [Down(token, victim, Upset("first"))]


async def test_p_1_a_kill_ends_what_still_unwinds_and_there_is_one_end() -> None:
    async with System() as system:
        victim = await system.start(Puppet)
        victim.cast(Puppet.do, _unwinds_slowly)
        await settled()
        with ends() as reasons:
            victim.exit(Upset())
            assert reasons == {}
            victim.exit(Kill())
            assert reasons == {victim: Killed()}
            await asyncio.sleep(2)
        assert reasons == {victim: Killed()}


def _raise(error: BaseException) -> Any:
    def handler(me: Any) -> None:
        raise error

    return handler


def _deep(me: Any, depth: int = 20) -> None:
    if depth == 0:
        raise Stop(Upset("deep"))
    _deep(me, depth - 1)


async def _cancel_oneself(me: Any) -> None:
    asyncio.current_task().cancel()  # type: ignore[union-attr]
    await asyncio.sleep(1)


ENDS = [
    (lambda me: me.stop(), Normal()),
    (lambda me: me.stop(Upset("left")), Upset("left")),
    (lambda me: me.stop(Kill()), Kill()),
    (_raise(Stop()), Normal()),
    (_raise(Stop(Shutdown("done"))), Shutdown("done")),
    (_deep, Upset("deep")),
    (_raise(ValueError("no")), Crash("ValueError", "no")),
    (_raise(KeyError("k")), Crash("KeyError", "'k'")),
    (
        _raise(builtins.BaseExceptionGroup("both", [ValueError(1)])),
        Crash("ExceptionGroup", "both (1 sub-exception)"),
    ),
    (_raise(GeneratorExit()), Crash("GeneratorExit", "")),
    (_cancel_oneself, Cancelled()),
]


@pytest.mark.parametrize("parked", [False, True], ids=["at once", "parked"])
@pytest.mark.parametrize(("handler", "reason"), ENDS)
async def test_p_2_the_reason_is_what_caused_the_end(handler: Any, reason: Reason, parked: bool) -> None:
    async def after_a_wait(me: Any) -> Any:
        await asyncio.sleep(1)
        value = handler(me)
        return await value if asyncio.iscoroutine(value) else value

    async with System() as system:
        agent = await system.start(Puppet)
        with ends() as reasons:
            agent.cast(Puppet.do, after_a_wait if parked else handler)
            await asyncio.sleep(3)
        assert reasons == {agent: reason}


async def test_p_2_a_crash_keeps_where_it_happened() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        with ends() as reasons:
            agent.cast(Puppet.do, lambda me: [][3])
            await settled()
        crash = reasons[agent]
        assert isinstance(crash, Crash)
        assert "IndexError" in crash.traceback
        assert "[][3]" in crash.traceback
        assert type(crash.exception) is IndexError


async def test_p_3_code_can_take_back_its_own_stop() -> None:
    def nearly(me: Any) -> str:
        try:
            raise Stop(Upset())
        except Stop:
            return "still here"

    async with System() as system:
        agent = await system.start(Puppet)
        assert await agent.call(Puppet.do, nearly) == "still here"
        assert system.alive(agent)


@pytest.mark.parametrize("reason", [Normal(), Upset(), Kill()])
async def test_p_3_an_exit_signal_to_oneself_cannot_be_caught(reason: Reason) -> None:
    went_on: list[str] = []

    def stubborn(me: Any) -> None:
        try:
            me.exit(me.ref, reason)
        except BaseException:
            pass
        went_on.append("yes")

    async with System() as system:
        agent = await system.start(Puppet)
        with ends() as reasons:
            agent.cast(Puppet.do, stubborn)
            agent.cast(Puppet.note, "never")
            await settled()
        assert went_on == ["yes"]  # the rest of the handler cannot be taken from it; nobody hears of it
        assert reasons == {agent: Killed() if reason == Kill() else reason}


async def test_p_3_a_parked_handler_that_swallows_its_cancellation_is_ended_all_the_same() -> None:
    async def stubborn(me: Any) -> str:
        me.exit(me.ref, Upset())
        for _ in range(3):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                pass
        return "an answer"

    async def parked(me: Any) -> str:
        await asyncio.sleep(1)
        return await stubborn(me)

    async with System() as system:
        agent = await system.start(Puppet)
        with ends() as reasons:
            agent.cast(Puppet.do, parked)
            await asyncio.sleep(10)
        assert reasons == {agent: Upset()}


async def test_p_3_only_trapping_turns_an_exit_signal_to_oneself_into_a_message() -> None:
    async with System() as system:
        agent = await system.start(Puppet, True)
        await agent.call(Puppet.do, lambda me: me.exit(me.ref, Upset()))
        assert await agent.call(Puppet.seen) == [Exit(agent, Upset())]


@pytest.mark.parametrize("trap", [False, True])
@pytest.mark.parametrize("reason", [Upset(), Shutdown(), Kill()])
async def test_p_7_an_agent_that_dies_of_a_signal_runs_none_of_its_code(reason: Reason, trap: bool) -> None:
    if trap and reason != Kill():
        return  # it becomes a message then: P-8
    mopped: list[Reason] = []
    ran: list[int] = []
    async with System() as system:
        sender, victim = await system.start(Puppet), await system.start(Mopper, mopped, trap)
        with ends() as reasons:

            def attack(me: Any) -> None:
                victim.cast(Puppet.do, lambda _: ran.append(1))
                me.exit(victim, reason)
                victim.cast(Puppet.do, lambda _: ran.append(2))

            await sender.call(Puppet.do, attack)
            await settled()
        assert list(reasons) == [victim]
        assert mopped == []
        assert ran == []


async def test_p_11_alive_is_false_as_soon_as_it_starts_exiting() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        assert system.alive(agent)
        agent.cast(Puppet.do, _unwinds_slowly)
        await settled()
        agent.exit(Shutdown())
        assert not system.alive(agent)
        assert agent in set(system.agents())  # yet it has not ended: its handler unwinds
        assert await system.wait(agent) == Shutdown()
        assert not system.alive(agent)


@pytest.mark.parametrize("end", [lambda ref: ref.exit(Kill()), lambda ref: ref.exit(Shutdown())])
async def test_p_11_alive_is_false_at_once_for_an_idle_agent(end: Any) -> None:
    async with System() as system:
        agent = await system.start(Puppet, name="it")
        end(agent)
        assert not system.alive(agent)
        assert not system.alive(system.named("it", Puppet))
        assert agent not in set(system.agents())


async def test_p_13_trapping_is_off_at_first_and_effective_at_once() -> None:
    def trap_then_be_hit(me: Any) -> None:
        me.trap_exit = True
        me.exit(me.ref, Upset("trapped"))

    def stop_trapping_then_be_hit(me: Any) -> None:
        me.trap_exit = False
        me.exit(me.ref, Upset("not trapped"))

    async with System() as system:
        agent = await system.start(Puppet)
        assert not agent.inspect().info().trap_exit
        await agent.call(Puppet.do, trap_then_be_hit)
        assert agent.inspect().info().trap_exit
        assert await agent.call(Puppet.seen) == [Exit(agent, Upset("trapped"))]
        with ends() as reasons:
            agent.cast(Puppet.do, stop_trapping_then_be_hit)
            await settled()
        assert reasons == {agent: Upset("not trapped")}


async def test_p_13_turning_trapping_off_keeps_exits_that_are_queued() -> None:
    def stop_trapping(me: Any) -> None:
        me.trap_exit = False

    async with System() as system:
        agent = await system.start(Puppet, True)
        agent.cast(Puppet.do, stop_trapping)
        agent.exit(Upset("in time"))
        assert await agent.call(Puppet.seen) == [Exit(None, Upset("in time"))]
