"""At its last chance a message is on trial until what came of it is written; nobody is blamed for another's crash."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import Effect, MemoryBroker, Message, Park, Queue, Received, Retries, Retry, consume
from cybernetic.gateways.consumer.effect import Effect as Transaction
from cybernetic.state import OutboxFull, Store, StoreFull, StoreLimits
from tests.gateways.agents.plant import WORK, Book, Clerk, orders, plant, send, until
from tests.gateways.agents.test_trials import BEATS, OTHER, slowly, suspects


@pytest.mark.parametrize(
    "no_room", [StoreFull("a", "the disk is full"), OutboxFull("it", "1 item", 1, 1, None)]
)
async def test_one_that_waits_for_room_is_not_blamed_for_the_crash_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_room: Exception
) -> None:
    """Its handler is done; there is no room for its effect; another is handled then, and kills."""
    broker, commit, full = MemoryBroker(), Store.commit, False
    outside = await broker.connect()

    async def commits(self: Store, work: Any) -> Any:
        if full and isinstance(work, Transaction):
            raise no_room
        return await commit(self, work)

    monkeypatch.setattr(Store, "commit", commits)
    for life in range(5):
        book, other = Book(slowly(2.0)), Book(slowly(1000.0))
        specs = [consume(Clerk, book, queue=WORK), consume(Clerk, other, queue=OTHER, timeout=1400)]
        async with plant(broker, tmp_path / "a", *specs) as a:
            if not life:
                await send(a.outside, *orders(1))
            await until(lambda book=book: book.now)  # type: ignore[misc]
            if life == 4:
                full = True
                await until(lambda book=book: not book.now)  # type: ignore[misc]
                await send(a.outside, *orders(1, "other", first=1))
                await until(lambda other=other: other.now)  # type: ignore[misc]
            await a.crash()
    full = False
    async with plant(broker, tmp_path / "a", consume(Clerk, Book(), queue=WORK)) as a:
        await asyncio.sleep(10.0)
        assert await a.parked() == []
        assert await a.effects() == [("0", b"0")]
        assert await suspects(a) == []
    await outside.close()


@pytest.mark.parametrize("verdict", [None, Park("no")])
async def test_one_whose_effect_kills_its_process_as_it_is_written_is_counted_and_nobody_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: Park | None
) -> None:
    """Or the note that it rests, where it has no effect."""
    broker, commit = MemoryBroker(), Store.commit
    outside = await broker.connect()
    deadly, deaths = asyncio.Event(), 0

    async def handle(delivery: Received, tx: Effect) -> Park | None:
        return verdict

    async def commits(self: Store, work: Any) -> Any:
        key = work._key[0] + b"\0" if isinstance(work, Transaction) and work._key else b""
        if book.seen and key.startswith(b"work\x000\0"):
            deadly.set()
            await asyncio.sleep(10_000.0)
        return await commit(self, work)

    monkeypatch.setattr(Store, "commit", commits)
    for life in range(8):
        deadly = asyncio.Event()
        book, other = Book(handle), Book()
        async with plant(
            broker, tmp_path / "a", consume(Clerk, book, queue=WORK), consume(Clerk, other, queue=OTHER)
        ) as a:
            if not life:
                await send(a.outside, *orders(1))
            try:
                await asyncio.wait_for(deadly.wait(), 100.0)
            except TimeoutError:
                break
            deaths += 1
            await send(a.outside, *orders(1, "other", first=10 + life))
            await asyncio.sleep(1.0)
            assert len(other.seen) == (0 if life == 4 else 1 + (life == 5))
            await a.crash()
    assert deaths == 5
    session = await broker.connect()
    assert (await session.state("work.parked")).messages == 1
    await session.close()
    await outside.close()


async def test_a_full_outbox_at_the_last_trial_holds_nobody_who_could_empty_it(tmp_path: Path) -> None:
    """The others are let in while it waits for room."""

    async def publishes(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(1.0)
        if trial:
            tx.publish(Message(b"x" * 100, routing_key="out", id="more"))

    broker, trial = MemoryBroker(), False
    outside = await broker.connect()
    for life in range(5):
        trial = life == 4
        book, other = Book(publishes), Book()
        specs = [consume(Clerk, book, queue=WORK), consume(Clerk, other, queue=OTHER)]
        async with plant(broker, tmp_path / "a", *specs, limits=StoreLimits(count=1)) as a:
            if not life:
                await send(a.outside, *orders(1))
            await until(lambda book=book: book.now)  # type: ignore[misc]
            if not trial:
                await a.crash()
                continue
            await send(a.outside, *orders(1, "other", first=1))
            broker.block("memory")
            filling = asyncio.create_task(a.publish(b"it is full"))
            await until(lambda book=book: not book.now)  # type: ignore[misc]
            await until(lambda other=other: other.seen, 5.0)  # type: ignore[misc]
            broker.unblock()
            await filling
            await asyncio.sleep(5.0)
            assert sorted(id for id, _ in await a.effects()) == ["0", "1"]
            assert await suspects(a) == []
    await outside.close()


async def test_heartbeats_that_come_again_wait_for_nobody(tmp_path: Path) -> None:
    """A heart that waits is taken for dead: what is redelivered on a lossy queue goes past who is on trial."""
    broker = MemoryBroker()
    outside = await broker.connect()
    for life in range(5):
        bad, beats = Book(slowly(50.0)), Book()
        specs = [consume(Clerk, bad, queue=WORK), consume(Clerk, beats, queue=BEATS, once=False)]
        async with plant(broker, tmp_path / "a", *specs) as a:
            if not life:
                await send(a.outside, *orders(1))
            await until(lambda bad=bad: bad.now)  # type: ignore[misc]
            if life < 4:
                await a.crash()
                continue
            peer = await broker.connect("peer")
            await peer.intake("beats", lambda delivery: None, prefetch=10)
            await send(a.outside, *(Message(b"%d" % n, routing_key="beats") for n in range(8)))
            await asyncio.sleep(0.5)
            await peer.close()
            await asyncio.sleep(0.5)
            assert len(beats.seen) == 8
            assert any(one.redelivered for one in beats.seen)
            assert bad.now == 1
    await outside.close()


async def test_heartbeats_that_ended_their_process_four_times_go_past_all_others_and_the_fifth_is_the_last(
    tmp_path: Path,
) -> None:
    broker = MemoryBroker()
    outside = await broker.connect()
    for life in range(6):
        bad, beats = Book(slowly(50.0)), Book(slowly(50.0))
        specs = [consume(Clerk, bad, queue=OTHER), consume(Clerk, beats, queue=BEATS, once=False)]
        async with plant(broker, tmp_path / "a", *specs) as a:
            if not life:
                await send(a.outside, Message(b"beat", routing_key="beats"))
            if life == 4:
                await send(a.outside, *orders(1, "other"))
                await until(lambda bad=bad: bad.now)  # type: ignore[misc]
            await asyncio.sleep(1.0)
            assert beats.now == (life < 5)
            if life == 5:
                assert [one.reason for one in await a.parked("beats")] == ["crashed its worker"]
                break
            await a.crash()
    await outside.close()


async def test_an_orderly_end_while_a_suspect_waits_for_its_next_try_forgives_no_crash(
    tmp_path: Path,
) -> None:
    """It kills at the second try of each life; in between its program ends in an orderly way before the second."""

    async def handle(delivery: Received, tx: Effect) -> Any:
        if len(book.seen) == 1:
            return Retry("not now")
        deadly.set()
        await asyncio.sleep(1000.0)
        return None

    broker, kills = MemoryBroker(), 0
    outside = await broker.connect()
    queue = Queue("work", single_active=True)
    for life in range(30):
        deadly, book = asyncio.Event(), Book(handle)
        retries = Retries(100, first=60.0)
        spec = consume(Clerk, book, queue=queue, order=lambda delivery: 1, retries=retries, timeout=1400)
        async with plant(broker, tmp_path / "a", spec) as a:
            if not life:
                await send(a.outside, *orders(1))
            with contextlib.suppress(AssertionError):
                await until(lambda: book.seen, 100.0)  # noqa: B023
            if not book.seen:
                break
            if life % 2:
                continue
            await asyncio.wait_for(deadly.wait(), 100.0)
            kills += 1
            await a.crash()
    assert kills == 5
    session = await broker.connect()
    assert (await session.state("work.parked")).messages == 1
    await session.close()
    await outside.close()


async def test_while_a_last_trial_waits_for_a_long_handler_what_takes_less_time_is_handled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And when that has ended, it waits no longer than these may take; at the trial nothing is beside it."""
    loop, broker, slow = asyncio.get_running_loop(), MemoryBroker(), Queue("slow")
    monkeypatch.setattr("cybernetic.state.store.store.wall", lambda: 1.8e9 + loop.time())
    outside = await broker.connect()
    for life in range(5):
        bad, long, quick = Book(slowly(100.0)), Book(slowly(500.0)), Book(slowly(20.0))
        specs = [
            consume(Clerk, bad, queue=WORK, timeout=1400),
            consume(Clerk, long, queue=slow, timeout=1400),
            consume(Clerk, quick, queue=OTHER, timeout=30.0, prefetch=5),
        ]
        async with plant(broker, tmp_path / "a", *specs) as a:
            if not life:
                await send(a.outside, *orders(1))
            if life < 4:
                await until(lambda bad=bad: bad.now)  # type: ignore[misc]
                await asyncio.sleep(5.0)
                await a.crash()
                continue
            began = loop.time()  # for twice as long as it had been handled it is kept apart, beside others
            await send(a.outside, *orders(1, "slow"))
            await until(lambda long=long: long.now)  # type: ignore[misc]
            await asyncio.sleep(20.0)
            await send(a.outside, *orders(180, "other", first=10))
            await asyncio.sleep(300.0)
            assert (bad.seen, long.now) == ([], 1)
            assert len(quick.seen) > 70
            await until(lambda bad=bad: bad.now, 1000.0)  # type: ignore[misc]
            assert 500.0 <= loop.time() - began < 535.0
            assert (long.now, quick.now) == (0, 0)
            seen = len(quick.seen)
            await asyncio.sleep(90.0)
            assert (bad.now, len(quick.seen)) == (1, seen)
            await until(lambda quick=quick: len(quick.seen) == 180, 1000.0)  # type: ignore[misc]
            await asyncio.sleep(25.0)
            assert len(await a.effects()) == 182
            assert await suspects(a) == []
    await outside.close()
