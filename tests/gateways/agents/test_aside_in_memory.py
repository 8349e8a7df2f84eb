"""What cannot be sent, and cannot be set aside either, waits on the disk: of it nothing large is in memory."""

import asyncio
import gc
from pathlib import Path

from cybernetic.gateways import MemoryBroker, Message, NoRoute, Publisher
from cybernetic.state import StoreLimits
from tests.gateways.agents.plant import Plant, ask_all, plant, until

MANY, SIZE = 30, 90_000


def in_memory() -> int:
    gc.collect()
    return sum(isinstance(one, Message) and len(one.body) == SIZE for one in gc.get_objects())


async def test_what_waits_until_it_can_be_set_aside_is_on_the_disk_and_not_in_memory(tmp_path: Path) -> None:
    """Also in another life. Who asked is told when it is set aside."""
    limits, broker = StoreLimits(count=MANY), MemoryBroker()
    outside = await broker.connect()
    for life in range(2):
        async with plant(broker, tmp_path / "a", limits=limits) as a:
            if life == 0:
                results = await ask_all(a, [Message(b"", routing_key="nowhere") for _ in range(MANY)])
                assert [type(one) for one in results] == [NoRoute] * MANY
                for _ in range(MANY - 2):
                    large = Message(b"x" * SIZE, routing_key="nowhere")
                    await a.publisher.within(None).call(Publisher.post, large)
                del large
            asked = asyncio.ensure_future(ask_all(a, [Message(b"", routing_key="nowhere")]))
            await asyncio.sleep(20.0)
            assert in_memory() == 0
            assert await a.waiting() == MANY - 1 + life
            assert not asked.done()
            if life == 1:
                for one in await a.publisher.call(Publisher.set_aside):
                    await a.publisher.call(Publisher.discard, one.message.number)
                await until(lambda: nothing_waits(a))
                assert [type(one) for one in await asked] == [NoRoute]
            asked.cancel()
    await outside.close()


async def nothing_waits(a: Plant) -> bool:
    return await a.waiting() == 0
