"""Envelopes to messages of a broker and back: sealed for one exchange and routing key by one key.

All that is signed stands in the body. What brokers and other programs want to see is repeated in properties, and must
be the same there; two headers are ours: `x-signature` (hexadecimal) and `x-mid` (the id, which stays over retries).
"""

from collections.abc import Mapping
from typing import NamedTuple

from cybernetic.core import OptionError
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.broker.topology import short
from cybernetic.gateways.envelope.envelope import Envelope
from cybernetic.gateways.envelope.keys import Key
from cybernetic.gateways.envelope.layout import OtherVersion, Parts, Unreadable, read, write
from cybernetic.gateways.envelope.limits import LIMITS, Limits, size_of
from cybernetic.gateways.envelope.texts import TooLong
from cybernetic.gateways.envelope.verdicts import Fault, Unfit

CONTENT_TYPE = "application/vnd.cybernetic.envelope"
SIGNATURE = "x-signature"
PROPERTIES = (
    *("id", "type", "content_type", "correlation_id", "priority", "timestamp"),
    *("reply_to", "app_id", "content_encoding"),
)


class Sealed(NamedTuple):
    """An envelope as it came, its signature not verified yet.

    Attributes:
        envelope: what it says.
        key: id of the key it says it is signed by.
        exchange, routing_key: what it says it was published to.
        signature: 64 hexadecimal digits, if it is one.
        body: what the signature is of.
    """

    envelope: Envelope
    key: str
    exchange: str
    routing_key: str
    signature: str
    body: bytes


def pack(
    envelope: Envelope,
    exchange: str,
    routing_key: str,
    key: Key,
    *,
    expiration: float | None = None,
    persistent: bool = True,
    mandatory: bool = True,
    limits: Limits = LIMITS,
) -> Message:
    """The message that publishes `envelope` to an exchange with a routing key, signed by `key`.

    `expiration` (seconds, None: no limit), `persistent` and `mandatory` are for the broker and not signed. Raises
    `OptionError`: the key is not bound to source and signer or not valid at the envelope's time, the message is larger
    than `limits`, exchange or routing key are no texts of at most 255 bytes.
    """
    e = envelope
    if not key.may_sign(e.source) or not (e.signer == e.source or key.may_sign(e.signer)):
        raise OptionError("key", f"a key that may sign for {e.source} as {e.signer}", key)
    if not key.valid(e.timestamp):
        raise OptionError("key", f"a key that is valid at {e.timestamp:.0f}", key)
    body = write(
        e, key.id, short("exchange", exchange, empty=True), short("routing_key", routing_key, empty=True)
    )
    if len(body) > limits.body:
        raise OptionError("envelope", f"at most {limits.body} bytes", len(body))
    return Message(
        body,
        exchange,
        routing_key,
        {SIGNATURE: key.sign(body)},
        id=e.id,
        type=e.type,
        content_type=CONTENT_TYPE,
        correlation_id=e.correlation or "",
        priority=e.priority,
        expiration=expiration,
        timestamp=int(e.timestamp),
        persistent=persistent,
        mandatory=mandatory,
    )


def unpack(message: Message, limits: Limits = LIMITS) -> Sealed | Unfit:
    """What a message says, before anything of it is verified. Never raises, whatever the message holds."""
    body, headers = message.body, message.headers
    if not isinstance(headers, Mapping):
        headers = {}
    if len(body) > limits.body:
        return Unfit(Fault.OVERSIZE, f"body: expected at most {limits.body} bytes, got: {len(body)}")
    if size_of(headers, limits.headers) > limits.headers:
        return Unfit(Fault.OVERSIZE, f"headers: expected at most {limits.headers} bytes, got: more")
    signature = headers.get(SIGNATURE)
    if signature is None:
        return Unfit(Fault.UNSIGNED, f"expected a signature in the header {SIGNATURE}, got: none")
    try:
        parts = read(body)
    except OtherVersion as error:
        return Unfit(Fault.UNKNOWN_VERSION, str(error))
    except TooLong as error:
        return Unfit(Fault.OVERSIZE, str(error))
    except (Unreadable, OptionError) as error:
        return Unfit(Fault.UNDECODABLE, str(error))
    return _differs(message, parts.envelope) or _signed(parts, signature, body)


def _signed(parts: Parts, signature: object, body: bytes) -> Sealed | Unfit:
    if not isinstance(signature, str):
        said = f"expected a signature in hexadecimal digits, got: {signature!r:.80}"
        return Unfit(Fault.TAMPERED, said, parts.envelope)
    return Sealed(*parts, signature, body)


def _differs(message: Message, envelope: Envelope) -> Unfit | None:
    """Whether a property says other than the envelope, or something where that says nothing."""
    m, e = message, envelope
    said = (
        *(m.id, m.type, m.content_type, m.correlation_id, m.priority, m.timestamp),
        *(m.reply_to, m.app_id, m.content_encoding),
    )
    meant = e.id, e.type, CONTENT_TYPE, e.correlation or "", e.priority, int(e.timestamp), "", "", ""
    if said == meant:
        return None
    for name, one, other in zip(PROPERTIES, said, meant, strict=True):
        if one != other:
            return Unfit(Fault.TAMPERED, f"{name}: expected {other!r:.80}, got: {one!r:.80}", envelope)
    return None
