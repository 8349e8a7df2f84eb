"""An effect whose own statements fail as it is written has failed: the message is tried again, and nothing is lost."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import Hold, Intake, MemoryBroker, Queue, consume
from cybernetic.state import Store, StoreFull
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
