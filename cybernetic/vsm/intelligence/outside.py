"""What system 4 sees of the environment beside how much comes: how the ports serve, and whether it knows what comes."""

from collections import Counter, deque

from cybernetic.vsm.intelligence.messages import PortHealth
from cybernetic.vsm.intelligence.streams import Stream
from cybernetic.vsm.ports.notices import PortUse

LATEST = 100  # tasks of which the part of strange ones is told
FADE = 0.2  # weight of the latest tick in how a port serves
KINDS = 1000  # that are known apart; beyond them all is strange


class Kinds:
    """Which kinds of tasks have come, and how many of the latest were of one that had never come before."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._strange: deque[bool] = deque(maxlen=LATEST)

    def came(self, kind: str) -> None:
        """A task has come."""
        known = kind in self.counts
        self._strange.append(not known)
        if known or len(self.counts) < KINDS:
            self.counts[kind] += 1

    @property
    def strange(self) -> float:
        """The open-set rate: the part of the latest tasks that was of an unknown kind, 0 to 1."""
        return sum(self._strange) / len(self._strange) if self._strange else 0.0


class Health:
    """How one port serves: what went wrong as a stream of counts, and the part of all calls."""

    def __init__(self, lead: int) -> None:
        self._stream = Stream(lead)
        self._now, self._calls, self._bad = PortUse(), 0.0, 0.0

    def used(self, use: PortUse) -> None:
        """It was used so in this tick."""
        self._now += use

    def after(self) -> None:
        """The tick is over."""
        self._stream.after(self._now.bad)
        self._calls += FADE * (self._now.calls - self._calls)
        self._bad += FADE * (self._now.bad - self._bad)
        self._now = PortUse()

    @property
    def told(self) -> PortHealth | None:
        """What there is to say; None before the first tick is over."""
        if not self._stream.data:
            return None
        share = self._bad / self._calls if self._calls else 0.0
        return PortHealth(self._calls, min(1.0, share), self._stream.expectation())
