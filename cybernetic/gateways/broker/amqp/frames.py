"""AMQP's frames, as far as what is published and delivered needs them: bytes in, bytes out.

AMQP 0-9-1, sections 2.3.5 (frames) and the classes basic, channel and connection of its XML definition.
"""

import struct
from typing import NamedTuple

from cybernetic.core import OptionError
from cybernetic.gateways.broker.amqp.content import encode_properties
from cybernetic.gateways.broker.amqp.tables import encode_text, read_short
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.broker.topology import SHORT

METHOD, HEADER, BODY, BEAT = 1, 2, 3, 8
END = b"\xce"
EDGE = 8  # bytes of a frame that are not its payload
HEARTBEAT = b"\x08\x00\x00\x00\x00\x00\x00\xce"

CONNECTION_CLOSE, BLOCKED, UNBLOCKED = 10 << 16 | 50, 10 << 16 | 60, 10 << 16 | 61
CHANNEL_CLOSE, CHANNEL_CLOSED = 20 << 16 | 40, 20 << 16 | 41
CANCEL, PUBLISH, RETURN, DELIVER = 60 << 16 | 30, 60 << 16 | 40, 60 << 16 | 50, 60 << 16 | 60
ACK, NACK = 60 << 16 | 80, 60 << 16 | 120

frame_start = struct.Struct(">BHI")
method_id = struct.Struct(">I")
_publish = struct.Struct(">IH")
_settle = struct.Struct(">BHIIQBB")
_settled = struct.Struct(">QB")
_code = struct.Struct(">H")


class Delivered(NamedTuple):
    """The method frame of a delivery."""

    tag: int
    redelivered: bool
    exchange: str
    routing_key: str


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    """A frame."""
    return frame_start.pack(kind, channel, len(payload)) + payload + END


def published(channel: int, message: Message, message_id: bytes, room: int) -> bytes:
    """The frames of a published message, none with a payload above `room` bytes.

    Raises `OptionError` naming what AMQP cannot carry.
    """
    body = message.body
    properties = encode_properties(message, message_id)
    if len(properties) > room:
        raise OptionError("headers", f"headers and properties of at most {room} bytes", len(properties))
    method = b"".join(
        (
            _publish.pack(PUBLISH, 0),
            _short("exchange", message.exchange),
            _short("routing_key", message.routing_key),
            b"\x01" if message.mandatory else b"\x00",
        )
    )
    parts = [
        frame_start.pack(METHOD, channel, len(method)),
        method,
        END,
        frame_start.pack(HEADER, channel, len(properties)),
        properties,
        END,
    ]
    for at in range(0, len(body), room):
        part = body[at : at + room]
        parts += (frame_start.pack(BODY, channel, len(part)), part, END)
    return b"".join(parts)


def _short(name: str, value: str) -> bytes:
    raw = encode_text(value, name)
    if len(raw) > SHORT:
        raise OptionError(name, f"text of at most {SHORT} bytes", value)
    return bytes((len(raw),)) + raw


def acked(channel: int, tag: int, multiple: bool) -> bytes:
    """The frame of an acknowledgement."""
    return _settle.pack(METHOD, channel, 13, ACK, tag, multiple, 0xCE)


def nacked(channel: int, tag: int, multiple: bool, requeue: bool) -> bytes:
    """The frame of a negative acknowledgement."""
    return _settle.pack(METHOD, channel, 13, NACK, tag, multiple | requeue << 1, 0xCE)


def read_settled(data: bytes, at: int) -> tuple[int, bool]:
    """Tag and `multiple` of an ack or nack whose method id begins at `at`."""
    tag, bits = _settled.unpack_from(data, at + 4)
    return tag, bits & 1 == 1


def read_said(data: bytes, at: int) -> tuple[int, str]:
    """Code and text of a return, of a channel's or a connection's close."""
    return _code.unpack_from(data, at + 4)[0], read_short(data, at + 6)[0]


def read_delivered(data: bytes, at: int) -> Delivered:
    """A delivery."""
    at += 5 + data[at + 4]
    tag, bits = _settled.unpack_from(data, at)
    exchange, at = read_short(data, at + 9)
    return Delivered(tag, bits & 1 == 1, exchange, read_short(data, at)[0])
