"""Tables, content headers and frames, both ways, beside pamqp, which did not write them; and any bytes at all."""

import struct
from dataclasses import replace
from typing import Any

import pamqp.commands
import pamqp.decode
import pamqp.encode
import pamqp.frame
import pamqp.header
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.gateways import Message
from cybernetic.gateways.broker.amqp.content import (
    UNREADABLE,
    body_size,
    decode_message,
    encode_properties,
)
from cybernetic.gateways.broker.amqp.frames import (
    acked,
    frame,
    nacked,
    published,
    read_delivered,
    read_said,
    read_settled,
)
from cybernetic.gateways.broker.amqp.tables import DEPTH, Unreadable, decode_table, encode_table

TEXT = st.text(max_size=20)
KEYS = TEXT.filter(lambda text: len(text.encode()) < 128)
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), TEXT, st.floats(allow_nan=False), st.integers(-(2**63), 2**63 - 1)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=6)
SHORTS = st.text(max_size=60)
MESSAGES = st.builds(
    Message,
    body=st.binary(max_size=300),
    exchange=SHORTS,
    routing_key=SHORTS,
    headers=TABLES.map(lambda table: {key: table[key] for key in table if key != "x-mid"}),
    id=SHORTS,
    type=SHORTS,
    content_type=SHORTS,
    content_encoding=SHORTS,
    correlation_id=SHORTS,
    reply_to=SHORTS,
    app_id=SHORTS,
    priority=st.none() | st.integers(0, 255),
    expiration=st.none() | st.integers(0, 10**9).map(lambda number: number / 1000),
    timestamp=st.none() | st.integers(0, 2**63 - 1),
    persistent=st.booleans(),
    mandatory=st.just(True),
)


@given(TABLES)
def test_a_table_comes_back_as_it_was(table: dict[str, Any]) -> None:
    raw = encode_table(table)
    assert decode_table(raw) == (table, len(raw))


@given(TABLES)
def test_another_codec_reads_our_tables(table: dict[str, Any]) -> None:
    raw = encode_table(table)
    assert pamqp.decode.field_table(raw) == (len(raw), table)


def _has_float(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_float, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float)


@given(TABLES.filter(lambda table: not _has_float(table)))  # for pamqp makes floats short
def test_we_read_the_tables_of_another_codec(table: dict[str, Any]) -> None:
    raw = pamqp.encode.field_table(table)
    assert decode_table(raw) == (table, len(raw))


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_unreadable(data: bytes) -> None:
    for raw in (data, struct.pack(">I", len(data)) + data):
        try:
            decode_table(raw)
        except Unreadable:
            pass


@given(MESSAGES, st.binary(max_size=60))
def test_damaged_content_never_raises(message: Message, damage: bytes) -> None:
    raw = encode_properties(message, b"attempt")
    for damaged in (raw[: len(raw) // 2], raw[:14] + damage, raw[:12] + damage, raw + damage):
        assert isinstance(decode_message(damaged, b"x", "e", "k"), Message)
    assert UNREADABLE in decode_message(raw[:16], b"", "", "").headers


@given(MESSAGES)
def test_a_message_comes_back_as_it_was(message: Message) -> None:
    raw = encode_properties(message, b"attempt.1")
    assert body_size(raw) == len(message.body)
    assert decode_message(raw, message.body, message.exchange, message.routing_key) == message


@given(MESSAGES, st.integers(1, 2047), st.integers(600, 4000))
def test_another_codec_reads_our_frames(message: Message, channel: int, room: int) -> None:
    if message.timestamp is not None:  # that codec takes later ones for milliseconds, of years that there are
        message = replace(message, timestamp=message.timestamp % 2**32)
    try:
        data = published(channel, message, b"attempt.1", room)
    except OptionError:
        assert len(encode_properties(message, b"attempt.1")) > room
        return
    frames = []
    while data:
        used, on, got = pamqp.frame.unmarshal(data)
        assert on == channel
        assert used <= room + 8
        frames.append(got)
        data = data[used:]
    method, header, *body = frames
    assert isinstance(method, pamqp.commands.Basic.Publish)
    assert (method.exchange, method.routing_key, method.mandatory) == (
        message.exchange,
        message.routing_key,
        True,
    )
    assert b"".join(part.value for part in body) == message.body
    assert isinstance(header, pamqp.header.ContentHeader)
    properties = header.properties
    assert properties.message_id == "attempt.1"
    assert properties.headers == {**message.headers, "x-mid": message.id}
    assert properties.delivery_mode == (2 if message.persistent else 1)
    assert (properties.correlation_id or "") == message.correlation_id
    assert (properties.message_type or "") == message.type
    assert (properties.content_encoding or "") == message.content_encoding


@given(st.integers(0, 2**63 - 1), st.booleans(), st.booleans(), st.integers(1, 2047))
def test_another_codec_reads_our_acks(tag: int, multiple: bool, requeue: bool, channel: int) -> None:
    _, on, ack = pamqp.frame.unmarshal(acked(channel, tag, multiple))
    assert isinstance(ack, pamqp.commands.Basic.Ack)
    assert (on, ack.delivery_tag, ack.multiple) == (channel, tag, multiple)
    _, on, nack = pamqp.frame.unmarshal(nacked(channel, tag, multiple, requeue))
    assert isinstance(nack, pamqp.commands.Basic.Nack)
    assert (on, nack.delivery_tag, nack.multiple, nack.requeue) == (channel, tag, multiple, requeue)
    assert read_settled(acked(channel, tag, multiple), 7) == (tag, multiple)


@given(st.integers(0, 2**63 - 1), st.booleans(), st.text("ab.", max_size=99), KEYS)
def test_we_read_what_another_codec_delivers(tag: int, again: bool, exchange: str, key: str) -> None:
    deliver = pamqp.commands.Basic.Deliver("consumer", tag, again, exchange, key)
    data = pamqp.frame.marshal(deliver, 5)
    assert tuple(read_delivered(data, 7)) == (tag, again, exchange, key)
    data = pamqp.frame.marshal(pamqp.commands.Basic.Return(312, key, exchange, key), 5)
    assert read_said(data, 7) == (312, key)


NESTED: Any = None
for _ in range(DEPTH + 2):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bytes", b"x"),
        ("too large", 2**63),
        ("too small", -(2**63) - 1),
        ("an object", object()),
        ("a set", {1}),
        ("a list with bytes", [1, b"x"]),
        ("a mapping with bytes", {"k": {"l": b"x"}}),
        ("a key that is no text", {1: 2}),
        ("half a character", "\ud800"),
        ("too deep", NESTED),
    ],
)
def test_what_amqp_cannot_carry_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match="headers") as caught:
        published(1, Message(b"", headers={name: value}), b"a", 1000)
    assert name in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"headers": {"k" * 256: 1}},
        {"headers": {"k": "x" * 2000}},
        {"type": "x" * 256},
        {"type": 5},
        {"content_type": 3},
        {"correlation_id": b"x"},
        {"reply_to": ["x"]},
        {"app_id": "é" * 128},
        {"priority": 256},
        {"priority": -1},
        {"priority": True},
        {"timestamp": 2**63},
        {"timestamp": 1.5},
        {"expiration": 4e8},
        {"routing_key": "\ud800"},
    ],
)
def test_properties_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        published(1, Message(b"", **wrong), b"a", 1000)


def test_names_that_are_no_utf_8_stay_short_strings() -> None:
    deliver = b"\x00\x3c\x00\x3c\x01c" + struct.pack(">QB", 1, 0) + b"\x00" + b"\xff" + b"\xfe" * 255
    delivered = read_delivered(frame(1, 1, deliver), 7)
    assert delivered.routing_key == "?" * 255
    assert decode_message(encode_properties(Message(b""), b"a"), b"", "", delivered.routing_key).id == ""
