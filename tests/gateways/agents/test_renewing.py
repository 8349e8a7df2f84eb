"""A renewed connection: the one of before stays until what came through it is done, within a bound."""

import asyncio
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import Kill
from cybernetic.gateways import Connection, Effect, MemoryBroker, Message, Received, consume
from cybernetic.gateways.broker.memory.session import MemorySession
from tests.gateways.agents.plant import WORK, Book, Clerk, Plant, orders, plant, send, until


class Work(Book):
    """Each message takes some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(self._handle)
        self.seconds = seconds

    async def _handle(self, delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(self.seconds)


async def renew(a: Plant, *ways: str) -> None:
    for way in ways or ("out", "in"):
        await a.system.named(f"amqp.{way}", Connection).call(Connection.renew)


def sessions(broker: MemoryBroker) -> int:
    """Connections beside the test's own."""
    return len(broker._sessions) - 1


def bare(count: int) -> list[Message]:
    """Messages without ids, which nobody can recognise when they come twice."""
    return [Message(str(n).encode(), routing_key="work") for n in range(count)]


async def test_what_is_being_handled_is_not_delivered_again_also_without_ids(tmp_path: Path) -> None:
    broker, book = MemoryBroker(), Work(3.0)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, prefetch=10)) as a:
        await send(a.outside, *bare(40))
        for turn in range(3):
            await until(lambda turn=turn: len(book.seen) >= 10 * (turn + 1))  # type: ignore[misc]
            await asyncio.sleep(1.0)
            await renew(a)
        await asyncio.sleep(60.0)
        assert sorted(int(one.body) for one in book.seen) == list(range(40))
        assert sorted(int(body) for _, body in await a.effects()) == list(range(40))
        assert await a.ready("work") == 0
        assert sessions(broker) == 2


async def test_two_renewals_at_once_deliver_nothing_again(tmp_path: Path) -> None:
    broker, book = MemoryBroker(), Work(3.0)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, prefetch=10)) as a:
        await send(a.outside, *bare(20))
        await until(lambda: len(book.seen) == 10)
        await asyncio.gather(renew(a, "in"), renew(a, "in"))
        await asyncio.sleep(60.0)
        assert sorted(int(one.body) for one in book.seen) == list(range(20))
        assert sessions(broker) == 2


async def test_a_connection_that_nothing_uses_is_closed_at_once(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", consume(Clerk, Book(), queue=WORK)) as a:
        await send(a.outside, *orders(10))
        await asyncio.sleep(1.0)
        await renew(a)
        await asyncio.sleep(0.1)
        assert sessions(broker) == 2


async def test_what_takes_longer_than_a_connection_is_kept_for_takes_effect_once(tmp_path: Path) -> None:
    broker, book = MemoryBroker(), Work(50.0)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(5))
        await until(lambda: len(book.seen) == 5)
        await renew(a, "in")
        await asyncio.sleep(29.0)
        assert sessions(broker) == 3
        await asyncio.sleep(2.0)
        assert sessions(broker) == 2
        await asyncio.sleep(100.0)
        assert sorted(int(id) for id, _ in await a.effects()) == list(range(5))
        assert len(book.seen) == 5  # what comes again is known to be in work


async def test_what_is_sent_is_confirmed_on_the_connection_it_went_through(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", window=8) as a:
        sending = [asyncio.ensure_future(a.publish(b"%d" % n)) for n in range(100)]
        await asyncio.sleep(0)
        await renew(a, "out")
        await asyncio.gather(*sending)
        assert await a.ready("out") == 100
        await asyncio.sleep(1.0)
        assert sessions(broker) == 1


async def test_the_death_of_who_keeps_them_leaves_no_connection_behind(tmp_path: Path) -> None:
    broker, book = MemoryBroker(), Work(20.0)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(5))
        await until(lambda: len(book.seen) == 5)
        await renew(a, "in")
        assert sessions(broker) == 3
        connection: Any = a.ref("amqp.in")
        connection.exit(Kill())
        await asyncio.sleep(2.0)
        assert sessions(broker) == 2
        await asyncio.sleep(60.0)
        assert sorted(int(id) for id, _ in await a.effects()) == list(range(5))


async def test_a_gateway_that_ends_while_a_connection_is_left_closes_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Closing takes a while, as on a real wire; here the connection that is left is the first to be closed."""
    broker, close, seconds = MemoryBroker(), MemorySession.close, count(1)

    async def slowly(session: MemorySession) -> None:
        await asyncio.sleep(next(seconds))
        await close(session)

    monkeypatch.setattr(MemorySession, "close", slowly)
    async with plant(broker, tmp_path / "a", consume(Clerk, Work(3.0), queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.0)
        await renew(a, "in")
        assert sessions(broker) == 3
    assert not broker._sessions
    assert "crashed" not in caplog.text
