"""What is signed on one side is accepted on another, and says the same there."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.envelope import Accepted, Dot, Envelope, Key, Keyring, Sealed, check, unpack
from cybernetic.gateways.envelope import pack as packed
from tests.gateways.envelope.made import (
    KEY,
    NOW,
    WORK,
    envelope,
    envelopes,
    exchanges,
    few,
    message,
    routing_keys,
    verdict,
)
from tests.support import soak


def travelled(sent: Message) -> Message:
    """A message as another process sees it: nothing but bytes, texts and numbers, each a copy."""
    return Message(
        bytes(bytearray(sent.body)),
        "".join([*sent.exchange]),
        "".join([*sent.routing_key]),
        {"".join([*name]): "".join([*str(value)]) for name, value in sent.headers.items()},
        id=sent.id,
        type=sent.type,
        content_type=sent.content_type,
        correlation_id=sent.correlation_id,
        priority=sent.priority,
        timestamp=sent.timestamp,
    )


@settings(max_examples=soak(60, 100_000))
@given(
    sent=envelopes(), exchange=exchanges, routing_key=routing_keys, secret=st.binary(min_size=32, max_size=80)
)
def test_what_is_signed_is_accepted_elsewhere_and_says_the_same(
    sent: Envelope, exchange: str, routing_key: str, secret: bytes
) -> None:
    there = Keyring([Key("k", secret, ["shop"])])
    arrived = travelled(packed(sent, exchange, routing_key, Key("k", secret, ["shop"])))
    found = check(arrived, there, sent.timestamp, WORK)
    assert found == Accepted(sent, "k")
    assert isinstance(found, Accepted)
    assert found.envelope._asdict() == sent._asdict()
    assert type(found.envelope) is Envelope


@few
@given(sent=envelopes(), other=envelopes(), routing_key=routing_keys)
def test_different_envelopes_have_different_bodies(sent: Envelope, other: Envelope, routing_key: str) -> None:
    bodies = {packed(each, "x", routing_key, KEY).body for each in (sent, other)}
    assert len(bodies) == len({sent, other})


@few
@given(sent=envelopes())
def test_texts_that_join_alike_are_told_apart(sent: Envelope) -> None:
    first, second = (packed(sent, *place, KEY).body for place in (("ab", "c"), ("a", "bc")))
    assert first != second


def test_properties_show_what_brokers_and_others_want_to_see() -> None:
    sent = message(correlation="m-0", priority=7)
    assert (sent.exchange, sent.routing_key) == ("shop.tickets", "new")
    assert (sent.id, sent.type, sent.correlation_id, sent.priority) == ("m-1", "ticket.opened", "m-0", 7)
    assert sent.timestamp == int(NOW)
    assert sent.content_type == "application/vnd.cybernetic.envelope"
    assert list(sent.headers) == ["x-signature"]
    assert isinstance(sent.headers["x-signature"], str)


def test_how_the_broker_keeps_a_message_is_not_signed() -> None:
    sent = packed(envelope(), "x", "k", KEY, expiration=2.5, persistent=False, mandatory=False)
    assert (sent.expiration, sent.persistent, sent.mandatory) == (2.5, False, False)
    assert isinstance(verdict(sent), Accepted)


def test_what_was_packed_can_be_read_without_any_key() -> None:
    sent = envelope(dot=Dot("node-1", "7.abc", 3))
    read = unpack(packed(sent, "shop.tickets", "new", KEY))
    assert isinstance(read, Sealed)
    assert (read.envelope, read.key) == (sent, "november")
    assert (read.exchange, read.routing_key) == ("shop.tickets", "new")


@few
@given(sent=envelopes(), nonce=st.uuids().map(str))
def test_a_renewed_message_keeps_its_id_and_is_accepted_again(sent: Envelope, nonce: str) -> None:
    again = sent.renewed(NOW, nonce)
    found = verdict(packed(again, "x", "k", KEY))
    assert isinstance(found, Accepted)
    assert found.envelope._replace(timestamp=sent.timestamp, nonce=sent.nonce) == sent
    assert packed(again, "x", "k", KEY).headers != packed(sent, "x", "k", KEY).headers
