"""A message as AMQP carries it: the properties of its content header, both ways."""

import math
import struct
from collections.abc import Callable
from typing import Any

from cybernetic.core import OptionError, whole
from cybernetic.gateways.broker.amqp.tables import (
    Unreadable,
    decode_table,
    encode_table,
    encode_text,
    read_short,
)
from cybernetic.gateways.broker.messages import Header, Message
from cybernetic.gateways.broker.topology import SHORT

ID = "x-mid"  # the header that carries a message's own id
UNREADABLE = (
    "x-unreadable"  # the header that says what was wrong where a delivered content header cannot be read
)
LONGEST = 10 * 365 * 86_400  # seconds of expiration: RabbitMQ closes the channel for more

CONTENT_TYPE, CONTENT_ENCODING, HEADERS, DELIVERY_MODE, PRIORITY = 1 << 15, 1 << 14, 1 << 13, 1 << 12, 1 << 11
CORRELATION_ID, REPLY_TO, EXPIRATION, MESSAGE_ID = 1 << 10, 1 << 9, 1 << 8, 1 << 7
TIMESTAMP, TYPE, APP_ID = 1 << 6, 1 << 5, 1 << 3

_start = struct.Struct(">HHQH")
_timestamp = struct.Struct(">Q")


def encode_properties(message: Message, message_id: bytes) -> bytes:
    """The content header's payload; `message_id` (up to 255 bytes) names this attempt.

    Raises `OptionError` naming what AMQP cannot carry.
    """
    flags = HEADERS | DELIVERY_MODE | MESSAGE_ID
    parts: list[bytes] = []
    if message.content_type:
        flags |= CONTENT_TYPE
        parts.append(_short("content_type", message.content_type))
    if message.content_encoding:
        flags |= CONTENT_ENCODING
        parts.append(_short("content_encoding", message.content_encoding))
    # set where there is no id too, or the attempt would be taken for one
    parts.append(encode_table({**message.headers, ID: message.id}))
    parts.append(b"\x02" if message.persistent else b"\x01")
    if message.priority is not None:
        flags |= PRIORITY
        parts.append(_octet("priority", message.priority))
    if message.correlation_id:
        flags |= CORRELATION_ID
        parts.append(_short("correlation_id", message.correlation_id))
    if message.reply_to:
        flags |= REPLY_TO
        parts.append(_short("reply_to", message.reply_to))
    if message.expiration is not None and message.expiration != math.inf:
        flags |= EXPIRATION
        parts.append(_short("expiration", _milliseconds(message.expiration)))
    parts.append(bytes((len(message_id),)) + message_id)
    if message.timestamp is not None:
        flags |= TIMESTAMP
        parts.append(_moment(message.timestamp))
    if message.type:
        flags |= TYPE
        parts.append(_short("type", message.type))
    if message.app_id:
        flags |= APP_ID
        parts.append(_short("app_id", message.app_id))
    return _start.pack(60, 0, len(message.body), flags) + b"".join(parts)


def _short(name: str, value: object) -> bytes:
    raw = encode_text(value, name) if isinstance(value, str) else None
    if raw is None or len(raw) > SHORT:
        raise OptionError(name, f"text of at most {SHORT} bytes", value)
    return bytes((len(raw),)) + raw


def _octet(name: str, value: int) -> bytes:
    if whole(name, value) > 255:
        raise OptionError(name, "an integer from 0 to 255", value)
    return bytes((value,))


def _milliseconds(expiration: float) -> str:
    if expiration > LONGEST:
        raise OptionError("expiration", f"at most {LONGEST} seconds", expiration)
    return str(round(expiration * 1000))


def _moment(timestamp: int) -> bytes:
    if whole("timestamp", timestamp) >> 63:
        raise OptionError("timestamp", "seconds since 1970 in 63 bits", timestamp)
    return _timestamp.pack(timestamp)


def body_size(data: bytes) -> int:
    """How many bytes of body follow a content header."""
    return int(_start.unpack_from(data)[2])


def decode_message(data: bytes, body: bytes, exchange: str, routing_key: str) -> Message:
    """The message whose content header's payload is `data`. What cannot be read never raises: see `UNREADABLE`."""
    try:
        found = decode_properties(data)
    except (Unreadable, struct.error, IndexError) as error:
        found = {"headers": {UNREADABLE: str(error)}}
    headers = found.get("headers", {})
    identity = headers.pop(ID) if isinstance(headers.get(ID), str) else found.get("message_id", "")
    return Message(
        body,
        exchange,
        routing_key,
        headers,
        id=str(identity),
        type=str(found.get("type", "")),
        content_type=str(found.get("content_type", "")),
        correlation_id=str(found.get("correlation_id", "")),
        reply_to=str(found.get("reply_to", "")),
        app_id=str(found.get("app_id", "")),
        priority=found.get("priority"),
        expiration=_seconds(found.get("expiration")),
        timestamp=found.get("timestamp"),
        persistent=found.get("delivery_mode") == 2,
        content_encoding=str(found.get("content_encoding", "")),
    )


def decode_properties(data: bytes) -> dict[str, Any]:
    """The properties by name. Raises `Unreadable`, `struct.error` or `IndexError` for bytes that are none."""
    flags, at = _start.unpack_from(data)[3], _start.size
    found: dict[str, Any] = {}
    if flags & 1:
        raise Unreadable("flags that AMQP 0-9-1 does not know")
    for bit, name, read in _PROPERTIES:
        if flags & bit:
            found[name], at = read(data, at)
    return found


def _read_octet(data: bytes, at: int) -> tuple[int, int]:
    return data[at], at + 1


def _read_moment(data: bytes, at: int) -> tuple[int, int]:
    return int(_timestamp.unpack_from(data, at)[0]), at + 8


def _read_headers(data: bytes, at: int) -> tuple[dict[str, Header], int]:
    return decode_table(data, at)


_PROPERTIES: tuple[tuple[int, str, Callable[[bytes, int], tuple[Any, int]]], ...] = (
    (CONTENT_TYPE, "content_type", read_short),
    (CONTENT_ENCODING, "content_encoding", read_short),
    (HEADERS, "headers", _read_headers),
    (DELIVERY_MODE, "delivery_mode", _read_octet),
    (PRIORITY, "priority", _read_octet),
    (CORRELATION_ID, "correlation_id", read_short),
    (REPLY_TO, "reply_to", read_short),
    (EXPIRATION, "expiration", read_short),
    (MESSAGE_ID, "message_id", read_short),
    (TIMESTAMP, "timestamp", _read_moment),
    (TYPE, "type", read_short),
    (1 << 4, "user_id", read_short),
    (APP_ID, "app_id", read_short),
    (1 << 2, "cluster_id", read_short),
)


def _seconds(expiration: str | None) -> float | None:
    return int(expiration) / 1000 if expiration and expiration.isascii() and expiration.isdigit() else None


def check_message(message: object, max_body: int) -> None:
    """Raise `OptionError` for what is no `Message`, or has a body beyond `max_body` bytes."""
    if not isinstance(message, Message):
        raise OptionError("message", "a Message", message)
    if len(message.body) > max_body:
        raise OptionError("body", f"at most {max_body} bytes", len(message.body))
