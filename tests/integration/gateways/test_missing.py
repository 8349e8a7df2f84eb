"""What is not there at a real broker, or does not answer for a while: each fails its own, and the publisher goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from cybernetic.gateways import (
    AmqpBroker,
    Binding,
    Broker,
    Consume,
    Consumer,
    Effect,
    Exchange,
    Gateway,
    Message,
    NoRoute,
    Publisher,
    Queue,
    Received,
    Topology,
    consume,
)
from cybernetic.runtime import Address, LocalSystem
from tests.integration.gateways.accounts import until
from tests.integration.gateways.proxy import Proxy
from tests.integration.gateways.rabbit import RabbitMQ

OUT = Queue("out of the shop")
ALIKE = Topology((Exchange("shop"),), (OUT,), (Binding("shop", OUT.name, "#"),))


class Clerk(Consumer):
    """Notes what came."""

    def __init__(self, came: list[str]) -> None:
        self.came = came

    async def handle(self, delivery: Received, tx: Effect) -> None:
        self.came.append(delivery.message.id)


@asynccontextmanager
async def publisher_of(
    broker: Broker, folder: Path, topology: Topology, *consumed: Consume
) -> AsyncIterator[Address[Publisher]]:
    async with LocalSystem() as system:
        await system.start(partial(Gateway, broker, folder / "store", topology, consumed))
        yield system.named("amqp.publisher", Publisher).within(60)


async def test_a_missing_exchange_fails_its_own_messages_where_vhost_and_user_are_named_like_another(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    for arguments in (
        ("add_vhost", "shop"),
        ("add_user", "shop", "password"),
        ("set_permissions", "-p", "shop", "shop", ".*", ".*", ".*"),
    ):
        rabbit.ctl(*arguments)
    broker = AmqpBroker(rabbit.at("shop", "password", "shop"))
    async with publisher_of(broker, tmp_path, ALIKE) as publisher:
        results = await asyncio.gather(
            *(
                publisher.call(Publisher.publish, Message(b"", "shpo" if n == 50 else "shop", "k", id=str(n)))
                for n in range(100)
            ),
            return_exceptions=True,
        )
        assert isinstance(results.pop(50), NoRoute)
        assert not any(isinstance(one, BaseException) for one in results)
    for gone in (("delete_vhost", "shop"), ("delete_user", "shop")):
        rabbit.ctl(*gone)


async def test_what_was_given_up_for_want_of_confirms_is_sent_again_and_the_next_goes(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    async with Proxy(rabbit.port) as proxy:
        broker = AmqpBroker(rabbit.at(port=proxy.port), confirm_timeout=0.5)
        async with publisher_of(broker, tmp_path, ALIKE) as publisher:
            assert (await publisher.call(Publisher.publish, Message(b"", "shop", "k"))).confirmed
            proxy.stall()
            first = asyncio.ensure_future(publisher.call(Publisher.publish, Message(b"", "shop", "k")))
            await asyncio.sleep(2.0)
            assert not first.done()
            proxy.flow()
            assert (await first).confirmed
            assert (await publisher.call(Publisher.publish, Message(b"", "shop", "k"))).confirmed


async def test_what_is_deleted_while_the_connection_stands_comes_back_and_what_waits_goes(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    came: list[str] = []
    broker, work = AmqpBroker(rabbit.at()), Queue("work of the shop")
    async with publisher_of(broker, tmp_path, ALIKE, consume(Clerk, came, queue=work)) as publisher:
        await publisher.call(Publisher.publish, Message(b"", "shop", "k"))
        outside = await broker.connect("outside")
        await until(lambda: outside.state(work.name))
        for queue in (work, OUT):
            await outside.delete(queue=queue.name)
        await outside.delete(exchange="shop")
        results = await asyncio.gather(
            *(
                publisher.call(Publisher.publish, message)
                for message in (Message(b"", "", work.name, id="again"), Message(b"", "shop", "k"))
            )
        )
        assert all(one.confirmed for one in results)
        assert (await outside.state(OUT.name)).messages == 1
        await until(lambda: came)
        assert came == ["again"]
    for queue in (work, OUT):
        await outside.delete(queue=queue.name)
    await outside.delete(exchange="shop")
    await outside.close()
