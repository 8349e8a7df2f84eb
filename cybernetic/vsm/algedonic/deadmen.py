"""The deadmen of an algedonode: one for each loop that should beat. Nothing is looked at before one can be due."""

from collections.abc import Collection, Iterable
from math import inf

from cybernetic.vsm.ladder.deadman import Deadman

Key = tuple[str, str]  # role and path of a loop
MISSES = 2  # periods without a beat


class Deadmen:
    """Which loops are silent.

    Args:
        loops: (role, path, period in seconds) of each.
        now: when they are begun to be watched (seconds).
        silent: those that were silent before.
    """

    def __init__(
        self, loops: Iterable[tuple[str, str, float]], now: float, silent: Collection[Key] = ()
    ) -> None:
        self._watched = {(role, path): (period, now) for role, path, period in loops}
        self._silent = {key for key in self._watched if key in silent}
        self._due = self._next()

    def __contains__(self, key: Key) -> bool:
        return key in self._watched

    def beat(self, key: Key, period: float, now: float) -> bool:
        """A loop shows that it lives, and that it will again within `period`; whether it had been silent."""
        self._watched[key] = period, now
        self._due = min(self._due, now + MISSES * period)
        if key not in self._silent:
            return False
        self._silent.discard(key)
        return True

    def forgive(self, now: float) -> None:
        """Nothing could be heard until `now`: all may have said that they live."""
        self._watched = {key: (period, now) for key, (period, _) in self._watched.items()}
        self._due = self._next()

    def missed(self, now: float) -> list[Key]:
        """Those that have become silent."""
        if now < self._due:
            return []
        found = [key for key in self._watched if key not in self._silent and self._deadman(key).missed(now)]
        self._silent.update(found)
        self._due = self._next()
        return found

    def _next(self) -> float:
        """When the next of those that are not silent is due; a beat only makes it later."""
        return min((self._deadman(key).due for key in self._watched if key not in self._silent), default=inf)

    def _deadman(self, key: Key) -> Deadman:
        """Beats come far more often than anything is due: so a deadman is made where one is looked at."""
        return Deadman(*self._watched[key], MISSES)
