"""Arousal: the filter that keeps pain read off indices rare. Hysteresis per index, and a threshold that
learns.

Events (an exit, a missed heartbeat, an audit alarm) do not pass through here.
"""

from dataclasses import dataclass, replace
from enum import Enum
from math import inf

from cybernetic.core import OptionError, flag, number
from cybernetic.vsm.checks import instance, later, moment

_DAY = 86_400.0
_PAID_BACK = 0.8  # below 1, so that a threshold still learning ends a week within its budget, too


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The threshold of one level, raised by every signal it lets through, and sinking back as time passes.

    A pain begins at an intensity of `on` (for an index its z; > 0) and ends below `off` (0 < off < on). Each
    signal adds `step` (> 0) to the threshold, and it loses `0.8 * step * budget` a day. So in any time the
    signals are at most `0.8 * budget * days + (rise of the threshold) / step`: noise is kept to a `budget` of
    signals a day (> 0), while a pain that is strong enough always gets through. `extra` and `at` (seconds)
    are its state. Raises `OptionError`.
    """

    on: float = 3.5
    off: float = 2.8
    budget: float = 5.0
    step: float = 0.5
    extra: float = 0.0
    at: float = -inf

    def __post_init__(self) -> None:
        number("off", self.off, above=0)
        number("budget", self.budget, above=0)
        number("step", self.step, above=0)
        number("extra", self.extra, least=0)
        moment("at", self.at)
        if number("on", self.on) <= self.off:
            raise OptionError("on", f"more than off, which is {self.off:g}", self.on)

    def threshold(self, now: float) -> float:
        """The intensity at which a pain begins at `now` (seconds, not before the last signal)."""
        return self.on + self._left(now)

    def reopened(self, now: float) -> "Sensitivity":
        """What was written down in another life, whose clock may have been ahead: it goes on from where it was."""
        return replace(self, at=min(self.at, number("now", now)))

    def signalled(self, now: float) -> "Sensitivity":
        """The level's sensitivity after it let one signal through at `now`."""
        return replace(self, extra=self._left(now) + self.step, at=now)

    def _left(self, now: float) -> float:
        now = later("now", now, self.at)
        if self.extra == 0:
            return 0.0
        return max(0.0, self.extra - (now - self.at) * self.step * self.budget * _PAID_BACK / _DAY)


class Feeling(Enum):
    """What a datum means: nothing, the beginning of a pain, that it stands, or that it is over."""

    QUIET = "quiet"
    ONSET = "onset"
    STANDING = "standing"
    RELIEF = "relief"


def arouse(
    aroused: bool, sensitivity: Sensitivity, intensity: float, now: float
) -> tuple[Feeling, Sensitivity]:
    """What an index feels at a datum of this `intensity` (>= 0), being `aroused` already or not.

    Returns the feeling (the index is aroused after `ONSET` and `STANDING`) and the level's next sensitivity.
    Raises `OptionError`.
    """
    number("intensity", intensity, least=0)
    later("now", now, instance("sensitivity", sensitivity, Sensitivity).at)
    if flag("aroused", aroused):
        return (Feeling.STANDING if intensity >= sensitivity.off else Feeling.RELIEF), sensitivity
    if intensity < sensitivity.threshold(now):
        return Feeling.QUIET, sensitivity
    return Feeling.ONSET, sensitivity.signalled(now)
