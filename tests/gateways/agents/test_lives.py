"""Only the end of a process counts as one: not that of an agent, nor that of a store. Others wait in all gateways."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import CallError, Kill, Refusal
from cybernetic.gateways import Hold, Intake, MemoryBroker, Queue, consume
from tests.gateways.agents.plant import WORK, Book, Clerk, orders, plant, send, until
from tests.gateways.agents.test_trials import slowly, suspects


async def test_an_intake_that_is_killed_five_times_is_no_fault_of_its_message(tmp_path: Path) -> None:
    book = Book(slowly(5.0))
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        for _ in range(6):
            await until(lambda: book.now)
            await asyncio.sleep(0.5)
            assert await suspects(a) == []
            a.ref("amqp.work").exit(Kill())
            await asyncio.sleep(1.0)
        await asyncio.sleep(60.0)
        assert await a.parked() == []
        assert len(await a.effects()) == 1


async def test_nor_of_one_that_goes_on_after_an_answer(tmp_path: Path) -> None:
    async def asks(delivery: Any, tx: Any) -> Any:
        return Hold("may it go?")

    async def goes_on(delivery: Any, answer: Any, tx: Any) -> None:
        await asyncio.sleep(5.0)

    book = Book(asks, goes_on)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.0)
        (held,) = await a.intake().call(Intake.held)
        await a.intake().call(Intake.answer, held.id, "yes")
        for turn in range(6):
            await until(lambda: len(book.answers) > turn)  # noqa: B023
            await asyncio.sleep(0.5)
            assert await suspects(a) == []
            a.ref("amqp.work").exit(Kill())
        await asyncio.sleep(60.0)
        assert await a.parked() == []
        assert [id for id, _ in await a.effects()] == ["0", "answered 0"]


async def test_a_store_that_fails_six_times_is_no_fault_of_a_message(tmp_path: Path, disk: Any) -> None:
    book = Book(slowly(20.0))
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        for _ in range(6):
            await until(lambda: book.now)
            await asyncio.sleep(1.0)
            disk.fail("COMMIT", "SQLITE_IOERR_FSYNC", times=2)
            with pytest.raises((Refusal, CallError)):
                await a.publish(b"x")
            await until(lambda: not book.now, 20.0)
            disk.heal()
            await asyncio.sleep(3.0)
        await asyncio.sleep(60.0)
        assert await a.parked() == []
        assert len(await a.effects()) == 1


async def test_a_killer_is_parked_after_five_kills_however_often_its_program_is_started_anew_in_order(
    tmp_path: Path,
) -> None:
    """A suspect that waits for its turn when its process ends in an orderly way is not forgiven for that."""

    async def handle(delivery: Any, tx: Any) -> None:
        if delivery.message.id == "1":
            kill.set()
        await asyncio.sleep(30.0)

    broker, kills = MemoryBroker(), 0
    outside = await broker.connect()
    for life in range(30):
        kill = asyncio.Event()
        spec = consume(Clerk, Book(handle), queue=WORK, timeout=40, prefetch=2)
        async with plant(broker, tmp_path / "a", spec) as a:
            if not life:
                await send(a.outside, *orders(2))
            try:
                await asyncio.wait_for(kill.wait(), 5.0 if life % 2 else 200.0)
            except TimeoutError:
                pass
            if await a.parked():
                break
            if kill.is_set():
                kills += 1
                await a.crash()
    assert kills == 5
    await outside.close()


async def test_at_its_last_chance_a_message_is_handled_with_no_other_of_any_gateway_of_its_process(
    tmp_path: Path,
) -> None:
    one, two = MemoryBroker(), MemoryBroker()
    outside = await one.connect()
    for life in range(5):
        bad, other = Book(slowly(50.0)), Book()
        async with plant(one, tmp_path / "a", consume(Clerk, bad, queue=WORK)) as a:
            if not life:
                await send(a.outside, *orders(1))
            await until(lambda: bad.now)  # noqa: B023
            await asyncio.sleep(1.0)
            if life < 4:
                await a.crash()
                continue
            async with plant(two, tmp_path / "b", consume(Clerk, other, queue=WORK)) as b:
                await send(b.outside, *orders(1))
                await asyncio.sleep(20.0)
                assert (bad.now, len(other.seen)) == (1, 0)
                await until(lambda: not bad.now)  # noqa: B023
                await asyncio.sleep(1.0)
                assert len(other.seen) == 1
    await outside.close()


@pytest.mark.parametrize("queues", [1, 2])
async def test_two_that_kill_are_both_parked_after_five_times_each(tmp_path: Path, queues: int) -> None:
    """An end of the process while one is kept apart does not speak for it where the other was being handled."""
    broker, kills = MemoryBroker(), [0, 0]
    outside = await broker.connect()
    names = ["work", "other"][:queues]
    for life in range(16):
        deadly = asyncio.Event()

        async def handle(delivery: Any, tx: Any, deadly: asyncio.Event = deadly) -> None:
            if not deadly.is_set():
                kills[int(delivery.message.id)] += 1
                deadly.set()
            await asyncio.sleep(1000.0)

        specs = [consume(Clerk, Book(handle), queue=Queue(name), timeout=1400) for name in names]
        async with plant(broker, tmp_path / "a", *specs) as a:
            if not life:
                await send(a.outside, *orders(1, names[0]), *orders(1, names[-1], first=1))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(deadly.wait(), 20.0)
            await a.crash()
        if not deadly.is_set():
            break
    session = await broker.connect()
    assert sum([(await session.state(f"{name}.parked")).messages for name in names]) == 2
    assert max(kills) <= 5
    await session.close()
    await outside.close()
