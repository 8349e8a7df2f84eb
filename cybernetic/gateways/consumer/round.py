"""One delivery from its arrival to its acknowledgement."""

import hashlib
from collections.abc import Awaitable, Callable
from functools import cached_property, partial
from typing import TypeVar

from cybernetic.core import wall
from cybernetic.gateways.broker.messages import Delivery
from cybernetic.gateways.consumer.admission import Examined, examine
from cybernetic.gateways.consumer.attempt import Crew, Handled, handled, persisted
from cybernetic.gateways.consumer.conclusion import CRASHED, FAILED, OTHER, TAKEN, Came, Conclusion, ended
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.taps import Tap
from cybernetic.gateways.consumer.trials import Gate
from cybernetic.gateways.consumer.turn import Turn
from cybernetic.gateways.envelope import Unfit

R = TypeVar("R")

STRANGE = 3  # times that something unforeseen may happen to a message, before it is parked as it came


class Round:
    """A delivery on its way through a consumer.

    Args:
        crew: the intake.
        delivery: what came.
        tap: by which channel.

    Attributes:
        delivery, tap: those that are acknowledged: when the broker takes a delivery back, another of the same message
            takes its place, and `tap` is None until then.
        turn: whether it may be begun, and how far it is.
    """

    def __init__(self, crew: Crew, delivery: Delivery, tap: Tap | None = None) -> None:
        self._crew, self.delivery, self.tap = crew, delivery, tap
        self.turn = Turn()
        self._begun = False  # whether it was here before, and its tries are counted on the disk
        self.examined: Examined = examine(delivery, crew.desk.spec.terms, wall())

    @property
    def received(self) -> Received:
        """The message, also where it must not be handled."""
        found = self.examined.found
        if isinstance(found, Received):
            return found
        message = self.delivery.message
        key = f"{self.delivery.queue}\0unfit\0{message.id}\0{self.digest}"
        return Received(message, self.delivery.queue, key, redelivered=self.delivery.redelivered)

    @cached_property
    def digest(self) -> str:
        """What tells this message's body from others."""
        return hashlib.sha256(self.delivery.message.body).hexdigest()[:32]

    @property
    def suspect(self) -> str:
        """What the message is counted under where it may have killed its process."""
        return f"{self.received.key or self.delivery.queue}\0{self.digest}"

    @property
    def identity(self) -> str:
        """The same for every delivery of this message, at this point of its way."""
        ticket = self.examined.ticket
        return f"{self.suspect}\0{ticket.requeued}\0{ticket.retries}"

    async def unfit(self) -> bool:
        """Park what must not be handled; whether it was that. Raises `NoRoom`: nobody can say, for now."""
        found, ticket, once = self.examined
        if once is not None:
            asked = once.settled(await self._crew.desk.nonces.fresh(once.nonce, once.expires))
            self.examined = Examined(found, ticket)  # asked again, it would be its own replay
            # of one that was delivered before, the effect may be missing all the same: what was recorded decides
            if isinstance(asked, Unfit) and not self.delivery.redelivered:
                found = asked
        if isinstance(found, Received):
            return False
        await self._park(found.fault.value, found.detail)
        return True

    async def crashed(self, crashes: int) -> None:
        """Park what took its process along too often."""
        await self._park(CRASHED, ended(crashes))

    async def failed(self, why: str) -> None:
        """Park what cannot be handled for another reason."""
        await self._park(FAILED, why)

    async def other(self) -> None:
        """Park what comes under the id of another message that had its effect."""
        await self._park(OTHER, TAKEN)

    async def handle(self, received: Received, gate: Gate | None = None) -> Came:
        """Handle it, and write down what came of it. The `gate` is what each try of a suspect goes through."""
        desk, name = self._crew.desk, self.suspect

        def conclude(told: Handled) -> Conclusion:
            def forget(effect: Effect) -> None:
                if gate is not None:
                    desk.suspects.forget(name, effect)
                if told.ticket is not self.examined.ticket:
                    desk.tries.forget(name, effect)

            return Conclusion(self._crew, told, forget)

        async def leisure(write: Callable[[], Awaitable[R]]) -> R:
            if desk.spec.order is None:
                return await write()
            return await persisted(write, name, desk.shelf, STRANGE)  # going back, it would be overtaken

        before, self._begun = received.redelivered or self._begun, True
        return await handled(
            self._crew,
            received,
            self.examined.ticket,
            name,
            partial(desk.stays, received),
            conclude,
            leisure,
            gate,
            turn=self.turn,
            before=before,
        )

    async def _park(self, word: str, why: str) -> None:
        desk, ticket = self._crew.desk, self.examined.ticket

        def forget(effect: Effect) -> None:
            desk.suspects.forget(self.suspect, effect)
            desk.tries.forget(self.suspect, effect)

        await desk.send_round(self.received, desk.to_parking(self.received, ticket, word, why), forget)
