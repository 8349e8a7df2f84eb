"""What was given back is not begun here: another process may have it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import MemoryBroker, Queue, consume
from cybernetic.gateways.consumer.desk import Desk
from cybernetic.gateways.consumer.suspects import Suspects
from cybernetic.gateways.consumer.taps import Tap
from cybernetic.state import OutboxFull, StoreFull
from tests.gateways.agents.plant import WORK, Book, Clerk, orders, plant, send, until
from tests.gateways.agents.test_trials import slowly

SLOW, ALONE = Queue("slow"), Queue("alone", single_active=True)


async def test_a_long_handler_runs_in_one_process(tmp_path: Path) -> None:
    broker, first, second = MemoryBroker(), Book(slowly(1400.0)), Book(slowly(1400.0))
    async with plant(broker, tmp_path / "a", consume(Clerk, first, queue=WORK, timeout=1500)) as a:
        await send(a.outside, *orders(6))
        await asyncio.sleep(5.0)
        async with plant(broker, tmp_path / "b", consume(Clerk, second, queue=WORK, timeout=1500)):
            await asyncio.sleep(4000.0)
            assert (len(first.seen), len(second.seen)) == (6, 0)


async def test_what_waits_for_a_suspect_and_was_given_back_is_handled_once(tmp_path: Path) -> None:
    broker = MemoryBroker()
    outside = await broker.connect()
    for life in range(4):
        book = Book(slowly(1500.0))
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=SLOW, timeout=1500)) as a:
            if not life:
                await send(a.outside, *orders(1, "slow"))
            await until(lambda: book.now, 4000.0)  # noqa: B023
            await asyncio.sleep(5.0)
            await a.crash()
    bad, first, second = Book(slowly(1400.0)), Book(), Book()
    specs = consume(Clerk, bad, queue=SLOW, timeout=1500), consume(Clerk, first, queue=WORK)
    async with plant(broker, tmp_path / "a", *specs) as a:
        await until(lambda: bad.now, 4000.0)
        await send(a.outside, *orders(20))
        await asyncio.sleep(5.0)
        async with plant(broker, tmp_path / "b", consume(Clerk, second, queue=WORK)):
            await asyncio.sleep(3000.0)
            assert len(first.seen) + len(second.seen) == 20
    await outside.close()


@pytest.mark.parametrize("where", ["in its handler", "when it is written"])
async def test_what_finds_no_room_again_and_again_keeps_its_place_and_no_delivery_for_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    full, given_back = True, list[float]()
    back, commit = Tap.back, Desk.commit

    async def handle(delivery: Any, tx: Any) -> None:
        if full and delivery.message.id == "0" and where == "in its handler":
            raise OutboxFull("it", "1 item", 1, 1, None)

    async def commits(self: Desk, *more: Any) -> Any:
        if full:
            raise StoreFull("a", "full")
        return await commit(self, *more)

    def backs(tap: Tap, tag: int) -> None:
        given_back.append(tap.age(tag))
        back(tap, tag)

    monkeypatch.setattr(Tap, "back", backs)
    monkeypatch.setattr(Desk, "commit", commits)
    spec = consume(Clerk, Book(handle), queue=ALONE, order=lambda delivery: 1)
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *orders(3, "alone"))
        await asyncio.sleep(7200)
        assert len(given_back) >= 3 * 4
        assert max(given_back) < 1800
        assert await a.effects() == []
        full = False
        await asyncio.sleep(60)
        assert [id for id, _ in await a.effects()] == ["0", "1", "2"]


async def test_a_try_in_place_begins_with_a_delivery_that_is_fresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the broker would lose patience while it runs."""
    ages: list[float] = []
    left = Tap._left

    def leaves(tap: Tap, tag: int) -> None:
        ages.append(tap.age(tag))
        left(tap, tag)

    async def fails(delivery: Any, tx: Any) -> None:
        await asyncio.sleep(1400.0)
        if len(book.seen) < 3:
            raise ValueError("no")

    monkeypatch.setattr(Tap, "_left", leaves)
    book = Book(fails)
    spec = consume(Clerk, book, queue=ALONE, timeout=1500, order=lambda one: "all", prefetch=4)
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *orders(2, "alone"))
        await asyncio.sleep(6500.0)
        assert [one.message.id for one in book.seen] == ["0", "0", "0", "1"]
        assert await a.ready("alone") == 0
        assert len(await a.effects()) == 2
    assert max(ages) < 1800.0


async def test_what_its_connection_lost_and_could_not_be_written_is_no_suspect_when_it_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, begin, full = Desk.commit, Suspects.begin, True
    tried: list[str] = []

    async def commits(self: Desk, effect: Any, *patience: Any) -> Any:
        if full and book.seen:
            raise StoreFull("a", "the disk is full")
        return await commit(self, effect, *patience)

    async def begins(self: Suspects, key: str, crashes: int) -> None:
        tried.append(key)
        await begin(self, key, crashes)

    monkeypatch.setattr(Desk, "commit", commits)
    monkeypatch.setattr(Suspects, "begin", begins)
    broker, book = MemoryBroker(), Book(slowly(2.0))
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await until(lambda: book.now)
        broker.stop()
        await asyncio.sleep(10.0)
        full = False
        broker.start()
        await asyncio.sleep(30.0)
        assert len(book.seen) == 2
        assert [one.redelivered for one in book.seen] == [False, True]
        assert await a.effects() == [("0", b"0")]
        assert tried == []
