"""Copies of a message that go round, into a delay queue or the parking queue: what came cannot always be sent."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from cybernetic.core import OptionError, wall
from cybernetic.gateways.broker.amqp.tables import encode_table
from cybernetic.gateways.broker.messages import Header, Message
from cybernetic.gateways.consumer.ticket import Ticket, plain, ticketed
from cybernetic.gateways.envelope import Key
from cybernetic.gateways.publisher.sendable import check_headers

LONG = 1024  # bytes of an entry, or an id, that is kept in any case
KEPT = 16 * 1024  # bytes of headers that are
MOMENTS = range(1 << 63)  # timestamps that can be written


def copy_of(
    message: Message, ticket: Ticket, key: Key | None, queue: str, expiration: float | None = None
) -> Message:
    """A copy that has all of `message`, to be sent to `queue`. Raises `OptionError` where it cannot be sent."""
    copy = ticketed(message, ticket, key, "", queue, expiration)
    check_headers(copy)
    return copy


def resting_copy(message: Message, ticket: Ticket, key: Key | None, queue: str) -> Message:
    """A copy that can be sent in any case: what of its headers cannot be written is told in the ticket's history."""
    try:
        return copy_of(message, ticket, key, queue)
    except OptionError:
        return ticketed(*_fitting(message, ticket), key, "", queue)


def _fitting(message: Message, ticket: Ticket) -> tuple[Message, Ticket]:
    """As much of a message as can be written, and a ticket that tells the rest."""
    kept, lost = _divided(plain(message.headers))
    timestamp, id = message.timestamp, message.id
    if timestamp is not None and timestamp not in MOMENTS:
        lost["timestamp"], timestamp = timestamp, None
    if len(id.encode(errors="replace")) > LONG:
        lost["id"], id = id, hashlib.sha256(id.encode(errors="replace")).hexdigest()
    fitting = replace(message, headers=kept, timestamp=timestamp, id=id)
    try:
        encode_table({"id": id})
        check_headers(fitting)
    except OptionError:  # whatever else it is
        fitting = Message(message.body, message.exchange, message.routing_key)
    # before the last line, which says why it rests
    told = replace(ticket, history=ticket.history[:-1]).noted(
        wall(), "headers", f"could not be written: {lost!r}"
    )
    return fitting, replace(told, history=(*told.history, *ticket.history[-1:]))


def _divided(headers: Mapping[str, Header]) -> tuple[dict[str, Header], dict[str, object]]:
    """Those entries that can be written and are not too long, and the others."""
    kept: dict[str, Header] = {}
    lost: dict[str, object] = {}
    room = KEPT
    for name, value in headers.items():
        try:
            size = len(encode_table({name: value}))
        except OptionError:
            size = LONG + 1
        if size <= min(LONG, room):
            kept[name] = value
            room -= size
        else:
            lost[name] = value
    return kept, lost
