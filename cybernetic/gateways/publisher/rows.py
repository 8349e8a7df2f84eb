"""A message or letter as a row of the outbox, and back."""

from typing import Any

from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.envelope.layout import read, write
from cybernetic.gateways.letter import Letter
from cybernetic.wire import Codec

Item = Message | Letter

_codec = Codec()


def packed(item: Item) -> tuple[bytes, bytes]:
    """What a row holds besides exchange and routing key: the column of headers, and that of the body."""
    if isinstance(item, Letter):
        rest: tuple[Any, ...] = (item.expiration, item.persistent, item.mandatory)
        return _codec.encode(rest), write(item.envelope, "", item.exchange, item.routing_key)
    m = item
    return (
        _codec.encode(
            (
                m.headers,
                m.id,
                m.type,
                m.content_type,
                m.correlation_id,
                m.reply_to,
                m.app_id,
                m.priority,
                m.expiration,
                m.timestamp,
                m.persistent,
                m.mandatory,
                m.content_encoding,
            )
        ),
        m.body,
    )


def unpacked(exchange: str, routing_key: str, headers: bytes, body: bytes) -> Item:
    """What a row holds. Raises an exception of some kind for one that is damaged."""
    rest: tuple[Any, ...] = _codec.decode(headers)
    if len(rest) == len(("expiration", "persistent", "mandatory")):
        return Letter(read(body).envelope, exchange, routing_key, *rest)
    return Message(body, exchange, routing_key, *rest)
