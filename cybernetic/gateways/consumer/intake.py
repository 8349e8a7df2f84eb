"""The agent that takes deliveries from one queue: as many at a time as its credit, a worker for each."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from typing import Any

from cybernetic.core import CannotTravel, NotFound, Reason
from cybernetic.gateways.broker.errors import BrokerError
from cybernetic.gateways.broker.messages import Delivery
from cybernetic.gateways.broker.port import Intake as Channel
from cybernetic.gateways.broker.port import Session
from cybernetic.gateways.consumer.acks import Acks
from cybernetic.gateways.consumer.consumer import Consumer
from cybernetic.gateways.consumer.desk import Desk
from cybernetic.gateways.consumer.gates import Causality, Lanes
from cybernetic.gateways.consumer.held import Held
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.round import End, Round, settled
from cybernetic.gateways.consumer.spec import Consume
from cybernetic.gateways.consumer.suspects import Suspects
from cybernetic.gateways.consumer.waits import Waits
from cybernetic.gateways.errors import NotKept
from cybernetic.gateways.line import Line
from cybernetic.gateways.publisher.publisher import Publisher
from cybernetic.gateways.shelf import Shelf
from cybernetic.runtime import Agent, Named, Ref
from cybernetic.state import Inbox, Journal, Nonces, Outbox, StoreError

_log = logging.getLogger("cybernetic.gateways")

DRAIN = 20.0  # seconds that handlers have to end when the consumer does
UNREAD = 5.0  # seconds before a message goes back that could not be looked at
AGAIN = 1.0  # seconds before consuming is tried again that ended while the connection stands
REMEMBERED = 10_000  # keys of effects that are known without asking the disk


class Tap:
    """One channel that deliveries come through, and what of them is not acknowledged."""

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self.channel: Channel | None = None
        self.acks = Acks(lambda: self.channel)
        self.open = 0  # deliveries that are being handled


class Intake(Agent):
    """Takes deliveries and has each handled by a worker agent of its own; acknowledges after the effect.

    Credit is prefetch is live workers: a consumer that is slow takes no more. Losing the connection loses no work: what
    is being handled goes on, takes effect once, and the broker's second delivery of it is recognised.

    Args:
        spec: what is consumed and how.
        line: where the session is.
        shelf: where the store is.
        publisher: who sends what is put into the outbox.
        drain: seconds that handlers have to end when the consumer does. Default 20.
    """

    trap_exit = True

    def __init__(
        self, spec: Consume, line: Line, shelf: Shelf, publisher: Named[Publisher], drain: float = DRAIN
    ) -> None:
        self.spec, self._line, self._shelf, self._publisher = spec, line, shelf, publisher
        self._drain = drain
        self._tell = partial(self.ref.cast, Intake.connected)
        self._tap: Tap | None = None
        self._rounds: dict[asyncio.Task[None], Round] = {}
        self._live: dict[str, asyncio.Future[None]] = {}  # keys being handled
        self._done: OrderedDict[str, None] = OrderedDict()
        self._solo = asyncio.Lock()
        self._lanes = Lanes()
        self._causality = None if spec.causal is None else Causality(spec.causal.held, spec.causal.wait)
        self.desk: Desk
        self._waits: Waits

    async def setup(self) -> None:
        """Open what is needed of the store, resume what waits for a person, and listen to the line."""
        store = self._shelf.open()
        suspects = Suspects(store)
        await suspects.open()
        self.desk = Desk(
            self.spec,
            self._shelf,
            partial(self._publisher.cast, Publisher.look),
            await Outbox.open(store),
            await Inbox.open(store),
            await Journal.open(store),
            await Nonces.open(store),
            suspects,
        )
        self._waits = Waits(self, self._begin)
        await self._waits.resume()
        await self._line.release(self.spec.queue.name)
        self._line.users[self.spec.queue.name] = self._tell
        if self._line.session is not None:
            self.continue_with(Intake.connected)

    # For everyone.

    def held(self) -> list[Held]:
        """The messages that wait for a person, the oldest first."""
        return self._waits.all()

    async def answer(self, id: str, answer: Any) -> None:
        """Answer what message `id` was held for: it is on the disk on return, and then `answered` of its consumer runs.

        Raises:
            NotFound: nothing of this id waits (any more).
            NotKept: the answer is no value that can be kept, or it cannot be written. The wait goes on.
            JournalFull: so it is for now.
        """
        try:
            found = await self._waits.answer(id, answer)
        except (CannotTravel, StoreError) as error:
            raise NotKept(f"{type(error).__name__}: {error}") from error
        if not found:
            raise NotFound(id)

    def live(self) -> int:
        """How many deliveries are being handled."""
        return len(self._rounds)

    # From its neighbours.

    async def connected(self) -> None:
        """The line has a session: consume."""
        session, turn = self._line.session, self._line.turn
        before = self._tap
        if session is None or (before is not None and before.turn == turn):
            return
        if before is not None and before.channel is not None and not before.channel.ended.done():
            await before.channel.stop()  # it goes on until what it delivered is done
        await self._consume(session, turn)

    async def _consume(self, session: Session, turn: int) -> None:
        tap = self._tap = Tap(turn)
        try:
            tap.channel = await session.intake(
                self.spec.queue.name, partial(self._came, tap), prefetch=self.spec.prefetch
            )
        except BrokerError as error:
            _log.error("%s is not consumed: %s", self.spec.queue.name, error)
            self._tap = None
            self.ref.after(AGAIN).cast(Intake.connected)
            return
        self._line.taps[self.spec.queue.name] = tap.channel
        tap.acks.flush()  # what was quicker than this answer
        tap.channel.ended.add_done_callback(partial(self._tap_ended, tap))

    def receive(self, message: Any) -> None:
        """Ends of workers are known from their calls."""

    async def terminate(self, reason: Reason) -> None:
        """Take no more, let handlers end for a while, give back what is not done, and close the channel."""
        self._line.users.pop(self.spec.queue.name, None)
        self._waits.close()
        channel = self._tap.channel if self._tap is not None else None
        if channel is not None:
            await channel.stop()
        if self._rounds:
            await asyncio.wait(self._rounds, timeout=self._drain)
        for task in tuple(self._rounds):
            task.cancel()
        undone = [round.suspect for round in self._rounds.values()]
        if self._tap is not None:
            self._tap.acks.flush()
        try:
            if undone:
                await self.desk.suspects.excuse(undone)
        finally:
            if channel is not None:
                await channel.close()
            self._line.taps.pop(self.spec.queue.name, None)

    # Inside: deliveries are handled beside the mailbox, each in a task of its own.

    def hire(self) -> Ref[Consumer]:
        """Start a worker, linked: it does not outlive the intake."""
        return self.spawn(self.spec.cls, *self.spec.args, link=True)

    def hold(self, held: Held) -> None:
        """A message waits for a person."""
        self._waits.add(held)

    def _came(self, tap: Tap, delivery: Delivery) -> None:
        tap.acks.came(delivery.tag)
        tap.open += 1
        try:
            round = Round(self, delivery)
        except Exception:  # whatever a message does to us, its queue must not stop
            _log.exception("%s: a message that could not be looked at goes back", self.spec.queue.name)
            asyncio.get_running_loop().call_later(UNREAD, self._unread, tap, delivery.tag)
            return
        task = self.task(self._run(tap, round))
        self._rounds[task] = round
        task.add_done_callback(lambda task: self._rounds.pop(task, None))

    def _unread(self, tap: Tap, tag: int) -> None:
        tap.open -= 1
        tap.acks.back(tag)

    def _begin(self, work: Any) -> None:
        """Run what is no delivery: what goes on after an answer."""
        self.task(work)

    async def _run(self, tap: Tap, round: Round) -> None:
        try:
            name = f"{self.spec.queue.name} {round.received.message.id}"
            end = await settled(self._through(round), name, self._shelf)
        finally:
            tap.open -= 1
        if end is End.DONE:
            tap.acks.done(round.delivery.tag)
        else:
            self.desk.suspects.returned(round.suspect)
            tap.acks.back(round.delivery.tag)
        if tap is not self._tap and not tap.open and tap.channel is not None:
            tap.acks.flush()
            await tap.channel.close()

    async def _through(self, round: Round) -> None:
        """All that a delivery passes; a lane is joined before the first wait, in order of arrival."""
        found = round.examined.found
        if not isinstance(found, Received):
            await round.unfit()
            return
        if self.spec.order is None:
            await self._fit(round, found)
            return
        try:
            lane = self.spec.order(found)
            before, mine = self._lanes.join(lane)
        except Exception as error:  # the program's own function, or a key that cannot be hashed
            await round.failed(f"its key could not be told: {type(error).__name__}: {error}")
            return
        try:
            await self._fit(round, found, before)
        finally:
            self._lanes.leave(lane, mine)

    async def _fit(self, round: Round, found: Received, before: "asyncio.Future[None] | None" = None) -> None:
        """Handle it, once it is sure that it may be, after the one `before` it."""
        if await round.unfit():
            return
        if before is not None:
            await before
        received = await self._in_turn(found)
        try:
            await self._once(round, received)
        finally:
            if self._causality is not None and found.envelope is not None and found.envelope.dot is not None:
                self._causality.done(found.envelope.dot)

    async def _in_turn(self, received: Received) -> Received:
        envelope = received.envelope
        if self._causality is None or envelope is None or envelope.dot is None:
            return received
        missing = await self._causality.turn(envelope.dot, envelope.causes)
        return replace(received, missing=missing) if missing else received

    async def _once(self, round: Round, received: Received) -> None:
        """Handle it unless it had its effect; one that is being handled is waited for."""
        key = received.key
        while key in self._live:
            await asyncio.shield(self._live[key])
        if not key:
            await self._tried(round, received)
            return
        if await self._had_effect(received):
            return
        self._live[key] = asyncio.get_running_loop().create_future()
        try:
            await self._tried(round, received)
        finally:
            self._live.pop(key).set_result(None)

    async def _had_effect(self, received: Received) -> bool:
        if received.key in self._done:
            return True
        if not received.redelivered and received.attempt == 1:
            return False
        return await self.desk.inbox.seen(received.key) is not None

    async def _tried(self, round: Round, received: Received) -> None:
        if not round.delivery.redelivered or await self.desk.suspects.innocent(round.suspect):
            await self._handle(round, received, suspected=False)
            return
        async with self._solo:  # one suspect at a time, so that a crash is its fault alone
            crashes = await self.desk.suspects.crashes(round.suspect)
            if crashes >= self.spec.crashes:
                await round.crashed(crashes)
            else:
                await self._handle(round, received, suspected=True)

    async def _handle(self, round: Round, received: Received, suspected: bool) -> None:
        handle = round.handle if self.spec.order is None else round.handle_in_place
        if await handle(received, suspected) and received.key:
            self._done[received.key] = None
            if len(self._done) > REMEMBERED:
                self._done.popitem(last=False)

    def _tap_ended(self, tap: Tap, ended: "asyncio.Future[Any]") -> None:
        """A channel is gone: what it delivered comes again, through no fault of its own."""
        for round in self._rounds.values():
            self.desk.suspects.returned(round.suspect)
        error = None if ended.cancelled() else ended.result()
        if tap is self._tap and error is not None and self._line.session is not None:
            _log.error("%s is not consumed any more: %s", self.spec.queue.name, error)
            self._tap = None
            self.ref.after(AGAIN).cast(Intake.connected)
