"""What a consumer and a publisher keep in memory about messages that are done does not grow without bound."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import MemoryBroker, Queue, Topology, consume
from cybernetic.gateways.consumer import passage, under_way
from cybernetic.gateways.consumer.passage import Passage
from cybernetic.gateways.consumer.ticket import Ticket
from cybernetic.gateways.consumer.under_way import UnderWay
from cybernetic.gateways.publisher.setbacks import Setbacks
from cybernetic.state import Batch, Store
from tests.gateways.agents.plant import WORK, Book, Clerk, ask_all, empty, idle, orders, plant, send


def made(monkeypatch: pytest.MonkeyPatch, cls: type) -> list[Any]:
    """All of a class that are made from now on."""
    all: list[Any] = []
    init = cls.__init__  # type: ignore[misc]

    def counted(self: Any, *args: Any) -> None:
        all.append(self)
        init(self, *args)

    monkeypatch.setattr(cls, "__init__", counted)
    return all


async def test_only_the_last_effects_are_known_without_asking_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage, "REMEMBERED", 5)
    passages, book = made(monkeypatch, Passage), Book()
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, prefetch=1)) as a:
        await send(a.outside, *orders(20))
        await idle(a)
        assert len(passages[0]._done) == 5
        await send(a.outside, *orders(20))
        await idle(a)
        assert len(await a.effects()) == 20  # the others are known to the disk


async def test_a_message_that_was_rejected_is_forgotten_when_it_is_confirmed_or_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setbacks = made(monkeypatch, Setbacks)
    topology = Topology(queues=(Queue("out", max_length=3, kind="classic"),))
    async with plant(MemoryBroker(), tmp_path / "a", topology=topology) as a:
        asked = asyncio.create_task(ask_all(a, orders(20, "out")))
        await asyncio.sleep(5.0)
        assert len(setbacks[0]) == 17
        while not asked.done():
            await a.outside.purge("out")
            await asyncio.sleep(1.0)
        assert all(one.confirmed for one in await asked)
        await empty(a)
        assert len(setbacks[0]) == 0


async def test_messages_that_never_came_back_are_forgotten_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_way, "TIDY", 10)
    async with await Store.open(tmp_path / "a") as store:
        ways = UnderWay(store)
        await ways.open()
        ticket = Ticket("work", "", "work", 1.0, 1)
        for n in range(200):
            batch = Batch(store)
            began = ways.begin(f"message {n}", f"copy {n}", ticket, 1.0, batch)
            await store.commit(batch)
            began()
            batch = Batch(store)
            began = ways.begin(f"message {n}", f"another {n}", ticket, 1.0, batch, f"copy {n}")
            await store.commit(batch)
            began()
            assert ways.copy(f"message {n}") == f"another {n}"
            assert ways.is_passed(f"copy {n}")
            await asyncio.sleep(600.0)
        assert len(ways._known) + len(ways._passed) < 70
        count = "SELECT (SELECT count(*) FROM gateway_copies) + (SELECT count(*) FROM gateway_passed)"
        (left,) = await store.read(lambda connection: connection.execute(count).fetchone())
        assert left < 70
        assert ways.copy("message 199")
        assert not ways.copy("message 0")
