"""Several companies made at once: as many processes as there are processors, the others wait for their turn."""

import os
import select
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from cybernetic.apps.demo.screen.film import Film
from cybernetic.apps.demo.screen.reel import Reel, Source


class Pool:
    """Makes films in other processes, from `with` to the end of the block; none of them outlives it.

    Args:
        most: processes at once. Default: the processors there are.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most or os.cpu_count() or 1
        self._waiting: list[tuple[Reel, Callable[[], bool]]] = []
        self._running: list[Reel] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def reels(self) -> Sequence[Reel]:
        """Those that are at work, to be waited for with `select`."""
        return tuple(self._running)

    def add(
        self,
        film: Film,
        source: Source,
        *,
        at_once: bool = False,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        """Have a film made: `at_once`, or when it is its turn, of those that are `ready` by then."""
        reel = Reel(film, source)
        if at_once:
            self._start(reel)
        else:
            self._waiting.append((reel, ready))
            self._fill()

    def take(self, ready: Sequence[Reel]) -> None:
        """Take what has come of those that can be read. Raises `ReelTorn`."""
        for reel in ready:
            reel.take()
        self._running = [reel for reel in self._running if reel.running]
        self._fill()

    def finish(self) -> Iterator[None]:
        """Make all that is left; after each piece that came there is a turn for others. Raises `ReelTorn`."""
        while self._running:
            ready, _, _ = select.select(self._running, [], [])
            self.take(ready)
            yield

    def _fill(self) -> None:
        for one in list(self._waiting):
            reel, ready = one
            if len(self._running) < self._most and ready():
                self._waiting.remove(one)
                self._start(reel)

    def _start(self, reel: Reel) -> None:
        self._running.append(self._stack.enter_context(reel))
