"""What a publisher does when its broker is away, and when it or its connection is killed."""

import asyncio
from pathlib import Path

from cybernetic.core import Kill
from cybernetic.gateways import (
    ChannelClosed,
    MemoryBroker,
    Publisher,
    Queue,
)
from tests.gateways.agents.plant import Reader, ask_all, empty, orders, plant, until

SMALL = Queue("out", max_length=3, kind="classic")


async def test_what_waits_is_sent_in_order_when_the_broker_comes(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a") as a:
        broker.stop()
        await asyncio.sleep(1.0)
        asked = [a.publisher.within(None).request(Publisher.publish, one) for one in orders(700, "out")]
        await asyncio.sleep(60.0)
        assert await a.waiting() == 700
        broker.start()
        receipts = await asyncio.gather(*asked)
        assert len({one.number for one in receipts}) == 700
        outside = await broker.connect()
        reader = await Reader.of(outside, "out")
        await until(lambda: len(reader.ids) >= 700)
        assert reader.ids == [str(n) for n in range(700)]
        await empty(a)
        await outside.close()


async def test_a_publisher_that_is_killed_sends_what_it_left(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", window=4) as a:
        broker.block()
        for one in orders(40, "out"):
            await a.publisher.call(Publisher.post, one)
        a.ref("amqp.publisher").exit(Kill())
        await asyncio.sleep(0.1)
        broker.unblock()
        reader = await Reader.of(a.outside, "out")
        await until(lambda: len(set(reader.ids)) == 40)
        await empty(a)
        assert len(reader.ids) <= 44
        assert sum(len(session._outlets) for session in broker._sessions) == 1
        assert list(dict.fromkeys(reader.ids)) == [str(n) for n in range(40)]


async def test_a_channel_that_ends_while_it_is_idle_is_replaced(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a") as a:
        for session in broker._sessions:
            for outlet in tuple(session._outlets):
                outlet.end(ChannelClosed(541, "INTERNAL_ERROR"))
        receipts = await asyncio.wait_for(ask_all(a, orders(20, "out")), 30.0)
        assert all(one.confirmed for one in receipts)
        assert await a.ready("out") == 20


async def test_a_connection_that_is_killed_is_replaced_and_closed(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a") as a:
        reader = await Reader.of(a.outside, "out")
        for turn in range(3):
            await ask_all(a, orders(10, "out", 10 * turn))
            a.ref("amqp.out").exit(Kill())
            await asyncio.sleep(2.0)
        await ask_all(a, orders(10, "out", 30))
        await until(lambda: len(reader.ids) == 40)
        assert reader.ids == [str(n) for n in range(40)]
        assert len(broker._sessions) == 2  # its own, and the one that looks on
