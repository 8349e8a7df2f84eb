"""What another party may send: headers that we would not write, and envelopes that are forged, replayed or moved."""

import asyncio
import struct
from functools import partial
from pathlib import Path
from typing import Any

import pika

from cybernetic.gateways import (
    AmqpBroker,
    Consumer,
    Gateway,
    Park,
    Publisher,
    Queue,
    Retries,
    Retry,
    Session,
    Topology,
    consume,
    parked,
)
from cybernetic.runtime import LocalSystem
from tests.gateways.agents.test_signed import bad_messages, guard, message
from tests.integration.gateways.accounts import ready, until
from tests.integration.gateways.foreign import Raw, as_sent, deleted, publish
from tests.integration.gateways.rabbit import RabbitMQ
from tests.support import run_real

FEW = Retries(1, first=0.2)
HEADERS = 1 << 13  # flag of the property
ID = 1 << 7


def with_headers(id: str, table: bytes) -> Raw:
    """The properties "headers" and "message_id", and nothing else, as bytes."""
    short = bytes([len(id)]) + id.encode()
    return Raw(struct.pack(">H", HEADERS | ID) + struct.pack(">I", len(table)) + table + short)


def strange(kind: str) -> list[tuple[bytes, Any]]:
    """Messages with what AMQP allows and we do not write. Ids begin with `kind`."""
    text = b"\xff\xfe" * 20_000  # no UTF-8
    tables = {
        "unsigned": b"\x01uL" + struct.pack(">Q", 2**64 - 1),
        "bytes": b"\x01bS" + struct.pack(">I", len(text)) + text,
        "moment": b"\x01tT" + struct.pack(">Q", 2**63 + 5),
        "float": b"\x01fd" + struct.pack(">d", 1e308),
        "decimal": b"\x01dD\x02" + struct.pack(">I", 5),
    }
    made: list[tuple[bytes, Any]] = [
        (name.encode(), with_headers(f"{kind} {name}", table)) for name, table in tables.items()
    ]
    late = pika.BasicProperties(message_id=f"{kind} timestamp", timestamp=2**63 + 1)
    large = pika.BasicProperties(message_id=f"{kind} large", headers={"a": "x" * 130_000})
    packed = pika.BasicProperties(message_id=f"{kind} packed", content_encoding="gzip")
    return [*made, (b"timestamp", late), (b"large", large), (b"packed", packed)]


class Sorts(Consumer):
    """Does what the id of a message says: "park", or "retry" once."""

    def __init__(self, done: list[str]) -> None:
        self.done = done

    async def handle(self, delivery: Any, tx: Any) -> Any:
        id = delivery.message.id
        if id.startswith("park"):
            return Park("as it says")
        if delivery.attempt == 1:
            return Retry("as it says")
        self.done.append(f"{id}: {delivery.body.decode()}")
        return None


async def rest(session: Session, queue: str, count: int) -> list[Any]:
    """What is parked, once it is so many."""

    async def enough() -> bool:
        return await ready(session, f"{queue}.parked") >= count

    await until(enough)
    return await parked(session, queue)


def test_headers_that_we_would_not_write_come_round_and_rest_where_they_are_looked_for(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    queue, done = Queue("strange"), list[str]()
    sent = strange("park") + strange("retry")

    async def test() -> None:
        async with LocalSystem() as system:
            work = [consume(Sorts, done, queue=queue, retries=FEW)]
            await system.start(partial(Gateway, AmqpBroker(rabbit.url), tmp_path / "in.sqlite", None, work))
            session = await AmqpBroker(rabbit.url).connect()
            await session.declare(Topology(queues=(queue,)))
            await asyncio.to_thread(publish, rabbit, queue.name, sent)
            publisher = system.named("amqp.publisher", Publisher).within(60)

            async def all_settled() -> bool:  # each came round, or rests because it cannot
                settled = len(done) + await ready(session, "strange.parked")
                return settled >= len(sent) and await publisher.call(Publisher.waiting) == 0

            await until(all_settled)
            resting = {one.id: one.message.body for one in await parked(session, queue.name)}
            names = [body.decode() for body, _ in strange("")]
            assert {id for id in resting if id.startswith("park")} == {f"park {name}" for name in names}
            assert all(id.split()[1].encode() == body for id, body in resting.items())
            came = {text.split(":")[0] for text in done}
            assert came | set(resting) == {f"{kind} {name}" for kind in ("park", "retry") for name in names}
            assert len(done) == len(came)
            assert {"retry unsigned", "retry decimal", "retry packed"} <= came
            assert await publisher.call(Publisher.set_aside) == []
            assert (await session.state(queue.name)).messages == 0
            await session.close()

    run_real(test())
    deleted(rabbit, queue.name)


class Seen(Consumer):
    """Notes what it is given."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    async def handle(self, delivery: Any, tx: Any) -> None:
        self.seen.append(delivery.message.id)


def test_forged_replayed_tampered_and_moved_envelopes_of_a_foreign_client_rest_with_their_reason(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    queue, seen = Queue("work"), list[str]()
    good, last, stop = message(), message(), message(type="stop", value="now")
    bad = {
        fault: one for fault, one in bad_messages().items() if fault not in ("unknown_version", "not_allowed")
    }
    sent = [as_sent(one) for one in (good, stop, *bad.values())]
    again = [as_sent(one) for one in (good, stop, stop, last)]  # each replay rests, and is counted

    async def test() -> None:
        async with LocalSystem() as system:
            work = [consume(Seen, seen, queue=queue, retries=FEW, guard=guard())]
            await system.start(partial(Gateway, AmqpBroker(rabbit.url), tmp_path / "in.sqlite", None, work))
            session = await AmqpBroker(rabbit.url).connect()
            await session.declare(Topology(queues=(queue,)))
            await asyncio.to_thread(publish, rabbit, queue.name, sent)
            resting = await rest(session, queue.name, len(bad))
            await until(lambda: len(seen) >= 2)
            assert sorted(one.reason for one in resting) == sorted(bad)
            assert sorted(seen) == sorted([good.id, stop.id])
            await asyncio.to_thread(publish, rabbit, queue.name, again)
            await until(lambda: last.id in seen)
            resting = await rest(session, queue.name, len(bad) + 2)
            assert sorted(one.reason for one in resting) == sorted([*bad, "replayed", "replayed"])
            assert sorted(seen) == sorted([good.id, stop.id, last.id])
            assert (await session.state(queue.name)).messages == 0
            await session.close()

    run_real(test())
    deleted(rabbit, queue.name)
