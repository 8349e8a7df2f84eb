"""Trials of suspects: who may be handled, beside how many, and who has ended so many processes that it is parked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import NamedTuple

from cybernetic.gateways.consumer.sides import bench, trials
from cybernetic.gateways.consumer.spec import Consume
from cybernetic.gateways.consumer.suspects import Suspects
from cybernetic.gateways.consumer.turn import Turn
from cybernetic.gateways.consumer.ward import MANY, Ward, beside, door, last

Gate = Callable[[Turn], AbstractAsyncContextManager[None]]  # what each try of a suspect goes through


class Trial(NamedTuple):
    """What is known of a suspect: how many crashes it may have caused; `gate` is None when these are too many."""

    crashes: int
    gate: Gate | None


class Trials:
    """Tells who ends processes from who was there: those of one queue.

    All that are being handled when a process ends are suspects. Each time that they come again, half as many are
    handled side by side. Before the crash that would be the last for one, it is kept apart, for twice as long as it had
    been handled, and no other suspect is handled: a process that ends meanwhile speaks for it. Then it is handled
    alone, with nothing else beside it of all that the gateways of its process consume. What needs less time than those
    have that it waits for is handled meanwhile: nobody waits for longer, until it begins, than for its own `timeout`.

    What is told of the process is meant of its event loop: one that runs gateways in several has suspects for each, as
    if they were processes. Their stores are different ones, so that none counts for another; who is handled alone in
    one loop may be blamed for what another loop does, and rests then, where a person finds it: nothing is lost.

    Lossy queues are apart from all that, for heartbeats that wait are of no use: what comes from them is counted, and
    waits for nobody of another queue.

    Args:
        spec: what is consumed.
        suspects: counts on the disk.
    """

    def __init__(self, spec: Consume, suspects: Suspects) -> None:
        self._spec, self._suspects = spec, suspects
        self._ward = Ward()

    async def of(self, name: str) -> Trial | None:
        """What is known of what comes again under this name; None: it went back in an orderly way."""
        crashes, most = await self._suspects.look(name), self._spec.crashes
        if not crashes:
            return None
        if crashes >= most:
            return Trial(crashes, None)
        alone = last(crashes, most) and not self._spec.queue.lossy
        return Trial(crashes, partial(self._alone if alone else self._beside, name, crashes))

    def door(self) -> AbstractAsyncContextManager[None]:
        """What those go through who are no suspects: they wait for one that is handled alone."""
        return nullcontext() if self._spec.queue.lossy else door().place(MANY, self._spec.timeout)

    @asynccontextmanager
    async def _beside(self, name: str, crashes: int, turn: Turn) -> AsyncIterator[None]:
        """What is handled inside may end the process: it is counted, and few others are beside it."""
        few = beside(crashes, self._spec.crashes, self._spec.prefetch)
        side = nullcontext() if self._spec.queue.lossy else bench().side(alone=False)
        async with side, self._ward.place(few), self.door():
            await self._count(name, crashes, turn)
            yield

    @asynccontextmanager
    async def _alone(self, name: str, crashes: int, turn: Turn) -> AsyncIterator[None]:
        """The next crash is the last: it is kept apart before its first try, and then nothing is beside it."""
        async with bench().side(alone=True):
            if not self._suspects.tried(name):
                async with trials().side(alone=False):
                    handled = await self._suspects.apart(name, crashes)
                    await asyncio.sleep(min(2 * handled, self._spec.timeout))
                    await self._suspects.rests(name)
            async with trials().side(alone=True), self._ward.place(1), door().place(1):
                await self._count(name, crashes, turn)
                yield

    async def _count(self, name: str, crashes: int, turn: Turn) -> None:
        """Have on the disk whether it is handled now: its delivery may come or go while that is written."""
        written = None
        while written is not (here := turn.here):
            await (self._suspects.begin(name, crashes) if here else self._suspects.rests(name))
            written = here
