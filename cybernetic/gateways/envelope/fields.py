"""The fields of an envelope, and what may stand in them."""

from collections.abc import Iterator
from typing import NamedTuple

from cybernetic.core import OptionError, whole
from cybernetic.gateways.envelope.dots import Dot
from cybernetic.gateways.envelope.limits import CAUSES
from cybernetic.gateways.envelope.texts import path, plain, text
from cybernetic.gateways.envelope.trace import traceparent, tracestate
from cybernetic.state import Stamp

END_OF_TIME = 253_402_300_800.0  # seconds since 1970: the year 10000, which AMQP's clients cannot express
MOST_SEQUENCE = 2**63 - 1  # of a dot
MOST_MILLIS, MOST_COUNTER = 2**48 - 1, 2**32 - 1  # of a stamp


class Fields(NamedTuple):
    """The fields of an envelope. A tuple, for a frozen dataclass of so many takes four times as long to make."""

    id: str
    type: str
    source: str
    signer: str
    correlation: str | None
    causation: str | None
    root: str
    timestamp: float
    nonce: str
    priority: int
    traceparent: str | None
    tracestate: str | None
    dot: Dot | None
    stamp: Stamp | None
    causes: tuple[Dot, ...]
    payload: bytes


def check_fields(fields: Fields) -> None:
    """Check every field: types, bounds, what texts hold.

    Raises `OptionError`, `TooLong` where a text is too long.
    """
    f, when, dot, stamp = fields, fields.timestamp, fields.dot, fields.stamp
    if type(when) not in (float, int) or not 0 <= when < END_OF_TIME:
        raise OptionError("timestamp", "seconds since 1970, before the year 10000", when)
    if type(f.priority) is not int or not 0 <= f.priority <= 255:
        raise OptionError("priority", "an integer from 0 to 255", f.priority)
    if type(f.payload) is not bytes:
        raise OptionError("payload", "bytes", type(f.payload))
    texts = [f.id, f.type, f.source, f.signer, f.root, f.nonce, f.correlation or "-", f.causation or "-"]
    if dot is not None:
        texts += _check_dot("dot", dot)[:2]
    if stamp is not None:
        texts.append(_check_stamp(stamp).node)
    if f.causes != ():
        for cause in _check_causes(f.causes):
            texts += cause[:2]
    if not plain(texts) or f.correlation == "" or f.causation == "":
        for name, value in _named_texts(f):
            text(name, value)
    path("source", f.source)
    if f.signer != f.source:
        path("signer", f.signer)
    if f.traceparent is not None or f.tracestate is not None:
        traceparent(f.traceparent)  # a tracestate alone says nothing (section 3.3)
        if f.tracestate is not None:
            tracestate(f.tracestate)


def _named_texts(f: Fields) -> Iterator[tuple[str, object]]:
    for name in ("id", "type", "source", "signer", "root", "nonce"):
        yield name, getattr(f, name)
    for name in ("correlation", "causation"):
        if getattr(f, name) is not None:
            yield name, getattr(f, name)
    for name, dot in (("dot", f.dot), *(("causes", cause) for cause in f.causes)):
        if dot is not None:
            yield f"{name}.node", dot.node
            yield f"{name}.incarnation", dot.incarnation
    if f.stamp is not None:
        yield "stamp.node", f.stamp.node


def _check_dot(name: str, dot: object) -> Dot:
    if not isinstance(dot, Dot):
        raise OptionError(name, "a Dot", dot)
    if whole(f"{name}.sequence", dot.sequence) > MOST_SEQUENCE:
        raise OptionError(f"{name}.sequence", f"at most {MOST_SEQUENCE}", dot.sequence)
    return dot


def _check_stamp(stamp: object) -> Stamp:
    if not isinstance(stamp, Stamp):
        raise OptionError("stamp", "a Stamp", stamp)
    if whole("stamp.millis", stamp.millis) > MOST_MILLIS:
        raise OptionError("stamp.millis", f"at most {MOST_MILLIS}", stamp.millis)
    if whole("stamp.counter", stamp.counter) > MOST_COUNTER:
        raise OptionError("stamp.counter", f"at most {MOST_COUNTER}", stamp.counter)
    return stamp


def _check_causes(causes: object) -> tuple[Dot, ...]:
    if not isinstance(causes, tuple) or len(causes) > CAUSES:
        raise OptionError("causes", f"a tuple of at most {CAUSES} dots", causes)
    return tuple(_check_dot("causes", cause) for cause in causes)
