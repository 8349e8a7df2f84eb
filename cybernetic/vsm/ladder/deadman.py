"""What notices that nothing comes any more, or too much: a deadman for every loop, and bursts of errors."""

from dataclasses import dataclass, replace

from cybernetic.core import number, whole
from cybernetic.vsm.checks import instance, later


@dataclass(frozen=True, slots=True)
class Deadman:
    """Watches a loop that should complete every `period` seconds (> 0), since `last` (seconds).

    It is missed when `misses` periods (>= 1) passed without one; Beer's fourth principle allows two. An index
    that stops arriving is such a loop. The watcher is a loop as well: give it a deadman of its own. Raises
    `OptionError`.
    """

    period: float
    last: float
    misses: int = 2

    def __post_init__(self) -> None:
        number("period", self.period, above=0)
        number("last", self.last)
        if self.misses != 2:
            whole("misses", self.misses, least=1)

    @property
    def due(self) -> float:
        """When the loop counts as missed if it does not complete before (seconds)."""
        last, period = float(self.last), float(self.period)  # a sum of integers may be too large for one
        return last + self.misses * period

    def beat(self, now: float) -> "Deadman":
        """The deadman after the loop completed at `now` (not before the last time). Raises `OptionError`."""
        return Deadman(self.period, later("now", now, self.last), self.misses)

    def missed(self, now: float) -> bool:
        """Whether the loop is missed at `now` (not before the last time). Raises `OptionError`."""
        return later("now", now, self.last) >= self.due


@dataclass(frozen=True, slots=True)
class ErrorBurst:
    """Counts errors: `limit` (>= 1) within `window` seconds (> 0) are an event. `times` holds those that
    still count.

    Raises `OptionError`.
    """

    limit: int = 5
    window: float = 10.0
    times: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        whole("limit", self.limit, least=1)
        number("window", self.window, above=0)
        for at in instance("times", self.times, tuple):
            number("times", at)

    def after(self, now: float) -> "ErrorBurst":
        """The count after an error at `now` (seconds, not before the last). Raises `OptionError`."""
        later("now", now, self.times[-1] if self.times else now)
        kept = [at for at in (*self.times, now) if now - at < self.window]
        return replace(self, times=tuple(kept[-self.limit :]))

    @property
    def reached(self) -> bool:
        """Whether the limit is reached, as of the last error."""
        return len(self.times) >= self.limit
