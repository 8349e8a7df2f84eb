"""Messages that wait for a person: kept in the journal, asked for by an operator, gone on with when answered."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from cybernetic.core import wall
from cybernetic.gateways.consumer.admission import resumed
from cybernetic.gateways.consumer.attempt import Crew, Handled, handled, persisted
from cybernetic.gateways.consumer.conclusion import CRASHED, Conclusion, ended
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.held import Held, note_answer, read_held, stream_of
from cybernetic.gateways.consumer.identity import same_of
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.turn import Turn
from cybernetic.gateways.consumer.ward import Ward
from cybernetic.state import StoreError

_log = logging.getLogger("cybernetic.gateways")


class Waits:
    """The messages of one queue that wait for an answer.

    Args:
        crew: the intake.
        begin: runs a coroutine beside the intake's mailbox.
    """

    def __init__(self, crew: Crew, begin: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._crew, self._begin = crew, begin
        self._all: dict[str, Held] = {}
        self._same: Counter[str] = Counter()  # of which messages they are
        self._going: set[str] = set()  # names of those that are gone on with
        self._ward = Ward()  # as many are gone on with at a time as the queue has credit
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def resume(self) -> None:
        """Read what waited when the process before ended, and go on with what was answered."""
        for held in await read_held(self._crew.desk.journal, self._crew.desk.spec.queue.name):
            self.add(held)

    def add(self, held: Held) -> None:
        """One more waits."""
        self._all[held.id] = held
        self._same[held.same] += 1
        if held.answer is not None:  # the process before ended then: it may be its fault
            self._begin(self._go_on(held, held.answer[0], again=True))
        elif held.until is not None:
            left = max(0.0, held.until - wall())
            self._timers[held.id] = asyncio.get_running_loop().call_later(left, self._time_over, held)

    def about(self, received: Received) -> bool:
        """Whether it is waited for an answer about this message, or that is acted on."""
        return bool(received.key) and same_of(received) in self._same

    def all(self) -> list[Held]:
        """All that wait and have no answer, the oldest first."""
        return [held for held in self._all.values() if held.answer is None]

    async def answer(self, id: str, answer: Any) -> bool:
        """Keep an answer and act on it; False if nothing of this id waits for one."""
        held = self._all.get(id)
        if held is None or held.answer is not None:
            return False
        self._all[id] = held = held._replace(answer=(answer,))
        effect = self._crew.desk.effect()
        try:
            note_answer(effect, held, answer)
            await self._crew.desk.commit(effect)
        except BaseException:
            self._all[id] = held._replace(answer=None)
            raise
        self._stop_timer(id)
        self._begin(self._go_on(held, answer))
        return True

    def undone(self) -> list[str]:
        """Names of those that are being gone on with."""
        return [*self._going]

    def close(self) -> None:
        """Start nothing more."""
        for id in tuple(self._timers):
            self._stop_timer(id)

    def _time_over(self, held: Held) -> None:
        self._timers.pop(held.id, None)
        self._begin(self._answer_nothing(held))

    async def _answer_nothing(self, held: Held) -> None:
        try:
            await persisted(partial(self.answer, held.id, None), held.id, self._crew.desk.shelf)
        except StoreError as error:
            # the store is opened anew, and this intake with it: its time is over then, too
            _log.error("%s: the end of a wait is not written: %s", held.ticket.queue, error)

    def _stop_timer(self, id: str) -> None:
        timer = self._timers.pop(id, None)
        if timer is not None:
            timer.cancel()

    async def _go_on(self, held: Held, answer: Any, again: bool = False) -> None:
        """Have `answered` of the consumer run, until it says something else than `Retry`, or too often that.

        What it said last is written however often that takes: it is not to run again for that.
        """
        name = stream_of(held.ticket.queue, held.id)
        self._going.add(name)
        self._crew.desk.suspects.life.begin(name)
        try:
            await self._gone_on(held, name, answer, again)
        except StoreError as error:
            # the store is opened anew, and this intake with it: it goes on from the journal
            _log.error("%s: what was answered is not written: %s", held.ticket.queue, error)
            return
        self._going.discard(name)
        self._crew.desk.suspects.life.over(name)
        if self._all.pop(held.id, None) is not None:
            self._same[held.same] -= 1
            self._same += Counter()  # without those of which none is left

    async def _gone_on(self, held: Held, name: str, answer: Any, again: bool) -> None:
        desk, ticket = self._crew.desk, held.ticket

        def forget(effect: Effect) -> None:
            effect.close(name)
            desk.tries.forget(name, effect)
            desk.suspects.forget(name, effect)

        received = resumed(held.message, ticket.queue, ticket, held.why, desk.spec.terms)

        gate = None
        if again and (trial := await persisted(partial(desk.trials.of, name), name, desk.shelf)) is not None:
            gate = trial.gate
            if gate is None:
                way = desk.to_parking(received, ticket, CRASHED, ended(trial.crashes))
                way.mark += f" {held.id}"
                await persisted(partial(desk.send_round, received, way, forget), name, desk.shelf)
                return

        @asynccontextmanager
        async def place(turn: Turn) -> AsyncIterator[None]:
            async with (
                self._ward.place(desk.spec.prefetch),
                gate(turn) if gate is not None else desk.trials.door(),
            ):
                yield

        def conclude(told: Handled) -> Conclusion:
            return Conclusion(self._crew, told, forget, held.id)

        async def answered() -> Conclusion:
            return await handled(
                self._crew, received, ticket, name, lambda ticket: True, conclude, place, answer=(answer,)
            )

        end = await persisted(answered, name, desk.shelf)
        await persisted(end.write, name, desk.shelf)
