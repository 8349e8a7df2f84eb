"""Messages that wait for a person: kept in the journal, asked for by an operator, gone on with when answered."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from cybernetic.core import wall
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.guard import resumed
from cybernetic.gateways.consumer.held import Held, note_answer, read_held, stream_of
from cybernetic.gateways.consumer.round import Crew, attempt, conclude
from cybernetic.gateways.consumer.verdicts import Retry
from cybernetic.state import NoRoom

_log = logging.getLogger("cybernetic.gateways")

PAUSE = 5.0  # seconds before what could not be written is tried again


class Waits:
    """The messages of one queue that wait for an answer.

    Args:
        crew: the intake.
        begin: runs a coroutine beside the intake's mailbox.
    """

    def __init__(self, crew: Crew, begin: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._crew, self._begin = crew, begin
        self._all: dict[str, Held] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def resume(self) -> None:
        """Read what waited when the process before ended, and go on with what was answered."""
        for held in await read_held(self._crew.desk.journal, self._crew.desk.spec.queue.name):
            self.add(held)

    def add(self, held: Held) -> None:
        """One more waits."""
        self._all[held.id] = held
        if held.answer is not None:
            self._begin(self._go_on(held, held.answer[0]))
        elif held.until is not None:
            left = max(0.0, held.until - wall())
            self._timers[held.id] = asyncio.get_running_loop().call_later(left, self._time_over, held)

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

    def close(self) -> None:
        """Start nothing more."""
        for id in tuple(self._timers):
            self._stop_timer(id)

    def _time_over(self, held: Held) -> None:
        self._timers.pop(held.id, None)
        self._begin(self._answer_nothing(held))

    async def _answer_nothing(self, held: Held) -> None:
        try:
            await self.answer(held.id, None)
        except NoRoom as error:
            _log.error("%s: the end of a wait could not be written: %s", held.ticket.queue, error)
            await asyncio.sleep(PAUSE)
            self._time_over(held)

    def _stop_timer(self, id: str) -> None:
        timer = self._timers.pop(id, None)
        if timer is not None:
            timer.cancel()

    async def _go_on(self, held: Held, answer: Any) -> None:
        """Have `answered` of the consumer run, until it says something else than `Retry`, or too often that."""
        desk, ticket = self._crew.desk, held.ticket

        def forget(effect: Effect) -> None:
            effect.close(stream_of(ticket.queue, held.id))

        while True:
            received = resumed(held.message, held.ticket.queue, ticket, held.why, desk.spec.guard)
            effect = desk.effect()
            verdict = await attempt(self._crew, received, effect, (answer,))
            if isinstance(verdict, Retry) and ticket.retries < desk.spec.retries.count:
                ticket, step = desk.retry(received, ticket, verdict.why, verdict.after)
                await asyncio.sleep(step)
                continue
            try:
                await conclude(self._crew, received, ticket, verdict, effect, forget, held.id)
            except NoRoom as error:
                _log.error("%s: what was answered could not be written: %s", ticket.queue, error)
                await asyncio.sleep(PAUSE)
                continue
            self._all.pop(held.id, None)
            return
