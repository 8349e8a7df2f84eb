"""What the sender of a message gets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """The broker has confirmed a message, or it is in the outbox.

    Attributes:
        id: the message's, which is the same in every attempt.
        number: its place in the outbox; None if it went without.
        confirmed: whether the broker has it; else it is in the outbox, and goes when it can.
    """

    id: str
    number: int | None = None
    confirmed: bool = True
