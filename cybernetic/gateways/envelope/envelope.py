"""What a message is before it is sealed for one exchange and after its seal was verified."""

from typing import TypedDict, Unpack

from cybernetic.gateways.envelope.dots import Dot
from cybernetic.gateways.envelope.fields import Fields, check_fields
from cybernetic.state import Stamp

VERSION = 1

_new = tuple.__new__


class Extras(TypedDict, total=False):
    """What may be said of a message besides what must be; see `Envelope`."""

    priority: int
    traceparent: str | None
    tracestate: str | None
    dot: Dot | None
    stamp: Stamp | None
    causes: tuple[Dot, ...]


class Envelope(Fields):
    """A message with what is told about it. `Envelope.new`, `reply` and `caused` make one.

    Attributes:
        id: what names the message, the same however often it is published.
        type: what kind of message it is, as "ticket.opened".
        source: path of who says it, as "shop/support/answer-1".
        signer: path of who publishes it: its source, or who stands in for that (an operator's requeue).
        correlation: id of the message that this one answers, or what else holds a conversation together; or None.
        causation: id of the message that was handled when this one was made; None: there was none.
        root: id of the message that all this began with; its own when nothing caused it.
        timestamp: seconds since 1970, of this publish.
        nonce: a text unlike any before, of this publish.
        priority: 0 (least) to 255.
        traceparent, tracestate: W3C trace context, or None.
        dot: which message of its node it is, or None.
        stamp: when it was made, by its node's hybrid logical clock, or None.
        causes: dots of at most 32 messages that are to be delivered before it.
        payload: msgpack bytes.
        version: 1.

    Texts are printable, not empty, and of at most 255 bytes. Raises `OptionError` for what is impossible.
    """

    __slots__ = ()

    version = VERSION

    def __new__(
        cls,
        *,
        id: str,
        type: str,
        source: str,
        signer: str,
        root: str,
        timestamp: float,
        nonce: str,
        correlation: str | None = None,
        causation: str | None = None,
        priority: int = 0,
        traceparent: str | None = None,
        tracestate: str | None = None,
        dot: Dot | None = None,
        stamp: Stamp | None = None,
        causes: tuple[Dot, ...] = (),
        payload: bytes = b"",
    ) -> "Envelope":
        """An envelope of fields that were all checked."""
        fields = (
            *(id, type, source, signer, correlation, causation, root, timestamp, nonce, priority),
            *(traceparent, tracestate, dot, stamp, causes, payload),
        )
        made: Envelope = _new(cls, fields)
        check_fields(made)
        return made

    @classmethod
    def new(
        cls,
        type: str,
        source: str,
        payload: bytes = b"",
        *,
        id: str,
        now: float,
        nonce: str,
        **extras: Unpack[Extras],
    ) -> "Envelope":
        """A message that nothing caused. `now` is in seconds since 1970. Raises `OptionError`."""
        return cls(
            id=id,
            type=type,
            source=source,
            signer=source,
            root=id,
            timestamp=now,
            nonce=nonce,
            payload=payload,
            **extras,
        )

    def reply(
        self,
        type: str,
        source: str,
        payload: bytes = b"",
        *,
        id: str,
        now: float,
        nonce: str,
        **extras: Unpack[Extras],
    ) -> "Envelope":
        """The answer of `source` to this message: as `caused`, and its correlation is the id of this message."""
        answer = self.caused(type, source, payload, id=id, now=now, nonce=nonce, **extras)
        return answer._replace(correlation=self.id)

    def caused(
        self,
        type: str,
        source: str,
        payload: bytes = b"",
        *,
        id: str,
        now: float,
        nonce: str,
        **extras: Unpack[Extras],
    ) -> "Envelope":
        """A message that `source` makes because of this one. Raises `OptionError`.

        It has this one for its causation, the same root and correlation, and, unless given, the same priority and
        trace context, and this message's dot for its cause.
        """
        extras.setdefault("priority", self.priority)
        extras.setdefault("causes", (self.dot,) if self.dot else ())
        if "traceparent" not in extras:
            extras["traceparent"], extras["tracestate"] = self.traceparent, self.tracestate
        return Envelope(
            id=id,
            type=type,
            source=source,
            signer=source,
            correlation=self.correlation,
            causation=self.id,
            root=self.root,
            timestamp=now,
            nonce=nonce,
            payload=payload,
            **extras,
        )

    def renewed(self, now: float, nonce: str, *, signer: str | None = None) -> "Envelope":
        """The same message for another publish: with a new time (seconds since 1970) and nonce.

        `signer` is the path of who publishes it this time; by default who did before. Raises `OptionError`.
        """
        by = self.signer if signer is None else signer
        made = self._replace(timestamp=now, nonce=nonce, signer=by)
        check_fields(made)
        return made

    def __repr__(self) -> str:
        return f"<Envelope {self.type} {self.id} of {self.source}, {len(self.payload)} bytes>"
