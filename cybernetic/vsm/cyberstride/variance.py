"""Learning the observation variance V while filtering: it is never known, and a wrong one is fatal to
alarms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from statistics import median
from typing import NamedTuple

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.checks import instance


@dataclass(frozen=True, slots=True)
class Learning:
    """How V is learnt from the errors of data that were probably steady.

    `forget`: what remains of the evidence after a datum, in (0, 1); .99 remembers about a hundred data.
    `trust`: how many data the first guess counts for, > 0. `cap`: the largest squared standardised error
    that counts, > 0. `least`: V never falls below it, in squared units of the data, > 0; a series that
    stands still would otherwise drive it to 0. A V that begins below comes up to it, by a trillionfold a datum at most.
    Raises `OptionError` for anything else.
    """

    forget: float = 0.99
    trust: float = 5.0
    cap: float = 9.0
    least: float = 1e-18

    def __post_init__(self) -> None:
        number("forget", self.forget, above=0.0)
        if self.forget >= 1.0:
            raise OptionError("forget", "a number in (0, 1)", self.forget)
        number("trust", self.trust, above=0.0)
        number("cap", self.cap, above=0.0)
        checked_variance("least", self.least)


def checked_variance(name: str, value: float) -> float:
    """`value` as a variance that can be computed with. Raises `OptionError` naming `name` outside of 1e-200
    to 1e200.
    """
    if not _LEAST <= number(name, value, above=0.0) <= _MOST:
        raise OptionError(name, f"a number from {_LEAST:g} to {_MOST:g}", value)
    return float(value)


class Learnt(NamedTuple):
    """V as known so far, and the evidence for it: the decayed number of steady data."""

    variance: float
    evidence: float


def learn(learnt: Learnt, weight: float, squared: float, truncation: float, how: Learning) -> Learnt:
    """V after a datum that was steady with probability `weight`, with standardised error² `squared` if it
    was.

    `truncation` is that of the model: dividing by it makes V unbiased on Gaussian data, where the plain
    recursion settles at .86 of it. It stays from `how.least` to 1e200, but moves by a trillionfold at most: from below
    `how.least` it may take some data to get there.
    """
    evidence = how.forget * learnt.evidence + weight
    if not evidence:  # all of it is forgotten
        return learnt
    capped = squared if squared < how.cap else how.cap
    times = 1.0 + weight * (capped / truncation - 1.0) / evidence if weight else 1.0
    variance = learnt.variance * times
    if not (_FALL < times < _LEAP and how.least < variance < _MOST):
        least = max(learnt.variance * _FALL, how.least)
        variance = min(max(variance, least), learnt.variance * _LEAP, _MOST)
    return Learnt(variance, evidence)


def first_guess(series: Sequence[float], least: float = 1e-18) -> float:
    """A first guess at V from three or more data, by the median size of their differences: spikes and steps
    in it do no harm. Where most of them are none, as of counts and of what is 0 or 1, by their mean square (J. von
    Neumann et al., "The mean square successive difference", 1941). Where it comes to far less by the differences of
    those, by these: steady growth is no noise. At least `least`. Raises `OptionError` when there are fewer data, or one
    is not a finite number, or they lie so far apart that V would be above 1e200.
    """
    instance("series", series, Sequence)  # type: ignore[type-abstract]
    whole("len(series)", len(series), least=3)
    checked_variance("least", least)
    first = _differences([number("series", value) for value in series])
    deviation = _deviation(first, 2.0)
    if not deviation <= _LARGEST:
        raise OptionError("series", f"data that differ by less than {_LARGEST:g}", median(map(abs, first)))
    grown = _deviation(_differences(first), 6.0) if median(map(abs, first)) else 0.0
    return max((grown if 0.0 < grown < _FAR * deviation else deviation) ** 2, least)


def _differences(values: Sequence[float]) -> list[float]:
    return [later - earlier for later, earlier in zip(values[1:], values, strict=False)]


def _deviation(differences: Sequence[float], times: float) -> float:
    """The standard deviation of data whose differences have so many times their variance."""
    sizes = [abs(one) for one in differences]
    return median(sizes) / (_MEDIAN * sqrt(times)) or hypot(*sizes) / sqrt(times * len(sizes))


def resolved(step: float) -> float:
    """The variance that data have in any case whose values differ by no less than `step`: that of rounding to it
    (Sheppard).
    """
    return step * step / 12.0


_LEAST, _MOST = 1e-200, 1e200
_FALL, _LEAP = 1e-12, 1e12  # what V comes to at a datum, of what it was: levels are scaled by it
_LARGEST = 1e100  # its square is the largest V
_FAR = 0.3  # by chance noise alone seldom comes to so much less
_MEDIAN = 0.6744897501960817  # of |N(0, 1)|
