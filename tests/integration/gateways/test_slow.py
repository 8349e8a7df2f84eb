"""A connection that takes nothing for a while: who publishes waits, and memory does not fill with what he sends."""

import asyncio
from pathlib import Path

import pytest

from cybernetic.gateways import AmqpBroker, Message, Publisher
from cybernetic.gateways.broker.amqp.wire import CROWDED, Wire
from tests.integration.gateways.accounts import Shop
from tests.integration.gateways.proxy import Proxy
from tests.integration.gateways.rabbit import RabbitMQ

BODY = bytes(128 * 1024)
WORK = Shop("slow", Path())


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes waited for the socket, after each message."""
    sizes: list[int] = []
    send = Wire.send

    def sends(wire: Wire, frames: bytes) -> None:
        send(wire, frames)
        if wire.transport is not None:
            sizes.append(wire.transport.get_write_buffer_size() + wire._size)

    monkeypatch.setattr(Wire, "send", sends)
    return sizes


async def test_a_session_says_that_its_socket_takes_no_more_and_when_it_does(rabbit: RabbitMQ) -> None:
    told: list[int] = []
    async with Proxy(rabbit.port) as proxy:
        session = await AmqpBroker(rabbit.at(port=proxy.port)).connect()
        await session.declare(WORK.topology)
        outlet = await session.outlet(lambda numbers, outcome: told.extend(numbers))
        proxy.stall()
        sent = 0
        while session.blocked is None:
            outlet.publish(Message(BODY, WORK.name, "work"))
            sent += 1
            await asyncio.sleep(0.001)
            assert sent < 500  # 64 MB: no loopback takes as much
        assert "slow" in session.blocked
        ready = asyncio.ensure_future(session.ready())
        await asyncio.sleep(0.2)
        assert not ready.done()
        proxy.flow()
        await asyncio.wait_for(ready, 60)
        assert session.blocked is None
        await outlet.close()
        assert sorted(told) == [*range(1, sent + 1)]
        await session.delete(queue=WORK.queue.name, exchange=WORK.name)
        await session.close()


async def test_a_session_that_ends_while_its_socket_is_full_lets_nobody_wait(rabbit: RabbitMQ) -> None:
    async with Proxy(rabbit.port) as proxy:
        session = await AmqpBroker(rabbit.at(port=proxy.port)).connect()
        outlet = await session.outlet(lambda numbers, outcome: None)
        proxy.stall()
        while session.blocked is None:
            outlet.publish(Message(BODY, routing_key="nobody", mandatory=False))
            await asyncio.sleep(0.001)
        ready = asyncio.ensure_future(session.ready())
        await asyncio.sleep(0.1)
        proxy.cut()
        with pytest.raises(Exception, match="connection"):
            await asyncio.wait_for(ready, 60)
        await session.close()


async def test_a_publisher_waits_for_a_stalled_connection_and_sends_all_then(
    rabbit: RabbitMQ, tmp_path: Path, waiting: list[int]
) -> None:
    shop = Shop("slow", tmp_path)
    async with Proxy(rabbit.port) as proxy, shop.sender(AmqpBroker(rabbit.at(port=proxy.port))) as publisher:
        await publisher.within(60.0).call(Publisher.publish, Message(b"first", "slow", "work"))
        proxy.stall()
        sends = [
            publisher.within(100.0).request(Publisher.publish, Message(BODY, "slow", "work"), False)
            for _ in range(200)
        ]
        await asyncio.sleep(1.0)
        assert max(waiting) < 2 * CROWDED + 2 * len(BODY)
        proxy.flow()
        assert len({receipt.id for receipt in await asyncio.gather(*sends)}) == 200
    session = await AmqpBroker(rabbit.url).connect()
    await session.delete(queue=shop.queue.name, exchange="slow")
    await session.close()
