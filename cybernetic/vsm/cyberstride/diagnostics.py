"""Whether an index may be believed: its filter's errors should be independent, and of the size the filter
thinks.

Where they are not, false alarms multiply: at half the true V they come 8 to 10 times as often, at an
autocorrelation of .4 seven times (`benchmarks/vsm/cyberstride/tables.py`). An index that fails is muted, visibly.
"""

from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from cybernetic.core import number, whole
from cybernetic.vsm.checks import band, instance, share

_CLIP = 3.0  # standard deviations: one spike or step says little about the errors in general


class Health(NamedTuple):
    """Decayed moments of the standardised one-step errors of a filter."""

    mass: float = 0.0
    squares: float = 0.0
    pairs: float = 0.0
    last: float | None = None
    data: int = 0

    @property
    def autocorrelation(self) -> float:
        """Of each error with the one before; 0 while there is nothing to go by. White noise gives about
        −.06.
        """
        return self.pairs / self.squares if self.squares > 0.0 else 0.0

    @property
    def ratio(self) -> float:
        """Of the errors' variance to the one the filter expects; 1 while there is nothing to go by. With
        the right V it is about .93, since large errors are clipped.
        """
        return self.squares / self.mass if self.mass > 0.0 else 1.0


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """What errors are good enough, and how long to look before judging.

    `autocorrelation` and `ratio`: the lowest and highest that pass. `least`: data before any judgement.
    `forget`: what remains of the evidence after a datum, in (0, 1). On white noise with V learnt a
    judgement is wrong less than once in a thousand data; the limits then leave noise of autocorrelation .4
    muted most of the time, and a V wrong by a factor of 2 nearly always. Raises `OptionError` for anything
    else.
    """

    autocorrelation: tuple[float, float] = (-0.35, 0.2)
    ratio: tuple[float, float] = (0.62, 1.4)
    least: int = 100
    forget: float = 0.99

    def __post_init__(self) -> None:
        band("autocorrelation", self.autocorrelation)
        band("ratio", self.ratio)
        whole("least", self.least, least=1)
        share("forget", self.forget, inner=True)


def examine(health: Health, error: float | None, forget: float = 0.99) -> Health:
    """The health after a datum whose standardised error was `error`; None for a missing one, which breaks
    the pair. `forget` as in `HealthLimits`. Raises `OptionError`, also for a health that no data make.
    """
    share("forget", forget, inner=True)
    mass, squares, pairs, last, data = _checked(instance("health", health, Health))
    if error is None:
        return health._replace(last=None)
    number("error", error)
    clipped = error if -_CLIP < error < _CLIP else _CLIP if error > 0.0 else -_CLIP
    return Health(
        forget * mass + 1.0,
        forget * squares + clipped * clipped,
        forget * pairs + (clipped * last if last is not None else 0.0),
        clipped,
        data + 1,
    )


def fault(health: Health, limits: HealthLimits = HealthLimits()) -> str | None:
    """What is wrong with an index's errors, in words; None when nothing is, or it is too early to say. Raises
    `OptionError` for a health with moments that are not finite: `examine` makes none.
    """
    _checked(instance("health", health, Health))
    instance("limits", limits, HealthLimits)
    if health.data < limits.least:
        return None
    low, high = limits.autocorrelation
    if not low <= health.autocorrelation <= high:
        return f"errors are autocorrelated: {health.autocorrelation:.2f}, expected {low:g} to {high:g}"
    low, high = limits.ratio
    if not low <= health.ratio <= high:
        return (
            f"errors are of the wrong size: variance ratio {health.ratio:.2f}, expected {low:g} to {high:g}"
        )
    return None


def _checked(health: Health) -> Health:
    """It, if all of it are numbers: mostly one sum tells. Raises `OptionError` that names which is none."""
    mass, squares, pairs, last, data = health
    try:
        if isfinite(mass + squares + pairs + (last or 0.0) + data):
            return health
    except (TypeError, OverflowError):
        pass
    for name in ("mass", "squares", "pairs", "last"):
        moment = getattr(health, name)
        if moment is not None or name != "last":
            number(f"health.{name}", moment)
    number("health.data", whole("health.data", health.data))
    return health
