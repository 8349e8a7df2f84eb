"""The other party: a client that is not ours publishes, and reads what it is given."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pika
from pika.exceptions import NackError

from cybernetic.gateways import Message, delay_queue, parking_queue
from tests.integration.gateways.rabbit import RabbitMQ


class Raw(pika.BasicProperties):
    """Properties as bytes of the wire, for what the client would not write."""

    def __init__(self, pieces: bytes) -> None:
        super().__init__()
        self.pieces = pieces

    def encode(self) -> list[bytes]:  # type: ignore[override]
        return [self.pieces]


@contextmanager
def channel(rabbit: RabbitMQ) -> Iterator[Any]:
    """A channel with confirms."""
    where = pika.ConnectionParameters("127.0.0.1", rabbit.port, heartbeat=0)
    connection = pika.BlockingConnection(where)
    try:
        made = connection.channel()
        made.confirm_delivery()
        yield made
    finally:
        connection.close()


def publish(rabbit: RabbitMQ, queue: str, messages: Iterable[tuple[bytes, Any]]) -> None:
    """Publish bodies with their properties, each until a full queue takes it."""
    with channel(rabbit) as there:
        for body, properties in messages:
            while True:
                try:
                    there.basic_publish("", queue, body, properties, mandatory=True)
                    break
                except NackError:
                    time.sleep(0.002)


def numbered(numbers: Iterable[int], prefix: str = "", **more: Any) -> list[tuple[bytes, Any]]:
    """Messages whose bodies and ids are numbers; without ids where `prefix` is None."""
    made = []
    for n in numbers:
        id = None if prefix is None else f"{prefix}{n}"
        made.append((b"%d" % n, pika.BasicProperties(message_id=id, delivery_mode=2, **more)))
    return made


def as_sent(message: Message, **changes: Any) -> tuple[bytes, Any]:
    """A message of ours as another client would publish it, with changes to its properties."""
    given: dict[str, Any] = {
        "headers": dict(message.headers) | ({"x-mid": message.id} if message.id else {}),
        "message_id": message.id or None,
        "type": message.type or None,
        "content_type": message.content_type or None,
        "timestamp": message.timestamp,
        "app_id": message.app_id or None,
        "correlation_id": message.correlation_id or None,
        "reply_to": message.reply_to or None,
        "priority": message.priority,
        "delivery_mode": 2,
    }
    return message.body, pika.BasicProperties(**(given | changes))


def deleted(rabbit: RabbitMQ, *queues: str, steps: Iterable[float] = (0.2, 0.5, 1, 2)) -> None:
    """Delete work queues with those beside them."""
    with channel(rabbit) as there:
        for queue in queues:
            for name in (queue, parking_queue(queue), *(delay_queue(queue, step) for step in steps)):
                there.queue_delete(name)
