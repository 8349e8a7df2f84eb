"""The half of a link that sees whether the other end lives, and lets it know that this one does."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from cybernetic.nodes.link import beats
from cybernetic.nodes.link.kinds import BEAT_FRAME
from cybernetic.nodes.link.output import Output
from cybernetic.nodes.link.settings import LinkSettings

Lagging = Callable[[float], object]


class Alive(Output):
    """When the other end was heard last, and what follows from its silence."""

    __slots__ = ("_heard", "_lagged", "_lagging", "_pulse", "_watch")

    def __init__(self, transport: asyncio.Transport, window: int, settings: LinkSettings) -> None:
        super().__init__(transport, window, settings)
        self._heard = self._clock()
        self._pulse = beats.Pulse(self._heard, self._heard)
        self._lagged = False
        self._lagging: Lagging | None = None
        self._watch: asyncio.TimerHandle | None = None  # of the beats

    def hurry(self, dead_after: float) -> None:
        """Take the peer for lost after `dead_after` seconds of silence, where the settings allow it more."""
        if dead_after < self._settings.dead_after:
            lag = min(self._settings.lag, dead_after / 2)
            self._settings = replace(self._settings, dead_after=dead_after, lag=lag)

    def abort(self, reason: str) -> None:
        """End the link at once, without a word to the peer."""
        raise NotImplementedError

    def _live(self) -> None:
        """Begin to watch, and to let the peer know that we live."""
        self._heard = self._clock()
        self._pulse = beats.Pulse(self._heard, self._heard)
        self._watch = self._loop.call_later(self._settings.interval, self._look)

    def _look(self) -> None:
        """See whether the peer lives; let it know that we do."""
        settings, now = self._settings, self._clock()
        self._pulse, verdict = beats.check(
            self._pulse,
            now,
            self._heard,
            self._sent,
            interval=settings.interval,
            lag=settings.lag,
            dead_after=settings.dead_after,
        )
        self._sent = False
        if verdict.dead:
            self.abort(f"silent for {settings.dead_after:g} s")
            return
        if verdict.beat and not self._paused:  # otherwise enough is on its way
            self._write(BEAT_FRAME)
            self._sent = False
        self._watch = self._loop.call_at(now + settings.interval, self._look)
        if verdict.lagging:
            self._lagged = True
            if self._lagging is not None:
                self._lagging(verdict.silent)
