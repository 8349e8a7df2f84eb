"""What is sent again under an id that was known goes its way again: it may have had no effect the first time."""

import asyncio
from pathlib import Path
from typing import Any

from cybernetic.gateways import MemoryBroker, consume, discard
from tests.gateways.agents.plant import WORK, Book, Clerk, orders, plant, send


class Moody:
    """A handler that fails as long as it is told to."""

    def __init__(self) -> None:
        self.fails = True

    async def __call__(self, delivery: Any, tx: Any) -> None:
        """Fail, or not."""
        if self.fails:
            raise ValueError("no")


async def test_what_was_discarded_and_is_sent_again_goes_round_again(tmp_path: Path) -> None:
    mood = Moody()
    book = Book(mood)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(60.0)
        assert len(await a.parked()) == 1
        await discard(a.outside, "work", ["0"])
        await send(a.outside, *orders(1))
        await asyncio.sleep(0.5)
        mood.fails = False
        await asyncio.sleep(60.0)
        assert len(await a.effects()) == 1
        assert await a.parked() == []


async def test_what_was_discarded_and_fails_again_rests_again(tmp_path: Path) -> None:
    book = Book(Moody())
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        for _ in range(2):
            await send(a.outside, *orders(1))
            await asyncio.sleep(60.0)
            assert len(await a.parked()) == 1
            await discard(a.outside, "work", ["0"])
        assert len(book.seen) == 12
