"""What a handler publishes where the outbox has no room for it yet: in order, and no more than that may ever hold."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways import Effect, MemoryBroker, Message, Publisher, Received, Retries, consume
from cybernetic.state import StoreLimits
from tests.gateways.agents.plant import WORK, Book, Clerk, Plant, Reader, orders, plant, send, until


@asynccontextmanager
async def full(
    path: Path, handle: Any, limits: StoreLimits, *before: Message
) -> AsyncIterator[tuple[Plant, asyncio.Event, Book]]:
    """A gateway whose broker is blocked: `before` is in its outbox when `handle` of the only order may go."""
    go = asyncio.Event()

    async def waits(delivery: Received, tx: Effect) -> Any:
        await go.wait()
        return await handle(delivery, tx)

    book = Book(waits)
    spec = consume(Clerk, book, queue=WORK, retries=Retries(0))
    async with plant(MemoryBroker(), path / "a", spec, limits=limits) as a:
        await send(a.outside, *orders(1))
        await until(lambda: book.seen)
        a.broker.block("memory")
        for one in before:
            await a.publisher.call(Publisher.post, one)
        yield a, go, book


def note(id: str, size: int = 1) -> Message:
    return Message(b"x" * size, routing_key="out", id=id)


async def test_a_small_message_does_not_overtake_a_large_one_of_the_same_effect(tmp_path: Path) -> None:
    async def two(delivery: Received, tx: Effect) -> None:
        tx.publish(note("large", 600))
        tx.publish(note("small"))

    async with full(tmp_path, two, StoreLimits(bytes=1000), note("before", 500)) as (a, go, book):
        reader = await Reader.of(a.outside, "out")
        go.set()
        await asyncio.sleep(5.0)
        assert await a.effects() == []  # it waits for room
        a.broker.unblock()
        await until(lambda: len(reader.ids) == 3)
        assert reader.ids == ["before", "large", "small"]
        assert len(book.seen) == 1


@pytest.mark.parametrize("size", [1, 400])
async def test_more_than_the_outbox_holds_is_refused_at_its_line_also_while_that_is_full(
    tmp_path: Path, size: int
) -> None:
    refused: list[str] = []

    async def three(delivery: Received, tx: Effect) -> None:
        for n in range(3):
            try:
                tx.publish(note(str(n), size))
            except OptionError as error:
                refused.append(str(error))
                assert n == 2
                raise

    limits = StoreLimits(count=2) if size == 1 else StoreLimits(bytes=1000)
    before = note("a", size), note("b", size)
    async with full(tmp_path, three, limits, *before) as (a, go, book):
        go.set()
        await until(lambda: refused, 1.0)
        assert ("at most 2 items" if size == 1 else "at most 1000 bytes") in refused[0]
        a.broker.unblock()
        await asyncio.sleep(60.0)
        (one,) = await a.parked()
        assert "at most" in one.why
        assert len(book.seen) == len(refused) == 1


async def test_what_finds_no_room_for_ten_minutes_goes_back_and_is_handled_again(tmp_path: Path) -> None:
    async def one(delivery: Received, tx: Effect) -> None:
        tx.publish(note("new"))

    async with full(tmp_path, one, StoreLimits(count=1), note("before")) as (a, go, book):
        go.set()
        await asyncio.sleep(590.0)
        assert len(book.seen) == 1
        await asyncio.sleep(100.0)
        assert len(book.seen) > 1
        assert await a.effects() == []
        a.broker.unblock()
        reader = await Reader.of(a.outside, "out")
        await until(lambda: len(reader.ids) == 2)
        await asyncio.sleep(100.0)
        assert reader.ids == ["before", "new"]
        assert await a.effects() == [("0", b"0")]
        assert await a.parked() == []
