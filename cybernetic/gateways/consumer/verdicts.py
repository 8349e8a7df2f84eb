"""What a handler says of a delivery."""

from dataclasses import dataclass

from cybernetic.core import OptionError, seconds


def _text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise OptionError(name, "text", value)


@dataclass(frozen=True, slots=True)
class Ack:
    """Done: what the transaction recorded takes effect, once, and the delivery is acknowledged."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now: nothing of the transaction takes effect, and the message comes again after its next delay.

    When no retries are left it is parked. An exception in the handler is a retry too.

    Attributes:
        why: what a person reads in the history of a parked message.
        after: seconds to wait at least, in place of the step's delay; None: the step's. Longer than the longest step
            is the longest step.
    """

    why: str = ""
    after: float | None = None

    def __post_init__(self) -> None:
        _text("why", self.why)
        seconds("after", self.after, none="the step's delay")


@dataclass(frozen=True, slots=True)
class Park:
    """Never: nothing of the transaction takes effect, and the message is put where a person looks at it."""

    why: str

    def __post_init__(self) -> None:
        _text("why", self.why)


@dataclass(frozen=True, slots=True)
class Hold:
    """A person has to answer first. What the transaction recorded takes effect, with a note of the wait.

    The delivery is acknowledged: no wait holds it open. `answered` of the consumer runs when an answer was given, or
    with None when the time is over.

    Attributes:
        why: the question.
        timeout: seconds until it goes on without an answer; None: it waits for ever.
    """

    why: str
    timeout: float | None = None

    def __post_init__(self) -> None:
        _text("why", self.why)
        seconds("timeout", self.timeout, none="for ever")


Verdict = Ack | Retry | Park | Hold
