"""What cannot be sent, and cannot be set aside either, waits on the disk: of it nothing large is in memory."""

import asyncio
import gc
from pathlib import Path

import pytest

from cybernetic.gateways import MemoryBroker, Message, NoRoute, Publisher
from cybernetic.gateways.publisher.flight import Entry
from cybernetic.state import StoreLimits
from tests.gateways.agents.plant import ask_all, plant, until

MANY, SIZE = 30, 90_000


def in_memory() -> int:
    gc.collect()
    return sum(
        isinstance(one, Message | Entry) and len(getattr(one, "message", one).body) == SIZE
        for one in gc.get_objects()
    )


@pytest.mark.parametrize("lives", [1, 2])
async def test_what_waits_until_it_can_be_set_aside_is_on_the_disk_and_not_in_memory(
    tmp_path: Path, lives: int
) -> None:
    """Who asked is told when it is, also where that takes long."""
    limits, broker = StoreLimits(count=MANY), MemoryBroker()
    outside = await broker.connect()
    for life in range(lives):
        async with plant(broker, tmp_path / "a", limits=limits) as a:
            if life == 0:
                results = await ask_all(a, [Message(b"", routing_key="nowhere") for _ in range(MANY)])
                assert [type(one) for one in results] == [NoRoute] * MANY
                large = [Message(b"x" * SIZE, routing_key="nowhere") for _ in range(MANY - 1)]
                asked = asyncio.ensure_future(ask_all(a, large))
                del large
            await asyncio.sleep(20.0)
            if life < lives - 1:
                asked.cancel()
                await asyncio.wait([asked])
                continue
            if lives == 2:
                assert in_memory() == 0
            assert await a.waiting() == MANY - 1
            # `ask_all` has the messages itself, once each
            assert in_memory() <= (MANY - 1 if lives == 1 else 0)
            for one in await a.publisher.call(Publisher.set_aside):
                await a.publisher.call(Publisher.discard, one.message.number)
            await until(lambda: nothing_waits(a))
            if lives == 1:
                assert [type(one) for one in await asked] == [NoRoute] * (MANY - 1)
    await outside.close()


async def nothing_waits(a: "object") -> bool:
    return bool(await a.waiting() == 0)  # type: ignore[attr-defined]
