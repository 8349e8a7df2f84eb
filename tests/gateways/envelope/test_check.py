"""What is asked of a message that came, and in which order."""

from dataclasses import replace
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways.envelope import Accepted, Key, Keyring, Limits, Once, Rules, Unfit, check, pack
from cybernetic.wire import Codec
from tests.gateways.envelope.made import (
    CONTROL,
    KEY,
    KEYRING,
    NOW,
    WORK,
    Seen,
    envelope,
    fault,
    message,
    verdict,
    with_body,
    with_headers,
)

CODEC = Codec()
STOP = replace(message(type="control.stop"), routing_key="new")


def encoded(value: object) -> Any:
    return message(payload=CODEC.encode(value))


# ages


@pytest.mark.parametrize(
    ("rules", "type", "age"),
    [
        (Rules(), "ticket.opened", None),
        (Rules(ttl=60.0), "ticket.opened", 60.0),
        (Rules(ttl=60.0, ages={"ticket.opened": 5.0}), "ticket.opened", 5.0),
        (Rules(ttl=60.0, control={"control.stop"}), "control.stop", 90.0),
        (Rules(ttl=60.0, control={"control.stop"}, ages={"control.stop": 10.0}), "control.stop", 10.0),
        (Rules(ttl=60.0, control={"control.stop"}), "control.stopped", 60.0),
    ],
)
def test_an_age_is_the_types_own_or_the_queues_or_that_of_control(
    rules: Rules, type: str, age: float | None
) -> None:
    assert rules.age_of(type) == age
    sent, seen = message(type=type), Seen()
    if age is None:
        assert fault(sent, rules, now=NOW + 1e9) == "accepted"
    else:
        assert fault(sent, rules, now=NOW + age, nonces=seen) == "accepted"
        assert fault(sent, rules, now=NOW + age + 0.01, nonces=Seen()) == "stale"


def test_a_queue_without_a_ttl_may_hold_work_for_years() -> None:
    assert fault(message(), Rules(), now=NOW + 1e9) == "accepted"


# control messages


def test_a_nonce_is_remembered_as_long_as_its_message_would_be_accepted() -> None:
    seen = Seen()
    assert fault(STOP, CONTROL, nonces=seen) == "accepted"
    assert seen.asked == [("november/n-1", NOW + 90.0)]


def test_each_key_has_nonces_of_its_own() -> None:
    seen, sent = Seen(), envelope(type="control.stop", source="shop/support")
    for key in ("november", "december"):
        found = KEYRING.find(key)
        assert found is not None
        assert fault(pack(sent, "x", "k", found), CONTROL, nonces=seen) == "accepted"


@pytest.mark.parametrize(
    "unfit",
    [
        replace(STOP, headers={}),
        with_body(STOP, STOP.body[:-1]),
        with_headers(STOP, **{"x-signature": "0" * 64}),
        replace(STOP, routing_key="old"),
        replace(STOP, priority=9),
        message(type="control.stop", timestamp=NOW - 91.0),
        message(type="control.stop", timestamp=NOW + 91.0),
        message(type="control.other"),
        message(type="control.stop", payload=b"\xc1"),
    ],
)
def test_nothing_is_remembered_of_a_message_that_is_refused(unfit: Any) -> None:
    seen = Seen()
    rules = replace(CONTROL, decode=CODEC.decode)
    assert fault(unfit, rules, nonces=seen) != "accepted"
    assert seen.asked == []
    assert fault(STOP, rules, nonces=seen) == "accepted"


def test_work_needs_no_nonces() -> None:
    seen = Seen()
    for _ in range(2):
        assert fault(message(), WORK, nonces=seen) == "accepted"
    assert seen.asked == []
    assert isinstance(check(message(), KEYRING, NOW, WORK), Accepted)


def test_a_control_message_is_accepted_only_once_its_nonce_is_known_to_be_new() -> None:
    found = check(STOP, KEYRING, NOW, CONTROL)
    assert isinstance(found, Once)
    assert (found.nonce, found.expires) == ("november/n-1", NOW + 90.0)
    assert found.settled(fresh=True) == found.accepted
    replayed = found.settled(fresh=False)
    assert isinstance(replayed, Unfit)
    assert (replayed.fault, replayed.verified) == ("replayed", True)


def test_a_store_that_fails_is_no_fault_of_the_message() -> None:
    class Broken(Seen):
        async def fresh(self, nonce: str, expires: float) -> bool:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        verdict(STOP, CONTROL, nonces=Broken())


# types and payloads


def test_only_types_that_are_taken_are_accepted() -> None:
    assert fault(message(), Rules(types={"ticket.opened": object})) == "accepted"
    assert fault(message(), Rules(types={"ticket.closed": object})) == "wrong_type"
    assert fault(message(), Rules(types={})) == "wrong_type"


def test_an_accepted_message_brings_its_decoded_payload() -> None:
    found = verdict(encoded({"text": "help"}), Rules(decode=CODEC.decode))
    assert isinstance(found, Accepted)
    assert found.value == {"text": "help"}


def test_a_payload_of_another_class_is_of_the_wrong_type() -> None:
    rules = Rules(types={"ticket.opened": dict}, decode=CODEC.decode)
    assert fault(encoded({}), rules) == "accepted"
    assert fault(encoded(5), rules) == "wrong_type"


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\xdd\xff\xff\xff\xff", b"\xc1\x01\x91\xc7\x07Cno.such"])
def test_a_payload_that_does_not_decode_is_undecodable(payload: bytes) -> None:
    found = verdict(message(payload=payload), Rules(decode=CODEC.decode))
    assert isinstance(found, Unfit)
    assert found.fault == "undecodable"
    assert found.verified


def test_no_payload_is_decoded_before_its_signature_is_verified() -> None:
    def decode(payload: bytes) -> object:
        raise AssertionError("decoded")

    forged = with_headers(message(), **{"x-signature": "0" * 64})
    assert fault(forged, Rules(decode=decode)) == "tampered"
    assert fault(message(), Rules(decode=decode, ttl=1.0), now=NOW + 9) == "stale"


def test_an_error_without_a_text_is_told_by_its_name() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def decode(payload: bytes) -> object:
        raise MuteError

    found = verdict(message(), Rules(decode=decode))
    assert isinstance(found, Unfit)
    assert found.detail == "payload: MuteError"


# keys


def test_a_key_is_valid_from_its_time_on_until_its_end_give_or_take_the_clocks() -> None:
    bound = Keyring([Key("november", "n" * 32, ["shop"], since=NOW - 1000, until=NOW + 1000)])
    for late, word in [
        (-1091, "expired_key"),
        (-1089, "accepted"),
        (1089, "accepted"),
        (1091, "expired_key"),
    ]:
        sent = message(timestamp=NOW + late)
        assert fault(sent, keyring=bound, now=NOW + late) == word


def test_nobody_signs_with_a_key_that_is_not_valid_or_not_bound_to_the_path() -> None:
    with pytest.raises(OptionError, match="a key that is valid at 1800000000, got: <Key 'old' for shop>"):
        pack(envelope(), "x", "k", Key("old", "o" * 32, ["shop"], until=NOW - 100))
    with pytest.raises(OptionError, match="a key that may sign for bank/till as bank/till"):
        pack(envelope(source="bank/till"), "x", "k", KEY)
    with pytest.raises(OptionError, match="a key that may sign for shop as bank"):
        pack(envelope(source="shop", signer="bank"), "x", "k", KEY)


# sizes


def test_a_body_larger_than_the_limit_is_refused_before_it_is_read() -> None:
    sent = message(payload=bytes(2000))
    size = len(sent.body)
    assert fault(sent, Rules(limits=Limits(body=size))) == "accepted"
    assert fault(sent, Rules(limits=Limits(body=size - 1))) == "oversize"
    assert fault(replace(sent, headers={}), Rules(limits=Limits(body=1000))) == "oversize"


def test_what_receivers_refuse_is_not_sent() -> None:
    limits = Limits(body=len(message().body))
    assert (
        fault(pack(envelope(), "shop.tickets", "new", KEY, limits=limits), Rules(limits=limits)) == "accepted"
    )
    with pytest.raises(
        OptionError, match=f"envelope: expected at most {limits.body} bytes, got: {limits.body + 1}"
    ):
        pack(envelope(payload=b"\xcc\x80"), "shop.tickets", "new", KEY, limits=limits)


def test_headers_as_large_as_their_limit_are_taken() -> None:
    sent = message()
    size = 8 + len("x-signature") + 64
    assert fault(sent, Rules(limits=Limits(headers=size))) == "accepted"
    assert fault(sent, Rules(limits=Limits(headers=size - 1))) == "oversize"


@pytest.mark.parametrize(
    "large",
    [
        "x" * 20_000,
        "é" * 10_000,
        [["x" * 300]] * 60,
        {"x" * 300: {"y": ["z"] * 3000}},
        [0] * 3000,
        b"x" * 20_000,
    ],
)
def test_large_headers_are_refused(large: Any) -> None:
    assert fault(with_headers(message(), **{"x-note": large})) == "oversize"


def test_headers_of_others_are_let_through() -> None:
    noted = with_headers(message(), **{"x-note": ["a", {"b": 1.5}], "x-delivery-count": 3, "x-none": None})
    assert fault(noted) == "accepted"


def test_headers_without_end_are_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert fault(with_headers(message(), **{"x-note": endless})) == "oversize"


# rules


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"ttl": 0}, "ttl"),
        ({"ages": {"a": 0.0}}, "ages"),
        ({"control": "control.stop"}, "control"),
        ({"ttl": float("nan")}, "ttl"),
    ],
)
def test_impossible_rules_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        Rules(**options)
