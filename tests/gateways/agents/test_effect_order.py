"""The messages of one effect are sent in the order in which they were published, also where they come back first."""

from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import MemoryBroker, Message, Topology, consume
from cybernetic.gateways.publisher.flight import Entry, Flight
from tests.gateways.agents.plant import OUT, WORK, Book, Clerk, Reader, orders, plant, send, until


@pytest.mark.parametrize("window", [3, 256])
@pytest.mark.parametrize("count", [9, 300])
async def test_the_messages_of_one_effect_keep_their_order_where_their_queue_was_gone(
    tmp_path: Path, count: int, window: int
) -> None:
    async def handle(delivery: Any, tx: Any) -> None:
        for n in range(count):
            tx.publish(Message(b"%d" % n, routing_key="out"))

    spec = consume(Clerk, Book(handle), queue=WORK)
    async with plant(
        MemoryBroker(), tmp_path / "a", spec, topology=Topology(queues=(OUT,)), window=window
    ) as a:
        await a.outside.delete(queue="out")
        await send(a.outside, *orders(1))
        await until(lambda: sent(a, count))
        out = await Reader.of(a.outside, "out")
        await until(lambda: len(out.got) == count)
        assert [int(body) for body in out.bodies] == list(range(count))


async def sent(a: Any, count: int) -> bool:
    try:
        return bool(await a.ready("out") == count)
    except Exception:
        return False


def test_those_that_share_a_place_go_by_their_numbers() -> None:
    flight = Flight(100, 100)
    for number in (5, 3, 9, 1, 7, 2, 8, 4, 6):
        entry = Entry(Message(b""), number, None)
        entry.order = 9
        flight.add(entry)
    gone = [flight.next() for _ in range(9)]
    assert [one.number for one in gone if one is not None] == list(range(1, 10))
