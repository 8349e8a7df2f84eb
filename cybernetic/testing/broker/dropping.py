"""The contract of a broker: what a queue drops that is declared to drop is told, each message once."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cybernetic.core import attach
from cybernetic.gateways import MessageDropped, Queue, Topology
from cybernetic.testing.broker.stage import KINDS, QUIET, Contract, Stage

SOON = 0.1  # seconds
FULL: dict[str, Any] = {"lossy": True, "overflow": "drop-head"}

LIMITS: tuple[dict[str, Any], ...] = ({"max_length": 3}, {"max_bytes": 3})


class Dropping(Contract):
    """What is dropped is counted."""

    async def test_what_is_too_much_for_a_lossy_queue_is_told_each_once(self) -> None:
        """By number and by bytes; what is left is consumed as ever."""
        async with self.stage() as stage:
            with told(stage) as dropped:
                for kind in KINDS:
                    for limit in LIMITS:
                        queue = await stage.queue(f"{kind}-{next(iter(limit))}", kind, **FULL, **limit)
                        await stage.put(queue, *[b"%d" % number for number in range(8)])
                        await stage.holds(queue, 3)
                        await dropped.are({(queue, "maxlen"): 5})
                        assert await (await stage.intake(queue)).bodies(3) == [b"5", b"6", b"7"]

    async def test_what_is_late_is_told_apart_from_what_is_too_much(self) -> None:
        """With its reason."""
        async with self.stage() as stage:
            with told(stage) as dropped:
                for kind in KINDS:
                    queue = await stage.queue(kind, kind, **FULL, max_length=2, ttl=SOON)
                    await stage.put(queue, b"1", b"2", b"3")
                    await dropped.are({(queue, "maxlen"): 1, (queue, "expired"): 2})

    async def test_what_is_dropped_is_told_once_where_several_have_declared_the_queue(self) -> None:
        """Each of two sessions, and one of them twice."""
        async with self.stage() as stage:
            with told(stage) as dropped:
                queue = await stage.queue("q", **FULL, max_length=1)
                for session in (await stage.another(), stage.session):
                    await session.declare(Topology(queues=(Queue(queue, "classic", **FULL, max_length=1),)))
                await stage.put(queue, *[b"x"] * 101)
                await dropped.are({(queue, "maxlen"): 100})

    async def test_what_goes_on_to_dead_letters_is_not_dropped(self) -> None:
        """It is there to be counted."""
        async with self.stage() as stage:
            with told(stage) as dropped:
                dead = await stage.queue("dead")
                queue = await stage.queue("q", **FULL, max_length=1, dead_letter="", dead_letter_key=dead)
                await stage.put(queue, b"1", b"2", b"3")
                await stage.holds(dead, 2)
                await dropped.are({})

    async def test_a_queue_that_goes_with_its_connection_is_counted_as_well(self) -> None:
        """An exclusive one that is deleted with its last consumer."""
        async with self.stage() as stage:
            with told(stage) as dropped:
                session, queue = await stage.another(), stage.name("q")
                own: dict[str, Any] = {"durable": False, "exclusive": True, "auto_delete": True}
                spec = Queue(queue, "classic", **FULL, max_length=1, **own)
                await session.declare(Topology(queues=(spec,)))
                await stage.put(queue, b"1", b"2")
                await dropped.are({(queue, "maxlen"): 1})


class Dropped:
    """What was told of the queues of a stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._told = Counter[tuple[str, str]]()

    def tell(self, event: MessageDropped) -> None:
        """A message was dropped."""
        if event.queue.startswith(self._stage.name("")):
            self._told[event.queue, event.reason] += 1

    async def are(self, expected: dict[tuple[str, str], int]) -> None:
        """Wait until these were told, by queue and reason, and see that no more are; then begin anew."""
        await self._stage.until(
            lambda: self._told >= Counter(expected), f"{expected} dropped, got so far: {self._told}"
        )
        await asyncio.sleep(QUIET)
        assert self._told == Counter(expected)
        self._told.clear()


@contextmanager
def told(stage: Stage) -> Iterator[Dropped]:
    """What is told in the block."""
    dropped = Dropped(stage)
    detach = attach(MessageDropped, dropped.tell)
    try:
        yield dropped
    finally:
        detach()
