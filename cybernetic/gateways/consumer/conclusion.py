"""What a verdict says, written down: the effect, or that the message goes round, or that it waits."""

import logging
from collections.abc import Callable
from enum import Enum

from cybernetic.core import token, wall
from cybernetic.gateways.consumer.attempt import Crew, Handled
from cybernetic.gateways.consumer.desk import Way
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.held import Held, note_held
from cybernetic.gateways.consumer.identity import digest_of, held_of, is_other, same_of
from cybernetic.gateways.consumer.verdicts import Ack, Hold, Park, Retry, Verdict
from cybernetic.state import NoRoom, StoreError, WriteUndone

_log = logging.getLogger("cybernetic.gateways")

CRASHED, FAILED, ASKED, OTHER, UNFORESEEN = (
    "crashed its worker",
    "failed",
    "refused",
    "another message under this id",
    "not foreseen",
)  # words of parked messages, besides those of `Fault`
TAKEN = "a message of this id, of other content, had its effect before"
ID_BYTES = 8


def ended(crashes: int) -> str:
    """Why what took its process along too often is parked."""
    return f"{crashes} processes ended while they handled it, the last of them nothing else"


class Came(Enum):
    """What came of a message."""

    EFFECT = "it had its whole effect"
    RESTS = "it waits for a person, or is parked"
    ROUND = "it comes again"


class Conclusion:
    """What is to be written of a message that was handled: `take_effect`, then `write`, each until it does not raise.

    Args:
        crew: the intake.
        handled: what came of the message.
        forget: adds what else is to be written with it.
        after: names the wait that went before.
    """

    def __init__(
        self, crew: Crew, handled: Handled, forget: Callable[[Effect], None], after: str = ""
    ) -> None:
        self._crew, self._forget, self._after = crew, forget, after
        self._received, self._ticket, said, self._effect = handled
        self._verdict: Verdict | None = said  # None: another message had an effect under its key
        self._held: Held | None = None
        self._ready = False
        self._before: tuple[Came, bytes | None] | None = (
            None  # an effect is there already; see `_there_before`
        )
        self._way: Way | None = None
        self._patience: float | None = None
        self._came: Came | None = None

    async def take_effect(self, patience: float | None = None) -> Retry | None:
        """Write the effect, if there is one, once; a `Retry` where there is none for now, as was said or as it failed.

        `patience`: see `Desk.commit`. Raises `StoreError` or `NoRoom`: nothing is written, and nobody knows yet.
        """
        self._patience, verdict = patience, self._verdict
        if isinstance(verdict, Ack | Hold) and self._came is None:
            self._came = await self._effect_of(verdict)
        return self._verdict if isinstance(self._verdict, Retry) else None

    async def write(self, patience: float | None = None) -> Came:
        """Write where it goes that had no effect, once, when `take_effect` has returned; what came of the message.

        `patience`, and raises: as `take_effect`.
        """
        self._patience = patience
        if self._came is None:
            self._came = await self._go_round()
        return self._came

    async def _effect_of(self, verdict: Ack | Hold) -> Came | None:
        """Commit the effect; None where it cannot be, or another message had one: then the verdict is another."""
        desk, received = self._crew.desk, self._received
        if self._before is not None:
            return await self._there_before(*self._before)
        came = Came.EFFECT if isinstance(verdict, Ack) else Came.RESTS
        if isinstance(verdict, Hold) and received.key and not self._after:
            known = await desk.inbox.seen(received.key)  # or a person would be asked about what is done
            if known is not None:
                return await self._there_before(came, known)
        if not self._ready:
            self._prepare(verdict)
            self._ready = True
        try:
            committed = await desk.commit(self._effect, self._patience)
        except Exception as error:
            if isinstance(error, NoRoom) or (
                isinstance(error, StoreError) and not isinstance(error, WriteUndone)
            ):
                raise
            why = f"its effect could not be written: {type(error).__name__}: {error}"
            self._verdict = Retry(why)  # the statements of the handler, on the store
            _log.warning("%s: %s", received.queue, why)
            return None
        if committed.seen:
            return await self._there_before(came, committed.result if isinstance(verdict, Ack) else None)
        if self._held is not None:
            self._crew.hold(self._held)
        return came

    async def _there_before(self, came: Came, known: bytes | None) -> Came | None:
        """There is an effect already; None where it is `known` as that of another message under its key."""
        self._before = came, known
        if known is not None and is_other(known, self._received):
            self._verdict = None
            return None
        rest = self._crew.desk.effect()  # what goes with it is to be done all the same
        self._forget(rest)
        await self._crew.desk.commit(rest, self._patience)
        return came

    def _prepare(self, verdict: Ack | Hold) -> None:
        """Add to the effect what says that it is there: that of a `Hold` once for each time that it was put back."""
        received, ticket = self._received, self._ticket
        if isinstance(verdict, Hold):
            until = None if verdict.timeout is None else wall() + verdict.timeout
            same = same_of(received)
            held = Held(token(ID_BYTES), verdict.why, until, received.message, ticket, same=same, at=wall())
            self._held, self._crew.desk.asked = held, True
            note_held(self._effect, held)
            if same and self._after:
                self._effect.once(f"{held_of(received)}\0{self._after}")
            elif same:
                put_back = ticket.requeued
                self._effect.once(held_of(received), b"%d" % put_back, anyway=put_back > 0)
        elif received.key:
            self._effect.once(received.key, digest_of(received))
        self._forget(self._effect)

    async def _go_round(self) -> Came:
        if self._way is None:
            self._way = await self._chosen()
            self._way.mark += f" {self._after}" if self._after else ""
        way = self._way
        await self._crew.desk.send_round(self._received, way, self._forget, self._patience)
        return Came.RESTS if way.rests else Came.ROUND

    async def _chosen(self) -> Way:
        """Where the message goes that had no effect."""
        desk, received, ticket, verdict = self._crew.desk, self._received, self._ticket, self._verdict
        if verdict is None:
            return desk.to_parking(received, ticket, OTHER, TAKEN)
        assert isinstance(verdict, Park | Retry)
        if isinstance(verdict, Park):
            return desk.to_parking(received, ticket, ASKED, verdict.why)
        way, ticket = None, await desk.resumed(received, ticket)
        if ticket.retries < desk.spec.retries.count:  # and it does not stay here
            way = desk.to_delay(received, ticket, verdict.why, verdict.after)
        return way or desk.to_parking(received, ticket, FAILED, verdict.why)
