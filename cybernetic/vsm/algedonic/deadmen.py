"""The deadmen of an algedonode: one for each loop that should beat. Nothing is looked at before one can be due."""

from collections.abc import Collection, Iterable, Iterator
from math import inf

from cybernetic.vsm.ladder.deadman import Deadman
from cybernetic.vsm.ladder.hang import Hang
from cybernetic.vsm.ladder.signals import Cause, Pain, Severity

Key = tuple[str, str]  # role and path of a loop
MISSES = 2  # periods without a beat
UNTOLD = 10.0  # seconds of the period of a silent one of which nothing else is known, until it says its own
_SILENT = " silent"


class Deadmen:
    """Which loops are silent, and which of them are to be ended because they hang.

    Args:
        loops: (role, path, period in seconds) of each.
        now: when they are begun to be watched (seconds).
        silent: those that were silent before; also such as are not among `loops`, for whatever beat once is missed.
        voice: the one that carries what all the others show: while it is silent nothing is known of them.
    """

    def __init__(
        self,
        loops: Iterable[tuple[str, str, float]],
        now: float,
        silent: Collection[Key] = (),
        voice: Key | None = None,
    ) -> None:
        self._voice, self._deaf = voice, False
        told = {(role, path): (period, now) for role, path, period in loops}
        self._watched = dict.fromkeys(silent, (UNTOLD, now)) | told
        self._silent = dict.fromkeys(silent, now)  # and since when they beat again
        self._hangs: dict[Key, Hang] = {}  # of those that were ended
        self._there: dict[
            Key, tuple[object, float]
        ] = {}  # who runs a silent loop, and since when he was seen
        self._due = self._next()

    def __contains__(self, key: Key) -> bool:
        return key in self._watched

    def beat(self, key: Key, period: float, now: float) -> bool:
        """A loop shows that it lives, and that it will again within `period`; whether its silence is over.

        That of one that was ended for hanging is over when it has shown for long enough that it does not hang again.
        """
        missed = key in self._silent and self._deadman(key).missed(now)
        if key == self._voice and self._deaf:
            self._deaf = False
            self.forgive(now)
        self._watched[key] = period, now
        self._due = min(self._due, now + MISSES * period)
        if key not in self._silent:
            return False
        since = self._silent[key] = now if missed else self._silent[key]
        self._there.pop(key, None)
        if now - since < self._hang(key, now).proof(MISSES * period):
            return False
        del self._silent[key]
        self._there.pop(key, None)
        return True

    def works(self, key: Key) -> None:
        """Who runs a loop is busy with what came before, and comes on: it is silent, and does not hang."""
        self._there.pop(key, None)

    def forgive(self, now: float) -> None:
        """Nothing could be heard until `now`: all may have said that they live."""
        self._watched = {key: (period, now) for key, (period, _) in self._watched.items()}
        self._there = {}
        self._due = self._next()

    def missed(self, now: float) -> list[Key]:
        """Those that have become silent."""
        if self._voice in self._watched:
            self._deaf = self._deadman(self._voice).missed(now)
        if now < self._due:
            return []
        found = [key for key, due in self._dues() if now >= due]
        if self._deaf:
            found = [key for key in found if key == self._voice]
        self._silent |= dict.fromkeys(found, now)
        self._due = self._next()
        return found

    @property
    def silent(self) -> tuple[Key, ...]:
        """Those that are known to be silent."""
        return tuple(key for key in self._silent if not self._deaf or key == self._voice)

    def hangs(self, key: Key, who: object, now: float) -> bool:
        """Whether `who` is there to run a silent loop has been there for longer than he is given; None: nobody is."""
        known, since = self._there.get(key, (None, now))
        if who is None or who != known:
            self._there[key] = who, now
            return False
        silence = MISSES * self._watched[key][0]
        return now - max(since, self._deadman(key).due) >= self._hang(key, now).patience(silence)

    def ended(self, key: Key, now: float) -> int:
        """What hung was ended; how often that was so of late. Its successor is given longer."""
        self._hangs[key] = self._hang(key, now).ended(now)
        return self._hangs[key].times

    def _hang(self, key: Key, now: float) -> Hang:
        """What is remembered of a loop."""
        known = self._hangs.get(key)
        if known is not None and known.forgotten(MISSES * self._watched[key][0], now):
            known = None
            del self._hangs[key]
        return known or Hang()

    def _next(self) -> float:
        """When the next of those that are not silent is due; a beat only makes it later."""
        return min((due for _, due in self._dues()), default=inf)

    def _dues(self) -> Iterator[tuple[Key, float]]:
        """Those that are not silent, and when each is (see `Deadman.due`): of all of them, several times a second."""
        watched, silent = self._watched, self._silent
        return ((key, last + MISSES * period) for key, (period, last) in watched.items() if key not in silent)

    def _deadman(self, key: Key) -> Deadman:
        """Beats come far more often than anything is due: so a deadman is made where one is looked at."""
        return Deadman(*self._watched[key], MISSES)


def silence(key: Key, now: float) -> Pain:
    """What is felt of a loop that is silent."""
    role, path = key
    return Pain(path, f"{role}{_SILENT}", Cause.HEARTBEAT, Severity.ALERT, 1.0, now)


def silences(pains: Iterable[Pain]) -> list[Key]:
    """The loops whose silence is felt."""
    felt = (pain for pain in pains if pain.cause is Cause.HEARTBEAT and pain.index.endswith(_SILENT))
    return [(pain.index.removesuffix(_SILENT), pain.path) for pain in felt]
