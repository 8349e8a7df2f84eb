"""Whether what came may be handled: signed messages are checked, their tickets too; a thin shell around `check`."""

from dataclasses import replace
from typing import NamedTuple

from cybernetic.core import OptionError
from cybernetic.gateways.broker.messages import Delivery, Message
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.ticket import BadTicket, Ticket, read_ticket, without_ticket
from cybernetic.gateways.envelope import Fault, Key, Keyring, Once, Rules, Sealed, Unfit, check, unpack

GATEWAY, OPERATOR = "gateway", "operator"  # purposes of keys


class Guard:
    """What a consumer of signed messages is given: the keys, and what it takes. Shared by those who take the same.

    Args:
        keyring: may be replaced at any time: `guard.keyring = ...` is how keys are rotated. It has a current key for
            the purpose "gateway", which those who consume the same queue share and nobody else has: it seals what goes
            round for a retry or into the parking queue. What an operator puts back is sealed by one for "operator".
        rules: which messages are taken. Default: all that are signed by a known key for their path.

    Raises `OptionError`: the keyring has no current key for "gateway".
    """

    def __init__(self, keyring: Keyring, rules: Rules | None = None) -> None:
        if not isinstance(keyring, Keyring):
            raise OptionError("keyring", "a Keyring", keyring)
        keyring.current(GATEWAY)
        self.keyring, self.rules = keyring, rules or Rules()

    def key(self) -> Key:
        """The key that seals tickets."""
        return self.keyring.current(GATEWAY)

    def sealer(self, id: str) -> Key | None:
        """A key that may have sealed a ticket, by id: a sender's key may not, or its holder could redirect messages."""
        key = self.keyring.find(id)
        return key if key is not None and key.purpose in (GATEWAY, OPERATOR) else None


class Examined(NamedTuple):
    """The message to be handled, or why it must not be; its ticket; and what is to be asked about its nonce."""

    found: Received | Unfit
    ticket: Ticket
    once: Once | None = None


def examine(delivery: Delivery, guard: Guard | None, now: float) -> Examined:
    """Whether a delivery may be handled. `now` is in seconds since 1970. Never raises for what the message is."""
    message = delivery.message
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
        key = f"{delivery.queue}\0{message.id}" if message.id else ""
        received = Received(message, delivery.queue, key, ticket.retries + 1, delivery.redelivered)
        if guard is None:
            return Examined(received, ticket)
        # what waited for a retry was in time when it came
        verdict = check(message, guard.keyring, ticket.since if known else now, guard.rules)
    except OptionError as error:
        return Examined(Unfit(Fault.UNDECODABLE, str(error)), ticket)
    if isinstance(verdict, Unfit):
        return Examined(verdict, ticket)
    once = verdict if isinstance(verdict, Once) and not known else None
    accepted = verdict.accepted if isinstance(verdict, Once) else verdict
    return Examined(replace(received, envelope=accepted.envelope, value=accepted.value), ticket, once)


def resumed(message: Message, queue: str, ticket: Ticket, why: str, guard: Guard | None) -> Received:
    """A message that was examined before, and comes back after a wait: as it was handed over then."""
    key = f"{queue}\0{message.id}" if message.id else ""
    received = Received(message, queue, key, ticket.retries + 1, redelivered=True, why=why)
    sealed = None if guard is None else unpack(message, guard.rules.limits)
    if guard is None or not isinstance(sealed, Sealed):
        return received
    decode = guard.rules.decode
    value = None if decode is None else decode(sealed.envelope.payload)
    return replace(received, envelope=sealed.envelope, value=value)
