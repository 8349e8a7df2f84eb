"""Damping of what flaps (an owner A, B, A, B ...): a decaying penalty for each flip, and a hold that ends.

The law of route flap damping (RFC 2439). There the hold of busy routes grew without end and froze healthy
ones; here a hold has a cap, and `FlapDamper.freed` ends it at once.
"""

from dataclasses import dataclass
from math import log2

from cybernetic.core import OptionError, number
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import instance


@dataclass(frozen=True, slots=True)
class Flapping:
    """What is remembered of one key: `penalty` as of `at`, `value` last seen, since when it is held.

    Arguments:
        penalty: in flips, >= 0.
        at: seconds; None: nothing happened yet.
        value: what was last seen; any value, None too.
        held_since: seconds; None: it is free.
        known: whether a value was seen at all; true wherever `value` is not None.

    Raises `OptionError` for a number that cannot be.
    """

    penalty: float = 0.0
    at: float | None = None
    value: object = None
    held_since: float | None = None
    known: bool = False

    def __post_init__(self) -> None:
        number("penalty", self.penalty, least=0.0)
        if self.at is not None:
            number("at", self.at)
        if self.held_since is not None:
            number("held_since", self.held_since)
        if self.value is not None:
            object.__setattr__(self, "known", True)


@dataclass(frozen=True, slots=True)
class FlapDamper:
    """The settings; `Flapping` is the state, one for each key: values in, values out.

    Each flip: `P <- P * 2**(-dt / half_life) + 1`. Held when `P > suppress`, free again when `P < release`,
    and at the latest `longest` seconds after the hold began, with the penalty then at `release`.

    Arguments:
        half_life: of the penalty, seconds > 0.
        suppress: in flips; more than this holds.
        release: in flips, above 0 and below `suppress` (hysteresis).
        longest: the cap on a hold, seconds > 0. A hold is what may freeze a bad state: keep it in the order
            of the time in which the loop's plan would be made anew.
    """

    half_life: float = 60.0
    suppress: float = 2.0
    release: float = 0.75
    longest: float = 240.0

    def __post_init__(self) -> None:
        number("half_life", self.half_life, above=0.0)
        number("longest", self.longest, above=0.0)
        number("release", self.release, above=0.0)
        if number("suppress", self.suppress) <= self.release:
            raise OptionError("suppress", f"more than release ({self.release!r})", self.suppress)

    def flip(self, state: Flapping, now: float) -> Flapping:
        """After one more flip at `now`."""
        before = self.at(state, now)
        penalty = before.penalty + 1.0
        starts = before.held_since is None and penalty > self.suppress
        return changed(before, penalty=penalty, held_since=now if starts else before.held_since)

    def saw(self, state: Flapping, value: object, now: float) -> Flapping:
        """After `value` was seen at `now`: a flip if it differs from the one before; the first is none."""
        flipped = instance("state", state, Flapping).known and state.value != value
        after = self.flip(state, now) if flipped else self.at(state, now)
        return changed(after, value=value, known=True)

    def at(self, state: Flapping, now: float) -> Flapping:
        """The state at `now`: decayed, and free if its hold is over.

        Raises `OptionError` for a `now` of the past, and for what is no `Flapping`.
        """
        now = number("now", now, least=instance("state", state, Flapping).at)
        ends = self.until(state)
        if ends is None or now < ends:
            return changed(state, penalty=self._decayed(state, now), at=now)
        freed = changed(
            state, penalty=min(self._decayed(state, ends), self.release), at=ends, held_since=None
        )
        return changed(freed, penalty=self._decayed(freed, now), at=now)

    def held(self, state: Flapping, now: float) -> bool:
        """Whether the key is held at `now`."""
        return self.at(state, now).held_since is not None

    def until(self, state: Flapping) -> float | None:
        """When the hold ends if no flip comes, seconds: `half_life * log2(P / release)` after the last, or
        the cap.
        """
        instance("state", state, Flapping)
        if state.held_since is None or state.at is None:
            return None
        decay = self.half_life * log2(max(state.penalty / self.release, 1.0))
        return max(state.at, min(state.at + decay, state.held_since + self.longest))

    def freed(self, state: Flapping, now: float) -> Flapping:
        """The state after an algedonic signal has overridden a hold, if there is one."""
        after = self.at(state, now)
        if after.held_since is None:
            return after
        return changed(after, penalty=min(after.penalty, self.release), held_since=None)

    def _decayed(self, state: Flapping, now: float) -> float:
        elapsed = now - state.at if state.at is not None else 0.0
        return state.penalty * float(2.0 ** (-elapsed / self.half_life))
