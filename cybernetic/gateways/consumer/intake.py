"""The agent that takes deliveries from one queue: as many at a time as its credit, a worker for each."""

import asyncio
import logging
from functools import partial
from math import inf
from typing import Any

from cybernetic.core import CannotTravel, NotFound, Reason
from cybernetic.gateways.broker.errors import BrokerError, NotDeclared
from cybernetic.gateways.broker.messages import Delivery
from cybernetic.gateways.broker.port import Session
from cybernetic.gateways.consumer.consumer import Consumer
from cybernetic.gateways.consumer.desk import Desk
from cybernetic.gateways.consumer.ending import End, Endings
from cybernetic.gateways.consumer.held import Held
from cybernetic.gateways.consumer.identity import held_in
from cybernetic.gateways.consumer.life import Life, life_of
from cybernetic.gateways.consumer.passage import Passage
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.round import STRANGE, Round
from cybernetic.gateways.consumer.spec import Consume
from cybernetic.gateways.consumer.suspects import Suspects
from cybernetic.gateways.consumer.taps import TakenBack, Tap
from cybernetic.gateways.consumer.trials import Trials
from cybernetic.gateways.consumer.tries import Tries
from cybernetic.gateways.consumer.turn import State
from cybernetic.gateways.consumer.under_way import UnderWay
from cybernetic.gateways.consumer.waits import Waits
from cybernetic.gateways.errors import NotKept
from cybernetic.gateways.letter import Signer
from cybernetic.gateways.line import Line
from cybernetic.gateways.publisher.publisher import Publisher
from cybernetic.gateways.shelf import Shelf
from cybernetic.runtime import Agent, Named, Ref
from cybernetic.state import Inbox, Journal, Nonces, Outbox, StoreError

_log = logging.getLogger("cybernetic.gateways")

DRAIN = 20.0  # seconds that handlers have to end when the consumer alone does
AGAIN = 1.0  # seconds before consuming is tried again that ended while the connection stands
# Brokers close the channel of a delivery that is not acknowledged after 1,800 s.
PATIENCE = 1680.0  # seconds that one stays unacknowledged here, and until the next look
HELD = 1200.0  # the same of one that waits; less where handlers may take long
LOOK = 60.0  # seconds between two looks for such


class Intake(Agent):
    """Takes deliveries and has each handled by a worker agent of its own; acknowledges after the effect.

    Credit is prefetch is live workers: a consumer that is slow takes no more. Losing the connection loses no work: what
    is being handled goes on, takes effect once, and the broker's second delivery of it is recognised.

    Args:
        spec: what is consumed and how.
        line: where the session is.
        shelf: where the store is.
        publisher: who sends what is put into the outbox.
        signer: the publisher's; None: handlers cannot publish letters.
    """

    trap_exit = True

    def __init__(
        self,
        spec: Consume,
        line: Line,
        shelf: Shelf,
        publisher: Named[Publisher],
        signer: Signer | None = None,
    ) -> None:
        self.spec, self._line, self._shelf, self._publisher = spec, line, shelf, publisher
        self._signer = signer
        self._tell = partial(self.ref.cast, Intake.connected)
        self._tap: Tap | None = None
        self._rounds: dict[asyncio.Task[None], Round] = {}
        self._taken_back: TakenBack[Round] = TakenBack()
        self._passage = Passage(self, spec)
        self._life: Life
        self._endings: Endings
        self.desk: Desk
        self._waits: Waits

    async def setup(self) -> None:
        """Open what is needed of the store, resume what waits for a person, and listen to the line."""
        store, remember = self._shelf.open(), self._shelf.remember
        self._life = life_of(self.system, str(self.ref.name or self.spec.queue.name))
        self._life.inherit()
        suspects, tries, under_way = Suspects(store, self._life), Tries(store), UnderWay(store)
        await suspects.open()
        await tries.open()
        await under_way.open()
        inbox = await Inbox.open(store, remember.limits, keep=remember.kept(self.spec.terms))
        self.desk = Desk(
            self.spec,
            self._shelf,
            self._publisher,
            self._signer,
            await Outbox.open(store),
            inbox,
            await Journal.open(store),
            await Nonces.open(store, remember.nonces),
            suspects,
            tries,
            Trials(self.spec, suspects),
            under_way,
            await inbox.begins(held_in(self.spec.queue.name)),
        )
        most = STRANGE if self.spec.order is None else 1
        self._endings = Endings(self._shelf, self.desk.rest, most)
        self._waits = Waits(self, self._begin)
        await self._waits.resume()
        await self._line.release(self.spec.queue.name)
        self._line.users[self.spec.queue.name] = self._tell
        self.ref.every(LOOK).cast(Intake.refresh)
        self._publisher.cast(Publisher.look)  # one that was killed may have committed, and told nobody
        if self._line.session is not None:
            self.continue_with(Intake.connected)

    # For everyone.

    async def held(self, after: str = "", most: int | None = None) -> list[Held]:
        """The messages that wait for a person, the oldest first; they are read from the disk.

        Args:
            after: only those behind the one of this id, if it still waits. Default "": from the first on.
            most: how many at most. Default None: all, however large they are together.
        """
        return await self._waits.all(after, most)

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
        shut = self._line.closing is not None
        if session is None or shut or (before is not None and before.turn == turn):
            return
        if before is not None and before.channel is not None and not before.channel.ended.done():
            await before.channel.stop()  # it goes on until what it delivered is done
            if not before.open:
                before.acks.flush()
                await before.channel.close()
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
            if isinstance(error, NotDeclared) and self._line.missing is not None:
                self._line.missing(turn)  # it was deleted while nobody consumed it
            return
        self._line.taps[self.spec.queue.name] = tap.channel
        tap.acks.flush()  # what was quicker than this answer
        tap.channel.ended.add_done_callback(partial(self._tap_ended, tap))

    def receive(self, message: Any) -> None:
        """Ends of workers are known from their calls."""

    def refresh(self) -> None:
        """Give back what was held for long, to have it delivered again at once: it keeps its place meanwhile.

        Else the broker would close the channel for a message that waits here for its next try, for those before it, or
        for room in the store. One that a handler has is not given back, for another process would have it handled, too:
        it began in time to end before the broker loses patience.
        """
        for round in tuple(self._rounds.values()):
            self._renew(round)

    def _renew(self, round: Round) -> None:
        tap, tag = round.tap, round.delivery.tag
        if tap is not None and tap is self._tap and tap.age(tag) > self._longest(round.turn.state):
            self._take_back(round)
            tap.back(tag)

    def _longest(self, state: State) -> float:
        """For how many seconds a delivery may stay unacknowledged."""
        if state is State.RUNS:
            return inf
        return PATIENCE if state is State.ENDS else min(HELD, PATIENCE - LOOK - self.spec.timeout)

    async def terminate(self, reason: Reason) -> None:
        """Take no more, let handlers end for a while, give back what is not done, and close the channel."""
        self._line.users.pop(self.spec.queue.name, None)
        self._waits.close()
        channel = self._tap.channel if self._tap is not None else None
        if channel is not None:
            await channel.stop()
        if self._rounds:
            now, closing = asyncio.get_running_loop().time(), self._line.closing
            await asyncio.wait(self._rounds, timeout=DRAIN if closing is None else max(0.0, closing - now))
        for task in tuple(self._rounds):
            task.cancel()
        undone = [*(round.suspect for round in self._rounds.values()), *self._waits.undone()]
        if self._tap is not None:
            self._tap.acks.flush()
        try:
            if undone:
                await self.desk.suspects.excuse(undone)
                self._life.handling.clear()
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

    def waits(self, received: Received) -> bool:
        """Whether a message waits for a person already."""
        return self._waits.about(received)

    def _came(self, tap: Tap, delivery: Delivery) -> None:
        tap.came(delivery.tag)
        try:
            round = Round(self, delivery, tap)
            before = self._taken_back.take(round.identity) if delivery.redelivered else None
        except Exception as error:  # whatever a message does to us, its queue must not stop
            self.task(self._unreadable(tap, delivery, error))
            return
        if before is not None:
            self._came_again(before.handled, round, tap)
            return
        round.turn.renew = partial(self._renew, round)
        self._life.begin(round.suspect)
        task = self.task(self._run(round))
        self._rounds[task] = round
        task.add_done_callback(lambda task: self._rounds.pop(task, None))

    def _came_again(self, before: Round | None, round: Round, tap: Tap) -> None:
        """A delivery of a message that is being handled, or (None) was meanwhile."""
        self.desk.suspects.expect_nothing(round.suspect)
        if before is None:
            tap.done(round.delivery.tag)
        else:
            before.tap, before.delivery = tap, round.delivery
            before.turn.came()

    async def _unreadable(self, tap: Tap, delivery: Delivery, error: Exception) -> None:
        async def fail() -> None:
            raise error

        await self._end(tap, delivery, await self._endings.of(delivery, fail()))

    def _begin(self, work: Any) -> None:
        """Run what is no delivery: what goes on after an answer."""
        self.task(work)

    async def _run(self, round: Round) -> None:
        end = await self._endings.of(round.delivery, self._passage.through(round))
        self._life.over(round.suspect)
        if round.tap is not None:
            if end is End.BACK:
                self.desk.suspects.returned(round.suspect)
            await self._end(round.tap, round.delivery, end)
        elif end is End.DONE:
            self._taken_back.over(round)
        else:
            self._taken_back.drop(round)

    async def _end(self, tap: Tap, delivery: Delivery, end: End) -> None:
        if end is End.DONE:
            tap.done(delivery.tag)
        else:
            tap.back(delivery.tag)
        if tap is not self._tap and not tap.open and tap.channel is not None:
            tap.acks.flush()
            await tap.channel.close()

    def _take_back(self, round: Round) -> None:
        """The delivery of `round` is not ours any more: it comes again, through no fault of its own."""
        round.tap = None
        round.turn.went()
        self._taken_back.add(round.identity, round)
        self.desk.suspects.returned(round.suspect)

    def _tap_ended(self, tap: Tap, ended: "asyncio.Future[Any]") -> None:
        """A channel is gone, and all that it delivered is taken back."""
        for round in self._rounds.values():
            if round.tap is tap:
                self._take_back(round)
        error = None if ended.cancelled() else ended.result()
        if tap is self._tap and error is not None and self._line.session is not None:
            _log.error("%s is not consumed any more: %s", self.spec.queue.name, error)
            self._tap = None
            self.ref.after(AGAIN).cast(Intake.connected)
