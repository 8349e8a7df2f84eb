"""What a gateway answers in place of a result: refusals, so that nobody crashes for them."""

from cybernetic.core import Refusal
from cybernetic.state import StoreError


class NotSent(Refusal):
    """A message was not sent, and will not be: the text says why."""


class NotWritten(NotSent):
    """The outbox could not be written: the text names the `StoreError`. It may go when it is sent once more."""


class NotConnected(NotSent):
    """There is no connection with the broker, and the message was to go without the outbox."""


class NoRoute(NotSent):
    """No queue takes the message, or its exchange does not exist. One from the outbox is kept there, as failed."""


class PublishRejected(NotSent):
    """The broker did not take the message, for a queue is full; it was to go without the outbox."""


class TooMany(NotSent):
    """More messages than allowed wait to be sent without the outbox."""


class Unconfirmed(Refusal):
    """The connection was lost before the broker had confirmed a message without the outbox: it may have arrived."""


class NotRenewed(Refusal):
    """A new connection could not be made, and the one of before stays: the text says why."""


class NotKept(Refusal):
    """An answer was not kept, and is not acted on: the text says why. What it was for goes on waiting."""


def refusal(error: BaseException) -> Refusal:
    """`error` as an answer: as it is where it is a refusal, else a `NotSent` that names it."""
    if isinstance(error, Refusal):
        return error
    kind = NotWritten if isinstance(error, StoreError) else NotSent
    return kind(f"{type(error).__name__}: {error}")
