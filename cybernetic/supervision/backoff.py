"""Restart back-off (EX-1): how long to wait before a child is started again. OTP has no such thing."""

from dataclasses import dataclass, fields

from cybernetic.core import OptionError, number, whole


@dataclass(frozen=True, slots=True)
class Backoff:
    """Wait ever longer between the restarts of a child; an option of `child`, never the default.

    The n-th restart in a row, counted from 0, waits `min(most, least * factor**n) * (1 + chance * jitter)`
    seconds. The row ends, and n is 0 again, once the child has lived for `reset_after`.

    A restart that waits still counts against `max_restarts` (RI-1), when it is tried. So with delays as long
    as `max_seconds / max_restarts` the supervisor never gives up; choose `max_seconds` to match.

    Args:
        least: the first delay, in seconds, > 0.
        most: the longest delay before jitter, in seconds, >= `least`.
        factor: by how much each delay is longer than the one before, >= 1; 1 is a constant delay. Default 2.
        jitter: the largest share of the delay that chance may add, 0 to 1. Default 0: none.
        reset_after: how long it must have lived to be forgiven, in seconds, > 0. Default None: `least`.

    Raises:
        OptionError: a value is outside of these limits.
    """

    least: float
    most: float
    factor: float = 2.0
    jitter: float = 0.0
    reset_after: float | None = None

    def __post_init__(self) -> None:
        least = number("least", self.least, above=0)
        number("most", self.most, least=least)
        number("factor", self.factor, least=1)
        if number("jitter", self.jitter, least=0) > 1:
            raise OptionError("jitter", "a number from 0 to 1", self.jitter)
        if self.reset_after is not None:
            number("reset_after", self.reset_after, above=0)
        for field in fields(self):  # whole numbers become floats, so that equal values look equal too
            value = getattr(self, field.name)
            object.__setattr__(self, field.name, value if value is None else float(value))

    def delay(self, attempt: int, chance: float = 0.0) -> float:
        """Seconds to wait before restart number `attempt` of a row, counted from 0.

        The caller draws `chance`, in [0, 1), from a seeded stream. Raises `OptionError` for other values.
        """
        if whole("attempt", attempt) and self.factor > 1:
            try:
                wait = min(self.most, self.least * self.factor**attempt)
            except OverflowError:  # far beyond any `most`
                wait = self.most
        else:
            wait = self.least
        if not 0 <= chance < 1:
            raise OptionError("chance", "a number in [0, 1)", chance)
        return wait * (1 + chance * self.jitter)

    def attempt(self, before: int, lived: float) -> int:
        """The number of the restart due now: 0 if the child lived long enough to be forgiven, else `before`.

        `before` is how many restarts the row has had so far, `lived` for how many seconds the child was up: 0
        after a restart that failed, which is therefore never forgiven.
        """
        forgiven = self.least if self.reset_after is None else self.reset_after
        return 0 if lived >= forgiven else before
