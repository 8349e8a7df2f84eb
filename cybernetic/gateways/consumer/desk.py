"""What the deliveries of one queue share: store, publisher, and who writes what to where."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from cybernetic.core import CallError, Chance, OptionError, Refusal, wall
from cybernetic.gateways.broker.messages import Delivery, Message
from cybernetic.gateways.consumer.copies import copy_of, resting_copy
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.identity import digest_of, same_of, way_of
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.retrying import delay_queue, parking_queue
from cybernetic.gateways.consumer.spec import LONGEST, Consume
from cybernetic.gateways.consumer.suspects import Suspects
from cybernetic.gateways.consumer.ticket import Ticket, copy_name
from cybernetic.gateways.consumer.trials import Trials
from cybernetic.gateways.consumer.tries import Tries
from cybernetic.gateways.consumer.under_way import UnderWay
from cybernetic.gateways.envelope import Key
from cybernetic.gateways.events import PARKED, RETRIED, Parked, Retried
from cybernetic.gateways.letter import Signer
from cybernetic.gateways.publisher.publisher import Publisher
from cybernetic.gateways.shelf import Shelf
from cybernetic.runtime import Named
from cybernetic.state import Committed, Inbox, Journal, Nonces, NoRoom, Outbox, StoreFull

PATIENCE = 600.0  # seconds that a commit waits for room in the store, before the delivery goes back
_log = logging.getLogger("cybernetic.gateways")

PAUSE = 1.0  # seconds between two tries
LONG_PAUSE = 30.0  # the same where it is known to take long: until what is remembered expires


class Later(Exception):
    """It would have to be waited for, and is not to be."""


@dataclass(slots=True)
class Way:
    """A way that a message takes instead of having its effect.

    Attributes:
        copy: what is sent.
        mark: names this way, of all that the message may take.
        tell: told when it is written.
        ticket: that of the copy.
        rests: whether it leads into the parking queue.
        wait: seconds that it takes, where it leads into a delay queue.
        sent: whether the broker has the copy already.
    """

    copy: Message
    mark: str
    tell: Callable[[], None]
    ticket: Ticket
    rests: bool
    wait: float = 0.0
    sent: bool = False


@dataclass(slots=True)
class Desk:
    """Writes down what becomes of deliveries. Made by an intake."""

    spec: Consume
    shelf: Shelf
    publisher: Named[Publisher]
    signer: Signer | None
    outbox: Outbox
    inbox: Inbox
    journal: Journal
    nonces: Nonces
    suspects: Suspects
    tries: Tries
    trials: Trials
    under_way: UnderWay
    asked: bool  # whether anybody was asked about any of these messages, as far as is remembered
    chance: Chance = field(default_factory=lambda: Chance())

    def effect(self) -> Effect:
        """A new transaction."""
        return Effect(
            self.shelf.open(), self.signer, outbox=self.outbox, inbox=self.inbox, journal=self.journal
        )

    async def commit(self, effect: Effect, patience: float | None = None) -> Committed:
        """Commit, waiting for room, for `patience` seconds (None: ten minutes): pressure holds the delivery.

        Raises what `Store.commit` raises.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + (PATIENCE if patience is None else patience)
        while True:
            try:
                committed = await self.shelf.open().commit(effect)
            except (NoRoom, StoreFull):
                if loop.time() >= until:
                    raise
                await asyncio.sleep(PAUSE)
            except BaseException as error:
                self.shelf.failed(error)
                raise
            else:
                if effect.sends:
                    self.publisher.cast(Publisher.look)
                return committed

    @asynccontextmanager
    async def room(self, received: Received) -> AsyncIterator[None]:
        """Hold room for the note of an effect, as `commit` waits: no handler runs in vain. Raises `InboxFull`."""
        loop, digest = asyncio.get_running_loop(), digest_of(received)
        patience, pause, held = loop.time() + PATIENCE, PAUSE, None
        while held is None:
            try:
                held = await self.inbox.expect(received.key, digest)
            except NoRoom:
                if loop.time() > patience:
                    raise
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONG_PAUSE)
        try:
            yield
        finally:
            self.inbox.expected(held)

    def stays(self, received: Received, ticket: Ticket) -> bool:
        """Whether a message that is tried again waits here: none may overtake it, or it cannot be sent as it came."""
        if self.spec.order is not None:
            return True
        try:
            copy_of(received.message, ticket, self._key(), "")
        except OptionError:
            return self.spec.terms.round <= LONGEST
        return False

    def counted(self, ticket: Ticket, why: str, after: float | None) -> tuple[Ticket, float]:
        """Count one retry more: the ticket that says so, and the delay of its step in seconds."""
        step = self.spec.retries.step(ticket.retries, after)
        return ticket.noted(wall(), "retry", why, retries=ticket.retries + 1), step

    def tell_retried(self, received: Received, ticket: Ticket, step: float, why: str) -> None:
        """Tell that a message is tried again after `step` seconds."""
        if RETRIED.listeners:
            RETRIED.emit(Retried(self.spec.queue.name, received.message.id, ticket.retries, step, why))

    async def resumed(self, received: Received, ticket: Ticket) -> Ticket:
        """The ticket of what failed; of what came anew while a copy of it is under way, with the tries of that."""
        same = "" if received.copy else same_of(received)
        return await self.under_way.resumed(same, ticket) if same else ticket

    def to_delay(self, received: Received, ticket: Ticket, why: str, after: float | None) -> Way | None:
        """The way through a delay queue; None: the message cannot be sent as it came."""
        queue, mark = self.spec.queue.name, way_of(ticket, "retry")
        draw = self.chance.uniform(f"{queue}/{received.key}/{ticket.retries}")
        ticket, step = self.counted(ticket, why, after)
        wait = self.spec.retries.waiting(step, draw)
        try:
            copy = copy_of(received.message, ticket, self._key(), delay_queue(queue, step), wait)
        except OptionError:
            return None
        tell = partial(self.tell_retried, received, ticket, step, why)
        return Way(copy, mark, tell, ticket, rests=False, wait=wait)

    def to_parking(self, received: Received, ticket: Ticket, word: str, why: str) -> Way:
        """The way into the parking queue. `word` is the reason in a word, `why` in a sentence."""
        queue, mark = self.spec.queue.name, way_of(ticket, "parked")
        ticket = ticket.noted(wall(), "parked", f"{word}: {why}" if why else word, parked=word)
        copy = resting_copy(received.message, ticket, self._key(), parking_queue(queue))

        def tell() -> None:
            if PARKED.listeners:
                PARKED.emit(Parked(queue, received.message.id, word, why))

        return Way(copy, mark, tell, ticket, rests=True)

    async def send_round(
        self, received: Received, way: Way, forget: Callable[[Effect], None], patience: float | None = None
    ) -> None:
        """Send a message on its way, once; `forget` adds what else is to be written with that.

        What is larger than the outbox goes without it: the broker keeps the delivery until it has confirmed the copy.
        A copy of ours is sent on once, however often it arrives. Of what has no ticket, only a delivery that comes
        again may have been sent on before; one that does not is another, be it of the same message, which its sender
        has sent anew. Where a copy of that is under way it goes in the place of this one, which may be lost.
        """
        effect, same, written = self.effect(), same_of(received), _nothing
        anew = not received.copy and not received.redelivered
        instead = "" if received.copy else self.under_way.copy(same)
        if instead:
            _log.warning(
                "%s: %r came anew and failed while a copy of it is under way: it goes in the place of that",
                self.spec.queue.name,
                received.message.id,
            )
        if not way.sent:
            try:
                effect.put(way.copy)
            except OptionError:
                await self._hand_over(way, patience)
        if received.key:
            effect.once(f"{same}\0{way.mark}", digest_of(received), anyway=anew or bool(instead))
            if not way.rests:
                name = copy_name(way.copy)
                written = self.under_way.begin(same, name, way.ticket, way.wait, effect, instead)
            elif received.copy or instead:
                written = self.under_way.end(same, effect, instead)
        forget(effect)
        if not (await self.commit(effect, patience)).seen:
            written()
            way.tell()
            return
        rest = self.effect()  # it was sent before: what goes with that is to be done all the same
        forget(rest)
        await self.commit(rest, patience)

    async def rest(self, delivery: Delivery, word: str, why: str) -> None:
        """Park what could not be looked at: its body, and of its headers what can be read."""
        message = delivery.message
        ticket = Ticket(delivery.queue, message.exchange, message.routing_key, wall())
        received = Received(message, delivery.queue, "")
        try:
            way = self.to_parking(received, ticket, word, why)
        except Exception:
            bare = Message(message.body, message.exchange, message.routing_key)
            way = self.to_parking(Received(bare, delivery.queue, ""), ticket, word, why)
        await self.send_round(received, way, lambda effect: None)

    async def _hand_over(self, way: Way, patience: float | None) -> None:
        """Have the copy published, and wait until the broker has it. Raises `Later` where it is not to wait."""
        if patience == 0:
            raise Later
        loop = asyncio.get_running_loop()
        until = loop.time() + (PATIENCE if patience is None else patience)
        while not way.sent:
            try:
                await self.publisher.within(None).call(Publisher.publish, way.copy, False)
                way.sent = True
            except (Refusal, CallError):
                if loop.time() >= until:
                    raise
                await asyncio.sleep(PAUSE)

    def _key(self) -> Key | None:
        """What seals tickets."""
        return None if self.spec.guard is None else self.spec.guard.key()


def _nothing() -> None:
    """Nothing is to be done when it is committed."""
