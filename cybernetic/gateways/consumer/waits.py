"""Messages that wait for a person: kept in the journal, asked for by an operator, gone on with when answered."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from cybernetic.core import wall
from cybernetic.gateways.consumer.admission import resumed
from cybernetic.gateways.consumer.attempt import Crew, Handled, handled, persisted
from cybernetic.gateways.consumer.conclusion import Conclusion
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.held import Held, note_answer, read_held, stream_of
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
            await persisted(partial(self.answer, held.id, None), held.id, self._crew.desk.shelf)
        except StoreError as error:
            # the store is opened anew, and this intake with it: its time is over then, too
            _log.error("%s: the end of a wait is not written: %s", held.ticket.queue, error)

    def _stop_timer(self, id: str) -> None:
        timer = self._timers.pop(id, None)
        if timer is not None:
            timer.cancel()

    async def _go_on(self, held: Held, answer: Any) -> None:
        """Have `answered` of the consumer run, until it says something else than `Retry`, or too often that.

        What it said last is written however often that takes: it is not to run again for that.
        """
        desk, ticket = self._crew.desk, held.ticket
        name = stream_of(ticket.queue, held.id)

        def forget(effect: Effect) -> None:
            effect.close(name)
            desk.tries.forget(name, effect)

        received = resumed(held.message, ticket.queue, ticket, held.why, desk.spec.terms)

        async def answered() -> Handled:
            return await handled(self._crew, received, ticket, name, lambda ticket: True, answer=(answer,))

        try:
            told = await persisted(answered, name, desk.shelf)
            await persisted(Conclusion(self._crew, told, forget, held.id).write, name, desk.shelf)
        except StoreError as error:
            # the store is opened anew, and this intake with it: it goes on from the journal
            _log.error("%s: what was answered is not written: %s", ticket.queue, error)
            return
        self._all.pop(held.id, None)
