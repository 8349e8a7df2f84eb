"""A message as a row of the outbox, and back."""

from typing import Any

from cybernetic.gateways.broker.messages import Message
from cybernetic.wire import Codec

_codec = Codec()


def packed(message: Message) -> bytes:
    """All of a message but body, exchange and routing key, which have columns of their own."""
    return _codec.encode(
        (
            message.headers,
            message.id,
            message.type,
            message.content_type,
            message.correlation_id,
            message.reply_to,
            message.app_id,
            message.priority,
            message.expiration,
            message.timestamp,
            message.persistent,
            message.mandatory,
        )
    )


def unpacked(exchange: str, routing_key: str, headers: bytes, body: bytes) -> Message:
    """The message of a row. Raises `WireError` for a row that is damaged."""
    rest: tuple[Any, ...] = _codec.decode(headers)
    return Message(body, exchange, routing_key, *rest)
