"""A person is asked once about a message, however often it comes; and again when it is sent anew after that ended."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import (
    Effect,
    Held,
    Hold,
    Intake,
    MemoryBroker,
    Message,
    Park,
    Received,
    Retry,
    consume,
    discard,
    requeue,
)
from tests.gateways.agents.plant import WORK, Book, Clerk, Plant, orders, plant, send, until


async def asks(delivery: Received, tx: Effect) -> Hold:
    return Hold("may it go?")


async def refuses(delivery: Received, answer: Any, tx: Effect) -> Park | None:
    return Park("no") if answer == "no" else None


async def held(a: Plant) -> list[Held]:
    return await a.intake().call(Intake.held)


async def answered(a: Plant, answer: str) -> None:
    (one,) = await held(a)
    await a.intake().call(Intake.answer, one.id, answer)
    await asyncio.sleep(1.0)


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_was_answered_and_discarded_and_is_sent_again_is_asked_again(
    tmp_path: Path, restarted: bool
) -> None:
    broker, book = MemoryBroker(), Book(asks, refuses)
    outside = await broker.connect()
    spec = consume(Clerk, book, queue=WORK)
    for turn in range(3):
        async with plant(broker, tmp_path / "a", spec) as a:
            for more in range(1 if restarted else 3):
                await send(a.outside, *orders(1))
                await asyncio.sleep(1.0)
                await answered(a, "no")
                assert await held(a) == []
                assert [one.id for one in await a.parked()] == ["0"]
                await discard(a.outside, "work", ["0"])
                assert len(book.answers) == turn + more + 1
        if not restarted:
            break
    async with plant(broker, tmp_path / "a", spec) as a:
        await asyncio.sleep(1.0)
        assert await held(a) == []
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.0)
        await answered(a, "yes")
        assert [id for id, _ in await a.effects()][-1] == "answered 0"
        assert await a.parked() == []
        assert len(book.answers) == 4
    await outside.close()


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_message_that_comes_again_while_it_waits_is_not_asked_twice(
    tmp_path: Path, restarted: bool
) -> None:
    broker, book = MemoryBroker(), Book(asks)
    outside = await broker.connect()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.0)
        if not restarted:
            await send(a.outside, *orders(1), *orders(1))
            await asyncio.sleep(1.0)
            assert len(await held(a)) == 1
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1), *orders(1))
        await asyncio.sleep(1.0)
        assert len(book.seen) == 1
        await answered(a, "yes")
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.0)
        assert await held(a) == []
        assert [id for id, _ in await a.effects()] == ["0", "answered 0"]
        assert await a.ready("work") == 0
    await outside.close()


async def test_a_copy_that_failed_first_is_not_asked_about_while_another_waits(tmp_path: Path) -> None:
    async def moody(delivery: Received, tx: Effect) -> Any:
        return Retry("not now") if len(book.seen) == 1 else Hold("may it go?")

    book = Book(moody)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1), *orders(1))
        await asyncio.sleep(5.0)
        assert len(await held(a)) == 1
        assert [one.attempt for one in book.seen] == [1, 1]


async def test_what_had_its_effect_after_an_answer_is_not_asked_about_again(tmp_path: Path) -> None:
    broker, book = MemoryBroker(), Book(asks)
    outside = await broker.connect()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.0)
        await answered(a, "yes")
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1), Message(b"another", routing_key="work", id="0"))
        await asyncio.sleep(1.0)
        assert await held(a) == []
        assert [id for id, _ in await a.effects()] == ["0", "answered 0"]
        assert [one.reason for one in await a.parked()] == ["another message under this id"]
    await outside.close()


async def test_what_was_answered_and_put_back_is_asked_again(tmp_path: Path) -> None:
    book = Book(asks, refuses)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.0)
        for turn in range(3):
            await answered(a, "no")
            assert len(await a.parked()) == 1
            await requeue(a.outside, "work", ["0"])
            await asyncio.sleep(1.0)
            assert len(book.seen) == turn + 2


async def test_two_of_a_key_that_come_again_are_handled_one_after_the_other(tmp_path: Path) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(1.0)

    broker = MemoryBroker()
    book = Book(slow)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1), *orders(1))
        await until(lambda: len(book.seen) == 1)
        await a.crash()
    book = Book(slow)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await asyncio.sleep(5.0)
        assert (len(book.seen), book.most) == (1, 1)
        assert len(await a.effects()) == 1
        assert await a.ready("work") == 0
