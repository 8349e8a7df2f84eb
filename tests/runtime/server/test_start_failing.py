"""What is left of a start that fails: nothing; and who learns of it (GS-4 to GS-7)."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    Crash,
    Ignore,
    Kill,
    Killed,
    NoProc,
    Reason,
    Shutdown,
    StartFailed,
    StartTimeout,
    Stop,
    System,
)
from tests.runtime.server.agents import Boom, Counter, Journal, No, Witness, now
from tests.runtime.server.starting import WHERE, Slow, Starter, Starting


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("error", [Boom(), Stop(), Ignore(), No()], ids=lambda e: type(e).__name__)
async def test_gs_4_terminate_is_not_called_when_the_start_fails(where: str, error: Any) -> None:
    told: list[Any] = []
    async with System() as system:
        with pytest.raises(StartFailed):
            await system.start(Starting, where, error, told)
    assert told == []


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("error", [Boom(), Stop(), Ignore(), No()], ids=lambda e: type(e).__name__)
async def test_gs_5_after_a_failed_start_the_name_is_free_and_nothing_is_left(where: str, error: Any) -> None:
    async with System() as system:
        with pytest.raises(StartFailed):
            await system.start(Starting, where, error, name="again")
        assert system.whereis("again") is None
        assert not list(system.agents())
        assert len(asyncio.all_tasks()) == 1
        ref = await system.start(Counter, name="again")
        assert system.whereis("again") is ref


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(
    ("error", "reason"),
    [(Boom("bad"), Crash("Boom", "bad")), (Stop(Shutdown()), Shutdown())],
    ids=["crash", "shutdown"],
)
async def test_gs_6_a_failing_linked_start_takes_a_starter_along_that_does_not_trap(
    where: str, error: Any, reason: Reason
) -> None:
    async with System() as system:
        witness = await system.start(Witness)
        starter = await system.start(Starter, False)
        await witness.call(Witness.watch, starter)
        starter.cast(Starter.begin, Starting, where, error)
        assert await system.wait(starter) == reason
        (down,) = await witness.call(Journal.read)
        assert down.reason == reason


@pytest.mark.parametrize("error", [Stop(), Ignore(), No("no")], ids=lambda e: type(e).__name__)
async def test_gs_6_a_start_that_ends_normally_does_not_hurt_its_starter(error: Any) -> None:
    async with System() as system:
        starter = await system.start(Starter, False)
        assert isinstance(await starter.call(Starter.begin, Starting, "init", error), StartFailed)
        assert system.alive(starter)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("error", [Boom(), Stop(Shutdown()), Stop(), Ignore(), No()], ids=repr)
async def test_gs_6_a_trapping_starter_gets_the_error_and_no_stray_exit(where: str, error: Any) -> None:
    async with System() as system:
        starter = await system.start(Starter, True)
        assert isinstance(await starter.call(Starter.begin, Starting, where, error), StartFailed)
        await asyncio.sleep(1)
        assert await starter.call(Starter.read) == []
        assert starter.inspect().info().links == ()


@pytest.mark.parametrize("traps", [False, True])
async def test_gs_7_a_start_timeout_kills_the_half_started_and_leaves_no_message(traps: bool) -> None:
    told: list[Any] = []
    async with System() as system:
        starter = await system.start(Starter, traps)
        before = now()
        failed = await starter.call(Starter.begin, Slow, 100.0, told, limit=2.0, name="slow")
        assert now() - before == 2.0
        assert failed.reason == StartTimeout(2.0)
        assert system.whereis("slow") is None
        assert list(system.agents()) == [starter]
        await asyncio.sleep(1)
        assert told == ["unwound"]
        assert await starter.call(Starter.read) == []
        assert starter.inspect().info().links == ()


async def test_gs_7_a_system_start_has_a_time_out_too() -> None:
    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await system.start(Slow, 100.0, start_timeout=2.0, name="slow")
        assert caught.value.reason == StartTimeout(2.0)
        assert system.whereis("slow") is None
        assert not list(system.agents())
        assert now() == 2.0


async def test_gs_7_a_start_that_is_just_in_time_succeeds() -> None:
    async with System() as system:
        ref = await system.start(Slow, 2.0, start_timeout=2.5)
        await asyncio.sleep(10)
        assert system.alive(ref)


async def test_gs_7_cancelling_who_waits_for_a_start_kills_the_half_started() -> None:
    async with System() as system:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await system.start(Slow, 100.0, name="slow")
        assert system.whereis("slow") is None
        assert not list(system.agents())


async def test_gs_7_a_kill_during_a_start_is_the_starters_reason() -> None:
    async with System() as system:
        starting = asyncio.create_task(system.start(Slow, 100.0, name="slow"))
        await asyncio.sleep(1)
        slow = system.whereis("slow")
        assert slow is not None
        slow.exit(Kill())
        with pytest.raises(StartFailed) as caught:
            await starting
        assert caught.value.reason == Killed()
        assert await system.wait(slow) == NoProc()


async def test_gs_7_a_starter_that_dies_while_it_waits_leaves_nothing_half_started() -> None:
    async with System() as system:
        starter = await system.start(Starter, False)
        starter.cast(Starter.begin, Slow, 100.0, name="slow")
        await asyncio.sleep(1)
        starter.exit(Shutdown())
        assert await system.wait(starter) == Shutdown()
        await asyncio.sleep(0)
        assert system.whereis("slow") is None
        assert not list(system.agents())
