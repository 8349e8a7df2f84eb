"""What a person does with messages that rest in a parking queue: look, put back, discard."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cybernetic.core import OptionError, wall
from cybernetic.gateways.broker.messages import Confirmed, Delivery, Message, Outcome
from cybernetic.gateways.broker.port import Intake, Session
from cybernetic.gateways.consumer.conclusion import UNFORESEEN
from cybernetic.gateways.consumer.guard import GATEWAY, OPERATOR
from cybernetic.gateways.consumer.retrying import parking_queue
from cybernetic.gateways.consumer.ticket import BadTicket, Line, Ticket, read_ticket, ticketed, without_ticket
from cybernetic.gateways.envelope import Author, Envelope, Fault, Key, Keyring, Sealed, pack, unpack
from cybernetic.gateways.envelope.sealing import SIGNATURE
from cybernetic.gateways.errors import NotSent

VERIFIED = {Fault.STALE, Fault.FROM_THE_FUTURE, Fault.WRONG_TYPE, Fault.REPLAYED}
UNVERIFIED = frozenset(Fault) - VERIFIED | {UNFORESEEN}
UNKNOWN = "unknown"  # the reason of what no consumer has parked
QUIET = 2.0  # seconds without a delivery after which a queue was read to its end
PAUSE = 0.05  # seconds between two looks whether what was read is back


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message that rests.

    Attributes:
        id: the message's; "" where it has none.
        message: as it was published first.
        reason: in a word.
        ticket: its history, tries, and where it came from.
        sealed: whether a key that is known to who looks has sealed the ticket; None: nobody can tell. Without that,
            nothing that is shown is verified: anybody who may publish to the broker may have written it.
    """

    id: str
    message: Message
    reason: str
    ticket: Ticket
    sealed: bool | None = None

    @property
    def doubt(self) -> str:
        """Why it stays when others are put back: nobody has verified it, and putting back vouches. "": it does not."""
        if self.reason in UNVERIFIED:
            return "not verified: its signature was refused, or never looked at"
        if self.reason == UNKNOWN and SIGNATURE in self.message.headers:
            return "not verified: it says nothing of who parked it"
        return "not verified: its ticket is not sealed by a key known here" if self.sealed is False else ""

    @property
    def why(self) -> str:
        """The last line of its history."""
        return self.ticket.history[-1].why if self.ticket.history else ""


async def parked(
    session: Session, queue: str, limit: int = 1000, keyring: Keyring | None = None
) -> list[ParkedMessage]:
    """The first `limit` messages that rest for `queue`; they stay where they are. Raises `NotDeclared`.

    `keyring`: keys for the purposes "gateway" and "operator" in it tell whose tickets they are; default None.
    """
    async with _looking(session, queue, limit) as look:
        return [_read(queue, delivery, keyring) for delivery in look.deliveries]


async def discard(session: Session, queue: str, ids: Collection[str], limit: int = 10_000) -> list[str]:
    """Discard the messages `ids`; those that were there. Raises `NotDeclared`."""
    async with _looking(session, queue, limit) as look:
        gone = [delivery for delivery in look.deliveries if delivery.message.id in ids]
        look.take(gone)
        return [delivery.message.id for delivery in gone]


async def requeue(
    session: Session,
    queue: str,
    ids: Collection[str],
    key: Key | None = None,
    author: Author | None = None,
    limit: int = 10_000,
    keyring: Keyring | None = None,
    forged: Collection[str] = (),
) -> list[str]:
    """Put the messages `ids` back into `queue`, to be tried as if they were new; those that were there.

    One that nobody has verified (see `ParkedMessage.doubt`; `keyring` is that of `parked`) stays unless `forged` names
    it: put back, a forgery would be vouched for.

    A signed message is signed anew, by `key`, as the operator: the key is one for the purpose "operator", bound to its
    source and to the path "operator", and known to the consumer. Each rests until the broker has confirmed that it is
    back.

    Raises:
        OptionError: a message is signed and there is no key, or not one that may sign for it: all stay.
        NotSent: the broker did not take some: these stay, and the text says how many; the others are back.
        NotDeclared: there is no such parking queue.
    """
    author = author or Author(OPERATOR)
    async with _looking(session, queue, limit) as look:
        read = [(delivery, _read(queue, delivery, keyring)) for delivery in look.deliveries]
        chosen = [
            (delivery, one) for delivery, one in read if one.id in forged or (one.id in ids and not one.doubt)
        ]
        back = [_again(one, queue, key, author) for _, one in chosen]
        await _publish(session, back, lambda number: look.take([chosen[number][0]]))
        return [one.id for _, one in chosen]


def _read(queue: str, delivery: Delivery, keyring: Keyring | None) -> ParkedMessage:
    message = delivery.message
    try:
        ticket = read_ticket(message, None)
    except BadTicket as error:
        ticket = Ticket(
            queue, message.exchange, message.routing_key, 0.0, history=(Line(0.0, "parked", str(error)),)
        )
    if ticket is None:
        ticket = Ticket(queue, message.exchange, message.routing_key, 0.0)
    reason, sealed = ticket.parked or UNKNOWN, _sealed(message, keyring)
    return ParkedMessage(message.id, without_ticket(message, ticket), reason, ticket, sealed)


def _sealed(message: Message, keyring: Keyring | None) -> bool | None:
    """Whether a key of `keyring` has sealed the ticket of a message; None: none of them could have."""
    if keyring is None:
        return None
    keys = {key.id: key for purpose in (GATEWAY, OPERATOR) for key in keyring.of(purpose)}
    try:
        if read_ticket(message, keys.get) is not None:
            return True
    except BadTicket:
        pass
    return False if any(key.purpose == GATEWAY for key in keys.values()) else None


def _again(one: ParkedMessage, queue: str, key: Key | None, author: Author) -> Message:
    """The message as it goes back: its history goes with it, its tries begin anew."""
    ticket = one.ticket.noted(
        wall(),
        "requeued",
        "by an operator",
        retries=0,
        parked="",
        requeued=one.ticket.requeued + 1,
        since=wall(),
    )
    sealed = unpack(one.message)
    if not isinstance(sealed, Sealed):
        return ticketed(one.message, ticket, key, "", queue)
    if key is None:
        raise OptionError("key", f"a key that may sign for {sealed.envelope.source!r} as {OPERATOR!r}", None)
    return _signed(sealed.envelope, one, ticket, queue, key, author)


def _signed(
    envelope: Envelope, one: ParkedMessage, ticket: Ticket, queue: str, key: Key, author: Author
) -> Message:
    anew = pack(author.renew(envelope, signer=OPERATOR), "", queue, key)
    back = Ticket(
        ticket.queue, "", queue, ticket.since, 0, "", requeued=ticket.requeued, history=ticket.history
    )
    return ticketed(anew, back, key, "", queue)


async def _publish(session: Session, messages: Sequence[Message], taken: Callable[[int], object]) -> None:
    """Publish, and wait for all confirms; `taken` is told the index of each that the broker has. Raises `NotSent`."""
    left = set(range(1, len(messages) + 1))
    bad: list[Outcome] = []
    told = asyncio.Event()

    def settled(numbers: Sequence[int], outcome: Outcome) -> None:
        left.difference_update(numbers)
        for number in numbers:
            if isinstance(outcome, Confirmed):
                taken(number - 1)
            else:
                bad.append(outcome)
        if not left:
            told.set()

    outlet = await session.outlet(settled)
    try:
        for message in messages:
            outlet.publish(message)
        if left:
            await told.wait()
    finally:
        await outlet.close()
    if bad:
        raise NotSent(f"{len(bad)} of {len(messages)} messages were not taken: {bad[0]!r}")


class _Look:
    """Deliveries of a parking queue, and how many of them were taken out."""

    def __init__(self, intake: Intake, deliveries: list[Delivery]) -> None:
        self._intake, self.deliveries, self.taken = intake, deliveries, 0

    def take(self, deliveries: Sequence[Delivery]) -> None:
        """These do not go back."""
        for delivery in deliveries:
            self._intake.ack(delivery.tag)
        self.taken += len(deliveries)


@asynccontextmanager
async def _looking(session: Session, queue: str, limit: int) -> AsyncIterator[_Look]:
    """Deliveries of a parking queue; what is not taken inside goes back into it, and is there again on leaving."""
    name = parking_queue(queue)
    before = (await session.state(name)).messages
    wanted = min(limit, before)
    deliveries: list[Delivery] = []
    more = asyncio.Event()

    def deliver(delivery: Delivery) -> None:
        if len(deliveries) < wanted:
            deliveries.append(delivery)
        more.set()

    intake = await session.intake(name, deliver, prefetch=max(1, wanted))
    look = _Look(intake, deliveries)
    try:
        while len(deliveries) < wanted:
            more.clear()
            try:
                await asyncio.wait_for(more.wait(), QUIET)
            except TimeoutError:
                break
        yield look
    finally:
        await intake.close()
        await _back(session, name, before - look.taken)


async def _back(session: Session, name: str, count: int) -> None:
    """Wait until the broker has put back what was looked at, for a while: others may take it, too."""
    for _ in range(round(QUIET / PAUSE)):
        if (await session.state(name)).messages >= count:
            return
        await asyncio.sleep(PAUSE)
