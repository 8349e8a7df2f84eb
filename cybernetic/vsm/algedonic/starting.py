"""The start of a level: while it goes on, what is not there yet is no silence; one that does not end hurts once."""

from collections.abc import Collection
from typing import Any

from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Severity

STARTS = 60.0  # seconds that a level may take to start, units that load something included, before that hurts


class Starting:
    """Whether a level has come to the end of its start: what begins last is there.

    Args:
        system: where it starts.
        path: of the level.
        levels: paths of the levels within it.
        now: since when it is watched, seconds.
    """

    def __init__(self, system: Any, path: str, levels: Collection[str], now: float) -> None:
        self._system, self._path, self._levels = system, path, levels
        self._until = now + STARTS
        self._over = self._said = False
        self.key = PainKey(path, "start", Cause.HEARTBEAT.value)

    @property
    def goes_on(self) -> bool:
        """Whether what begins last has never been there yet."""
        self._over = self._over or self._complete(self._path)
        return not self._over

    def late(self, now: float) -> Pain | None:
        """What is felt of a start that does not end, once: in the level where it does not, not in those around it."""
        if self._said or now < self._until or not self.goes_on or any(map(self._starts, self._levels)):
            return None
        self._said = True
        return Pain(self._path, self.key.index, Cause.HEARTBEAT, Severity.ALERT, 1.0, now)

    def _starts(self, level: str) -> bool:
        return self._system.whereis(level) is not None and not self._complete(level)

    def _complete(self, level: str) -> bool:
        return self._system.whereis(f"{level}:metasystem") is not None
