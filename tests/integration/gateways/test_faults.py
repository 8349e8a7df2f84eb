"""Faults under load, with exact accounting: everything confirmed takes effect once."""

import asyncio
import random
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import attach
from cybernetic.gateways import AmqpBroker, ConnectionFailed, Publisher, QueuesLost, gateway
from cybernetic.runtime import Named
from cybernetic.state import Replica
from tests.integration.gateways.accounts import QUICK, Shop, until
from tests.integration.gateways.pair import agree, pair
from tests.integration.gateways.proxy import Proxy
from tests.integration.gateways.rabbit import RabbitMQ
from tests.integration.gateways.replicas import add
from tests.support import soak

RATE = 500.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect again soon, so that the tests do not wait for it longer than the broker takes to start."""
    monkeypatch.setattr(gateway, "RECONNECT", QUICK)


def real(test: Coroutine[Any, Any, None]) -> None:
    """Run a test that takes longer than others may."""

    async def limited() -> None:
        async with asyncio.timeout(240):
            await test

    asyncio.run(limited())


async def all_told(shop: Shop, publisher: "Named[Publisher]") -> set[int]:
    """What is confirmed when there is no broker any more: all that it has said is told."""
    await publisher.within(60).call(Publisher.waiting)  # behind what the connection had told the publisher
    before = -1
    while before != (before := len(shop.confirmed)):
        await asyncio.sleep(0.3)
    return set(shop.confirmed)


def once_each(effects: dict[int, int], numbers: range) -> None:
    assert set(effects) == set(numbers)
    assert max(effects.values()) == 1


def test_a_broker_that_stops_for_ten_seconds_and_is_killed_costs_nothing(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    async def test() -> None:
        shop, numbers = Shop("stopped", tmp_path), range(int(RATE) * soak(18, 60))
        broker = AmqpBroker(rabbit.url)
        async with (
            pair(rabbit, tmp_path) as (mine, there),
            shop.sender(broker) as publisher,
            shop.receiver(broker),
        ):
            await mine.call(Replica.change, add, 1)
            await agree(mine, there, {1})
            sending = asyncio.create_task(shop.send(publisher, numbers, RATE))
            await asyncio.sleep(1)
            await asyncio.to_thread(rabbit.stop)
            await mine.call(
                Replica.change, add, 2
            )  # replicas that meet over it go on meanwhile, each for itself
            await asyncio.sleep(10)
            assert await there.ask("add 3") == {1, 3}
            await asyncio.to_thread(rabbit.start)
            await asyncio.sleep(2)
            await asyncio.to_thread(rabbit.kill9)
            await asyncio.to_thread(rabbit.start)
            await sending
            assert shop.confirmed == set(numbers)
            once_each(await shop.until_effects(len(numbers)), numbers)
            await agree(mine, there, {1, 2, 3})

    real(test())


def test_a_broker_that_comes_back_empty_is_given_what_it_had_not_confirmed(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    async def test() -> None:
        shop, numbers = Shop("wiped", tmp_path), range(int(RATE) * soak(5, 8))
        lost: list[QueuesLost] = []
        failed: list[ConnectionFailed] = []
        detach = [attach(QueuesLost, lost.append), attach(ConnectionFailed, failed.append)]
        try:
            async with shop.sender(AmqpBroker(rabbit.url)) as publisher:
                sending = asyncio.create_task(shop.send(publisher, numbers, RATE))
                await until(lambda: len(shop.confirmed) > RATE)
                await asyncio.to_thread(rabbit.kill9)
                await until(lambda: failed)
                confirmed_before = await all_told(shop, publisher)
                await asyncio.to_thread(rabbit.wipe)
                await sending
                assert shop.confirmed == set(numbers)
                async with shop.receiver(AmqpBroker(rabbit.url)):
                    await shop.until_effects(len(numbers) - len(confirmed_before))
                    await asyncio.sleep(1)
                    effects = shop.effects()
            # nobody consumed before: it had confirmed these, and lost them; all others are there, once each
            assert RATE < len(confirmed_before) < len(numbers)
            assert set(effects) == set(numbers) - confirmed_before
            assert max(effects.values()) == 1
            assert {queue for event in lost for queue in event.queues} == {"wiped.work"}
        finally:
            for one in detach:
                one()

    real(test())


def test_a_wire_that_is_cut_and_stalls_at_random_costs_nothing(rabbit: RabbitMQ, tmp_path: Path) -> None:
    async def test() -> None:
        shop, numbers = Shop("cut", tmp_path), range(int(RATE) * soak(8, 60))
        chance = random.Random(7)
        async with Proxy(rabbit.port) as proxy:
            broker = AmqpBroker(rabbit.at(port=proxy.port), heartbeat=2)
            async with shop.sender(broker) as publisher, shop.receiver(broker, pause=0.05):
                sending = asyncio.create_task(shop.send(publisher, numbers, RATE))
                while not sending.done():
                    await asyncio.sleep(chance.uniform(0.2, 1.2))
                    if chance.random() < 0.75:
                        proxy.cut()
                    else:
                        proxy.stall()
                        await asyncio.sleep(chance.uniform(0.3, 3.0))
                        proxy.flow()
                    if chance.random() < 0.5:  # on a slow machine, too, something comes through
                        some = len(shop.confirmed)
                        await until(lambda some=some: sending.done() or len(shop.confirmed) > some)
                await sending
                once_each(await shop.until_effects(len(numbers)), numbers)

    real(test())


def test_a_memory_alarm_holds_the_publisher_and_costs_nothing(rabbit: RabbitMQ, tmp_path: Path) -> None:
    async def test() -> None:
        shop, numbers = Shop("alarm", tmp_path), range(2000)
        broker = AmqpBroker(rabbit.url)
        async with shop.sender(broker) as publisher, shop.receiver(broker):
            await asyncio.to_thread(rabbit.set_alarm)
            try:
                sending = asyncio.create_task(shop.send(publisher, numbers, 2000))
                await asyncio.sleep(2)
                assert len(shop.confirmed) < len(numbers)
            finally:
                await asyncio.to_thread(rabbit.clear_alarm)
            await sending
            once_each(await shop.until_effects(len(numbers)), numbers)

    real(test())
