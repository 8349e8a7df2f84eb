"""Envelopes, keys and messages for tests, made by Hypothesis or by hand."""

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar, cast

from hypothesis import settings
from hypothesis import strategies as st

from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.envelope import (
    Accepted,
    Dot,
    Envelope,
    Key,
    Keyring,
    NonceStore,
    Rules,
    Unfit,
    admit,
    pack,
)
from cybernetic.state import Stamp
from tests.support import soak

T = TypeVar("T")

NOW = 1_800_000_000.25
KEY = Key("november", "n" * 32, ["shop", "operator"])
OTHER = Key("december", "d" * 32, ["shop/support"])
FOREIGN = Key("abroad", "a" * 32, ["bank"])
KEYRING = Keyring([KEY, OTHER, FOREIGN], {"work": "november"})
WORK = Rules(ttl=3600.0)
CONTROL = Rules(control={"control.stop"}, types={"control.stop": object})


class Seen:
    """A store of nonces in memory, which notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []

    async def fresh(self, nonce: str, expires: float) -> bool:
        new = all(nonce != known for known, _ in self.asked)
        self.asked.append((nonce, expires))
        return new


def envelope(**fields: Any) -> Envelope:
    """An ordinary envelope; any field may be given."""
    source = fields.get("source", "shop/support/answer-1")
    ordinary = {"id": "m-1", "type": "ticket.opened", "source": source, "signer": source, "root": "m-1"}
    return Envelope(**{**ordinary, "timestamp": NOW, "nonce": "n-1", "payload": b"\xc0", **fields})


def message(**fields: Any) -> Message:
    """An ordinary envelope, packed."""
    return pack(envelope(**fields), "shop.tickets", "new", KEY)


def verdict(
    message: Message,
    rules: Rules = WORK,
    *,
    keyring: Keyring = KEYRING,
    now: float = NOW,
    nonces: NonceStore | None = None,
) -> Accepted | Unfit:
    """What becomes of a message that came just now."""
    return at_once(admit(message, keyring, now, rules, nonces or Seen()))


def at_once(waiting: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never has to wait."""
    try:
        waiting.send(None)
    except StopIteration as done:
        return cast(T, done.value)
    raise AssertionError("expected nothing to wait for")


def fault(message: Message, rules: Rules = WORK, **how: Any) -> str:
    """In a word, why a message is unfit, or "accepted"."""
    found = verdict(message, rules, **how)
    return found.fault if isinstance(found, Unfit) else "accepted"


def with_body(message: Message, body: bytes) -> Message:
    """The message with another body and the signature it had."""
    return replace(message, body=body)


def with_headers(message: Message, **headers: Any) -> Message:
    """The message with more headers, or others."""
    return replace(message, headers={**message.headers, **headers})


few = settings(max_examples=soak(20, 2_000))  # an envelope takes some milliseconds to think up

plain_text = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1, max_size=40)
any_text = st.text(
    st.characters(categories=["L", "M", "N", "P", "S"], include_characters=" "), min_size=1, max_size=60
)
text = st.one_of(plain_text, any_text)
below = st.lists(plain_text.map(lambda part: part.replace("/", ".")), max_size=3)
paths = below.map(lambda parts: "/".join(["shop", *parts]))
dots = st.builds(Dot, text, text, st.integers(0, 2**63 - 1))
stamps = st.builds(Stamp, st.integers(0, 2**48 - 1), st.integers(0, 2**32 - 1), text)
hexadecimal = "0123456789abcdef"
traceparents = st.builds(
    "00-{}-{}-{}".format,
    st.text(hexadecimal, min_size=31, max_size=31).map("1".__add__),
    st.text(hexadecimal, min_size=15, max_size=15).map("1".__add__),
    st.text(hexadecimal, min_size=2, max_size=2),
)
traces = st.one_of(
    st.just((None, None)),
    st.tuples(traceparents, st.none() | st.sampled_from(["a=1", "vendor@x=ok,other=5", "k=v w"])),
)
exchanges = st.text(max_size=60)
routing_keys = st.text(max_size=60)


@st.composite
def envelopes(draw: Any, most_payload: int = 200) -> Envelope:
    """Any envelope that the key of the tests may sign."""
    traceparent, tracestate = draw(traces)
    return Envelope(
        id=draw(text),
        type=draw(text),
        source=draw(paths),
        signer=draw(paths),
        correlation=draw(st.none() | text),
        causation=draw(st.none() | text),
        root=draw(text),
        timestamp=draw(st.floats(0, 2e9) | st.integers(0, 2_000_000_000)),
        nonce=draw(text),
        priority=draw(st.integers(0, 255)),
        traceparent=traceparent,
        tracestate=tracestate,
        dot=draw(st.none() | dots),
        stamp=draw(st.none() | stamps),
        causes=tuple(draw(st.lists(dots, max_size=3))),
        payload=draw(st.binary(max_size=most_payload)),
    )
