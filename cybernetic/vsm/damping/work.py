"""How many calls are in work behind a port, how long they take, and how many more would only wait in there."""

from dataclasses import dataclass
from math import inf
from typing import Self

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import instance
from cybernetic.vsm.damping.pacer import wip_limit


@dataclass(frozen=True, slots=True)
class Work:
    """The calls that were let go and have not ended: a value.

    Once `least` service times are known there are places for `wip_limit(rate, headroom * mean)` calls: at the mean
    itself, with service times that differ, many would wait for a place where the other side has one. The mean forgets
    slowly, over some `memory` calls, so one that takes ever longer is not let have ever more.

    Arguments:
        patience: seconds > 0 after which a call whose end nobody told counts no more.
        headroom: times the mean service time, >= 1.
        least: service times that are needed, >= 1.
        memory: calls over which the mean is taken, >= least.
        mean, known: the mean service time in seconds, and how many made it.
        out: since when each call is out, and whose it is; the oldest first.

    Raises `OptionError` for anything else.
    """

    patience: float = 60.0
    headroom: float = 2.0
    least: int = 10
    memory: int = 500
    mean: float = 0.0
    known: int = 0
    out: tuple[tuple[float, str], ...] = ()

    def __post_init__(self) -> None:
        number("patience", self.patience, above=0.0)
        number("headroom", self.headroom, least=1.0)
        number("memory", whole("memory", self.memory, least=whole("least", self.least, least=1)))
        number("mean", self.mean, least=0.0)
        whole("known", self.known)
        for call in instance("out", self.out, tuple):
            if not isinstance(call, tuple) or len(call) != 2:
                raise OptionError("out", "pairs (since when, whose)", self.out)
            number("out", call[0])

    def began(self, who: str, now: float) -> Self:
        """After a call of `who` was let go at `now`, not before the last. Raises `OptionError`."""
        work = self.at(number("now", now, least=self.out[-1][0] if self.out else None))
        return changed(work, out=(*work.out, (now, who)))

    def ended(self, who: str, now: float, seconds: float | None = None) -> Self:
        """After one of its calls ended at `now`; it took `seconds` (None: which says nothing of the service)."""
        work = self.at(now)
        first = next((place for place, (_, whose) in enumerate(work.out) if whose == who), None)
        if first is not None:
            work = changed(work, out=(*work.out[:first], *work.out[first + 1 :]))
        if seconds is None:
            return work
        number("seconds", seconds, least=0.0)
        known = min(work.known + 1, self.memory)
        return changed(work, known=known, mean=work.mean + (seconds - work.mean) / known)

    def without(self, who: str) -> Self:
        """Without the calls of `who`, that has ended."""
        return changed(self, out=tuple(one for one in self.out if one[1] != who))

    def at(self, now: float) -> Self:
        """Without the calls whose end nobody told in time. Raises `OptionError` for a `now` that is no time."""
        number("now", now)
        if not self.out or now - self.out[0][0] < self.patience:
            return self
        return changed(self, out=tuple(one for one in self.out if now - one[0] < self.patience))

    def places(self, rate: float, burst: float = 1.0) -> float:
        """How many calls there are places for at `rate` calls a second (>= 0), `burst` (> 0) at least; infinite while
        unknown, and at rate 0. Raises `OptionError`.
        """
        number("rate", rate, least=0.0)
        number("burst", burst, above=0.0)
        if self.known < self.least or self.mean <= 0.0 or rate <= 0.0:
            return inf
        service = self.headroom * self.mean
        if rate * service == inf:
            raise OptionError(
                "rate", f"calls a second of which, at {service:g} s each, a finite number is in work", rate
            )
        return max(burst, wip_limit(rate, service))

    def full(self, now: float, rate: float, burst: float = 1.0) -> bool:
        """Whether there is no place at `now`, with `rate` and `burst` as in `places`. Raises `OptionError`."""
        return len(self.at(now).out) >= self.places(rate, burst)

    @property
    def due(self) -> float:
        """When the oldest call counts no more, seconds; infinite where none is out."""
        return self.out[0][0] + self.patience if self.out else inf
