"""One virtual queue for a shared rate: when may the next call go, so that the provider never says no?"""

from dataclasses import dataclass, replace
from math import ceil, inf
from typing import Self

from cybernetic.core import OptionError, number
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import moment


@dataclass(frozen=True, slots=True)
class Pacer:
    """Paces grants: the k-th goes at `t_k = max(now, t_(k-1) + cost_k / rate)`.

    In every window of `w` seconds, its ends included, it grants at most `rate * w + burst` (T-S2-rate), or one
    grant that costs more than `burst` in its place; also while the rate changes: credit is earned at the rate
    that held, not at the one that holds.

    Arguments:
        rate: units a second (calls, tokens), >= 0; at 0 nothing more is granted.
        burst: units that may be granted at once, all of them counted, > 0, as in `bargain.Rate`. For grants that
            cost `burst` or more the formula above is exact.
        credit: units in hand, as of `since`; at first whatever is asked for.
        since: the time of the last grant or change of rate, seconds. May lie ahead of now.
        barrier: no grant before this time, seconds.
        seen: the latest `now` this pacer was told; an earlier one is refused. None: none yet.

    Raises `OptionError` for a rate, a burst, a cost or a `now` that cannot be.
    """

    rate: float
    burst: float = 1.0
    credit: float = inf
    since: float = 0.0
    barrier: float = -inf
    seen: float | None = None

    def __post_init__(self) -> None:
        number("rate", self.rate, least=0.0)
        number("burst", self.burst, above=0.0)
        if self.credit != inf:
            number("credit", self.credit)
        number("since", self.since)
        moment("barrier", self.barrier)
        if self.seen is not None:
            number("seen", self.seen)

    @classmethod
    def known(cls, limit: float, *, margin: float = 0.95, burst: float = 1.0) -> Self:
        """A pacer for a limit that is known, in units a second: it starts high, at `margin` of the limit."""
        return cls(number("limit", limit, above=0.0) * number("margin", margin, above=0.0), burst)

    def ready(self, now: float, cost: float = 1.0) -> float:
        """The earliest time, seconds >= `now`, at which `cost` units may go; `inf` if that needs a rate above
        0.
        """
        number("now", now, least=self.seen)
        missing = number("cost", cost, least=0.0) - self.credit
        if missing <= 0:
            return max(now, self.since, self.barrier)
        return max(now, self.barrier, self.since + missing / self.rate) if self.rate else inf

    def grant(self, now: float, cost: float = 1.0) -> tuple[Self, float]:
        """Grant `cost` units at the earliest time; return the pacer after it and that time (see `ready`).

        Raises `OptionError` where that time would never come: at rate 0, before a barrier without end, for a cost
        that takes longer than a float can tell.
        """
        at = self.ready(now, cost)
        if at == inf:
            number("rate", self.rate, above=0.0)
            number("barrier", self.barrier if self.barrier == inf else 0.0)
            raise OptionError("cost", f"units whose time comes at {self.rate:g} a second", cost)
        most = max(self.burst, cost)  # what idle time has earned beyond it is lost
        kept = min(self._earned(at), most)
        return changed(self, credit=max(0.0, kept - cost), since=at, seen=now), at

    def at_rate(self, rate: float, now: float) -> Self:
        """This pacer going on at another rate from `now` on. Times already granted stand."""
        number("rate", rate, least=0.0)
        number("now", now, least=self.seen)
        start = max(now, self.since)
        return changed(self, rate=rate, credit=self._earned(start), since=start, seen=now)

    def hold(self, now: float, until: float) -> Self:
        """This pacer granting nothing before `until` (what a Retry-After asks for, see `Aimd`)."""
        number("now", now, least=self.seen)
        return replace(self, barrier=max(self.barrier, number("until", until)), seen=now)

    def _earned(self, at: float) -> float:
        return self.credit + self.rate * (float(at) - self.since) if self.rate else self.credit


def wip_limit(capacity: float, service_time: float) -> int:
    """How many calls should be in work at once: Little's law, `ceil(capacity * service_time)`, at least 1.

    `capacity` in calls a second, `service_time` in seconds, both > 0. More only wait inside the provider.
    Raises `OptionError` where the product is more than a float holds.
    """
    work = number("capacity", capacity, above=0.0) * number("service_time", service_time, above=0.0)
    if work == inf:
        raise OptionError(
            "service_time", f"seconds that times the capacity ({capacity:g}) are finite", service_time
        )
    return max(1, ceil(round(work, 9)))
