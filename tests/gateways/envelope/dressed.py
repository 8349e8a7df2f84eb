"""Any bytes as the holder of a key could send them: rightly signed, with the properties they ask for."""

from dataclasses import replace

from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.envelope import Key
from cybernetic.gateways.envelope.layout import read
from cybernetic.gateways.envelope.sealing import CONTENT_TYPE


def dressed(body: bytes, key: Key) -> Message:
    """The message of `body`, signed by `key`, to exchange "x" with routing key "k"."""
    plain = Message(body, "x", "k", {"x-signature": key.sign(body)}, content_type=CONTENT_TYPE)
    try:
        envelope = read(body).envelope
    except Exception:  # no properties will do
        return plain
    return replace(
        plain,
        id=envelope.id,
        type=envelope.type,
        correlation_id=envelope.correlation or "",
        priority=envelope.priority,
        timestamp=int(envelope.timestamp),
    )
