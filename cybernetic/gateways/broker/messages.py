"""What goes to a broker and comes from it, and what becomes of what went."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cybernetic.core import OptionError, seconds
from cybernetic.gateways.broker.topology import short

Header = bool | int | float | str | None | list["Header"] | Mapping[str, "Header"]
Headers = Mapping[str, Header]


@dataclass(frozen=True, slots=True)
class Message:
    """A message to be published.

    Attributes:
        exchange: where it goes; "" is the default exchange, whose routing key is a queue's name.
        headers: text, whole numbers of 64 bits, floats, bools, None, lists and mappings of these.
        id: stable over retries; travels in the header `x-mid`, for AMQP's `message_id` is unique for each attempt.
        type, content_type, correlation_id, reply_to, app_id, content_encoding: AMQP's properties; "": not set.
        priority: 0 to 255; None: not set.
        expiration: seconds the message may wait in a queue; None: no limit.
        timestamp: seconds since 1970; None: not set.
        persistent: survives the broker's restart in a durable queue.
        mandatory: returned when no queue takes it; else it is dropped in silence.
    """

    body: bytes
    exchange: str = ""
    routing_key: str = ""
    headers: Headers = field(default_factory=dict)
    id: str = ""
    type: str = ""
    content_type: str = ""
    correlation_id: str = ""
    reply_to: str = ""
    app_id: str = ""
    priority: int | None = None
    expiration: float | None = None
    timestamp: int | None = None
    persistent: bool = True
    mandatory: bool = True
    content_encoding: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.body, bytes):
            raise OptionError("body", "bytes", self.body)
        short("exchange", self.exchange, empty=True)
        short("routing_key", self.routing_key, empty=True)
        seconds("expiration", self.expiration, none="no limit")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that came, with how it came.

    Attributes:
        message: as it was published (`headers` hold what broker and dead-lettering added; `id` is the header `x-mid`,
            else AMQP's `message_id`, else "").
        queue: the queue it came from.
        tag: what names it in `ack` and `nack` of its intake.
        redelivered: it may have been delivered before.
    """

    message: Message
    queue: str
    tag: int
    redelivered: bool = False


# What becomes of a published message, told once for each.


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The broker has it: in every queue it was routed to, on disk where it is to be."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The broker does not take it (a nack: a full queue rejects)."""

    why: str = "the broker refused it: a queue is full, or failed"


@dataclass(frozen=True, slots=True)
class Returned:
    """A mandatory message that no queue takes: AMQP's code and text."""

    code: int
    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Channel or connection ended first: it may have arrived or not."""

    why: BaseException


Outcome = Confirmed | Rejected | Returned | Unknown
CONFIRMED, REJECTED = Confirmed(), Rejected()
