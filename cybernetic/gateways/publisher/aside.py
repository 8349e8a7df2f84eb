"""Messages of the outbox that were set aside, as plain values: for a person who looks from another process."""

from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.publisher.rows import unpacked
from cybernetic.state import SetAside

SHOWN = 2000  # bytes of a body


def record(one: SetAside) -> dict[str, object]:
    """What is known of a message, its body shortened; never raises, for one may be there because it is damaged."""
    row = one.message
    known: dict[str, object] = {
        "number": row.number,
        "at": row.at,
        "why": one.why,
        "exchange": row.exchange,
        "routing_key": row.routing_key,
        "bytes": len(row.body),
    }
    try:
        item = unpacked(row.exchange, row.routing_key, row.headers, row.body)
    except Exception:
        return known
    if isinstance(item, Message):
        return known | {"id": item.id, "type": item.type, "body": _text(item.body)}
    envelope = item.envelope
    return known | {"id": item.id, "type": envelope.type, "body": _text(envelope.payload)}


def _text(body: bytes) -> str:
    return body[:SHOWN].decode(errors="backslashreplace")
