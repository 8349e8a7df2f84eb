"""Messages that wait for a person, in the journal of the gateway's store."""

from collections.abc import AsyncIterator
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
        at: since when it waits, in seconds since 1970.
    """

    id: str
    why: str
    until: float | None
    message: Message
    ticket: Ticket
    answer: tuple[Any] | None = None
    same: str = ""
    at: float = 0.0


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


def note_answer(batch: Batch, queue: str, id: str, answer: Any) -> None:
    """Keep an answer before it is acted on. Raises `CannotTravel` for a value that cannot be kept."""
    batch.note(stream_of(queue, id), _codec.encode(answer), ANSWERED)


async def read_held(journal: Journal, queue: str) -> AsyncIterator[Held]:
    """All that waits in `queue`, or was answered and not acted on, one after the other: each may be large."""
    prefix, after = stream_of(queue, ""), ""
    while streams := await journal.streams(prefix, kind=ASKED, after=after):
        for stream in streams:
            held = await read_one(journal, queue, stream.name.removeprefix(prefix))
            if held is not None:
                yield held
        after = streams[-1].name


async def read_one(journal: Journal, queue: str, id: str) -> Held | None:
    """What waits under this id; None: nothing does any more."""
    held, stream, last = None, stream_of(queue, id), 0
    while events := await journal.read(stream, last):  # a large message comes without what is behind it
        for event in events:
            if held is None:
                held = _read(id, event.event, event.at)
            elif event.kind == ANSWERED:
                held = held._replace(answer=(_codec.decode(event.event),))
        last = events[-1].position
    return held


def _read(id: str, event: bytes, at: float) -> Held:
    why, until, row, ticket, history, same = _codec.decode(event)
    queue, exchange, routing_key, since, retries, requeued = ticket
    lines = tuple(Line(*line) for line in history)
    known = Ticket(queue, exchange, routing_key, since, retries, requeued=requeued, history=lines)
    return Held(id, why, until, _message(unpacked(*row)), known, same=same, at=at)


def _message(item: Item) -> Message:
    assert isinstance(item, Message)  # what came from a broker is no letter
    return item
