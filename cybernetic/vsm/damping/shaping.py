"""Shaping of decisions: do not react to little, not all at once, not in step, not too often."""

from dataclasses import dataclass
from hashlib import sha256
from math import floor, ulp

from cybernetic.core import Chance, OptionError, number, whole
from cybernetic.vsm.checks import instance, moment


def dead_band(value: float, held: float, width: float) -> float:
    """`value` where it differs from `held` by more than `width`, else `held`.

    All finite, in one unit; width >= 0.
    """
    number("value", value)
    number("held", held)
    return value if abs(value - held) > number("width", width, least=0.0) else held


def full_jitter(chance: Chance, attempt: int, base: float, longest: float, *key: object) -> float:
    """How long to wait before a retry: uniform on `[0, min(longest, base * 2**attempt))` seconds.

    `attempt` counts from 0. `key` names the decision: the same seed and key give the same wait.
    """
    number("base", base, above=0.0)
    number("longest", longest, least=0.0)
    most = min(longest, base * 2.0 ** min(whole("attempt", attempt), 1000))
    return instance("chance", chance, Chance).uniform("jitter", *key) * most


_SAME = 1e-9  # of a period: so close to a turn is at it


def phase(path: str, period: float) -> float:
    """Where in `period` (seconds) the periodic work of `path` belongs, in `[0, period)`: a hash."""
    part = (
        int.from_bytes(sha256(instance("path", path, str).encode(errors="surrogatepass")).digest()[:6], "big")
        / 2**48
    )
    return part * number("period", period, above=0.0)


def next_turn(now: float, period: float, path: str) -> float:
    """The next time after `now` at which the periodic work of `path` is due, seconds: who asks at the very turn is told
    the next one. Raises `OptionError` for a `period` (> 0) so short that a float hardly tells `now` from its next turn.
    """
    first = phase(path, period)
    close = 8.0 * ulp(number("now", now))
    if period < 1000.0 * close:
        raise OptionError("period", f"seconds that {now!r} can be told from", period)
    turns = floor((now - first) / period) + 1
    at = first + turns * period
    return at if at - now > max(close, _SAME * period) else at + period


@dataclass(frozen=True, slots=True)
class Shaping:
    """When a unit that would rather be elsewhere may move: all three conditions must hold.

    Arguments:
        band: the gain must be larger than it, in the unit of the gain, >= 0.
        fraction: of those that would move only this random part does, in (0, 1].
        dwell: seconds a unit stays where it is after a move, >= 0.
    """

    band: float = 0.0
    fraction: float = 1.0
    dwell: float = 0.0

    def __post_init__(self) -> None:
        number("band", self.band, least=0.0)
        number("dwell", self.dwell, least=0.0)
        if number("fraction", self.fraction, above=0.0) > 1.0:
            raise OptionError("fraction", "a number in (0, 1]", self.fraction)

    def moves(self, gain: float, now: float, moved_at: float, draw: float) -> bool:
        """Whether to move for `gain` at `now`, last moved at `moved_at` (`-inf`: never); `draw` is uniform on
        [0, 1).
        """
        if not 0.0 <= number("draw", draw) < 1.0:
            raise OptionError("draw", "a number in [0, 1)", draw)
        return (
            number("gain", gain) > self.band
            and number("now", now) - moment("moved_at", moved_at) >= self.dwell
            and draw < self.fraction
        )
