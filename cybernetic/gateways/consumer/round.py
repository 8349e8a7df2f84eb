"""One delivery from its arrival to its acknowledgement."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import Enum
from typing import Any, Protocol

from cybernetic.core import CallError, CallFailed, CallTimeout, Kill, token, wall
from cybernetic.gateways.broker.messages import Delivery
from cybernetic.gateways.consumer.consumer import Consumer
from cybernetic.gateways.consumer.desk import Desk
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.guard import Examined, examine
from cybernetic.gateways.consumer.held import Held, note_held
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.ticket import Ticket
from cybernetic.gateways.consumer.verdicts import Ack, Hold, Park, Retry, Verdict
from cybernetic.gateways.envelope import Fault, Unfit
from cybernetic.gateways.shelf import Shelf
from cybernetic.runtime import Ref
from cybernetic.state import NoRoom, StoreError, WriteUndone

_log = logging.getLogger("cybernetic.gateways")

CRASHED, FAILED, ASKED = (
    "crashed its worker",
    "failed",
    "refused",
)  # words of parked messages, besides those of `Fault`
AGAIN = 5.0  # seconds before a delivery goes back whose effect could not be written
ID_BYTES = 8


class End(Enum):
    """What becomes of a delivery."""

    DONE = "acknowledge it"
    BACK = "give it back"


class Crew(Protocol):
    """What a round needs of the intake."""

    desk: Desk

    def hire(self) -> Ref[Consumer]:
        """Start a worker."""

    def hold(self, held: Held) -> None:
        """Wait for a person."""


async def attempt(
    crew: Crew, received: Received, effect: Effect, answer: tuple[Any] | None = None
) -> Verdict:
    """Have a worker of its own handle a message; what it said. A crash or a time-out is a retry."""
    timeout = crew.desk.spec.timeout
    worker = crew.hire()
    try:
        return await worker.within(timeout).call(Consumer.work, received, effect, answer)
    except CallTimeout as error:
        worker.exit(Kill())
        return Retry(f"its worker was killed after {timeout:g} s: {error}")
    except CallFailed as error:
        return Retry(str(error.reason))
    except CallError as error:
        return Retry(str(error))
    except asyncio.CancelledError:
        worker.exit(Kill())
        raise


async def conclude(
    crew: Crew,
    received: Received,
    ticket: Ticket,
    verdict: Verdict,
    effect: Effect,
    forget: Callable[[Effect], None],
    after: str = "",
) -> bool:
    """Write down what a verdict says, once: the effect, or that the message goes round, or that it waits.

    `forget` adds what else is to be written with it; `after` names the wait that went before. Whether the message had
    its whole effect. Raises `StoreError` or `NoRoom`: nothing is written.
    """
    desk = crew.desk
    try:
        if isinstance(verdict, Ack | Hold):
            mark = f"{ticket.requeued} held {ticket.retries} {after}"
            await _take_effect(crew, received, ticket, verdict, effect, forget, mark)
            return isinstance(verdict, Ack)
    except Exception as error:  # the statements of the handler, on the store
        if isinstance(error, NoRoom) or (
            isinstance(error, StoreError) and not isinstance(error, WriteUndone)
        ):
            raise
        verdict = Retry(f"its effect could not be written: {type(error).__name__}: {error}")
        _log.warning("%s: %s", received.queue, verdict.why)
    round = desk.effect()
    if isinstance(verdict, Park):
        desk.park(round, received, ticket, ASKED, verdict.why)
        mark = "parked"
    elif ticket.retries >= desk.spec.retries.count:
        desk.park(round, received, ticket, FAILED, verdict.why)
        mark = "parked"
    else:
        desk.again(round, received, ticket, verdict.why, verdict.after)
        mark = f"retry {ticket.retries}"
    if received.key:
        round.once(f"{received.key}\0{ticket.requeued} {mark}")
    forget(round)
    await desk.commit(round)
    return False


async def _take_effect(
    crew: Crew,
    received: Received,
    ticket: Ticket,
    verdict: Ack | Hold,
    effect: Effect,
    forget: Callable[[Effect], None],
    mark: str,
) -> None:
    held = None
    if isinstance(verdict, Hold):
        until = None if verdict.timeout is None else wall() + verdict.timeout
        held = Held(token(ID_BYTES), verdict.why, until, received.message, ticket)
        note_held(effect, held)
    if received.key:
        effect.once(received.key if held is None else f"{received.key}\0{mark}")
    forget(effect)
    committed = await crew.desk.commit(effect)
    if held is not None and not committed.seen:
        crew.hold(held)


class Round:
    """A delivery on its way through a consumer.

    Args:
        crew: the intake.
        delivery: what came.
    """

    def __init__(self, crew: Crew, delivery: Delivery) -> None:
        self._crew, self.delivery = crew, delivery
        self.examined: Examined = examine(delivery, crew.desk.spec.guard, wall())

    @property
    def received(self) -> Received:
        """The message, also where it must not be handled."""
        found = self.examined.found
        if isinstance(found, Received):
            return found
        message = self.delivery.message
        key = f"{self.delivery.queue}\0unfit\0{message.id}\0{self.digest}"
        return Received(message, self.delivery.queue, key)

    @property
    def digest(self) -> str:
        """What tells this message's body from others."""
        return hashlib.sha256(self.delivery.message.body).hexdigest()[:32]

    @property
    def suspect(self) -> str:
        """What the message is counted under where it may have killed its process."""
        return f"{self.received.key or self.delivery.queue}\0{self.digest}"

    async def unfit(self) -> bool:
        """Park what must not be handled; whether it was that."""
        found, ticket, once = self.examined
        if once is not None:
            try:
                asked = once.settled(await self._crew.desk.nonces.fresh(once.nonce, once.expires))
            except NoRoom as error:
                asked = Unfit(Fault.REPLAYED, str(error))
            # of one that was delivered before, the effect may be missing all the same: what was recorded decides
            if isinstance(asked, Unfit) and not self.delivery.redelivered:
                found = asked
        if isinstance(found, Received):
            return False
        await self._park(ticket, found.fault.value, found.detail)
        return True

    async def crashed(self, crashes: int) -> None:
        """Park what took its process along too often."""
        await self._park(self.examined.ticket, CRASHED, f"{crashes} processes ended while they handled it")

    async def failed(self, why: str) -> None:
        """Park what cannot be handled for another reason."""
        await self._park(self.examined.ticket, FAILED, why)

    async def handle(self, received: Received, suspected: bool) -> bool:
        """Handle it, and write down what came of it; whether it had its whole effect."""
        desk = self._crew.desk
        effect = desk.effect()
        verdict = await attempt(self._crew, received, effect)
        forget = self._forget(suspected)
        return await conclude(self._crew, received, self.examined.ticket, verdict, effect, forget)

    async def handle_in_place(self, received: Received, suspected: bool) -> bool:
        """As `handle`, but what is tried again waits here, so that nothing overtakes it."""
        desk, ticket = self._crew.desk, self.examined.ticket
        while True:
            effect = desk.effect()
            verdict = await attempt(self._crew, received, effect)
            if isinstance(verdict, Retry) and ticket.retries < desk.spec.retries.count:
                ticket, step = desk.retry(received, ticket, verdict.why, verdict.after)
                await asyncio.sleep(step)
                received = replace(received, attempt=ticket.retries + 1)
                continue
            return await conclude(self._crew, received, ticket, verdict, effect, self._forget(suspected))

    async def _park(self, ticket: Ticket, word: str, why: str) -> None:
        desk, received = self._crew.desk, self.received
        effect = desk.effect()
        desk.park(effect, received, ticket, word, why)
        effect.once(f"{received.key or self.suspect}\0{ticket.requeued} parked")
        desk.suspects.forget(self.suspect, effect)
        await desk.commit(effect)

    def _forget(self, suspected: bool) -> Callable[[Effect], None]:
        def forget(effect: Effect) -> None:
            if suspected:
                self._crew.desk.suspects.forget(self.suspect, effect)

        return forget


async def settled(work: Awaitable[None], what: str, shelf: Shelf) -> End:
    """How a delivery ends whose `work` is done: an effect that could not be written sends it back, after a while."""
    try:
        await work
    except (StoreError, NoRoom) as error:
        _log.error("%s: nothing is acknowledged: %s", what, error)
        shelf.failed(error)
        await asyncio.sleep(AGAIN)
        return End.BACK
    return End.DONE
