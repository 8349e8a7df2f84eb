"""What is felt of ends: an operation that ended, a unit or level that used up its restarts, errors one upon another."""

from collections.abc import Collection, Iterable
from enum import Enum

from cybernetic.core import NoProc, Reason
from cybernetic.vsm.ladder.deadman import ErrorBurst
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Severity

STEADY = 10.0  # seconds without a further end after which what had used up its restarts is well again


class Watched(Enum):
    """What it is that may end."""

    OPERATION = "operation"  # does the work of a unit
    LEVEL = "level"  # the viable system within a unit
    UNIT = "unit"  # what keeps either alive
    UNITS = "units"  # what keeps all units of the level


class Nerves:
    """Turns ends into pains, and the return of what ended into relief. Values in, values out; time in seconds.

    An end that was ordered is no pain of an operation. What restarts others ends in order as well when it gives up:
    whether it was asked to, its surroundings have to know.

    Args:
        known: pains that are open already, from the books.
        now: the time.
    """

    def __init__(self, known: Iterable[PainKey] = (), now: float = 0.0) -> None:
        self._open = {key: now for key in known if key.cause in _CAUSES}
        self._bursts: dict[str, ErrorBurst] = {}

    def ended(self, path: str, what: Watched, reason: Reason, now: float) -> list[Pain]:
        """What is felt of an end: nothing where there was nobody, or in order."""
        if isinstance(reason, NoProc):
            return []
        if what is Watched.OPERATION:
            return [] if reason.orderly else [self._felt(path, Cause.EXIT, now), *self._error(path, now)]
        cause = Cause.EXHAUSTED if reason.orderly else Cause.EXIT
        return [self._felt(path, cause, now)]

    def _error(self, path: str, now: float) -> list[Pain]:
        burst = self._bursts[path] = self._bursts.get(path, ErrorBurst()).after(now)
        return [self._felt(path, Cause.ERRORS, now)] if burst.reached else []

    def _felt(self, path: str, cause: Cause, now: float) -> Pain:
        pain = Pain(path, _CAUSES[cause.value], cause, Severity.ALERT, 1.0, now)
        self._open[pain.key] = now
        return pain

    def over(self, alive: Collection[str], now: float) -> list[PainKey]:
        """The pains that are over, `alive` being the paths of what lives: an exit when it is back, the rest when
        nothing has ended for `STEADY` seconds besides.
        """
        gone = [
            key
            for key, at in self._open.items()
            if key.path in alive and (key.cause == Cause.EXIT.value or now - at >= STEADY)
        ]
        for key in gone:
            del self._open[key]
        return gone

    @property
    def paths(self) -> set[str]:
        """Where something is felt."""
        return {key.path for key in self._open}


_CAUSES = {Cause.EXIT.value: "exit", Cause.EXHAUSTED.value: "restarts", Cause.ERRORS.value: "errors"}
