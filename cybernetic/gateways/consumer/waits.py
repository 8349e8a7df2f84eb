"""Messages that wait for a person: kept in the journal, asked for by an operator, gone on with when answered."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, NamedTuple, TypeVar

from cybernetic.core import wall
from cybernetic.gateways.consumer.admission import resumed
from cybernetic.gateways.consumer.attempt import Crew, Handled, handled, persisted
from cybernetic.gateways.consumer.conclusion import CRASHED, UNFORESEEN, Conclusion, ended
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.held import Held, note_answer, read_held, read_one, stream_of
from cybernetic.gateways.consumer.identity import same_of
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.trials import Trial
from cybernetic.gateways.consumer.ward import Ward
from cybernetic.state import StoreError

R = TypeVar("R")

_log = logging.getLogger("cybernetic.gateways")


STRANGE = (
    3  # times that something unforeseen may happen to an answered message, before it is parked as it came
)


class Wait(NamedTuple):
    """What is known of one without its message and its answer, which may be large; see `Held`."""

    id: str
    until: float | None
    same: str
    answered: bool
    at: float

    @classmethod
    def of(cls, held: Held) -> "Wait":
        """What is to be known of it."""
        return cls(held.id, held.until, held.same, held.answer is not None, held.at)


class _Later(Exception):
    """It is to be tried again, in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


async def _later(seconds: float) -> None:
    if seconds > 0:
        raise _Later(seconds)


class Waits:
    """The messages of one queue that wait for an answer. They stay in the journal, and are read when they go on.

    Args:
        crew: the intake.
        begin: runs a coroutine beside the intake's mailbox.
    """

    def __init__(self, crew: Crew, begin: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._crew, self._begin = crew, begin
        self._all: dict[str, Wait] = {}
        self._same: Counter[str] = Counter()  # of which messages they are
        self._going: set[str] = set()  # names of those that are gone on with
        self._ward = Ward()  # as many are gone on with at a time as the queue has credit
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._answering: dict[
            str, asyncio.Future[None]
        ] = {}  # done when it is known whether an answer is kept

    async def resume(self) -> None:
        """Read what waited when the process before ended, and go on with what was answered."""
        found = [Wait.of(held) async for held in read_held(self._crew.desk.journal, self._queue)]
        for wait in sorted(found, key=lambda wait: wait.at):
            self._add(wait)

    @property
    def _queue(self) -> str:
        return self._crew.desk.spec.queue.name

    def add(self, held: Held) -> None:
        """One more waits."""
        self._add(Wait.of(held))

    def _add(self, wait: Wait) -> None:
        self._all[wait.id] = wait
        self._same[wait.same] += 1
        if wait.answered:  # the process before ended then: it may be its fault
            self._begin(self._go_on(wait, again=True))
        elif wait.until is not None:
            left = max(0.0, wait.until - wall())
            self._timers[wait.id] = asyncio.get_running_loop().call_later(left, self._time_over, wait.id)

    def about(self, received: Received) -> bool:
        """Whether it is waited for an answer about this message, or that is acted on."""
        return bool(received.key) and same_of(received) in self._same

    async def all(self, after: str = "", most: int | None = None) -> list[Held]:
        """Those that wait and have no answer, the oldest first; the first `most` of those behind the id `after`."""
        ids = [id for id, wait in self._all.items() if not wait.answered]
        first = ids.index(after) + 1 if after in ids else 0
        found = [await self._read(id) for id in ids[first:][:most]]
        return [held for held in found if held is not None and held.answer is None]

    async def _read(self, id: str) -> Held | None:
        return await read_one(self._crew.desk.journal, self._queue, id)

    async def answer(self, id: str, answer: Any) -> bool:
        """Keep an answer and act on it; False if nothing of this id waits for one."""
        while (other := self._answering.get(id)) is not None:
            await asyncio.wait([other])  # whether that one is kept is not known yet
        wait = self._all.get(id)
        if wait is None or wait.answered:
            return False
        over = self._answering[id] = asyncio.get_running_loop().create_future()
        effect = self._crew.desk.effect()
        try:
            note_answer(effect, self._queue, id, answer)
            await self._crew.desk.commit(effect, 0.0)  # the intake waits for it
        finally:
            del self._answering[id]
            over.set_result(None)
        self._all[id] = wait = wait._replace(answered=True)
        self._stop_timer(id)
        self._begin(self._go_on(wait))
        return True

    def undone(self) -> list[str]:
        """Names of those that are being gone on with."""
        return [*self._going]

    def close(self) -> None:
        """Start nothing more."""
        for id in tuple(self._timers):
            self._stop_timer(id)

    def _time_over(self, id: str) -> None:
        self._timers.pop(id, None)
        self._begin(self._answer_nothing(id))

    async def _answer_nothing(self, id: str) -> None:
        try:
            await persisted(partial(self.answer, id, None), id, self._crew.desk.shelf)
        except StoreError as error:
            # the store is opened anew, and this intake with it: its time is over then, too
            _log.error("%s: the end of a wait is not written: %s", self._queue, error)

    def _stop_timer(self, id: str) -> None:
        timer = self._timers.pop(id, None)
        if timer is not None:
            timer.cancel()

    async def _go_on(self, wait: Wait, again: bool = False) -> None:
        """Have `answered` of the consumer run, until it says something else than `Retry`, or too often that.

        What it said last is written however often that takes: it is not to run again for that.
        """
        desk, name = self._crew.desk, stream_of(self._queue, wait.id)
        self._going.add(name)
        desk.suspects.life.begin(name)
        try:
            trial = await persisted(partial(desk.trials.of, name), name, desk.shelf) if again else None
            await persisted(partial(self._in_turn, wait.id, name, trial), name, desk.shelf, STRANGE)
        except StoreError as error:
            # the store is opened anew, and this intake with it: it goes on from the journal
            _log.error("%s: what was answered is not written: %s", self._queue, error)
            return
        except Exception as error:
            if not await self._parked(wait.id, name, error):
                return
        self._going.discard(name)
        desk.suspects.life.over(name)
        if self._all.pop(wait.id, None) is not None:
            self._same[wait.same] -= 1
            self._same += Counter()  # without those of which none is left

    async def _in_turn(self, id: str, name: str, trial: Trial | None) -> None:
        """Have each try in its turn, and message and answer in memory no longer than that."""
        wait: float | None = 0.0
        while wait is not None:
            await asyncio.sleep(wait)
            async with self._ward.place(self._crew.desk.spec.prefetch):
                wait = await self._tried(id, name, trial)

    async def _tried(self, id: str, name: str, trial: Trial | None) -> float | None:
        """Read it and have it tried once; in how many seconds it is to be tried again, None: never."""
        held = await self._read(id)
        return None if held is None else await self._gone_on(held, name, trial)

    async def _parked(self, id: str, name: str, error: Exception) -> bool:
        """Park one to which something happened too often that nobody foresaw; whether it rests now."""
        desk = self._crew.desk

        async def park() -> None:
            held = await self._read(id)
            if held is None:
                return
            received = Received(held.message, self._queue, "")
            way = desk.to_parking(received, held.ticket, UNFORESEEN, f"{type(error).__name__}: {error}")
            await desk.send_round(received, way, partial(self._forget, name))

        try:
            await persisted(park, name, desk.shelf, 1)
        except Exception as another:  # it stays in the journal
            _log.error("%s %r: it cannot be parked: %s", self._queue, name, another)
            return False
        return True

    def _forget(self, name: str, effect: Effect) -> None:
        """What ends with a wait."""
        effect.close(name)
        self._crew.desk.tries.forget(name, effect)
        self._crew.desk.suspects.forget(name, effect)

    async def _gone_on(self, held: Held, name: str, trial: Trial | None) -> float | None:
        desk, ticket, forget = self._crew.desk, held.ticket, partial(self._forget, name)
        received = resumed(held.message, ticket.queue, ticket, held.why, desk.spec.terms)
        if trial is not None and trial.gate is None:
            way = desk.to_parking(received, ticket, CRASHED, ended(trial.crashes))
            way.mark += f" {held.id}"
            await persisted(partial(desk.send_round, received, way, forget), name, desk.shelf)
            return None

        def conclude(told: Handled) -> Conclusion:
            return Conclusion(self._crew, told, forget, held.id)

        async def leisure(write: Callable[[], Awaitable[R]]) -> R:
            return await persisted(write, name, desk.shelf)

        try:
            await handled(
                self._crew,
                received,
                ticket,
                name,
                lambda ticket: True,  # who was answered is not asked anew
                conclude,
                leisure,
                None if trial is None else trial.gate,
                answer=held.answer,
                before=True,
                pause=_later,
            )
        except _Later as later:
            return later.seconds
        return None
