"""Who killed the process, and who was only there: what a crash is counted for, and what speaks for a message."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways import Effect, Hold, Intake, MemoryBroker, Message, Queue, Received, Retry, consume
from cybernetic.gateways.consumer.taps import Tap
from tests.gateways.agents.plant import WORK, Book, Clerk, Plant, orders, plant, send, until

OTHER = Queue("other")
BEATS = Queue("beats", kind="classic", lossy=True, max_length=10, overflow="drop-head")


def slowly(seconds: float) -> Any:
    async def handle(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(seconds)

    return handle


async def suspects(a: Plant) -> list[tuple[int]]:
    query = "SELECT crashes FROM gateway_suspects"
    return await a.shelf.open().read(lambda connection: connection.execute(query).fetchall())


def test_who_was_there_at_one_crash_cannot_be_told_from_who_caused_it() -> None:
    with pytest.raises(OptionError, match="crashes"):
        consume(Clerk, Book(), queue=WORK, crashes=1)


async def test_a_slow_message_is_not_parked_for_a_process_that_is_killed_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every 20 s, and it takes 30: it never ends, and is never blamed. Then it is left alone, and ends."""
    loop = asyncio.get_running_loop()
    monkeypatch.setattr("cybernetic.state.store.store.wall", lambda: 1.8e9 + loop.time())
    broker = MemoryBroker()
    outside = await broker.connect()
    for life in range(15):
        async with plant(broker, tmp_path / "a", consume(Clerk, Book(slowly(30.0)), queue=WORK)) as a:
            if not life:
                await send(a.outside, *orders(1))
            await asyncio.sleep(20.0)
            assert await a.parked() == []
            await a.crash()
    async with plant(broker, tmp_path / "a", consume(Clerk, Book(slowly(30.0)), queue=WORK)) as a:

        async def there() -> bool:
            return len(await a.effects()) == 1

        await until(there, 100.0)
        assert await a.parked() == []
        assert await suspects(a) == []
    await outside.close()


async def test_a_process_that_ends_while_a_message_is_kept_apart_has_it_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was killed five times as it was handled, and is tried all the same when lives are a little longer."""
    loop = asyncio.get_running_loop()
    monkeypatch.setattr("cybernetic.state.store.store.wall", lambda: 1.8e9 + loop.time())
    broker = MemoryBroker()
    outside = await broker.connect()
    tried = 0
    for life in range(8):
        book = Book(slowly(12.0))
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
            if not life:
                await send(a.outside, *orders(1))
            await asyncio.sleep(10.0 if life < 6 else 14.0)
            tried += book.count("0")
            assert await a.parked() == []
            await a.crash()
    assert tried == 6  # four times, and not in the fifth life; in the sixth; and it is done in the eighth
    async with plant(broker, tmp_path / "a", consume(Clerk, Book(), queue=WORK)) as a:
        assert len(await a.effects()) == 1
    await outside.close()


async def test_nobody_is_kept_apart_for_longer_than_a_handler_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its process was away for days: nobody knows when it ended."""
    loop, away = asyncio.get_running_loop(), 0.0
    monkeypatch.setattr("cybernetic.state.store.store.wall", lambda: 1.8e9 + loop.time() + away)
    broker = MemoryBroker()
    outside = await broker.connect()
    for life in range(5):
        book = Book(slowly(3.0))
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=20.0)) as a:
            if not life:
                await send(a.outside, *orders(1))
            began = loop.time()
            await until(lambda book=book: book.now)  # type: ignore[misc]
            waited = loop.time() - began
            assert (15.0 < waited < 25.0) if life == 4 else waited < 5.0
            await asyncio.sleep(1.0)
            if life == 4:
                await asyncio.sleep(5.0)
                assert len(await a.effects()) == 1
            else:
                await a.crash()
        away += 2 * 86_400.0 if life == 3 else 0.0
    await outside.close()


async def test_fifty_messages_of_a_minute_are_done_soon_after_three_crashes(tmp_path: Path) -> None:
    broker = MemoryBroker()
    outside = await broker.connect()
    for life in range(3):
        book = Book(slowly(60.0))
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=100.0)) as a:
            if not life:
                await send(a.outside, *orders(50))
            await until(lambda book=book: book.seen)  # type: ignore[misc]
            await asyncio.sleep(1.0)
            assert book.most == (50, 25, 12)[life]
            await a.crash()
    book = Book(slowly(60.0))
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=100.0)) as a:
        began = asyncio.get_running_loop().time()

        async def there() -> bool:
            return len(await a.effects()) == 50

        await until(there, 1000.0, step=1.0)
        assert asyncio.get_running_loop().time() - began < 10 * 60.0
        assert await a.parked() == []
    await outside.close()


async def test_at_its_last_chance_a_message_is_handled_with_no_other_of_its_gateway(tmp_path: Path) -> None:
    broker = MemoryBroker()
    outside = await broker.connect()
    for life in range(5):
        bad, others, beats = Book(slowly(10.0)), Book(slowly(3.0)), Book()
        specs = [
            consume(Clerk, book, queue=queue, once=not queue.lossy)
            for book, queue in ((bad, WORK), (others, OTHER), (beats, BEATS))
        ]
        async with plant(broker, tmp_path / "a", *specs) as a:
            if not life:
                await send(a.outside, *orders(1))
            await send(a.outside, *orders(10, "other", first=10 * life))
            await until(lambda book=bad: book.now)  # type: ignore[misc]
            await send(a.outside, *orders(1, "other", first=100 + life))
            await send(a.outside, Message(b"", routing_key="beats"))
            await asyncio.sleep(1.0)
            assert bool(others.now) == (life < 4)
            assert len(beats.seen) == 1  # a heart must not stand still meanwhile
            if life < 4:
                await asyncio.sleep(3.0)
                await a.crash()
            else:
                await asyncio.sleep(8.0)
                assert not others.now
                await asyncio.sleep(10.0)
                assert len(await a.effects()) == 56 + 5
                assert bad.count("0") == 1
    await outside.close()


async def test_a_crash_while_it_waits_for_its_next_try_is_no_fault_of_a_message(tmp_path: Path) -> None:
    async def fails(delivery: Received, tx: Effect) -> Any:
        return Retry("no") if delivery.attempt < 5 else None

    broker = MemoryBroker()
    line = Queue("work", single_active=True)
    outside = await broker.connect()
    for life in range(4):
        book = Book(fails)
        spec = consume(Clerk, book, queue=line, order=lambda delivery: 1, crashes=3)
        async with plant(broker, tmp_path / "a", spec) as a:
            if not life:
                await send(a.outside, *orders(1))
            await until(lambda book=book: book.seen)  # type: ignore[misc]
            await asyncio.sleep(0.5)
            assert not book.now
            await a.crash()
    async with plant(broker, tmp_path / "a", consume(Clerk, Book(fails), queue=line, crashes=3)) as a:
        await asyncio.sleep(60.0)
        assert len(await a.effects()) == 1
        assert await a.parked() == []
    await outside.close()


async def test_an_answer_whose_message_kills_its_process_five_times_is_parked(tmp_path: Path) -> None:
    async def asks(delivery: Received, tx: Effect) -> Hold:
        return Hold("may it go?")

    async def kills(delivery: Received, answer: Any, tx: Effect) -> None:
        await asyncio.sleep(10_000.0)

    broker = MemoryBroker()
    outside = await broker.connect()
    for life in range(5):
        book = Book(asks, kills)
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=1400)) as a:
            if not life:
                await send(a.outside, *orders(1))
                await asyncio.sleep(1.0)
                (one,) = await a.intake().call(Intake.held)
                await a.intake().call(Intake.answer, one.id, "yes")
            await until(lambda book=book: book.answers)  # type: ignore[misc]
            await a.crash()
    for _ in range(2):
        book = Book(asks, kills)
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
            await asyncio.sleep(10.0)
            assert book.answers == []
            assert [one.reason for one in await a.parked()] == ["crashed its worker"]
            assert await suspects(a) == []
    await outside.close()


async def test_orderly_ends_count_nothing_for_what_is_answered(tmp_path: Path) -> None:
    async def asks(delivery: Received, tx: Effect) -> Hold:
        return Hold("may it go?")

    async def long(delivery: Received, answer: Any, tx: Effect) -> None:
        await asyncio.sleep(10_000.0)

    broker = MemoryBroker()
    for life in range(8):
        book = Book(asks, long)
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=1400)) as a:
            if not life:
                await send(a.outside, *orders(1))
                await asyncio.sleep(1.0)
                (one,) = await a.intake().call(Intake.held)
                await a.intake().call(Intake.answer, one.id, "yes")
            await until(lambda book=book: book.answers)  # type: ignore[misc]
            assert await a.parked() == []


async def test_what_waits_here_for_long_is_taken_back_and_comes_again_unnoticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the broker would close the channel after 30 minutes."""
    ages: list[float] = []
    left = Tap._left

    def leaves(tap: Tap, tag: int) -> None:
        ages.append(tap.age(tag))
        left(tap, tag)

    broker = MemoryBroker()
    outside = await broker.connect()
    spec = partial(consume, Clerk, queue=WORK, timeout=1450, prefetch=4)
    book = Book(slowly(1400.0))
    async with plant(broker, tmp_path / "a", spec(book)) as a:
        await send(a.outside, *orders(4))
        await until(lambda: len(book.seen) == 4)
        await a.crash()
    monkeypatch.setattr(Tap, "_left", leaves)
    book = Book(slowly(1400.0))
    async with plant(broker, tmp_path / "a", spec(book)) as a:
        await asyncio.sleep(3000.0)  # two by two
        assert len(await a.effects()) == 4
        assert len(book.seen) == 4
        assert max(ages) < 1740.0
        assert len(ages) > 4
    await outside.close()


async def test_what_was_sent_round_before_its_process_ended_is_no_suspect_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(delivery: Received, tx: Effect) -> Retry:
        return Retry("no")

    broker = MemoryBroker()
    outside = await broker.connect()
    with monkeypatch.context() as deaf:
        deaf.setattr(Tap, "done", lambda tap, tag: None)  # what is acknowledged does not arrive
        async with plant(broker, tmp_path / "a", consume(Clerk, Book(fails), queue=WORK)) as a:
            await send(a.outside, *orders(1))
            await asyncio.sleep(0.5)
            await a.crash()
    book = Book(fails)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await asyncio.sleep(100.0)
        assert await suspects(a) == []
        assert [one.attempt for one in book.seen] == [1, 2, 3, 4, 5, 6]
        assert len(await a.parked()) == 1
    await outside.close()
