"""The body of a message: the canonical bytes that are signed, and that nothing else is needed to verify.

    head    "CYB", version, flags (1: a dot, 2: a stamp), priority, number of causes, timestamp (a double),
            the dot's sequence, the stamp's millis and counter, bytes of all texts together
    table   characters of each text (16 and two for each cause), sequence of each cause
    texts   in UTF-8, one after the other
    payload the rest

Numbers are big-endian. Every part has its length before it, so no two envelopes have the same bytes.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from struct import Struct, error
from typing import NamedTuple, TypeVar

from cybernetic.gateways.envelope.dots import Dot
from cybernetic.gateways.envelope.envelope import VERSION, Envelope
from cybernetic.state import Stamp

MAGIC = b"CYB"

_HEAD = Struct(">3sBBBBdQQII")
_TEXTS = 16
_DOT, _STAMP = 1, 2  # flags

V = TypeVar("V", Dot, Stamp)


class Parts(NamedTuple):
    """What a body says: the envelope, by which key it is signed, and for which exchange and routing key."""

    envelope: Envelope
    key: str
    exchange: str
    routing_key: str


class Unreadable(Exception):
    """Bytes that are no body; the text says what was expected and what came."""


class OtherVersion(Exception):
    """A body of a version that is not known here: `version`."""

    def __init__(self, version: int) -> None:
        super().__init__(f"expected version {VERSION}, got: {version}")
        self.version = version


def write(envelope: Envelope, key: str, exchange: str, routing_key: str) -> bytes:
    """The body of `envelope`, signed by the key of id `key`, for an exchange and a routing key."""
    e, dot, stamp = envelope, envelope.dot, envelope.stamp
    texts = [
        e.id,
        e.type,
        e.source,
        e.signer,
        e.correlation or "",
        e.causation or "",
        e.root,
        e.nonce,
        e.traceparent or "",
        e.tracestate or "",
        key,
        exchange,
        routing_key,
        dot.node if dot else "",
        dot.incarnation if dot else "",
        stamp.node if stamp else "",
    ]
    for cause in e.causes:
        texts += cause[:2]
    blob = "".join(texts).encode()
    return b"".join(
        (
            _HEAD.pack(
                MAGIC,
                VERSION,
                (_DOT if dot else 0) | (_STAMP if stamp else 0),
                e.priority,
                len(e.causes),
                e.timestamp,
                dot.sequence if dot else 0,
                stamp.millis if stamp else 0,
                stamp.counter if stamp else 0,
                len(blob),
            ),
            _table(len(e.causes)).pack(*map(len, texts), *[cause.sequence for cause in e.causes]),
            blob,
            e.payload,
        )
    )


def read(body: bytes) -> Parts:
    """What `body` says. Raises `OtherVersion`, `Unreadable`, or `OptionError` for an impossible part."""
    if body[:3] != MAGIC or len(body) < 4:
        raise Unreadable(f"expected a body that begins with {MAGIC!r}, got: {body[:4]!r}")
    if body[3] != VERSION:
        raise OtherVersion(body[3])
    try:
        _, _, flags, priority, count, timestamp, sequence, millis, counter, size = _HEAD.unpack_from(body)
        table = _table(count).unpack_from(body, _HEAD.size)
    except error:
        raise Unreadable(f"expected a whole head, got: {len(body)} bytes") from None
    start = _HEAD.size + _table(count).size
    lengths, sequences = table[: len(table) - count], table[len(table) - count :]
    texts = _texts(body[start : start + size], lengths)
    id, type, source, signer, correlation, causation, root, nonce = texts[:8]
    parent, state, key, exchange, routing_key, node, incarnation, stamper = texts[8:_TEXTS]
    dot = _when(flags & _DOT, Dot(node, incarnation, sequence))
    stamp = _when(flags & _STAMP, Stamp(millis, counter, stamper))
    if flags & ~(_DOT | _STAMP):
        raise Unreadable(f"expected flags of version {VERSION}, got: {flags}")
    envelope = Envelope(
        id=id,
        type=type,
        source=source,
        signer=signer,
        correlation=correlation or None,
        causation=causation or None,
        root=root,
        timestamp=timestamp,
        nonce=nonce,
        priority=priority,
        traceparent=parent or None,
        tracestate=state or None,
        dot=dot,
        stamp=stamp,
        causes=tuple(map(Dot, texts[_TEXTS::2], texts[_TEXTS + 1 :: 2], sequences)) if count else (),
        payload=body[start + size :],
    )
    return Parts(envelope, key, exchange, routing_key)


def _texts(blob: bytes, lengths: Sequence[int]) -> list[str]:
    """The texts of `blob`, which has as many characters as `lengths` say."""
    try:
        joined = blob.decode()
    except UnicodeDecodeError:
        raise Unreadable("expected texts in UTF-8, got: other bytes") from None
    bounds = (0, *accumulate(lengths))
    if bounds[-1] != len(joined):
        raise Unreadable(f"expected texts of {bounds[-1]} characters, got: {len(joined)}")
    return [joined[start:end] for start, end in pairwise(bounds)]


def _when(there: int, value: V) -> V | None:
    """`value` if its flag is set. A part that is not there must be all empty, so that one envelope has one body."""
    if there:
        return value
    if any(value):
        raise Unreadable("expected nothing of a dot or stamp that is not there, got: a part")
    return None


@lru_cache(maxsize=256)
def _table(causes: int) -> Struct:
    return Struct(f">{_TEXTS + 2 * causes}H{causes}Q")
