"""What the deliveries of one queue share: store, publisher, and who writes what to where."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from cybernetic.core import Chance, wall
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.retrying import delay_queue, parking_queue
from cybernetic.gateways.consumer.spec import Consume
from cybernetic.gateways.consumer.suspects import Suspects
from cybernetic.gateways.consumer.ticket import Ticket, ticketed
from cybernetic.gateways.events import PARKED, RETRIED, Parked, Retried
from cybernetic.gateways.shelf import Shelf
from cybernetic.state import Committed, Inbox, Journal, Nonces, NoRoom, Outbox

PATIENCE = 600.0  # seconds that a commit waits for room in the store, before the delivery goes back
PAUSE = 1.0  # seconds between two tries


@dataclass(slots=True)
class Desk:
    """Writes down what becomes of deliveries. Made by an intake; `look` tells the publisher of the outbox."""

    spec: Consume
    shelf: Shelf
    look: Callable[[], object]
    outbox: Outbox
    inbox: Inbox
    journal: Journal
    nonces: Nonces
    suspects: Suspects
    chance: Chance = field(default_factory=lambda: Chance())

    def effect(self) -> Effect:
        """A new transaction."""
        return Effect(self.shelf.open(), outbox=self.outbox, inbox=self.inbox, journal=self.journal)

    async def commit(self, effect: Effect) -> Committed:
        """Commit, waiting a while for room in the store: pressure holds the delivery. Raises what `commit` raises."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + PATIENCE
        while True:
            try:
                committed = await self.shelf.open().commit(effect)
            except NoRoom:
                if loop.time() > patience:
                    raise
                await asyncio.sleep(PAUSE)
            except BaseException as error:
                self.shelf.failed(error)
                raise
            else:
                if effect.sends:
                    self.look()
                return committed

    def retry(
        self, received: Received, ticket: Ticket, why: str, after: float | None
    ) -> tuple[Ticket, float]:
        """Count one retry more: the ticket that says so, and the delay of its step in seconds."""
        step = self.spec.retries.step(ticket.retries, after)
        ticket = ticket.noted(wall(), "retry", why, retries=ticket.retries + 1)
        if RETRIED.listeners:
            RETRIED.emit(Retried(self.spec.queue.name, received.message.id, ticket.retries, step, why))
        return ticket, step

    def again(
        self, effect: Effect, received: Received, ticket: Ticket, why: str, after: float | None
    ) -> None:
        """Send a message into a delay queue."""
        queue = self.spec.queue.name
        draw = self.chance.uniform(f"{queue}/{received.key}/{ticket.retries}")
        ticket, step = self.retry(received, ticket, why, after)
        wait = self.spec.retries.waiting(step, draw)
        self._send_round(effect, received, ticket, delay_queue(queue, step), wait)

    def park(self, effect: Effect, received: Received, ticket: Ticket, word: str, why: str) -> None:
        """Send a message into the parking queue. `word` is the reason in a word, `why` in a sentence."""
        queue = self.spec.queue.name
        ticket = ticket.noted(wall(), "parked", f"{word}: {why}" if why else word, parked=word)
        self._send_round(effect, received, ticket, parking_queue(queue), None)
        if PARKED.listeners:
            PARKED.emit(Parked(queue, received.message.id, word, why))

    def _send_round(
        self, effect: Effect, received: Received, ticket: Ticket, queue: str, expiration: float | None
    ) -> None:
        key = None if self.spec.guard is None else self.spec.guard.key()
        effect.publish(ticketed(received.message, ticket, key, "", queue, expiration))
