"""The four things that can befall a series at a datum, how likely each is, and how much it moves what.

Harrison and Stevens, "A Bayesian approach to short-term forecasting" (1971) and "Bayesian forecasting"
(1976): multi-process models of class II, where the regime of a datum is drawn afresh, whatever the one
before it was.
"""

from dataclasses import dataclass
from enum import IntEnum
from math import fsum
from typing import NamedTuple

from cybernetic.core import OptionError, number

Quad = tuple[float, float, float, float]
"""One number a regime, in the order of `Regime`."""

Row = tuple[float, float, float, float, float]
"""A regime ready for use, in units of V: its probability, R_ε, and the elements w00, w01, w11 of its W."""


_FAINTEST = 1e-100  # of a regime that is possible: less is lost beside others
_ALIKE = 1e10  # times the least noise: six digits are left of what is taken from so much
_WIDEST = 1e80  # of what is a multiple of V: times the largest V, over the longest interval, it is a number
_LONGEST = 1e9  # as that is


class Rows(NamedTuple):
    """All regimes ready for use over some interval; the R_ε and w00 of the one that expects the farthest data; and
    whether an R_ε or w11 is so far above the least R_ε that their pairs are to be merged with care.
    """

    each: tuple[Row, Row, Row, Row]
    widest: tuple[float, float]
    unlike: bool


class Regime(IntEnum):
    """What befell a series at one datum. The values are positions in a posterior."""

    STEADY = 0
    TRANSIENT = 1  # a spike: the datum is off, the level is not
    STEP = 2  # the level moved
    SLOPE = 3  # the growth changed


@dataclass(frozen=True, slots=True)
class RegimeModel:
    """How often each regime happens, and the variances it brings, as multiples of the observation variance
    V.

    The model of level μ and growth β (per period) is::

        y_t = μ_t + ε_t              ε ~ N(0, noise·V)
        μ_t = μ_(t−1) + β_t + γ_t    γ ~ N(0, level·V)
        β_t = β_(t−1) + δ_t          δ ~ N(0, slope·V)

    `probability`, `noise`, `level` and `slope` hold one number for each `Regime`, in its order.
    Probabilities sum to 1, steady is possible, and a regime of probability 0 is left out of the
    computation; of the others none is below 1e-100. `noise` is from 1e-80 to 1e80, `level` and `slope` from 0
    to 1e80. `truncation` is what the squared standardised error of steady data comes to on average when V is
    right: less than 1, because large errors are credited to the other regimes. Variance learning divides by
    it; the figures of the presets are measured by `benchmarks/vsm/cyberstride/variance.py`.

    Raises `OptionError` for anything else.
    """

    probability: Quad
    noise: Quad
    level: Quad
    slope: Quad
    truncation: float = 0.88

    def __post_init__(self) -> None:
        for name in ("probability", "noise", "level", "slope"):
            _quad(name, getattr(self, name))
        if max(self.probability) > 2.0 or abs(fsum(self.probability) - 1.0) > 1e-9:
            raise OptionError("probability", "numbers that sum to 1", self.probability)
        if self.probability[Regime.STEADY] <= 0.0:
            raise OptionError("probability", "a steady regime of probability > 0", self.probability)
        if 0.0 < min(p for p in self.probability if p) < _FAINTEST:
            raise OptionError("probability", f"numbers of 0 or from {_FAINTEST:g}", self.probability)
        if min(self.noise) <= 0.0:
            raise OptionError("noise", "numbers > 0", self.noise)
        if min(self.noise) < 1.0 / _WIDEST:
            raise OptionError("noise", f"numbers from {1.0 / _WIDEST:g} to {_WIDEST:g}", self.noise)
        for name in ("noise", "level", "slope"):
            if max(getattr(self, name)) > _WIDEST:
                raise OptionError(name, f"numbers up to {_WIDEST:g}", getattr(self, name))
        number("truncation", self.truncation, above=0.0)

    def rows(self, interval: float = 1.0) -> Rows:
        """The regimes ready for use over an `interval` (in periods, > 0, up to 1e9): W grows with it. Raises
        `OptionError`.
        """
        if number("interval", interval, above=0.0) > _LONGEST:
            raise OptionError("interval", f"a number up to {_LONGEST:g}", interval)
        each = tuple(
            (
                self.probability[j],
                self.noise[j],
                (self.level[j] + self.slope[j]) * interval,
                self.slope[j] * interval,
                self.slope[j] * interval,
            )
            for j in Regime
        )
        possible = [row for row in each if row[0] > 0.0]
        _, noise, wander, _, _ = max(possible, key=lambda row: row[1] + row[2])
        most = _ALIKE * min([row[1] for row in possible])
        unlike = any(row[1] > most or row[4] > most for row in possible)
        return Rows(each, (noise, wander), unlike)  # type: ignore[arg-type]


def _quad(name: str, value: object) -> None:
    if not isinstance(value, tuple) or len(value) != len(Regime):
        raise OptionError(name, f"a tuple of {len(Regime)} numbers, one a regime", value)
    for item in value:
        number(name, item, least=0.0)
