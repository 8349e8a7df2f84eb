"""Whatever arrives, there is a verdict: nothing that a message is makes anything raise."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.envelope import (
    Accepted,
    Dot,
    Envelope,
    Fault,
    Rules,
    Sealed,
    Unfit,
    pack,
    unpack,
)
from cybernetic.gateways.envelope.layout import write
from cybernetic.state import Stamp
from cybernetic.wire import Codec
from tests.gateways.envelope.dressed import dressed
from tests.gateways.envelope.made import KEY, NOW, envelope, envelopes, fault, message, verdict, with_body
from tests.support import soak

RULES = Rules(
    ttl=60.0,
    control={"control.stop"},
    types={"ticket.opened": dict, "control.stop": object},
    decode=Codec().decode,
)

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
tables = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
names = (
    st.sampled_from(["x-signature", "x-death", "x-first-death-queue", "x-first-death-exchange"]) | st.text()
)
headers = st.dictionaries(names, tables | st.just("wait"), max_size=6)
PROPERTIES = (
    *("id", "type", "content_type", "correlation_id", "priority"),
    *("timestamp", "reply_to", "app_id", "content_encoding"),
)
properties = st.fixed_dictionaries({}, optional=dict.fromkeys(PROPERTIES, tables))


def judged(message: Message, now: float = NOW) -> Unfit | Accepted:
    found = verdict(message, RULES, now=now)
    assert isinstance(found, Unfit | Accepted)
    if isinstance(found, Unfit):
        assert isinstance(found.fault, Fault)
        assert 0 < len(found.detail) <= 200
    return found


@settings(max_examples=soak(50, 50_000))
@given(
    body=st.binary(max_size=400) | st.binary(max_size=400).map(b"CYB\1".__add__),
    headers=headers,
    properties=properties,
)
@example(body=b"", headers={"x-signature": "0" * 64}, properties={})
@example(body=b"CYB", headers={"x-signature": "0" * 64}, properties={})
@example(body=b"CYB\1" + b"\xff" * 300, headers={"x-signature": "0" * 64}, properties={})
def test_random_bytes_and_headers_are_unfit(body: bytes, headers: Any, properties: dict[str, Any]) -> None:
    assert isinstance(judged(Message(body, headers=headers, **properties)), Unfit)


@settings(max_examples=soak(50, 50_000))
@given(sent=envelopes(), data=st.data())
def test_mutated_envelopes_are_unfit(sent: Envelope, data: st.DataObject) -> None:
    body = bytearray(pack(sent, "x", "k", KEY).body)
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(start, min(len(body), start + 40)))
        body[start:end] = data.draw(st.binary(max_size=40))
    packed = pack(sent, "x", "k", KEY)
    found = judged(with_body(packed, bytes(body)), sent.timestamp)
    assert isinstance(found, Unfit) or bytes(body) == packed.body


@settings(max_examples=soak(50, 50_000))
@given(sent=envelopes(), data=st.data())
def test_whatever_the_holder_of_a_key_signs_there_is_a_verdict(sent: Envelope, data: st.DataObject) -> None:
    """A key's holder may sign any bytes: what was verified is still read with care."""
    body = bytearray(pack(sent, "x", "k", KEY).body)
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    found = judged(dressed(bytes(body), KEY), sent.timestamp)
    if isinstance(found, Accepted):
        again = pack(found.envelope, "x", "k", KEY)
        assert judged(again, sent.timestamp) == found


@settings(max_examples=soak(50, 20_000))
@given(sent=envelopes(), place=st.integers(0, 2**20), byte=st.integers(0, 255))
def test_one_envelope_has_one_body(sent: Envelope, place: int, byte: int) -> None:
    body = bytearray(pack(sent, "x", "k", KEY).body)
    body[place % len(body)] = byte
    read_as_written(bytes(body))


@pytest.mark.parametrize(
    "more", [{}, {"dot": Dot("n", "i", 1), "stamp": Stamp(1, 2, "n"), "causes": (Dot("m", "i", 3),)}]
)
def test_no_bit_is_without_meaning(more: Any) -> None:
    packed = pack(envelope(**more), "x", "k", KEY).body
    read_as_written(packed)
    for place in range(len(packed)):
        for bit in range(8):
            body = bytearray(packed)
            body[place] ^= 1 << bit
            read_as_written(bytes(body))


def read_as_written(body: bytes) -> None:
    """What can be read is written as the same bytes."""
    read = unpack(dressed(body, KEY))
    if isinstance(read, Sealed):
        assert write(read.envelope, read.key, read.exchange, read.routing_key) == body


@given(st.binary(max_size=300), st.text(max_size=30), st.text(max_size=30))
def test_a_plain_message_of_another_program_is_unsigned(body: bytes, id: str, type: str) -> None:
    found = judged(Message(body, "shop.tickets", "new", {"note": "hello"}, id=id, type=type))
    assert isinstance(found, Unfit)
    assert found.fault == "unsigned"
    assert found.detail == "expected a signature in the header x-signature, got: none"


def test_a_plain_message_without_any_property_is_unsigned() -> None:
    assert fault(Message(b"hello")) == "unsigned"
    nothing: Any = None
    assert fault(replace(message(), headers=nothing)) == "unsigned"


def test_another_version_is_told() -> None:
    packed = message()
    found = judged(with_body(packed, b"CYB\2" + packed.body[4:]))
    assert isinstance(found, Unfit)
    assert (found.fault, found.detail) == ("unknown_version", "expected version 1, got: 2")


def test_a_text_that_is_too_long_is_oversize() -> None:
    for long in ("x" * 256, "é" * 128):
        body = pack(envelope(), "x", "k", KEY).body
        found = judged(dressed(widened(body, long), KEY))
        assert isinstance(found, Unfit)
        assert found.fault == "oversize"
        assert found.detail == "id: expected at most 255 bytes, got: 256"


def test_a_detail_is_short_whatever_it_quotes() -> None:
    found = judged(dressed(widened(pack(envelope(), "x", "k", KEY).body, "\n" * 250), KEY))
    assert isinstance(found, Unfit)
    assert len(found.detail) == 200
    assert found.detail.startswith("id: expected printable text, not empty, got: ")
    assert found.detail.endswith("…")


def widened(body: bytes, id: str) -> bytes:
    """The body with another id, of any length."""
    head, table, rest = body[:39], body[39:71], body[71:]
    size = int.from_bytes(head[35:], "big") + len(id.encode()) - len("m-1")
    table = len(id).to_bytes(2, "big") + table[2:]
    return head[:35] + size.to_bytes(4, "big") + table + id.encode() + rest[len("m-1") :]
