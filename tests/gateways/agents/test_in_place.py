"""Order per key holds whatever goes wrong; tries in place are counted, and hold no delivery for too long."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import (
    Effect,
    MemoryBroker,
    Message,
    Queue,
    Received,
    Retries,
    Retry,
    consume,
    requeue,
)
from cybernetic.gateways.consumer.desk import Desk
from cybernetic.gateways.consumer.passage import Passage
from cybernetic.gateways.consumer.taps import Tap
from cybernetic.state import OutboxFull, StoreFull
from tests.gateways.agents.plant import Book, Clerk, Plant, idle, orders, plant, send, until

LINE = Queue("work", single_active=True)


def ordered(book: Book, **options: Any) -> Any:
    return consume(Clerk, book, queue=LINE, order=lambda delivery: "all", **options)


async def ids(a: Plant) -> list[str]:
    return [id for id, _ in await a.effects()]


@pytest.mark.parametrize("error", [OutboxFull("it", "1 item", 1, 1, None), StoreFull("a", "full"), "read"])
async def test_what_could_not_be_written_is_not_overtaken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    """It waits here, in its lane, and its handler is not run again for that."""
    import cybernetic.gateways.consumer.desk as desk

    monkeypatch.setattr(desk, "PATIENCE", 1.0)
    commit, once, failures = Desk.commit, Passage._once, 5

    async def fails(self: Desk, effect: Effect, *patience: Any) -> Any:
        nonlocal failures
        if failures and error != "read":
            failures -= 1
            raise error
        return await commit(self, effect, *patience)

    async def fails_before(self: Passage, *more: Any) -> Any:
        nonlocal failures
        if failures and error == "read":
            failures -= 1
            raise StoreFull("a", "full")
        return await once(self, *more)

    monkeypatch.setattr(Desk, "commit", fails)
    monkeypatch.setattr(Passage, "_once", fails_before)
    book = Book()
    async with plant(MemoryBroker(), tmp_path / "a", ordered(book)) as a:
        await send(a.outside, *orders(4))
        await asyncio.sleep(60.0)
        assert failures == 0
        assert await ids(a) == ["0", "1", "2", "3"]
        assert [one.message.id for one in book.seen] == ["0", "1", "2", "3"]
        assert await a.ready("work") == 0


async def test_what_always_fails_is_seen_six_times_over_restarts(tmp_path: Path) -> None:
    async def fails(delivery: Received, tx: Effect) -> Any:
        return Retry(f"try {delivery.attempt}") if delivery.message.id == "0" else None

    broker, at = MemoryBroker(), list[float]()
    seen: list[int] = []
    for turn in range(12):
        book = Book(fails)
        async with plant(broker, tmp_path / "a", ordered(book, retries=Retries(5, first=4.0))) as a:
            if not turn:
                await send(a.outside, *orders(3))
            await asyncio.sleep(11.0 if turn < 8 else 41.0)
            if turn % 3 == 2:
                broker.cut()
        seen += [one.attempt for one in book.seen if one.message.id == "0"]
        at += [time for time, one in zip(book.at, book.seen, strict=True) if one.message.id == "0"]
    assert seen == [1, 2, 3, 4, 5, 6]
    # wall clocks stand still here, so that a restart begins a wait anew
    for step, before, after in zip((4, 8, 16, 32, 60), at, at[1:], strict=False):
        assert step <= after - before <= 31.0 * 8 + step
    async with plant(broker, tmp_path / "a", ordered(Book())) as a:
        await idle(a)
        (one,) = await a.parked()
        assert [line.what for line in one.ticket.history] == ["retry"] * 5 + ["parked"]
        assert await ids(a) == ["1", "2"]
        query = "SELECT count(*) FROM gateway_tries"
        assert await a.shelf.open().read(lambda connection: connection.execute(query).fetchone()) == (0,)


async def test_what_was_put_back_and_fails_over_a_restart_rests_once_though_its_acknowledgement_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the same copy of ours, whoever has tried it before."""

    async def fails(delivery: Received, tx: Effect) -> Any:
        return Retry("no")

    broker, book = MemoryBroker(), Book(fails)
    outside = await broker.connect()
    async with plant(broker, tmp_path / "a", ordered(book, retries=Retries(2, first=4.0))) as a:
        await send(a.outside, *orders(1))
        await until(lambda: a.ready("work.parked"))
        await requeue(a.outside, "work", ["0"])
        await until(lambda: book.count("0") == 4)
        await asyncio.sleep(1.0)
        await a.crash()
    with monkeypatch.context() as deaf:
        deaf.setattr(Tap, "done", lambda tap, tag: None)  # what is acknowledged does not arrive
        async with plant(broker, tmp_path / "a", ordered(book, retries=Retries(2, first=4.0))) as a:
            assert await a.ready("work.parked") == 0
            await until(lambda: a.ready("work.parked"))
            assert book.count("0") == 6
            await a.crash()
    async with plant(broker, tmp_path / "a", ordered(book, retries=Retries(2, first=4.0))) as a:
        await asyncio.sleep(100.0)
        assert (book.count("0"), await a.ready("work"), len(await a.parked())) == (6, 0, 1)
    await outside.close()


async def test_tries_of_what_turns_out_to_have_had_its_effect_are_forgotten(tmp_path: Path) -> None:
    async def once(delivery: Received, tx: Effect) -> Any:
        return Retry("not now") if delivery.attempt == 1 else None

    broker, query = MemoryBroker(), "SELECT count(*) FROM gateway_tries"
    for handle in None, once:  # in the second life it is sent again, and fails before that is seen
        async with plant(broker, tmp_path / "a", ordered(Book(handle))) as a:
            await send(a.outside, *orders(1))
            await asyncio.sleep(5.0)
            assert await ids(a) == ["0"]
            assert await a.shelf.open().read(lambda connection: connection.execute(query).fetchone()) == (0,)


async def test_no_delivery_is_held_for_longer_than_brokers_allow_and_none_loses_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 50 minutes of tries the first message of a lane is handled in the end, and the others after it."""
    came: dict[tuple[int, int], float] = {}
    held: list[float] = []
    takes, left = Tap.came, Tap._left

    def took(self: Tap, tag: int) -> None:
        came[id(self), tag] = asyncio.get_running_loop().time()
        takes(self, tag)

    def leaves(self: Tap, tag: int) -> None:
        held.append(asyncio.get_running_loop().time() - came.pop((id(self), tag)))
        left(self, tag)

    monkeypatch.setattr(Tap, "came", took)
    monkeypatch.setattr(Tap, "_left", leaves)

    async def fails(delivery: Received, tx: Effect) -> Any:
        return Retry("not yet") if delivery.message.id == "0" and delivery.attempt <= 100 else None

    book = Book(fails)
    spec = ordered(book, retries=Retries(100, first=0.5, most=30.0), prefetch=5)
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *orders(20))
        await until(lambda: book.count("19"), 4000.0, 1.0)
        await idle(a)
        assert await ids(a) == [str(n) for n in range(20)]
        assert book.count("0") == 101
        assert len(book.seen) == 120
        assert len(held) > 20
        assert max(held) < 1300.0


async def test_a_message_without_an_id_that_is_delivered_again_while_it_is_handled_has_one_effect(
    tmp_path: Path,
) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(20.0 if delivery.body == b"slow" else 0.05)

    broker, book = MemoryBroker(), Book(slow)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=Queue("work"))) as a:
        bodies = [b"slow", b"slow", b"quick", b"quick", b"quick"]
        await send(a.outside, *[Message(body, routing_key="work") for body in bodies])
        await until(lambda: len(book.seen) == 5)
        for _ in range(3):
            broker.cut()
            await asyncio.sleep(4.0)
        await asyncio.sleep(60.0)
        assert len(book.seen) == 5
        assert sorted(body for _, body in await a.effects()) == sorted(bodies)
        outside = await broker.connect()
        assert (await outside.state("work")).messages == 0
        await send(outside, Message(b"quick", routing_key="work"))  # another one, not one of those
        await asyncio.sleep(5.0)
        assert len(await a.effects()) == 6
        await outside.close()


async def test_what_goes_back_is_handled_when_it_comes_again_although_its_channel_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, failures = Desk.commit, 2

    async def fails(self: Desk, effect: Effect, *patience: Any) -> Any:
        nonlocal failures
        if failures:
            failures -= 1
            broker.stop()
            raise StoreFull("a", "full")
        return await commit(self, effect, *patience)

    monkeypatch.setattr(Desk, "commit", fails)
    broker, book = MemoryBroker(), Book()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=Queue("work"))) as a:
        await send(a.outside, Message(b"x", routing_key="work"))
        await asyncio.sleep(10.0)
        broker.start()
        await asyncio.sleep(60.0)
        assert len(await a.effects()) == 1


async def test_a_stop_takes_no_more_from_any_queue_while_others_are_waited_for(tmp_path: Path) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(400.0 if delivery.queue == "w2" else 3.0)

    broker, book = MemoryBroker(), Book(slow)
    queues = [Queue(f"w{n}") for n in range(3)]
    specs = [consume(Clerk, book, queue=queue, timeout=1000, prefetch=1) for queue in queues]
    outside = await broker.connect()
    async with plant(broker, tmp_path / "a", *specs) as a:
        for queue in queues:
            await send(a.outside, *orders(40, queue.name))
        await asyncio.sleep(5.0)
        seen, now = len(book.seen), asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - now <= 30.0
    assert len(book.seen) == seen
    assert [(await outside.state(queue.name)).messages for queue in queues] == [38, 38, 40]
    await outside.close()


async def test_all_consumers_have_the_same_time_to_end_what_they_handle(tmp_path: Path) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(15.0)

    broker, book = MemoryBroker(), Book(slow)
    queues = [Queue(f"w{n}") for n in range(4)]
    outside = await broker.connect()
    async with plant(broker, tmp_path / "a", *[consume(Clerk, book, queue=queue) for queue in queues]) as a:
        for queue in queues:
            await send(a.outside, *orders(1, queue.name))
        await until(lambda: len(book.seen) == 4)
    assert [(await outside.state(queue.name)).messages for queue in queues] == [0] * 4
    await outside.close()
