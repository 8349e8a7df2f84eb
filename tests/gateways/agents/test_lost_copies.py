"""What its sender publishes again has its effect, or rests, also where the broker lost a copy that was under way."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import MemoryBroker, Message, Park, Publisher, Retries, Retry, consume
from cybernetic.gateways.broker.memory.outlet import MemoryOutlet
from cybernetic.gateways.consumer.ticket import Ticket
from cybernetic.gateways.consumer.under_way import BEHIND, UnderWay
from cybernetic.state import Batch, Store
from tests.gateways.agents.plant import WORK, Book, Clerk, Plant, orders, plant, send, until

STEPS = ("work.retry.1s", "work.retry.2s", "work.retry.4s", "work.retry.8s", "work.retry.16s")
LOST = {
    "all": ("work", *STEPS, "work.parked"),
    "a delay queue": ("work.retry.4s",),
    "what was in it": (),
}


class Moody:
    """Fails for as long as it is told to."""

    def __init__(self) -> None:
        self.said: Any = ValueError("no")

    async def __call__(self, delivery: Any, tx: Any) -> Any:
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


async def lose(a: Plant, queues: tuple[str, ...]) -> None:
    """The broker loses these, or (none) what waits for the third retry."""
    if not queues:
        assert await a.outside.purge("work.retry.4s") > 0
    for queue in queues:
        await a.outside.delete(queue=queue)


@pytest.mark.parametrize("life", [1, 2])
@pytest.mark.parametrize("lost", list(LOST))
async def test_what_is_published_again_after_its_copy_was_lost_has_its_effect(
    tmp_path: Path, lost: str, life: int
) -> None:
    """Also where the process was away as it was lost; however soon it is published again."""
    broker, mood = MemoryBroker(), Moody()
    book = Book(mood)
    outside = await broker.connect()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(10))
        await asyncio.sleep(4.2)  # three tries
        if life == 1:
            await lose(a, LOST[lost])
            broker.cut("restart")
            await asyncio.sleep(5.0)
            a.outside = outside = await broker.connect()
            await comes_back(a, mood, book)
    if life == 2:
        a.outside = await broker.connect()
        await lose(a, LOST[lost])
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
            await comes_back(a, mood, book)
    await outside.close()


async def comes_back(a: Plant, mood: Moody, book: Book) -> None:
    seen = len(book.seen)
    await send(a.outside, *orders(10))
    await until(lambda: len(book.seen) >= seen + 10, 10.0)
    mood.said = None
    await asyncio.sleep(40.0)
    assert sorted(id for id, _ in await a.effects()) == [str(n) for n in range(10)]
    assert await a.parked() == []


async def test_what_fails_again_after_its_copy_was_lost_is_seen_six_times_in_all_and_rests_once_with_its_history(
    tmp_path: Path,
) -> None:
    book = Book(Moody())
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(4.2)
        await a.outside.purge("work.retry.4s")
        await asyncio.sleep(60.0)
        await send(a.outside, *orders(1))
        await asyncio.sleep(60.0)
        (rests,) = await a.parked()
        assert len(book.seen) == 6
        said = [line.what for line in rests.ticket.history]
        assert said == ["retry"] * 3 + ["came anew"] + ["retry"] * 2 + ["parked"]


@pytest.mark.parametrize("lost", [True, False])
async def test_what_can_never_succeed_rests_once_though_a_copy_of_it_was_under_way(
    tmp_path: Path, lost: bool
) -> None:
    mood = Moody()
    book = Book(mood)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.5)
        if lost:
            await a.outside.purge("work.retry.2s")
        mood.said = Park("never")
        await send(a.outside, *orders(1))
        await asyncio.sleep(60.0)
        assert (len(book.seen), [one.why for one in await a.parked()]) == (3, ["refused: never"])


async def test_many_duplicates_at_once_use_up_no_tries(tmp_path: Path) -> None:
    book = Book(Moody())
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.5)
        for _ in range(20):
            await send(a.outside, *orders(1))
        await asyncio.sleep(20.0)
        assert await a.parked() == []
        await asyncio.sleep(20.0)
        assert (len(book.seen), len(await a.parked())) == (6 + 20, 1)


async def test_what_is_published_again_and_again_rests_nevertheless(tmp_path: Path) -> None:
    """Each time sooner than its copy comes back."""
    book = Book(Moody())
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        for _ in range(70):
            await send(a.outside, *orders(1))
            await asyncio.sleep(0.5)
        assert len(await a.parked()) == 1


async def test_a_copy_in_whose_place_another_went_is_not_handled_also_in_another_life(
    tmp_path: Path,
) -> None:
    """It waits longer than the copy that took its place."""
    broker, book = MemoryBroker(), Book(Moody())
    copies: list[Message] = []
    real = MemoryOutlet._send

    def held(self: Any, number: int, message: Any) -> None:
        if message.routing_key == STEPS[0]:
            copies.append(message)
        real(self, number, message)

    outside = await broker.connect()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryOutlet, "_send", held)
        for _ in range(2):
            async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
                if not book.seen:
                    await send(a.outside, *orders(1))
                    await asyncio.sleep(0.5)
                    await a.outside.purge(STEPS[0])
                    await send(a.outside, *orders(1))
                    await until(lambda: len(copies) == 2)
                    continue
                first, second = copies
                await send(a.outside, first, second)
                await asyncio.sleep(60.0)
                assert (len(book.seen), len(await a.parked())) == (7, 1)
    await outside.close()


@pytest.mark.parametrize("lives", [1, 2])
@pytest.mark.parametrize("whys", ["aaa", "aba"])
async def test_those_that_fail_at_one_instant_have_copies_of_one_name_and_none_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whys: str, lives: int
) -> None:
    """Also in another life."""
    for room in ("desk", "round"):
        monkeypatch.setattr(f"cybernetic.gateways.consumer.{room}.wall", lambda: 1.8e9)
    said = iter(whys)

    async def handle(delivery: Any, tx: Any) -> Retry | None:
        why = next(said, "")
        return Retry(why) if why else None

    broker, book = MemoryBroker(), Book(handle)
    outside = await broker.connect()
    for life in range(lives):
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
            if life == 0:
                await send(a.outside, *orders(1), *orders(1))
                await until(lambda: len(book.seen) == 2)
                if whys == "aba":
                    await a.outside.purge(STEPS[0])
                await send(a.outside, *orders(1))
                await until(lambda: len(book.seen) == 3)
                await asyncio.sleep(0.3)
            if life == lives - 1:
                await asyncio.sleep(20.0)
                assert [id for id, _ in await a.effects()] == ["0"]
    await outside.close()


async def test_who_has_had_more_tries_than_its_copy_begins_none_anew(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "a")
    under_way, batch = UnderWay(store), Batch(store)
    await under_way.open()
    under_way.begin("it", "copy", Ticket("work", "", "work", 1.0, 1), 1.0, batch)()
    await store.commit(batch)
    ticket = Ticket("work", "", "work", 1.0, 5)
    assert await under_way.resumed("it", ticket) == ticket
    assert (await under_way.resumed("it", Ticket("work", "", "work", 1.0, 0))).retries == 0
    await asyncio.sleep(2.0)
    assert (await under_way.resumed("it", Ticket("work", "", "work", 1.0, 0))).retries == 1
    await store.close()


async def test_a_lost_copy_is_forgotten_an_hour_after_it_was_to_come_back(tmp_path: Path) -> None:
    book = Book(Moody())
    spec = consume(Clerk, book, queue=WORK, retries=Retries(2))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(0.5)
        await a.outside.purge(STEPS[0])
        await asyncio.sleep(BEHIND + 2.0)
        await send(a.outside, *orders(1))
        await asyncio.sleep(10.0)
        assert (len(book.seen), len(await a.parked())) == (1 + 3, 1)
        assert await a.publisher.call(Publisher.waiting) == 0


@pytest.mark.parametrize("tries", [1, 2])
async def test_it_has_its_effect_also_where_its_own_delivery_comes_again_before_it_fails(
    tmp_path: Path, tries: int
) -> None:
    """Nobody can tell whether it is the one that was sent on before, and it goes on all the same."""
    broker, mood = MemoryBroker(), Moody()
    outside = await broker.connect()
    async with plant(broker, tmp_path / "a", consume(Clerk, Book(mood), queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(tries - 0.5)
    await outside.purge(STEPS[tries - 1])
    peer = await broker.connect()
    taken: list[Any] = []
    await peer.intake("work", taken.append, prefetch=10)
    await send(outside, *orders(1))
    await until(lambda: taken)
    await peer.close()
    book = Book(mood)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await until(lambda: book.seen)
        mood.said = None
        assert [one.redelivered for one in book.seen] == [True]
        await asyncio.sleep(20.0)
        assert [id for id, _ in await a.effects()] == ["0"]
    await outside.close()
