"""The agent that publishes: what must not be lost goes through the outbox, and a result comes back for each message."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from cybernetic.core import CyberneticError, NotFound, OptionError, Reason, token, whole
from cybernetic.gateways.broker.errors import BrokerError, ChannelClosed
from cybernetic.gateways.broker.messages import Confirmed, Message, Outcome, Rejected, Returned, Unknown
from cybernetic.gateways.broker.port import Session
from cybernetic.gateways.errors import (
    NoRoute,
    NotConnected,
    NotSent,
    PublishRejected,
    TooMany,
    Unconfirmed,
    refusal,
)
from cybernetic.gateways.letter import Letter, Signer
from cybernetic.gateways.line import Line
from cybernetic.gateways.publisher.aside import record
from cybernetic.gateways.publisher.depot import Depot
from cybernetic.gateways.publisher.flight import BYTES, Entry, Flight, culprits
from cybernetic.gateways.publisher.lane import Lane, News
from cybernetic.gateways.publisher.receipt import Receipt
from cybernetic.gateways.publisher.rows import Item
from cybernetic.gateways.publisher.sendable import check_sendable, signed
from cybernetic.gateways.publisher.setbacks import Setbacks
from cybernetic.gateways.shelf import Shelf
from cybernetic.runtime import Agent, Deferred
from cybernetic.state import Outbox, SetAside, StoreLimits
from cybernetic.supervision import Backoff

_log = logging.getLogger("cybernetic.gateways")

NAME = "publisher"  # of it among the users of its line
WINDOW = 256
AT_ONCE = 0.1  # seconds for what nobody waits for
DRAIN = 10.0  # seconds that confirms are waited for at the end
AGAIN = Backoff(1.0, 30.0)  # of a message that a full queue rejected
REOPEN = Backoff(0.2, 15.0, jitter=0.5)  # of a channel, while the connection stands
ID_BYTES = 16
GONE = 404  # of an exchange that is not there


class Publisher(Agent):
    """Publishes messages over a line: at most `window` are on their way, and each caller learns what became of theirs.

    A message goes through the outbox where there is one: it is on the disk before it is sent, leaves it when the broker
    has confirmed it, and is sent again, in order, on every new connection until then. Its caller may wait, or not.

    Args:
        line: where the session is.
        shelf: where the store is that has the outbox; None: there is none, messages are not kept.
        window: how many may be on their way, at least 1. Default 256.
        limits: of the outbox.
        signer: signs letters; None: only messages are taken.
        bytes: how many bytes of bodies may be on their way, and wait in memory. Default 64 MiB; the rest of the outbox
            stays on the disk.
    """

    def __init__(
        self,
        line: Line,
        shelf: Shelf | None = None,
        window: int = WINDOW,
        limits: StoreLimits | None = None,
        signer: Signer | None = None,
        bytes: int = BYTES,
    ) -> None:
        self._line, self._shelf, self._limits, self._signer = line, shelf, limits, signer
        self._depot: Depot | None = None
        self._flight = Flight(whole("window", window, least=1), 2 * window, whole("bytes", bytes, least=1))
        self._lane: Lane | None = None
        self._news: list[News] = []
        self._tell = partial(self.ref.cast, Publisher.connected)
        self._waits_for_broker = self._ending = False
        self._setbacks = Setbacks()
        self._broken = 0  # channels in a row that ended without a confirm, or could not be opened

    async def setup(self) -> None:
        """Open the outbox, and listen to the line."""
        if self._shelf is not None:
            outbox = await Outbox.open(self._shelf.open(), "outbox", self._limits)
            self._depot = Depot(outbox, self._shelf, partial(self.ref.cast, Publisher.stored))
        left, self._line.outlet = self._line.outlet, None
        if left is not None:  # of a publisher before that was killed: what it has not confirmed is sent again
            await left.close(AT_ONCE)
        self._line.users[NAME] = self._tell
        if self._line.session is not None:
            self.continue_with(Publisher.connected)

    # For everyone.

    def publish(self, message: Item, durable: bool | None = None) -> "Deferred[Receipt]":
        """Send a message; the answer is a `Receipt` once the broker has confirmed it.

        `durable`: through the outbox (default: where there is one). A caller that stops waiting changes nothing: the
        message is sent. Without the outbox a message is sent at most once, unless a channel broke for another's fault.

        Raises:
            OutboxFull: the outbox takes no more for now.
            NotSent: it is no message that can be sent, it is durable and there is no outbox, or the outbox cannot be
                written (then the text names the `StoreError`). It will not be sent.
            NoRoute: no queue takes it, or there is no such exchange. In the outbox it is set aside at once, without
                retries: see `set_aside`, `restore` and `discard`. Where somebody deleted a queue or exchange that the
                gateway declares, that is declared anew, and what is in the outbox goes then.
            NotConnected, PublishRejected, TooMany, Unconfirmed: only of messages without the outbox.
        """
        return self._begin(message, durable, confirmed=True)

    def post(self, message: Item) -> "Deferred[Receipt]":
        """Put a message into the outbox; the answer is a `Receipt` once it is on the disk. Raises as `publish`."""
        return self._begin(message, True, confirmed=False)

    def offer(self, message: Item) -> None:
        """Send a message now, without the outbox, or drop it: nobody is told. For what is soon said again."""
        lane, session = self._lane, self._line.session
        if (
            lane is None
            or session is None
            or session.blocked is not None
            or not self._flight.has_room(stored=False)
        ):
            return
        self._flight.add(Entry(message, None, None))
        self._pump()

    def waiting(self) -> int:
        """How many messages have no outcome yet: wait in the outbox, or are on their way without it."""
        stored = 0 if self._depot is None else self._depot.outbox.count - self._depot.outbox.aside
        return stored + self._flight.others

    async def set_aside(self, after: int = 0, limit: int = 256) -> list[SetAside]:
        """Messages of the outbox that cannot be sent, with the reasons: of numbers above `after`, at most `limit`."""
        return [] if self._depot is None else await self._depot.outbox.failed(after, limit)

    async def aside(self, after: int = 0, limit: int = 256) -> list[dict[str, object]]:
        """As `set_aside`, as plain values that travel anywhere."""
        return [record(one) for one in await self.set_aside(after, limit)]

    async def restore(self, number: int) -> int:
        """Send a message that was set aside after all: its new number. Raises `NotFound`."""
        new = None if self._depot is None else await self._depot.outbox.restore(number)
        if new is None:
            raise NotFound(number)
        self.look()
        return new

    async def discard(self, number: int) -> None:
        """Drop a message that was set aside. Raises `NotFound`."""
        if self._depot is None or not await self._depot.outbox.discard(number):
            raise NotFound(number)

    # From its neighbours.

    async def connected(self) -> None:
        """The line has a session, and all is there that is declared: open a channel and send what waits."""
        session = self._line.session
        if session is None:
            return
        self.again(self._setbacks.declared())
        if self._lane is None or not self._lane.serves(session):
            await self._open(session)

    async def reopen(self) -> None:
        """Open a channel where there is none."""
        if self._lane is None and self._line.session is not None:
            await self._open(self._line.session)

    def settle(self) -> None:
        """Act on what became of messages."""
        news, self._news[:] = self._news[:], ()
        for lane, entries, outcome in news:
            self._flight.landed(entries)
            self._act(lane, entries, outcome)
        self._pump()

    def stored(self) -> None:
        """There may be something to send."""
        self._pump()

    def look(self) -> None:
        """Messages came into the outbox by another way: with the effect of a delivery."""
        if self._depot is not None:
            self._depot.look()
            self._pump()

    def again(self, numbers: Sequence[int]) -> None:
        """Try messages of the outbox once more that came back."""
        if self._depot is not None:
            for number in numbers:
                self._depot.want(number)
        self._pump()

    def ready(self) -> None:
        """The broker takes messages again."""
        self._waits_for_broker = False
        self._pump()

    async def terminate(self, reason: Reason) -> None:
        """Wait for confirms of what is on its way, for a while; the rest stays in the outbox."""
        self._ending = True
        self._line.users.pop(NAME, None)
        if self._lane is not None:
            await self._lane.outlet.close(DRAIN)
            self._lane = self._line.outlet = None
        self.settle()
        for entry in self._flight.drop_others():
            _fail(entry, NotConnected("the publisher ends, and the message was to go without the outbox"))
        if self._depot is not None:
            self._depot.close()

    # Inside.

    def _begin(self, message: Item, durable: bool | None, *, confirmed: bool) -> "Deferred[Receipt]":
        """Take a message in; what is wrong with it is its caller's to know, and no reason to crash for all others."""
        reply: Deferred[Receipt] = self.defer()
        try:
            self._take_in(message, durable, reply, confirmed)
        except CyberneticError as error:
            reply.fail(refusal(error))
            if self._shelf is not None:
                self._shelf.failed(error)
        return reply

    def _take_in(
        self, message: Item, durable: bool | None, reply: "Deferred[Receipt]", confirmed: bool
    ) -> None:
        if not isinstance(message, Message | Letter):
            raise OptionError("message", "a Message or a Letter", message)
        if durable and self._depot is None:
            raise OptionError("durable", "False where there is no outbox", durable)
        if isinstance(message, Message) and not message.id:
            message = replace(message, id=token(ID_BYTES))
        if self._depot is not None and durable is not False:
            check_sendable(message, self._signer)  # else it would be known only when it is its turn
            self._depot.put(message, reply, confirmed=confirmed)
            return
        if self._lane is None or self._line.session is None:
            raise NotConnected("expected a connection with the broker, got: none")
        if not self._flight.has_room(stored=False):
            raise TooMany(
                f"expected at most {self._flight.limit} messages, of {self._flight.bytes} bytes, that wait without the"
                " outbox"
            )
        self._flight.add(Entry(message, None, reply))
        self._pump()

    def _pump(self) -> None:
        """Send as much as may be sent."""
        lane, session = self._lane, self._line.session
        if lane is None or session is None or self._waits_for_broker:
            return
        if self._depot is not None and session.blocked is None:
            self._depot.fill(self._flight)
        while True:
            if session.blocked is not None:
                self._waits_for_broker = True
                self.task(self._until_ready(session))
                return
            entry = self._flight.next()
            if entry is None:
                return
            try:
                lane.send(entry, signed(entry.message, self._signer))
            except BrokerError:  # the channel has ended; its news are on their way, where there are any
                self._flight.landed((entry,))
                self._flight.add(entry)
                self._lane = None
                self.ref.cast(Publisher.reopen)
                return
            except OptionError as error:
                self._flight.landed((entry,))
                self._give_up(entry, NotSent(str(error)))

    async def _open(self, session: Session) -> None:
        before = self._lane
        try:
            self._lane = await Lane.open(session, self._news, partial(self.ref.cast, Publisher.settle))
        except BrokerError as error:
            self._open_later(session, error)
            return
        self._line.outlet = self._lane.outlet
        if before is not None and not before.outlet.ended.done():
            self.task(before.outlet.close(DRAIN))
        self._pump()

    async def _until_ready(self, session: Session) -> None:
        try:
            await session.ready()
        except BrokerError:  # lost: the next session is told
            pass
        self.ref.cast(Publisher.ready)

    def _act(self, lane: Lane, entries: Sequence[Entry], outcome: Outcome) -> None:
        if isinstance(outcome, Confirmed):
            self._broken = 0
            if self._depot is not None:
                self._depot.confirmed([entry.number for entry in entries if entry.number is not None])
            for entry in entries:
                if entry.number is not None:
                    self._setbacks.over(entry.number)
                if entry.reply is not None:
                    entry.reply.reply(Receipt(entry.message.id, entry.number))
        elif isinstance(outcome, Returned):
            for entry in entries:
                to = f"exchange {entry.message.exchange!r}, routing key {entry.message.routing_key!r}"
                error = NoRoute(f"no queue takes the message ({to}): {outcome.code} {outcome.why}")
                self._no_route(entry, error, declared=self._line.routes.takes(entry.message))
        elif isinstance(outcome, Rejected):
            self._turned_away(entries, outcome.why)
        else:
            self._broke_off(lane, entries, outcome)

    def _turned_away(self, entries: Sequence[Entry], why: str) -> None:
        """A full queue: those from the outbox are tried again, ever later, while the others go on."""
        alike: dict[
            int, list[int]
        ] = {}  # as many may be rejected at once: one timer for those that wait alike
        for entry in entries:
            if entry.number is None or self._depot is None:
                _fail(entry, PublishRejected(why))
                continue
            self._depot.put_off(entry)
            alike.setdefault(self._setbacks.rejected(entry.number), []).append(entry.number)
        for times, numbers in alike.items():
            self.ref.after(AGAIN.delay(times)).cast(Publisher.again, tuple(numbers))

    def _no_route(self, entry: Entry, error: NotSent, *, declared: bool) -> None:
        """It has no way. One that is `declared` was deleted: the message waits until it is there again."""
        missing, number = self._line.missing, entry.number
        if declared and missing is not None:
            missing(self._line.turn)
            if number is not None and self._depot is not None and self._setbacks.astray(number):
                self._depot.put_off(entry)
                return
        self._give_up(entry, error)

    def _broke_off(self, lane: Lane, entries: Sequence[Entry], outcome: Unknown) -> None:
        """A channel ended: for the fault of some, for want of confirms, or with the connection."""
        if lane is self._lane:
            self._lane = None
        session = self._line.session
        if isinstance(outcome.why, ChannelClosed) and session is not None:
            guilty = culprits(str(outcome.why), entries)
            for entry in guilty:
                there = outcome.why.code == GONE and self._line.routes.has(entry.message.exchange)
                self._no_route(entry, NoRoute(str(outcome.why)), declared=there)
            for entry in entries:
                if entry not in guilty:
                    entry.suspect = not guilty
                    self._flight.add(entry)
            if self._lane is None and not self._ending:
                self.continue_with(Publisher.reopen)
            return
        for entry in entries:
            if entry.number is None:
                _fail(entry, Unconfirmed(f"the message may have arrived: {outcome.why}"))
            else:
                self._flight.add(entry)
        if session is None:
            self._no_connection()
        elif self._lane is None and not self._ending:
            self._open_later(session, outcome.why)

    def _open_later(self, session: Session, why: object) -> None:
        """Open a channel, the later the more often that happens. Where the session is lost, the next is told."""
        if session.ended.done():
            return
        _log.warning("%s has no channel to publish on: %s", self._line.name, why)
        chance = self.system.chance.uniform(f"{self._line.name}/channel", self._line.turn, self._broken)
        self.ref.after(REOPEN.delay(self._broken, chance)).cast(Publisher.reopen)
        self._broken += 1

    def _no_connection(self) -> None:
        for entry in self._flight.drop_others():
            _fail(entry, NotConnected("the connection with the broker was lost before the message was sent"))

    def _give_up(self, entry: Entry, error: NotSent) -> None:
        if entry.number is not None and self._depot is not None:
            self._setbacks.over(entry.number)
            _log.error("message %s of the outbox is set aside: %s", entry.message.id, error)
            # of what waits there until it can be set aside, the disk has the message: only who asked is kept
            self._depot.failed(entry.number, str(error), partial(_refuse, entry.reply, error))
        else:
            _fail(entry, error)


def _fail(entry: Entry, error: BaseException) -> None:
    _refuse(entry.reply, error)


def _refuse(reply: "Deferred[Receipt] | None", error: BaseException) -> None:
    if reply is not None:
        reply.fail(error)
