"""After a crash, suspects are handled side by side, and fewer of them the more there is against them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.gateways import Effect, MemoryBroker, Message, Queue, Received, Retries, Retry, consume
from cybernetic.gateways.consumer.ward import Ward, beside
from tests.gateways.agents.plant import WORK, Book, Clerk, orders, plant, send, until
from tests.support import run_virtual


@given(st.integers(2, 10), st.integers(1, 500), st.integers(1, 20))
def test_the_more_crashes_the_fewer_beside_it_and_the_last_time_none(
    most: int, prefetch: int, crashes: int
) -> None:
    few = beside(crashes, most, prefetch)
    assert 1 <= few <= max(1, prefetch // 2)
    assert beside(crashes + 1, most, prefetch) <= few
    assert few == (1 if crashes >= most - 1 else max(1, prefetch // 2**crashes))


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(0, 6)), max_size=20))
def test_never_more_are_inside_than_any_of_them_allows_and_all_get_in(
    who: list[tuple[int, int, int]],
) -> None:
    inside: list[int] = []
    done, gone = 0, 0

    async def visit(ward: Ward, together: int, stay: int) -> None:
        nonlocal done
        async with ward.place(together):
            inside.append(together)
            assert len(inside) <= min(inside)
            try:
                await asyncio.sleep(stay)
            finally:
                inside.remove(together)
        done += 1

    async def main() -> None:
        nonlocal gone
        ward = Ward()
        tasks = [asyncio.ensure_future(visit(ward, together, stay)) for together, stay, _ in who]
        for task, (_, _, cancel) in zip(tasks, who, strict=True):
            if cancel == 1:
                await asyncio.sleep(1.5)
                gone += task.cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 1000)
        for task in tasks:
            if not task.cancelled() and task.exception() is not None:
                raise task.exception()  # type: ignore[misc]

    run_virtual(main())
    assert done + gone == len(who)


async def test_who_gives_up_waiting_lets_those_behind_it_in_at_once() -> None:
    ward = Ward()
    inside: list[str] = []

    async def visit(name: str, together: int) -> None:
        async with ward.place(together):
            inside.append(name)
            await asyncio.sleep(100.0)

    first = asyncio.create_task(visit("first", 3))
    await asyncio.sleep(1.0)
    alone = asyncio.create_task(visit("alone", 1))
    await asyncio.sleep(1.0)
    behind = asyncio.create_task(visit("behind", 3))
    await asyncio.sleep(1.0)
    assert inside == ["first"]  # in order: who needs it empty is not passed by
    alone.cancel()
    await asyncio.sleep(1.0)
    assert inside == ["first", "behind"]
    await asyncio.wait((first, behind, alone))


async def test_a_place_that_is_given_and_not_wanted_any_more_goes_to_the_next() -> None:
    ward = Ward()
    inside: list[str] = []

    async def visit(name: str) -> None:
        async with ward.place(1):
            inside.append(name)

    async with ward.place(1):
        second, third = (asyncio.create_task(visit(name)) for name in ("second", "third"))
        await asyncio.sleep(1.0)
    second.cancel()  # it was given the place, and did not come to take it
    await asyncio.wait_for(third, 2.0)
    assert inside == ["third"]
    assert second.cancelled()


async def test_what_was_redelivered_after_a_crash_is_handled_side_by_side(tmp_path: Path) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(2.0)

    broker, book = MemoryBroker(), Book(slow)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(50))
        await until(lambda: len(book.seen) == 50)
        await a.crash()
    again = Book(slow)
    async with plant(broker, tmp_path / "a", consume(Clerk, again, queue=WORK)) as a:
        began = asyncio.get_running_loop().time()

        async def all_there() -> bool:
            return len(await a.effects()) == 50

        await until(all_there)
        assert asyncio.get_running_loop().time() - began < 6.0  # two halves
        assert again.most == 25


async def test_a_suspect_that_waits_for_its_next_try_lets_others_go(tmp_path: Path) -> None:
    async def fails(delivery: Received, tx: Effect) -> Any:
        if crashed and delivery.body == b"0":
            return Retry("no")
        await asyncio.sleep(100.0 if not crashed else 0.1)
        return None

    broker, crashed = MemoryBroker(), False
    line = Queue("work", single_active=True)

    def spec(book: Book) -> Any:
        return consume(Clerk, book, queue=line, order=lambda delivery: delivery.body, crashes=2, timeout=1000)

    book = Book(fails)
    async with plant(broker, tmp_path / "a", spec(book)) as a:
        await send(a.outside, *orders(10))
        await until(lambda: len(book.seen) == 10)
        await a.crash()
    crashed = True
    book = Book(fails)
    async with plant(broker, tmp_path / "a", spec(book)) as a:
        await asyncio.sleep(5.0)  # one at a time, for the next crash would be the last
        assert sorted(int(id) for id, _ in await a.effects()) == list(range(1, 10))
        await asyncio.sleep(60.0)
        assert [one.id for one in await a.parked()] == ["0"]
        assert book.count("0") == 6


@pytest.mark.parametrize("bad", [0, 7, 19])
async def test_among_many_that_are_suspected_together_only_the_bad_one_is_parked(
    tmp_path: Path, bad: int
) -> None:
    """Handlers take so long that all are still being handled when the bad one takes the process along."""
    broker = MemoryBroker()
    outside = await broker.connect()
    handled: set[str] = set()
    for turn in range(40):
        deadly = asyncio.Event()

        async def handle(delivery: Received, tx: Effect, deadly: asyncio.Event = deadly) -> None:
            if delivery.message.id == str(bad):
                await asyncio.sleep(0.5)
                deadly.set()
                await asyncio.sleep(1000.0)
            await asyncio.sleep(1.0)
            handled.add(delivery.message.id)

        spec = consume(Clerk, Book(handle), queue=WORK, prefetch=20, retries=Retries(0), timeout=1400)
        async with plant(broker, tmp_path / "a", spec) as a:
            if not turn:
                await send(a.outside, *orders(20))
            try:
                await asyncio.wait_for(deadly.wait(), 60.0)
            except TimeoutError:
                break
            await a.crash()
    assert turn == 5
    session = await broker.connect()
    state = await session.state("work.parked")
    assert state.messages == 1
    assert handled == {str(n) for n in range(20)} - {str(bad)}
    await session.close()
    await outside.close()


async def test_equal_messages_without_ids_count_one_crash_together(tmp_path: Path) -> None:
    async def slow(delivery: Any, tx: Any) -> None:
        await asyncio.sleep(5.0)

    broker = MemoryBroker()
    outside = await broker.connect()
    for life in range(3):
        book = Book(slow)
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
            if not life:
                await send(a.outside, *(Message(b"tick", routing_key="work") for _ in range(10)))
            await asyncio.sleep(1.0)
            assert book.seen
            assert await a.parked() == []
            await a.crash()
    book = Book(slow)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await asyncio.sleep(120.0)
        assert len(book.seen) == 10
        assert await a.parked() == []
    await outside.close()
