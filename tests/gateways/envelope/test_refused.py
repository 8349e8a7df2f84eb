"""What is not exactly what a key's holder signed for this place and time is never accepted."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cybernetic.gateways.envelope import Envelope, Key, Keyring, Unfit, check, pack
from tests.gateways.envelope.made import (
    CONTROL,
    FOREIGN,
    KEY,
    KEYRING,
    NOW,
    WORK,
    Seen,
    envelope,
    envelopes,
    exchanges,
    fault,
    few,
    message,
    routing_keys,
    verdict,
    with_body,
    with_headers,
)
from tests.support import soak

EVERY_BYTE = range(len(message(correlation="m-0", priority=3).body))
BEFORE_THE_SIGNATURE = {"tampered", "undecodable", "unknown_version", "unknown_key", "oversize"}


@settings(max_examples=soak(60, 100_000))
@given(sent=envelopes(), place=st.integers(0, 2**32), change=st.integers(1, 255))
def test_no_byte_of_the_body_can_be_changed(sent: Envelope, place: int, change: int) -> None:
    packed = pack(sent, "x", "k", KEY)
    body = bytearray(packed.body)
    body[place % len(body)] ^= change
    found = check(with_body(packed, bytes(body)), KEYRING, sent.timestamp, WORK)
    assert isinstance(found, Unfit)
    assert found.fault in BEFORE_THE_SIGNATURE
    assert not found.verified


def test_no_bit_of_a_body_can_be_changed() -> None:
    packed = message(correlation="m-0", priority=3)
    for place in EVERY_BYTE:
        for bit in range(8):
            body = bytearray(packed.body)
            body[place] ^= 1 << bit
            assert fault(with_body(packed, bytes(body))) in BEFORE_THE_SIGNATURE


def test_nothing_can_be_cut_off_or_put_in() -> None:
    packed = message()
    for place in range(len(packed.body)):
        assert fault(with_body(packed, packed.body[:place])) in BEFORE_THE_SIGNATURE
        longer = packed.body[:place] + b"\0" + packed.body[place:]
        assert fault(with_body(packed, longer)) in BEFORE_THE_SIGNATURE
    assert fault(with_body(packed, packed.body + b"\0")) == "tampered"


@settings(max_examples=soak(50, 20_000))
@given(sent=envelopes(), place=st.integers(0, 63), digit=st.characters())
def test_no_digit_of_the_signature_can_be_changed(sent: Envelope, place: int, digit: str) -> None:
    packed = pack(sent, "x", "k", KEY)
    signature = str(packed.headers["x-signature"])
    assume(signature[place] != digit)
    changed = signature[:place] + digit + signature[place + 1 :]
    found = check(with_headers(packed, **{"x-signature": changed}), KEYRING, sent.timestamp, WORK)
    assert isinstance(found, Unfit)
    assert found.fault == "tampered"


@given(st.none() | st.binary() | st.text() | st.integers() | st.lists(st.text()))
@example("f" * 64)
@example("F" * 64)
@example("")
def test_nothing_else_is_a_signature(value: Any) -> None:
    expected = "unsigned" if value is None else "tampered"
    assert fault(with_headers(message(), **{"x-signature": value})) == expected


def test_upper_case_is_another_signature() -> None:
    packed = message()
    signature = str(packed.headers["x-signature"])
    assert fault(with_headers(packed, **{"x-signature": signature.upper()})) == "tampered"


PROPERTIES = ["id", "type", "content_type", "correlation_id", "reply_to", "app_id", "content_encoding"]


@few
@given(name=st.sampled_from(PROPERTIES), value=st.text(max_size=40).map("~".__add__), sent=envelopes())
def test_no_text_property_can_be_changed(name: str, value: str, sent: Envelope) -> None:
    packed = pack(sent, "x", "k", KEY)
    assume(getattr(packed, name) != value)
    how: Any = {name: value}
    changed = replace(packed, **how)
    found = check(changed, KEYRING, sent.timestamp, WORK)
    assert isinstance(found, Unfit)
    assert found.fault == "tampered"


@given(name=st.sampled_from(["priority", "timestamp"]), value=st.none() | st.integers(0, 2**40))
def test_no_number_property_can_be_changed(name: str, value: int | None) -> None:
    assume(getattr(message(), name) != value)
    how: Any = {name: value}
    assert fault(replace(message(), **how)) == "tampered"


@settings(max_examples=soak(50, 20_000))
@given(sent=envelopes(), signed=st.tuples(exchanges, routing_keys), came=st.tuples(exchanges, routing_keys))
def test_a_message_moved_to_another_place_is_refused(
    sent: Envelope, signed: tuple[str, str], came: tuple[str, str]
) -> None:
    assume(signed != came)
    moved = replace(pack(sent, *signed, KEY), exchange=came[0], routing_key=came[1])
    found = check(moved, KEYRING, sent.timestamp, WORK)
    assert isinstance(found, Unfit)
    assert found.fault == "moved"
    assert found.verified


@pytest.mark.parametrize(
    "came", [("shop.mail", "new"), ("shop.tickets", "old"), ("", "new"), ("shop.tickets", "")]
)
def test_exchange_and_routing_key_are_both_held_to(came: tuple[str, str]) -> None:
    assert fault(replace(message(), exchange=came[0], routing_key=came[1])) == "moved"


@few
@given(sent=envelopes(), secret=st.binary(min_size=32, max_size=64))
def test_another_secret_under_the_same_id_is_refused(sent: Envelope, secret: bytes) -> None:
    assume(secret != b"n" * 32)
    forged = pack(sent, "x", "k", Key(KEY.id, secret, ["shop"]))
    found = check(forged, KEYRING, sent.timestamp, WORK)
    assert isinstance(found, Unfit)
    assert found.fault == "tampered"


@few
@given(sent=envelopes())
def test_a_key_that_is_not_known_is_refused(sent: Envelope) -> None:
    found = check(pack(sent, "x", "k", KEY), Keyring([FOREIGN]), sent.timestamp, WORK)
    assert isinstance(found, Unfit)
    assert found.fault == "unknown_key"


@few
@given(sent=envelopes())
def test_a_key_signs_for_its_own_paths_only(sent: Envelope) -> None:
    boastful = Key("abroad", "a" * 32, ["*"])
    found = check(pack(sent, "x", "k", boastful), KEYRING, sent.timestamp, WORK)
    assert isinstance(found, Unfit)
    assert found.fault == "not_allowed"
    assert found.verified


def test_a_path_that_only_begins_alike_is_another() -> None:
    everything = Key("december", "d" * 32, ["*"])
    outside = pack(envelope(source="shop/supporters"), "x", "k", everything)
    assert fault(outside) == "not_allowed"
    assert fault(pack(envelope(source="shop/support"), "x", "k", everything)) == "accepted"
    assert fault(pack(envelope(source="shop"), "x", "k", everything)) == "not_allowed"


def test_who_stands_in_for_a_source_needs_a_key_for_both() -> None:
    everything = Key("december", "d" * 32, ["*"])
    by_operator = envelope(source="shop/support", signer="operator/ann")
    assert fault(pack(by_operator, "x", "k", KEY)) == "accepted"
    assert fault(pack(by_operator, "x", "k", everything)) == "not_allowed"
    in_the_name_of_shop = envelope(source="shop", signer="shop/support")
    assert fault(pack(in_the_name_of_shop, "x", "k", everything)) == "not_allowed"


@few
@given(sent=envelopes(), late=st.floats(0.001, 1e9))
def test_what_is_older_than_it_may_be_is_stale(sent: Envelope, late: float) -> None:
    packed = pack(sent, "x", "k", KEY)
    now = sent.timestamp + 3600.0 + late
    assume(now - sent.timestamp > 3600.0)
    assert fault(packed, now=now) == "stale"
    assert fault(packed, now=sent.timestamp + 3600.0) == "accepted"


@few
@given(sent=envelopes(), early=st.floats(0.001, 1e9))
def test_what_is_far_in_the_future_is_refused(sent: Envelope, early: float) -> None:
    packed = pack(sent, "x", "k", KEY)
    now = sent.timestamp - 90.0 - early
    assume(now - sent.timestamp < -90.0)
    assert fault(packed, now=now) == "from_the_future"
    assert fault(packed, replace(WORK, ttl=None), now=now) == "from_the_future"
    assert fault(packed, now=sent.timestamp - 90.0) == "accepted"


@few
@given(sent=envelopes(), times=st.integers(1, 4))
def test_a_control_message_takes_effect_once(sent: Envelope, times: int) -> None:
    packed = pack(sent._replace(type="control.stop"), "x", "k", KEY)
    seen = Seen()
    assert fault(packed, CONTROL, now=sent.timestamp, nonces=seen) == "accepted"
    for _ in range(times):
        assert fault(packed, CONTROL, now=sent.timestamp, nonces=seen) == "replayed"


def test_a_control_message_published_again_is_another() -> None:
    seen, first = Seen(), envelope(type="control.stop")
    for sent in (first, first.renewed(NOW, "n-2")):
        assert fault(pack(sent, "x", "k", KEY), CONTROL, nonces=seen) == "accepted"


def test_a_sentence_says_what_was_expected_and_what_came() -> None:
    found = verdict(replace(message(), routing_key="old"))
    assert isinstance(found, Unfit)
    assert found.detail == "expected exchange and routing key 'shop.tickets' 'new', got: 'shop.tickets' 'old'"
