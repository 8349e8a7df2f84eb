"""Messages of one key are handled one at a time, in the order they came, also through retries."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import (
    Effect,
    MemoryBroker,
    Queue,
    Received,
    consume,
)
from tests.gateways.agents.plant import Book, Clerk, orders, plant, send, until


async def test_an_order_function_that_fails_parks_the_message_and_blocks_nobody(tmp_path: Path) -> None:
    def key(delivery: Received) -> Any:
        if delivery.body == b"1":
            raise KeyError("no customer")
        return [delivery.body] if delivery.body == b"2" else delivery.body

    book = Book()
    work = Queue("work", single_active=True)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=work, order=key)) as a:
        intake = a.ref("amqp.work")
        await send(a.outside, *orders(5))
        await asyncio.sleep(60.0)
        assert sorted(id for id, _ in await a.effects()) == ["0", "3", "4"]
        assert sorted(one.id for one in await a.parked()) == ["1", "2"]
        assert any("no customer" in one.why for one in await a.parked())
        assert a.ref("amqp.work") == intake


async def test_a_message_in_order_that_always_fails_is_parked_and_lets_the_next_go(tmp_path: Path) -> None:
    async def sometimes(delivery: Received, tx: Effect) -> None:
        if delivery.message.id == "0":
            raise ValueError("never")

    book = Book(sometimes)
    work = Queue("work", single_active=True)
    spec = consume(Clerk, book, queue=work, order=lambda delivery: "all")
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *orders(3))
        await asyncio.sleep(60.0)
        assert [one.message.id for one in book.seen] == ["0"] * 6 + ["1", "2"]
        (one,) = await a.parked()
        assert one.id == "0"
        assert len(one.ticket.history) == 6


@pytest.mark.parametrize(("behind", "most"), [(3, 0.5), (4, 32.0)])
async def test_other_keys_wait_for_one_that_fails_only_when_it_has_all_of_the_prefetch(
    tmp_path: Path, behind: int, most: float
) -> None:
    """Then for as long as its retries take, and no longer: 31 s."""

    async def fails(delivery: Received, tx: Effect) -> None:
        if delivery.message.id == "0":
            raise ValueError("never")

    book, work = Book(fails), Queue("work", single_active=True)
    spec = consume(Clerk, book, queue=work, prefetch=5, order=lambda one: int(one.body) <= behind)
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        began = asyncio.get_running_loop().time()
        await send(a.outside, *orders(10))
        await until(lambda: book.count("9"))
        assert asyncio.get_running_loop().time() - began < most
        await until(lambda: len(book.seen) == 15)
        assert [one.message.id for one in book.seen if int(one.body) <= behind][6:] == [
            str(n) for n in range(1, behind + 1)
        ]
        await until(lambda: book.count(str(behind)))
