"""A message as a handler gets it."""

from dataclasses import dataclass

from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.envelope import Dot, Envelope


@dataclass(frozen=True, slots=True)
class Received:
    """A message that is to be handled.

    Attributes:
        message: as it was published first: with the exchange and routing key of then, also on a retry.
        queue: where it was taken from.
        key: what names its effect: the same for every delivery of the message; "" for one without an id, whose
            repetitions cannot be told from new ones.
        attempt: 1 for the first try, 2 for the first retry, and so on.
        redelivered: it may have been tried before without a result.
        envelope: who says it and why; None where messages are not signed.
        value: the decoded payload; None where it is not decoded.
        missing: causes that have not come in time; empty where all have, or order is not asked for.
        why: what was asked, where it comes back from a `Hold`.
        copy: names the copy of ours that it came as; "": it came as it was published.
    """

    message: Message
    queue: str
    key: str
    attempt: int = 1
    redelivered: bool = False
    envelope: Envelope | None = None
    value: object = None
    missing: tuple[Dot, ...] = ()
    why: str = ""
    copy: str = ""

    @property
    def body(self) -> bytes:
        """The message's body."""
        return self.message.body
