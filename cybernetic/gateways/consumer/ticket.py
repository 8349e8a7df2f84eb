"""What a gateway writes on a message that it sends round: where it came from, its tries, and its history.

It stands in one header as JSON, and is signed, together with the body, by the gateway's own key where there is one.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cybernetic.core import OptionError
from cybernetic.gateways.broker.messages import Header, Message
from cybernetic.gateways.broker.topology import short
from cybernetic.gateways.envelope import Key

TICKET, SEAL = "x-ticket", "x-ticket-seal"
LINES = 32  # of history that are kept: the first, and the last ones
TEXT = 500  # characters of a line
COPY = 32  # characters of the name of a copy
WRITTEN = (
    32 * 1024
)  # bytes of a ticket that is written: the oldest lines but the first make room for what is new
MOST = 64 * 1024  # bytes of a ticket that is read
MANY = 2**31  # retries, or requeueings, that nobody has seen
YEAR_10000 = 253_402_300_800.0  # no time on a ticket is later than what a calendar can show

# what brokers write on messages that wait and die; it is theirs, and new for each round
_BROKERS = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened to a message: when (seconds since 1970), what ("retry", "parked" ...), and why."""

    at: float
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """What is told about a message that goes round.

    Attributes:
        queue: whose consumer sent it round.
        exchange, routing_key: by which it came first.
        since: when it was accepted first, in seconds since 1970.
        retries: how many it had.
        parked: in a word why it rests; "": it does not.
        requeued: how often an operator put it back.
        history: what happened, the oldest first.
        copy: names the copy that carried it, the same each time that one arrives; "": nobody sent it round. It is
            told by the ticket's text, and not written.
    """

    queue: str
    exchange: str
    routing_key: str
    since: float
    retries: int = 0
    parked: str = ""
    requeued: int = 0
    history: tuple[Line, ...] = ()
    copy: str = field(default="", compare=False)

    @property
    def last(self) -> float:
        """When something happened to the message last, in seconds since 1970."""
        return self.history[-1].at if self.history else self.since

    def noted(self, at: float, what: str, why: str, **changes: Any) -> "Ticket":
        """With one line more, and `changes` of other fields."""
        said = _sound(why[:TEXT])
        told = said if len(why) <= TEXT and len(said) <= TEXT else f"{said[: TEXT - 1]}…"
        lines = (*self.history, Line(at, what, told))
        if len(lines) > LINES:
            lines = (lines[0], *lines[1 - LINES :])
        return replace(self, history=lines, **changes)


class BadTicket(OptionError):
    """A ticket that cannot be read, or was not sealed by us."""

    def __init__(self, expected: str, got: object) -> None:
        super().__init__(TICKET, expected, got)


def ticketed(
    message: Message,
    ticket: Ticket,
    key: Key | None,
    exchange: str,
    routing_key: str,
    expiration: float | None = None,
) -> Message:
    """`message` with its ticket, to be published to `exchange` with `routing_key`, where it may wait `expiration` s.

    It is persistent and mandatory, whatever it was before: what goes round must not be lost.
    """
    text = _written(ticket)
    headers = {**plain(message.headers), TICKET: text}
    if key is not None:
        headers[SEAL] = f"{key.id} {key.sign(_sealed(text, message.body))}"
    return replace(
        message,
        exchange=exchange,
        routing_key=routing_key,
        headers=headers,
        expiration=expiration,
        persistent=True,
        mandatory=True,
    )


def read_ticket(message: Message, find: Callable[[str], Key | None] | None) -> Ticket | None:
    """The ticket of a message, None if it has none. `find` gives keys by id; None: tickets are not sealed here.

    Raises `BadTicket`: it cannot be read, or its seal is not that of a key of ours.
    """
    text = message.headers.get(TICKET)
    if text is None:
        return None
    if not isinstance(text, str) or len(text) > MOST or len(_bytes(text)) > MOST:
        raise BadTicket(f"text of at most {MOST} bytes", type(text).__name__)
    if find is not None:
        _check_seal(text, message, find)
    try:
        queue, exchange, routing_key, since, retries, parked, requeued, lines = json.loads(text)
        history = tuple(Line(float(at), _sound(str(what)), _sound(str(why))) for at, what, why in lines)
        for name in (queue, exchange, routing_key, parked, *(line.what for line in history)):
            short("a name", name, empty=True)
        if not all(type(count) is int and 0 <= count < MANY for count in (retries, requeued)):
            raise ValueError("counts that are none")
        if not all(0 <= at < YEAR_10000 for at in (float(since), *(line.at for line in history))):
            raise ValueError("times that no calendar has")
        if len(history) > 2 * LINES or any(len(line.why) > TEXT for line in history):
            raise ValueError("a history that is longer than any of ours")
        return Ticket(
            queue, exchange, routing_key, float(since), retries, parked, requeued, history, _name(text)
        )
    except (ValueError, TypeError, ArithmeticError, RecursionError, OptionError) as error:
        raise BadTicket("a ticket", str(error)) from None


def copy_name(message: Message) -> str:
    """The name of a copy that `ticketed` made, as `read_ticket` will find it."""
    return _name(str(message.headers[TICKET]))


def without_ticket(message: Message, ticket: Ticket | None) -> Message:
    """The message as it was published first."""
    if ticket is None:
        return message
    return replace(
        message,
        exchange=ticket.exchange,
        routing_key=ticket.routing_key,
        headers=plain(message.headers),
        expiration=None,
    )


def plain(headers: Mapping[str, Header]) -> dict[str, Header]:
    """`headers` without tickets and what brokers wrote on the way."""
    return {
        name: value
        for name, value in headers.items()
        if name not in (TICKET, SEAL) and not name.startswith(_BROKERS)
    }


def _check_seal(text: str, message: Message, find: Callable[[str], Key | None]) -> None:
    seal = message.headers.get(SEAL)
    id, _, signature = seal.partition(" ") if isinstance(seal, str) else ("", "", "")
    key = find(id)
    if key is None or not key.signed(_sealed(text, message.body), signature):
        raise BadTicket("one sealed by a key of this gateway", f"the seal {seal!r:.80}")


def _sealed(text: str, body: bytes) -> bytes:
    return b"ticket\0" + hashlib.sha256(body).digest() + _bytes(text)


def _written(ticket: Ticket) -> str:
    """A ticket as text, of bounded length: a long history loses lines after the first, the oldest ones."""
    lines = ticket.history
    while True:
        text = json.dumps(
            [
                ticket.queue,
                ticket.exchange,
                ticket.routing_key,
                ticket.since,
                ticket.retries,
                ticket.parked,
                ticket.requeued,
                [[line.at, line.what, line.why] for line in lines],
            ],
            separators=(",", ":"),
            ensure_ascii=False,  # or a text in another script than ours would be several times as long
        )
        if len(text) <= WRITTEN // 4 or len(lines) <= 2 or len(_bytes(text)) <= WRITTEN:
            return text
        lines = (lines[0], *lines[2:])


def _sound(text: str) -> str:
    """`text` without halves of surrogate pairs, which UTF-8 does not have."""
    return text.encode(errors="backslashreplace").decode()


def _name(text: str) -> str:
    return hashlib.sha256(_bytes(text)).hexdigest()[:COPY]


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
