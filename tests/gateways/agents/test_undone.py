"""An effect whose own statements fail as it is written has failed: the message is tried again, and nothing is lost."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import Kill
from cybernetic.gateways import Effect, Hold, Intake, MemoryBroker, Message, Publisher, Queue, consume
from cybernetic.state import Store, StoreFull, StoreLimits
from tests.gateways.agents.plant import WORK, Book, Clerk, orders, plant, send, until
from tests.gateways.agents.test_trials import slowly

WRONG = "INSERT INTO no_such_table VALUES (1)"


@pytest.mark.parametrize("times", [1, 7])
async def test_what_was_answered_is_gone_on_with_or_rests(tmp_path: Path, times: int) -> None:
    tries = 0

    async def ask(delivery: Any, tx: Any) -> Hold:
        return Hold("may it?")

    async def answered(delivery: Any, answer: Any, tx: Any) -> None:
        nonlocal tries
        tries += 1
        if tries <= times:
            tx.execute(WRONG)

    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, Book(ask, answered), queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(1)
        (one,) = await a.intake().call(Intake.held)
        await a.intake().call(Intake.answer, one.id, "yes")
        await asyncio.sleep(300)
        kept = [id for id, _ in await a.effects()]
        assert kept == (["0", "answered 0"] if times == 1 else ["0"])
        assert tries == min(times + 1, 6)
        assert await a.ready("work.parked") == (times > 1)


async def test_the_next_of_its_key_does_not_overtake_it(tmp_path: Path) -> None:
    tries = 0

    async def handle(delivery: Any, tx: Any) -> None:
        nonlocal tries
        tries += delivery.message.id == "0"
        if tries == 1:
            tx.execute(WRONG)

    queue = Queue("work", single_active=True)
    spec = consume(Clerk, Book(handle), queue=queue, order=lambda delivery: 1)
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *orders(3))
        await asyncio.sleep(30)
        assert [id for id, _ in await a.effects()] == ["0", "1", "2"]


@pytest.mark.parametrize("full", ["outbox", "disk"])
async def test_nor_does_it_where_there_was_no_room_at_first_to_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    commit, no_disk, tries = Store.commit, False, 0
    queue, broker = Queue("work", single_active=True), MemoryBroker()

    async def commits(self: Store, work: Any) -> Any:
        if no_disk:
            raise StoreFull("a", "the disk is full")
        return await commit(self, work)

    def room() -> None:
        nonlocal no_disk
        no_disk = False
        broker.unblock()

    async def handle(delivery: Any, tx: Any) -> None:
        nonlocal tries, no_disk
        tries += delivery.message.id == "0"
        if delivery.message.id != "0" or tries > 1:
            return
        asyncio.get_running_loop().call_later(3, room)
        if full == "outbox":
            broker.block("memory")
            a.publisher.cast(Publisher.publish, Message(b"it is full", routing_key="out"))
            await asyncio.sleep(1)
        no_disk = full == "disk"
        tx.publish(Message(b"more", routing_key="out", id="more"))
        tx.execute(WRONG)

    monkeypatch.setattr(Store, "commit", commits)
    spec = consume(Clerk, Book(handle), queue=queue, order=lambda delivery: 1)
    async with plant(broker, tmp_path / "a", spec, limits=StoreLimits(count=1)) as a:
        await send(a.outside, *orders(3))
        await asyncio.sleep(60)
        assert tries == 2
        assert [id for id, _ in await a.effects()] == ["0", "1", "2"]


async def test_what_was_written_when_its_consumer_was_killed_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, killed = Store.commit, False

    async def commits(self: Store, work: Any) -> Any:
        nonlocal killed
        committed = await commit(self, work)
        if isinstance(work, Effect) and work.sends and not killed:
            killed = True
            a.ref("amqp.work").exit(Kill())
            await asyncio.sleep(1)
        return committed

    async def handle(delivery: Any, tx: Any) -> None:
        tx.publish(Message(b"more", routing_key="out", id="more"))

    monkeypatch.setattr(Store, "commit", commits)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, Book(handle), queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(60)
        assert killed
        assert len(await a.effects()) == await a.ready("out") == 1


async def test_a_full_disk_at_the_end_of_a_last_trial_holds_nobody_elses_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, another, write, commit = MemoryBroker(), MemoryBroker(), Store.write, Store.commit
    full: list[Store] = []

    async def writes(self: Store, work: Any) -> Any:
        if self in full:
            raise StoreFull("a", "the disk is full")
        return await write(self, work)

    async def commits(self: Store, work: Any) -> Any:
        if self in full:
            raise StoreFull("a", "the disk is full")
        return await commit(self, work)

    monkeypatch.setattr(Store, "write", writes)
    monkeypatch.setattr(Store, "commit", commits)
    outside = await broker.connect()
    for life in range(5):
        book, other = Book(slowly(5.0)), Book()
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
            if not life:
                await send(a.outside, *orders(1))
            await until(lambda book=book: book.now)  # type: ignore[misc]
            if life < 4:
                await asyncio.sleep(1)
                await a.crash()
                continue
            async with plant(another, tmp_path / "b", consume(Clerk, other, queue=WORK)) as b:
                full.append(a.shelf.open())
                await until(lambda book=book: not book.now)  # type: ignore[misc]
                await send(b.outside, *orders(3))
                await asyncio.sleep(100)
                assert len(other.seen) == 3
                full.clear()
                await asyncio.sleep(60)
                assert len(await a.effects()) == 1
    await outside.close()
