"""Whether what came may be handled: signed messages are checked, their tickets too; a thin shell around `check`."""

from dataclasses import replace
from typing import NamedTuple

from cybernetic.core import OptionError
from cybernetic.gateways.broker.messages import Delivery, Message
from cybernetic.gateways.consumer.identity import key_of
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.terms import Terms
from cybernetic.gateways.consumer.ticket import BadTicket, Ticket, read_ticket, without_ticket
from cybernetic.gateways.envelope import (
    Accepted,
    Fault,
    Once,
    Rules,
    Sealed,
    Unfit,
    check,
    unpack,
    untimely,
)


class Examined(NamedTuple):
    """The message to be handled, or why it must not be; its ticket; and what is to be asked about its nonce."""

    found: Received | Unfit
    ticket: Ticket
    once: Once | None = None


def examine(delivery: Delivery, terms: Terms, now: float) -> Examined:
    """Whether a delivery may be handled. `now` is in seconds since 1970. Never raises for what the message is."""
    message, guard = delivery.message, terms.guard
    fresh = Ticket(delivery.queue, message.exchange, message.routing_key, now)
    try:
        known = read_ticket(message, None if guard is None else guard.sealer)
        if known is not None and known.queue != delivery.queue:
            raise BadTicket(f"one of the queue {delivery.queue!r}", known.queue)
    except BadTicket as error:
        return Examined(Unfit(Fault.TAMPERED, str(error)), fresh)
    ticket = known or fresh
    try:
        message = without_ticket(message, known)
        received = Received(
            message, delivery.queue, "", ticket.retries + 1, delivery.redelivered, copy=ticket.copy
        )
        if guard is None:
            return Examined(_named(received, terms), ticket)
        verdict = check(message, guard.keyring, ticket.since if known else now, guard.rules, terms.age)
        if known is not None:
            verdict = _still_timely(verdict, known, guard.rules, terms, now)
    except OptionError as error:
        return Examined(Unfit(Fault.UNDECODABLE, str(error)), ticket)
    if isinstance(verdict, Unfit):
        return Examined(verdict, ticket)
    once = verdict if isinstance(verdict, Once) and not known else None
    accepted = verdict.accepted if isinstance(verdict, Once) else verdict
    received = replace(received, envelope=accepted.envelope, value=accepted.value)
    return Examined(_named(received, terms), ticket, once)


def resumed(message: Message, queue: str, ticket: Ticket, why: str, terms: Terms) -> Received:
    """A message that was examined before, and comes back after a wait: as it was handed over then."""
    received = Received(message, queue, "", ticket.retries + 1, redelivered=True, why=why)
    guard = terms.guard
    sealed = None if guard is None else unpack(message, guard.rules.limits)
    if guard is not None and isinstance(sealed, Sealed):
        decode = guard.rules.decode
        value = None if decode is None else decode(sealed.envelope.payload)
        received = replace(received, envelope=sealed.envelope, value=value)
    return _named(received, terms)


def _named(received: Received, terms: Terms) -> Received:
    """With the key of its effect, where effects are remembered."""
    key = key_of(received.queue, received.message, received.envelope) if terms.once else ""
    return replace(received, key=key)


def _still_timely(
    verdict: Accepted | Once | Unfit, ticket: Ticket, rules: Rules, terms: Terms, now: float
) -> Accepted | Once | Unfit:
    """What came round was in time when it came first. A control message must be in time now, too.

    And a ticket grows old: who has a copy of one must not make its message take effect when that is forgotten.
    """
    if isinstance(verdict, Unfit):
        return verdict
    if isinstance(verdict, Once):
        return untimely(verdict.accepted.envelope, now, rules) or verdict
    old, most = now - ticket.last, terms.ticket_age(rules.age_of(verdict.envelope.type, terms.age))
    if old <= most:
        return verdict
    said = f"expected to come back within {most:.0f} s, got: after {old:.0f} s"
    return Unfit(Fault.STALE, said, verdict.envelope, verified=True)
