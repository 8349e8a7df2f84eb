"""Dead letters: what RabbitMQ writes into a message that dies in a queue, and where such a message may go."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from cybernetic.gateways.broker.messages import Header, Headers, Message

Reason = Literal["rejected", "expired", "maxlen", "delivery_limit"]

DEATHS = "x-death"


def letter(
    message: Message, queue: str, reason: Reason, exchange: str, key: str | None, wall: int
) -> Message:
    """The message as it is dead-lettered from `queue`, by way of `exchange`.

    Args:
        message: as it lay in the queue.
        queue: where it died.
        reason: why.
        exchange: the dead-letter exchange.
        key: the routing key set for dead letters; None: its own.
        wall: seconds since 1970.

    Its expiration is taken off and kept as `original-expiration` (milliseconds, as text).
    """
    return replace(
        message,
        exchange=exchange,
        routing_key=message.routing_key if key is None else key,
        headers=recorded(message, queue, reason, wall),
        expiration=None,
    )


def recorded(message: Message, queue: str, reason: Reason, wall: int) -> Headers:
    """Its headers with this death in them.

    `x-death` lists queue and reason, the last first, each pair once with a count, and the rest as it was at the first
    of them; `x-first-death-*` are written once.
    """
    headers = dict(message.headers)
    before = deaths(headers)
    same = [one for one in before if one.get("queue") == queue and one.get("reason") == reason]
    others = [one for one in before if one not in same]
    if not before:
        headers["x-first-death-reason"] = reason
        headers["x-first-death-queue"] = queue
        headers["x-first-death-exchange"] = message.exchange
    now = {**same[0], "count": count(same[0]) + 1} if same else _first(message, queue, reason, wall)
    headers[DEATHS] = [now, *others]
    return headers


def _first(message: Message, queue: str, reason: Reason, wall: int) -> dict[str, Header]:
    death: dict[str, Header] = {
        "count": 1,
        "reason": reason,
        "queue": queue,
        "time": wall,
        "exchange": message.exchange,
        "routing-keys": [message.routing_key],
    }
    if message.expiration is not None:
        death["original-expiration"] = str(round(message.expiration * 1000))
    return death


def deaths(headers: Headers) -> list[Mapping[str, Header]]:
    """The entries of `x-death`, the last death first; nothing where the header is something else."""
    found = headers.get(DEATHS)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def count(death: Mapping[str, Header]) -> int:
    """How often that death was died; 0 where it does not say."""
    number = death.get("count")
    return number if isinstance(number, int) else 0


def cycles(queue: str, history: Sequence[Mapping[str, Header]], reason: Reason) -> bool:
    """Whether the message with this history, in which `reason` is written already, comes round to `queue` by itself.

    RabbitMQ drops such a message there. Where somebody rejected it on its way round, it was not by itself.
    """
    if reason == "rejected":
        return False
    round_trip: list[object] = []
    for death in history:
        round_trip.append(death.get("reason"))
        if death.get("queue") == queue:
            return "rejected" not in round_trip
    return False
