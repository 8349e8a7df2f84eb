"""A message that takes its process along is found out; those beside it are not blamed."""

import asyncio
from pathlib import Path

import pytest

from cybernetic.core import Kill
from cybernetic.gateways import Effect, MemoryBroker, Queue, Received, Retries, consume
from cybernetic.state import OutboxFull, Store
from tests.gateways.agents.plant import WORK, Book, Clerk, Plant, orders, plant, send, until


class Stuck(Book):
    """Handles all but the message "bad", which never ends: it is what the process dies of."""

    def __init__(self, slow: float = 0.0) -> None:
        super().__init__(self._handle)
        self.slow = slow

    async def _handle(self, delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(10_000.0 if delivery.body == b"bad" else self.slow)


async def handled(book: Book, times: int) -> None:
    await until(lambda: book.count("0") == times)


async def killed_by_bad(a: Plant, book: Stuck) -> None:
    """Let the process die as soon as the bad message is handled, and nothing else is."""
    await until(lambda: book.count("0") == 1)
    await asyncio.sleep(book.slow + 0.5)
    await a.crash()


async def test_what_killed_its_process_five_times_is_parked_and_no_other(tmp_path: Path) -> None:
    broker = MemoryBroker()
    outside = await broker.connect()
    for crash in range(5):
        book = Stuck()
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=1400)) as a:
            if not crash:
                bad, *good = orders(20)
                await send(a.outside, *good[:5], type(bad)(b"bad", routing_key="work", id="0"), *good[5:])
            await killed_by_bad(a, book)
    book = Stuck()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=1400)) as a:
        await asyncio.sleep(10.0)
        assert book.count("0") == 0
        (one,) = await a.parked()
        assert one.id == "0"
        assert one.reason == "crashed its worker"
        assert "5 processes" in one.why
        assert sorted(int(id) for id, _ in await a.effects()) == list(range(1, 20))
    await outside.close()


async def test_four_crashes_are_forgiven_when_it_is_handled_then(tmp_path: Path) -> None:
    broker = MemoryBroker()
    for crash in range(4):
        book = Stuck()
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=1400)) as a:
            if not crash:
                await send(a.outside, *[type(one)(b"bad", routing_key="work", id="0") for one in orders(1)])
            await killed_by_bad(a, book)
    mild = Book()
    async with plant(broker, tmp_path / "a", consume(Clerk, mild, queue=WORK)) as a:
        await until(lambda: mild.count("0") == 1)
        await asyncio.sleep(1.0)
        assert await a.parked() == []
        assert len(await a.effects()) == 1
        rows = await a.shelf.open().read(
            lambda connection: connection.execute("SELECT count(*) FROM gateway_suspects").fetchone()
        )
        assert rows == (0,)


@pytest.mark.parametrize("how", ["cut", "ended", "connection killed"])
async def test_a_lost_connection_and_an_orderly_end_count_nothing(tmp_path: Path, how: str) -> None:
    broker = MemoryBroker()
    if how == "ended":
        for turn in range(8):
            book = Stuck()
            async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=1400)) as a:
                if not turn:
                    await send(a.outside, type(orders(1)[0])(b"bad", routing_key="work", id="0"))
                await handled(book, 1)
    book = Stuck()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=1400)) as a:
        if how != "ended":
            await send(a.outside, type(orders(1)[0])(b"bad", routing_key="work", id="0"))
        await until(lambda: book.count("0") == 1)
        for _ in range(8):
            if how == "cut":
                broker.cut()
            elif how == "connection killed":
                a.ref("amqp.in").exit(Kill())
            await asyncio.sleep(25.0)
    broker.cut()
    last = Book()
    async with plant(broker, tmp_path / "a", consume(Clerk, last, queue=WORK)) as a:
        await until(lambda: last.count("0") == 1)
        assert await a.parked() == []


async def test_what_fails_when_its_connection_was_lost_is_not_blamed_for_that(tmp_path: Path) -> None:
    async def fails(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(1.0)
        if delivery.attempt < 4:
            raise ValueError("no")

    broker, book = MemoryBroker(), Book(fails)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, crashes=2)) as a:
        await send(a.outside, *orders(1))
        for attempt in range(1, 5):
            await tried(book, attempt)
            broker.cut()
        await asyncio.sleep(60.0)
        assert [id for id, _ in await a.effects()] == ["0"]
        outside = await broker.connect()
        assert (await outside.state("work.parked")).messages == 0
        await outside.close()


async def tried(book: Book, attempt: int) -> None:
    await until(lambda: any(one.attempt == attempt for one in book.seen))
    await asyncio.sleep(0.5)


async def test_what_was_given_back_in_an_orderly_way_is_handled_side_by_side(tmp_path: Path) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(1000.0)

    broker, book = MemoryBroker(), Book(slow)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=1400)) as a:
        await send(a.outside, *orders(20))
        await until(lambda: len(book.seen) == 20)
    again = Stuck(slow=1.0)
    async with plant(broker, tmp_path / "a", consume(Clerk, again, queue=WORK)) as a:
        await asyncio.sleep(3.0)
        assert again.most == 20
        assert len(await a.effects()) == 20


async def test_what_found_no_room_and_went_back_is_handled_side_by_side(tmp_path: Path) -> None:
    async def handle(delivery: Received, tx: Effect) -> None:
        if not delivery.redelivered:
            raise OutboxFull("it", "1 item", 1, 1, None)
        await asyncio.sleep(1.0)

    book = Book(handle)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, prefetch=40)) as a:
        await send(a.outside, *orders(40))
        await asyncio.sleep(10.0)
        assert (len(book.seen), book.most) == (80, 40)
        assert len(await a.effects()) == 40


async def test_crashes_while_it_waits_in_its_place_for_room_are_no_fault_of_a_message(tmp_path: Path) -> None:
    broker, queue = MemoryBroker(), Queue("work", single_active=True)
    outside = await broker.connect()
    for life in range(8):

        async def handle(delivery: Received, tx: Effect, life: int = life) -> None:
            if life == 0:
                await asyncio.sleep(10_000.0)  # this one it is suspected of
            if life < 7:
                raise OutboxFull("it", "1 item", 1, 1, None)

        book = Book(handle)
        spec = consume(Clerk, book, queue=queue, order=lambda delivery: 1, timeout=1400)
        async with plant(broker, tmp_path / "a", spec) as a:
            if not life:
                await send(a.outside, *orders(1))
            await until(lambda book=book: book.seen, 5000.0)  # type: ignore[misc]
            await asyncio.sleep(1.0)
            if life < 7:
                await a.crash()
            else:
                assert (len(await a.effects()), await a.ready("work.parked")) == (1, 0)
    await outside.close()


async def test_many_consumers_end_within_half_a_minute_and_blame_nobody(tmp_path: Path) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(1000.0)

    broker, book = MemoryBroker(), Book(slow)
    queues = [Queue(f"work {n}") for n in range(4)]
    specs = [consume(Clerk, book, queue=queue, timeout=1400) for queue in queues]
    async with plant(broker, tmp_path / "a", *specs) as a:
        for queue in queues:
            await send(a.outside, *orders(2, queue.name))
        await until(lambda: len(book.seen) == 8)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began <= 30.0
    async with await Store.open(tmp_path / "a") as store:
        query = "SELECT crashes FROM gateway_suspects"
        assert await store.read(lambda connection: connection.execute(query).fetchall()) == [(-1,)] * 8


async def test_crashes_are_counted_apart_from_retries(tmp_path: Path) -> None:
    broker = MemoryBroker()

    async def fails(delivery: Received, tx: Effect) -> None:
        if delivery.attempt < 3:
            raise ValueError("no")
        await asyncio.sleep(10_000.0)

    book = Book(fails)
    spec = consume(Clerk, book, queue=WORK, timeout=1400, retries=Retries(5))
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, *orders(1))
        await until(lambda: book.count("0") == 3)
        await a.crash()
    for _ in range(4):
        book = Book(fails)
        spec = consume(Clerk, book, queue=WORK, timeout=1400)
        async with plant(broker, tmp_path / "a", spec) as a:
            await handled(book, 1)
            assert book.seen[0].attempt == 3
            await a.crash()
    book = Book(fails)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await asyncio.sleep(5.0)
        (one,) = await a.parked()
        assert one.reason == "crashed its worker"
        assert book.seen == []
        assert [line.what for line in one.ticket.history] == ["retry", "retry", "parked"]


async def test_nothing_is_lost_or_doubled_over_crashes_at_any_time(tmp_path: Path) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(0.05 * (int(delivery.message.id) % 7))

    broker = MemoryBroker()
    outside = await broker.connect()
    for crash in range(7):
        book = Book(slow)
        # what takes long may be there each time: it is not to be parked for that
        spec = consume(Clerk, book, queue=WORK, prefetch=10, crashes=20)
        async with plant(broker, tmp_path / "a", spec) as a:
            await send(a.outside, *orders(20, first=20 * crash))
            await asyncio.sleep(0.06 * (crash + 1))
            await a.crash()
    async with plant(broker, tmp_path / "a", consume(Clerk, Book(), queue=WORK, crashes=20)) as a:

        async def all_there() -> bool:
            return len(await a.effects()) >= 140

        await until(all_there)
        assert sorted(int(id) for id, _ in await a.effects()) == list(range(140))
        assert await a.parked() == []
    await outside.close()
