"""What a consumer promises: an effect once for each message, and an acknowledgement only after it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import Kill, Refusal
from cybernetic.gateways import (
    Effect,
    MemoryBroker,
    Message,
    Park,
    Publisher,
    Queue,
    Received,
    Retries,
    Retry,
    Topology,
    consume,
)
from cybernetic.state import OutboxFull, StoreLimits
from tests.gateways.agents.plant import WORK, Book, Clerk, Reader, idle, orders, plant, send, until


async def test_each_message_takes_effect_once_and_is_acknowledged(tmp_path: Path) -> None:
    broker, book = MemoryBroker(), Book()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(200))
        await until(lambda: len(book.seen) == 200)
        await idle(a)
        assert sorted(int(id) for id, _ in await a.effects()) == list(range(200))
        broker.cut()
        await asyncio.sleep(5.0)
        assert len(book.seen) == 200  # all were acknowledged


async def test_the_effect_and_what_it_sends_are_one_transaction(tmp_path: Path) -> None:
    async def forward(delivery: Received, tx: Effect) -> None:
        tx.publish(Message(delivery.body, routing_key="out", id=f"of {delivery.message.id}"))
        if delivery.attempt == 1 and delivery.message.id == "3":
            raise ValueError("not yet")

    book = Book(forward)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        reader = await Reader.of(a.outside, "out")
        await send(a.outside, *orders(10))
        await until(lambda: len(reader.ids) >= 10)
        await asyncio.sleep(5.0)
        assert sorted(reader.ids) == [f"of {n}" for n in range(10)]
        assert sorted(id for id, _ in await a.effects()) == [str(n) for n in range(10)]
        assert book.count("3") == 2


async def test_what_is_published_twice_takes_effect_once(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def slow(delivery: Received, tx: Effect) -> None:
        await gate.wait()

    book = Book(slow)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(5), *orders(5))
        await asyncio.sleep(1.0)
        gate.set()
        await idle(a)
        await send(a.outside, *orders(5))
        await asyncio.sleep(1.0)
        await idle(a)
        assert sorted(id for id, _ in await a.effects()) == [str(n) for n in range(5)]
        assert len(book.seen) == 5
    book = Book()
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:  # nothing in memory now
        await send(a.outside, *orders(6))
        await asyncio.sleep(1.0)
        assert sorted(id for id, _ in await a.effects()) == [str(n) for n in range(6)]


async def test_a_message_that_comes_again_while_it_is_handled_takes_effect_once(tmp_path: Path) -> None:
    broker, gate = MemoryBroker(), asyncio.Event()

    async def slow(delivery: Received, tx: Effect) -> None:
        await gate.wait()

    book = Book(slow)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(5))
        await until(lambda: len(book.seen) == 5)
        broker.cut()
        await asyncio.sleep(10.0)
        gate.set()
        await asyncio.sleep(5.0)
        assert len(book.seen) == 5
        assert sorted(id for id, _ in await a.effects()) == [str(n) for n in range(5)]
        outside = await broker.connect()
        assert (await outside.state("work")).messages == 0
        await outside.close()


async def test_an_acknowledgement_that_was_lost_does_no_harm(tmp_path: Path) -> None:
    broker = MemoryBroker()

    async def quick(delivery: Received, tx: Effect) -> None:
        tx.run(lambda connection: None)

    book = Book(quick)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        lose_acknowledgements(broker)
        await send(a.outside, *orders(20))
        await until(lambda: len(book.seen) == 20)
        await asyncio.sleep(1.0)
        broker.cut()
        await asyncio.sleep(5.0)
        assert len(book.seen) == 20
        assert len(await a.effects()) == 20


def lose_acknowledgements(broker: MemoryBroker) -> None:
    for session in broker._sessions:
        for intake in session._intakes:
            intake.ack = lambda tag, *, multiple=False: None  # type: ignore[method-assign]


async def test_an_effect_whose_acknowledgement_was_lost_is_known_to_the_next_process(tmp_path: Path) -> None:
    broker, book = MemoryBroker(), Book()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        lose_acknowledgements(broker)
        await send(a.outside, *orders(5))
        await asyncio.sleep(1.0)
        await a.crash()
    again = Book()
    async with plant(broker, tmp_path / "a", consume(Clerk, again, queue=WORK)) as a:
        await asyncio.sleep(5.0)
        assert len(book.seen) == 5
        assert again.seen == []
        assert len(await a.effects()) == 5
        assert await a.ready("work") == 0


async def test_nothing_is_acknowledged_before_its_effect_is_on_the_disk(tmp_path: Path) -> None:
    broker, book = MemoryBroker(), Book()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        early: list[int] = []
        for session in broker._sessions:
            for intake in session._intakes:
                acked = intake.ack

                def watch(tag: int, *, multiple: bool = False, acked: Any = acked) -> None:
                    early.append(tag)
                    acked(tag, multiple=multiple)

                intake.ack = watch  # type: ignore[method-assign]
        store = a.shelf.open()
        commit, gate = store.commit, asyncio.Event()

        async def late(transaction: Any) -> Any:
            await gate.wait()
            return await commit(transaction)

        store.commit = late  # type: ignore[method-assign]
        await send(a.outside, *orders(3))
        await until(lambda: len(book.seen) == 3)
        await asyncio.sleep(5.0)
        assert early == []
        assert await a.effects() == []
        gate.set()
        await until(lambda: early)
        await idle(a)
        assert len(await a.effects()) == 3


async def test_no_more_are_handled_at_a_time_than_its_prefetch(tmp_path: Path) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(1.0)

    book = Book(slow)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, prefetch=7)) as a:
        await send(a.outside, *orders(70))
        await until(lambda: len(book.seen) == 7)
        await asyncio.sleep(0.5)
        assert await a.ready("work") == 63
        await until(lambda: len(book.seen) == 70)
        assert book.most == 7
        assert asyncio.get_running_loop().time() < 12


async def test_a_slow_consumer_holds_the_producer(tmp_path: Path) -> None:
    work = Queue("work", kind="classic", max_length=10)

    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(10.0)

    book = Book(slow)
    limits = StoreLimits(count=20)
    async with plant(
        MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=work, prefetch=2), limits=limits
    ) as a:
        taken, refused = [], 0
        for one in orders(60):
            try:
                await a.publisher.call(Publisher.post, one)
                taken.append(one.id)
            except OutboxFull:
                refused += 1
            await asyncio.sleep(0.1)
        assert refused > 20
        assert await a.waiting() <= 20
        assert await a.ready("work") <= 10
        await until(lambda: {one.message.id for one in book.seen} == set(taken), 1000)
        await asyncio.sleep(20.0)
        assert sorted(id for id, _ in await a.effects()) == sorted(taken)


@pytest.mark.parametrize("how", ["raises", "killed", "late", "nonsense", "bad statement", "retry"])
async def test_what_goes_wrong_is_tried_again(tmp_path: Path, how: str) -> None:
    async def wrong(delivery: Received, tx: Effect) -> Any:
        if delivery.attempt > 1:
            return None
        if how == "raises":
            raise RuntimeError("broken")
        if how == "late":
            await asyncio.sleep(100.0)
        if how == "nonsense":
            return "done"
        if how == "bad statement":
            tx.execute("INSERT INTO missing VALUES (1)")
        if how == "killed":
            for ref in tuple(a.system.agents()):
                if "Clerk" in repr(ref):
                    ref.exit(Kill())
            await asyncio.sleep(100.0)
        return Retry("not now") if how == "retry" else None

    book = Book(wrong)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=20.0)) as a:
        await send(a.outside, *orders(1))
        await until(lambda: len(book.seen) == 2)
        await idle(a)
        assert [id for id, _ in await a.effects()] == ["0"]
        assert [one.attempt for one in book.seen] == [1, 2]
        assert book.most == 1  # who was late is gone
        assert not book.seen[1].redelivered
        assert book.seen[1].message.routing_key == "work"
        assert not book.seen[1].message.headers


async def test_what_always_fails_is_handled_six_times_and_parked_with_its_history(tmp_path: Path) -> None:
    async def never(delivery: Received, tx: Effect) -> None:
        raise ValueError(f"try {delivery.attempt}")

    book = Book(never)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(3))
        await asyncio.sleep(120.0)
        for id in ("0", "1", "2"):
            assert book.count(id) == 6
            at = [time for time, one in zip(book.at, book.seen, strict=True) if one.message.id == id]
            for step, before, after in zip((1, 2, 4, 8, 16), at, at[1:], strict=False):
                assert 0.9 * step <= after - before <= 1.1 * step + 0.1
        delays = [round(b - a, 6) for a, b in zip(book.at, book.at[3:], strict=False)]
        assert len(set(delays)) > 5  # spread
        resting = await a.parked()
        assert sorted(one.id for one in resting) == ["0", "1", "2"]
        for one in resting:
            assert one.reason == "failed"
            assert "try 6" in one.why
            assert [line.what for line in one.ticket.history] == ["retry"] * 5 + ["parked"]
            assert ["try 1" in line.why for line in one.ticket.history] == [True] + [False] * 5
            assert one.message.body == one.id.encode()
            assert one.message.routing_key == "work"
        assert await a.effects() == []
        assert await a.ready("work") == 0


async def test_after_takes_the_step_that_is_long_enough(tmp_path: Path) -> None:
    async def later(delivery: Received, tx: Effect) -> Any:
        return (
            None if delivery.attempt == 3 else Retry("later", after=5.0 if delivery.attempt == 1 else 500.0)
        )

    book = Book(later)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await until(lambda: len(book.seen) == 3)
        first, second, third = book.at
        assert 7.2 <= second - first <= 8.9
        assert 14.4 <= third - second <= 17.7


class Closed(Refusal):
    """We do not do that."""


@pytest.mark.parametrize("how", ["park", "refusal", "no retries"])
async def test_what_can_never_succeed_is_parked_at_once(tmp_path: Path, how: str) -> None:
    async def never(delivery: Received, tx: Effect) -> Any:
        if how == "refusal":
            raise Closed("closed on Sundays")
        if how == "no retries":
            raise ValueError("closed on Sundays")
        return Park("closed on Sundays")

    book = Book(never)
    retries = Retries(0) if how == "no retries" else None
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, retries=retries)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(60.0)
        assert len(book.seen) == 1
        assert await a.effects() == []
        (one,) = await a.parked()
        assert one.reason == ("failed" if how == "no retries" else "refused")
        assert "closed on Sundays" in one.why


async def test_an_intake_that_is_killed_gives_back_what_it_held(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def slow(delivery: Received, tx: Effect) -> None:
        if len(book.seen) <= 5:
            await gate.wait()

    book = Book(slow)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, prefetch=5)) as a:
        await send(a.outside, *orders(20))
        await until(lambda: len(book.seen) == 5)
        a.ref("amqp.work").exit(Kill())
        await asyncio.sleep(20.0)
        assert sorted(int(id) for id, _ in await a.effects()) == list(range(20))
        assert (await a.outside.state("work")).consumers == 1


async def test_at_the_end_handlers_are_waited_for_and_the_rest_goes_back(tmp_path: Path) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(5.0 if delivery.message.id == "0" else 1000.0)

    book, broker = Book(slow), MemoryBroker()
    outside = await broker.connect()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=1400, prefetch=3)) as a:
        await send(a.outside, *orders(5))
        await until(lambda: len(book.seen) == 3)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began <= 30.0
    assert (await outside.state("work")).messages == 4
    await outside.close()
    book = Book()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await asyncio.sleep(5.0)
        assert sorted(id for id, _ in await a.effects()) == [str(n) for n in range(5)]
        assert book.count("0") == 0


async def test_a_queue_that_comes_back_is_consumed_again(tmp_path: Path) -> None:
    book, broker = Book(), MemoryBroker()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await a.outside.delete(queue="work")
        await asyncio.sleep(30.0)
        await a.outside.declare(Topology(queues=(WORK,)))
        await send(a.outside, *orders(1))
        await until(lambda: book.seen, 60)


async def test_those_of_one_key_go_in_order_also_through_retries(tmp_path: Path) -> None:
    async def sometimes(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(0.2)
        if int(delivery.message.id) % 5 == 0 and delivery.attempt < 3:
            raise ValueError("later")

    book = Book(sometimes)
    work = Queue("work", single_active=True)

    def key(delivery: Received) -> int:
        return int(delivery.message.id) % 3

    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=work, order=key)) as a:
        await send(a.outside, *orders(30))
        await until(lambda: len(book.seen) >= 42)
        await idle(a)
        effects = [int(id) for id, _ in await a.effects()]
        for lane in range(3):
            assert [n for n in effects if n % 3 == lane] == list(range(lane, 30, 3))
        assert book.most == 3
        assert [one.attempt for one in book.seen if one.message.id == "5"] == [1, 2, 3]
