"""Whether a channel can carry what is sent through it: Beer's second principle, as load against capacity."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import instance, later
from cybernetic.vsm.variety.backlog import Backlog

SHORTEST = 1e-9
"""The shortest period, seconds: within less no rate is an average."""


@dataclass(frozen=True, slots=True)
class ChannelLoad:
    """The load of one channel. Values in, values out: `sent` and `served` return the next.

    `capacity` is how many messages a second it carries (> 0), `period` the seconds (>= 1e-9) of the loop it
    serves, over which the rate is averaged, with weights that halve every half period. `rate` is the average
    (messages a second) as of `at`, `waiting` the times at which messages still queued were sent, the oldest first
    and none after `at`. Raises `OptionError`, also for a capacity so small that no number says how many times over one
    message takes it up.
    """

    capacity: float
    period: float
    rate: float = 0.0
    at: float = 0.0
    waiting: Sequence[float] = field(default_factory=Backlog)

    def __post_init__(self) -> None:
        number("capacity", self.capacity, above=0)
        number("period", self.period, least=SHORTEST)
        number("rate", self.rate, least=0)
        number("at", self.at)
        if (self.rate + self._one) / self.capacity == inf:
            raise OptionError("capacity", f"a finite part of the rate ({self.rate:g})", self.capacity)
        object.__setattr__(self, "waiting", _checked(self.waiting, self.at))

    def sent(self, now: float) -> "ChannelLoad":
        """The load after a message was sent at `now` (seconds, not before the last). Raises `OptionError`."""
        rate = self._rate(now) + self._one
        if rate / self.capacity == inf:
            raise OptionError("rate", f"a finite multiple of the capacity ({self.capacity:g})", rate)
        return changed(self, rate=rate, at=now, waiting=_backlog(self.waiting).sent(now))

    def served(self, count: int = 1) -> "ChannelLoad":
        """The load after the oldest `count` messages (>= 0) were taken out. Raises `OptionError`."""
        return changed(self, waiting=_backlog(self.waiting).served(whole("count", count)))

    def utilisation(self, now: float) -> float:
        """The arriving rate over the capacity, at `now` (seconds). Raises `OptionError`."""
        return self._rate(now) / self.capacity

    def age(self, now: float) -> float:
        """How long the oldest message has waited at `now` (seconds); 0 if none. Raises `OptionError`."""
        later("now", now, self.at)
        return now - self.waiting[0] if self.waiting else 0.0

    def overloaded(self, now: float, most: float = 0.8) -> bool:
        """Whether the utilisation is above `most` (> 0), or something has waited longer than a period.

        Raises `OptionError`.
        """
        return self.utilisation(now) > number("most", most, above=0) or self.age(now) > self.period

    @property
    def _one(self) -> float:
        """What one message adds to the rate."""
        return 0.6931471805599453 / (self.period / 2)

    def _rate(self, now: float) -> float:
        passed = later("now", now, self.at) - self.at
        return float(self.rate * 2 ** (-passed / (self.period / 2)))


def _checked(times: Sequence[float], at: float) -> Backlog:
    last = -inf
    for n, one in enumerate(instance("waiting", times, Sequence)):  # type: ignore[type-abstract]
        last = later(f"waiting[{n}]", one, last)
        if last > at:
            raise OptionError(f"waiting[{n}]", f"a time not after `at`, {at:g}", one)
    return _backlog(times)


def _backlog(times: Sequence[float]) -> Backlog:
    return times if isinstance(times, Backlog) else Backlog(times)
