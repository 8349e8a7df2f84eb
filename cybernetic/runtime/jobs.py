"""What threads do for a loop on virtual time: what comes of it comes in an order that does not depend on them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cybernetic.core import real

PATIENCE = (
    5.0  # real seconds for which the first job holds up those that ended before it: it may wait for them
)
RESTLESS = 1000  # passes of a loop that never rests, such as one in which somebody asks each pass whether it is there


@dataclass(slots=True, eq=False)
class _Job:
    """One job: `made` has its result as soon as it has ended, `told` when the loop is to know."""

    made: "asyncio.Future[Any]"
    told: "asyncio.Future[Any]"
    until: float | None = None  # in real time, while the loop has nothing to do but to wait for it

    def tell(self) -> None:
        error = None if self.made.cancelled() else self.made.exception()
        if self.told.done():
            return
        if self.made.cancelled():
            self.told.cancel()
        elif error is not None:
            self.told.set_exception(error)
        else:
            self.told.set_result(self.made.result())


class Jobs:
    """The jobs of one loop that it has not been told of yet.

    It is told of one at a time, when nothing else is ready, in the order in which they were given: so the same program
    does the same, whichever thread is first. That holds up none for ever: where the first one takes long, or the loop
    never rests, it is told of the others as they end.
    """

    def __init__(self) -> None:
        self._jobs: dict[asyncio.Future[Any], _Job] = {}
        self._passes = 0

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def add(self, made: "asyncio.Future[Any]", told: "asyncio.Future[Any]") -> "asyncio.Future[Any]":
        """What a thread does now; returns `told`, which can be cancelled as `made` can."""
        self._jobs[told] = _Job(made, told)
        told.add_done_callback(self._over)
        return told

    def busy(self) -> None:
        """The loop goes round once more, with other things to do."""
        if self._jobs:
            self._passes += 1
            if self._passes > RESTLESS:
                self._tell()

    def rest(self, poll: Callable[[float | None], Any]) -> Any:
        """The loop has nothing to do but to wait for these: tell it of one, or wait with `poll(seconds)`."""
        first = next(iter(self._jobs.values()))
        if first.made.done() or (first.until is not None and first.until <= real()):
            return None if self._tell() else poll(None)
        if first.until is None:
            first.until = real() + PATIENCE
        return poll(max(0.0, first.until - real()))

    def _tell(self) -> bool:
        """Of the first that has ended. Whether one has."""
        ended = next((job for job in self._jobs.values() if job.made.done()), None)
        if ended is None:
            return False
        self._passes = 0
        del self._jobs[ended.told]
        ended.tell()
        return True

    def _over(self, told: "asyncio.Future[Any]") -> None:
        """Known, or not wanted any more: what has not begun is not done then."""
        job = self._jobs.pop(told, None)
        if job is not None:
            job.made.cancel()
