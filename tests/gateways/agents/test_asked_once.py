"""A person is asked once about a message, however often it comes; and again when an operator has put it back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import (
    Consumer,
    Effect,
    Held,
    Hold,
    Intake,
    MemoryBroker,
    Message,
    Park,
    Received,
    Retries,
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
@pytest.mark.parametrize("gone", [False, True])
async def test_a_duplicate_of_what_was_refused_and_rests_is_not_asked_about_and_has_no_effect(
    tmp_path: Path, restarted: bool, gone: bool
) -> None:
    """It has no ticket, and may come after the message rested, or was discarded: its first effect is there."""
    broker, book = MemoryBroker(), Book(asks, refuses)
    outside = await broker.connect()
    spec = consume(Clerk, book, queue=WORK)
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.0)
        await answered(a, "no")
        if gone:
            await discard(a.outside, "work", ["0"])
        if not restarted:
            await send(a.outside, *orders(1), *orders(1))
            await asyncio.sleep(1.0)
    async with plant(broker, tmp_path / "a", spec) as a:
        if restarted:
            await send(a.outside, *orders(1), *orders(1))
            await asyncio.sleep(1.0)
        assert await held(a) == []
        assert [id for id, _ in await a.effects()] == ["0"]
        assert len(await a.parked()) == (not gone)
        assert await a.ready("work") == 0
        assert (len(book.seen), len(book.answers)) == (1, 1)
    await outside.close()


async def test_a_copy_of_one_whose_duplicate_was_asked_about_has_no_second_effect(tmp_path: Path) -> None:
    """The message waits in a delay queue while its duplicate is handled, held and refused."""

    async def moody(delivery: Received, tx: Effect) -> Any:
        return Retry("not now") if len(book.seen) == 1 else Hold("may it go?")

    book = Book(moody, refuses)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(0.2)
        await send(a.outside, *orders(1))
        await asyncio.sleep(0.2)
        (one,) = await held(a)
        await a.intake().call(Intake.answer, one.id, "no")
        await asyncio.sleep(10.0)
        assert [id for id, _ in await a.effects()] == ["0"]
        assert len(await a.parked()) == 1
        assert await held(a) == []


async def test_a_duplicate_of_one_that_was_put_back_and_asked_about_again_has_no_effect(
    tmp_path: Path,
) -> None:
    """It was put back twice before its handler asked for the first time."""

    async def moody(delivery: Received, tx: Effect) -> Any:
        return Park("no") if len(book.seen) < 3 else Hold("may it go?")

    book = Book(moody, refuses)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        for _ in range(2):
            await asyncio.sleep(1.0)
            await requeue(a.outside, "work", ["0"])
        await asyncio.sleep(1.0)
        await answered(a, "no")
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.0)
        assert await held(a) == []
        assert (len(book.seen), len(await a.effects()), len(await a.parked())) == (3, 1, 1)
        for turn in range(2):
            await requeue(a.outside, "work", ["0"])
            await asyncio.sleep(1.0)
            await answered(a, "no")
            await send(a.outside, *orders(1))
            await asyncio.sleep(1.0)
            assert (len(book.seen), len(await a.effects()), len(await a.parked())) == (4 + turn, 2 + turn, 1)


async def test_a_handler_that_asks_knows_what_to_do_with_an_answer(tmp_path: Path) -> None:
    class Mute(Consumer):
        async def handle(self, delivery: Received, tx: Effect) -> Any:
            tx.execute("INSERT INTO effects VALUES ('0', x'')")
            return Hold("may it go?")

    async with plant(MemoryBroker(), tmp_path / "a", consume(Mute, queue=WORK, retries=Retries(0))) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.0)
        (one,) = await a.parked()
        assert "expected `answered` to be overridden" in one.why
        assert await a.effects() == []


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


@pytest.mark.parametrize("kills", [False, True])
async def test_what_rests_and_is_sent_again_and_asked_about_then_rests_again_if_that_ends_badly(
    tmp_path: Path, kills: bool
) -> None:
    """Its sender has it handled anew, for it had no effect: where it went the first time is another way."""

    async def handle(delivery: Received, tx: Effect) -> Park | Hold:
        return Park("not yet") if book.count("0") == 1 else Hold("may it go?")

    async def ends_badly(delivery: Received, answer: Any, tx: Effect) -> Park:
        if kills:
            await asyncio.sleep(10_000.0)
        return Park("no")

    broker, book = MemoryBroker(), Book(handle, ends_badly)
    outside = await broker.connect()
    for life in range(6 if kills else 1):
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=1400)) as a:
            if not life:
                for rests in (1, 0):
                    await send(a.outside, *orders(1))
                    await asyncio.sleep(1.0)
                    assert (len(await a.parked()), len(await held(a))) == (1, 1 - rests)
                await answered(a, "yes")
            if kills and life < 5:
                await until(lambda life=life: len(book.answers) > life)  # type: ignore[misc]
                await a.crash()
                continue
            await asyncio.sleep(10.0)
            last = "crashed its worker" if kills else "refused"
            assert [one.reason for one in await a.parked()] == ["refused", last]
    await outside.close()
