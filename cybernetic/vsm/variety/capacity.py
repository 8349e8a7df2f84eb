"""Whether a channel can carry what is sent through it: Beer's second principle, as load against capacity."""

from dataclasses import dataclass, replace

from cybernetic.core import number, whole
from cybernetic.vsm.checks import later


@dataclass(frozen=True, slots=True)
class ChannelLoad:
    """The load of one channel. Values in, values out: `sent` and `served` return the next.

    `capacity` is how many messages a second it carries (> 0), `period` the seconds (> 0) of the loop it
    serves, over which the rate is averaged, with weights that halve every half period. `rate` is the average
    (messages a second) as of `at`, `waiting` the times at which messages still queued were sent. Raises
    `OptionError`.
    """

    capacity: float
    period: float
    rate: float = 0.0
    at: float = 0.0
    waiting: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        number("capacity", self.capacity, above=0)
        number("period", self.period, above=0)
        number("rate", self.rate, least=0)
        number("at", self.at)

    def sent(self, now: float) -> "ChannelLoad":
        """The load after a message was sent at `now` (seconds, not before the last). Raises `OptionError`."""
        half = self.period / 2
        rate = self._rate(now) + 0.6931471805599453 / half
        return replace(self, rate=rate, at=now, waiting=(*self.waiting, now))

    def served(self, count: int = 1) -> "ChannelLoad":
        """The load after the oldest `count` messages (>= 0) were taken out. Raises `OptionError`."""
        return replace(self, waiting=self.waiting[whole("count", count, least=1) :])

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

    def _rate(self, now: float) -> float:
        passed = later("now", now, self.at) - self.at
        return float(self.rate * 2 ** (-passed / (self.period / 2)))
