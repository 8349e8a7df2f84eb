"""A topology's values as RabbitMQ's arguments, and what its refusals mean."""

import re

from cybernetic.gateways.broker.errors import BrokerError, ChannelClosed, Differs, NotDeclared
from cybernetic.gateways.broker.topology import Argument, Binding, Exchange, Queue

Arguments = dict[str, Argument]

ENDLESS = 2**31 - 1  # deliveries: no limit

_MISSING = re.compile(r"no (queue|exchange) '(.*?)' in vhost")
_DIFFERS = re.compile(r"PRECONDITION_FAILED - (?:inequivalent|invalid|cannot)")


def exchange_arguments(exchange: Exchange) -> Arguments:
    """What `exchange.declare` gets beside its flags."""
    return {} if exchange.alternate is None else {"alternate-exchange": exchange.alternate}


def queue_arguments(queue: Queue) -> Arguments:
    """What `queue.declare` gets beside its flags.

    The overflow policy is set even without a limit, so that one an operator sets by policy drops nothing. So is the
    delivery limit of a quorum queue: where none is given, brokers from version 4 on drop what was put back 20 times.
    """
    quorum = queue.kind == "quorum"
    limited = queue.max_length is not None or queue.max_bytes is not None
    found: dict[str, Argument | None] = {
        "x-queue-type": queue.kind,
        "x-max-length": queue.max_length,
        "x-max-length-bytes": queue.max_bytes,
        "x-overflow": queue.overflow if limited or queue.overflow != "drop-head" else None,
        "x-message-ttl": milliseconds(queue.ttl),
        "x-expires": milliseconds(queue.expires),
        "x-dead-letter-exchange": queue.dead_letter,
        "x-dead-letter-routing-key": queue.dead_letter_key,
        "x-dead-letter-strategy": "at-least-once" if queue.at_least_once else None,
        "x-max-priority": queue.max_priority,
        "x-delivery-limit": ENDLESS if queue.delivery_limit is None and quorum else queue.delivery_limit,
        "x-single-active-consumer": True if queue.single_active else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def binding_arguments(binding: Binding) -> Arguments:
    """What `queue.bind` gets beside its key."""
    plain = (
        not binding.headers and binding.match == "all"
    )  # also what every other exchange than headers wants
    return {} if plain else {**binding.headers, "x-match": binding.match}


def milliseconds(seconds: float | None) -> int | None:
    """AMQP's milliseconds, None and "for ever" as None."""
    return None if seconds is None or seconds == float("inf") else round(seconds * 1000)


def refusal(error: BrokerError, what: str, *, declaring: bool = False) -> BrokerError:
    """What the broker meant when it closed a channel on which `what` (such as "queue 'jobs'") was asked for.

    `declaring`: it was to be declared; then one that is another connection's own is one declared otherwise.
    """
    if not isinstance(error, ChannelClosed):
        return error
    if error.code == 404:
        found = _MISSING.search(str(error))
        return NotDeclared(f"{found[1]} {found[2]!r}" if found else what)
    if (error.code == 406 and _DIFFERS.search(str(error))) or (error.code == 405 and declaring):
        return Differs(what, str(error).partition(" - ")[2])
    return error
