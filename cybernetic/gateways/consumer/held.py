"""Messages that wait for a person, in the journal of the gateway's store."""

from typing import Any, NamedTuple

from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.consumer.ticket import Line, Ticket
from cybernetic.gateways.publisher.rows import Item, packed, unpacked
from cybernetic.state import Batch, Journal
from cybernetic.wire import Codec

_codec = Codec()

ASKED, ANSWERED = "hold", "answer"


class Held(NamedTuple):
    """A message that waits for an answer.

    Attributes:
        id: names it: give it to `answer`.
        why: the question.
        until: when it goes on without an answer, in seconds since 1970; None: never.
        message: as it was published first; `ticket`: what is known about it.
        answer: what was answered already, in a tuple; None: nothing was.
        same: the same for each delivery of the message; "": its repetitions cannot be told from new ones.
    """

    id: str
    why: str
    until: float | None
    message: Message
    ticket: Ticket
    answer: tuple[Any] | None = None
    same: str = ""


def stream_of(queue: str, id: str) -> str:
    """The journal's stream in which one wait is kept."""
    return f"held/{queue}/{id}"


def note_held(batch: Batch, held: Held) -> None:
    """Keep a wait, in the transaction of what was done before it."""
    message, ticket = held.message, held.ticket
    event = _codec.encode(
        (
            held.why,
            held.until,
            (message.exchange, message.routing_key, *packed(message)),
            (
                ticket.queue,
                ticket.exchange,
                ticket.routing_key,
                ticket.since,
                ticket.retries,
                ticket.requeued,
            ),
            tuple((line.at, line.what, line.why) for line in ticket.history),
            held.same,
        )
    )
    batch.note(stream_of(ticket.queue, held.id), event, ASKED)


def note_answer(batch: Batch, held: Held, answer: Any) -> None:
    """Keep an answer before it is acted on. Raises `CannotTravel` for a value that cannot be kept."""
    batch.note(stream_of(held.ticket.queue, held.id), _codec.encode(answer), ANSWERED)


async def read_held(journal: Journal, queue: str) -> list[Held]:
    """All that waits in `queue`, or was answered and not acted on."""
    prefix, found, after = stream_of(queue, ""), [], ""
    while streams := await journal.streams(prefix, kind=ASKED, after=after):
        for stream in streams:
            events = await journal.read(stream.name)
            held = _read(stream.name.removeprefix(prefix), events[0].event)
            answers = [_codec.decode(event.event) for event in events if event.kind == ANSWERED]
            found.append(held._replace(answer=(answers[-1],) if answers else None))
        after = streams[-1].name
    return found


def _read(id: str, event: bytes) -> Held:
    why, until, row, ticket, history, same = _codec.decode(event)
    queue, exchange, routing_key, since, retries, requeued = ticket
    lines = tuple(Line(*line) for line in history)
    known = Ticket(queue, exchange, routing_key, since, retries, requeued=requeued, history=lines)
    return Held(id, why, until, _message(unpacked(*row)), known, same=same)


def _message(item: Item) -> Message:
    assert isinstance(item, Message)  # what came from a broker is no letter
    return item
