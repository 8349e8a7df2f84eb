"""What names the effect of a message, and what tells whether another message goes by that name."""

import hashlib

from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.ticket import Ticket
from cybernetic.gateways.envelope import Envelope

DIGEST_BYTES = 16
HELD = "\0held\0"  # begins keys of what was held; no queue's name does


def key_of(queue: str, message: Message, envelope: Envelope | None) -> str:
    """The key of a message's effect; "" for one without an id, whose repetitions cannot be told from new ones.

    That of a signed one names its source too: nobody else's message can stand in for it by taking its id.
    """
    if not message.id:
        return ""
    return f"{queue}\0{message.id}" if envelope is None else f"{queue}\0{envelope.source}\0{message.id}"


def digest_of(received: Received) -> bytes:
    """What tells a message from another of the same id: the same each time it is published, also signed anew."""
    digest, envelope = hashlib.sha256(), received.envelope
    if envelope is None:
        digest.update(received.body)
    else:
        digest.update(f"{envelope.source}\0{envelope.type}\0".encode())
        digest.update(envelope.payload)
    return digest.digest()[:DIGEST_BYTES]


def is_other(known: bytes, received: Received) -> bool:
    """Whether an effect, known with this result, was that of another message than the one received."""
    return bool(known) and known != digest_of(received)


def same_of(received: Received) -> str:
    """What names this message and no other of its id; "" for one without an id."""
    return f"{received.key}\0{digest_of(received).hex()}" if received.key else ""


def held_of(received: Received) -> str:
    """What names the first effect of a message, that of the `Hold` which its handler said; "" for one without an id."""
    same = same_of(received)
    return f"{HELD}{same}" if same else ""


def held_in(queue: str) -> str:
    """What such names of the messages of a queue begin with."""
    return f"{HELD}{queue}\0"


def way_of(ticket: Ticket, word: str) -> str:
    """What names the way that a message takes from here, of all that it may take; `word` is its kind.

    A copy of ours takes one way and no other, whatever its kind is.
    """
    return f"copy {ticket.copy}" if ticket.copy else f"{ticket.requeued} {word} {ticket.retries}"
