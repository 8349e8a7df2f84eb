"""The Harrison–Stevens filter: feed it a series, learn whether it spiked, stepped or turned."""

from math import inf, isfinite, sqrt
from operator import mul

from cybernetic.core import OptionError, number
from cybernetic.vsm.checks import instance
from cybernetic.vsm.cyberstride.forecast import Forecast, foresee
from cybernetic.vsm.cyberstride.mixture import Mixture, absorb, before, begin, calm, elapse, levelled
from cybernetic.vsm.cyberstride.presets import preset
from cybernetic.vsm.cyberstride.reading import Reading
from cybernetic.vsm.cyberstride.regimes import RegimeModel
from cybernetic.vsm.cyberstride.times import Times
from cybernetic.vsm.cyberstride.variance import Learning, Learnt, checked_variance, learn

_TURNING = 0.01  # what is taken for the variance of the first growth, in V, where growth can change at all
_STEEPEST = 1e240  # the square of a growth, in V: so is that of what it comes to over the longest interval
_HIGHEST = 1e262  # that of the first level, in V: a datum of 0 is not too far from there
_FARTHEST = 1e280  # and both in squared units of the data
_WIDEST = 1e80  # the largest variance before the first datum, in V, so that it times V is a number


class HarrisonStevens:
    """A multi-process filter of class II over level and growth, with four regimes. It keeps its state
    between data.

    `variance`: V, the variance of one steady datum about its level, in squared units of the
    data, from 1e-200 to 1e200.
    `learning`: how V is learnt from there; None (the default) takes it as known. `model`: a `RegimeModel`,
    or the name of one in `PRESETS`. `plan`: the level that `Reading.z_plan` compares with; None for no
    comparison. `level`: expected before the first datum; None takes the first
    datum for it. `slope`: expected growth in a period. `spread`: the variances of level and growth before
    the first datum, as multiples of V; with no `level`, those after it. `period`: the usual time between
    data, in the units of `at`. `at`: the time of `level`, where data come with times; None: a period before the first.

    Raises `OptionError` where one of these is not what it should be.
    """

    __slots__ = ("_learnt", "_mixture", "_plan", "_rows", "_start", "_times", "learning", "model")

    def __init__(
        self,
        model: RegimeModel | str = "default",
        *,
        variance: float,
        learning: Learning | None = None,
        plan: float | None = None,
        level: float | None = None,
        slope: float = 0.0,
        spread: tuple[float, float] | None = None,
        period: float = 1.0,
        at: float | None = None,
    ) -> None:
        self.model = preset(model) if isinstance(model, str) else instance("model", model, RegimeModel)
        self.learning = None if learning is None else instance("learning", learning, Learning)
        self.plan = plan
        self._times = Times(period)
        if at is not None:
            self._times.note(number("at", at))
        self._rows = self.model.rows()
        self._learnt = Learnt(checked_variance("variance", variance), learning.trust if learning else 0.0)
        self._start = (_slope(slope, self._learnt.variance), _spread(spread, self.model))
        self._mixture = None if level is None else self._begin("level", number("level", level))

    def update(self, y: float | None, at: float | None = None) -> Reading:
        """Take the next datum; None when it is missing. `at` is its time; leave it out when data come
        regularly.

        Times decide by how many periods the model moves on. Raises `OptionError` when `y` is not finite or
        absurdly far out, when `at` does not increase, is given for some data only or lies absurdly far ahead,
        or when `plan` is absurdly far from the data; the filter is then as it was before.
        """
        if y is not None and not (type(y) is float and isfinite(y)):
            y = number("y", y)
        interval = self._times.since_last(at)
        earlier = self._mixture
        learnt = self._learnt
        error = log_density = 0.0
        if earlier is None:
            if y is None:
                raise OptionError("y", "a datum to begin with, or `level` given", y)
            now = earlier = self._begin("y", y)
        else:
            rows = self._rows if interval == 1.0 else self.model.rows(interval)
            if y is None:
                now = elapse(earlier, interval, rows, learnt.variance)
            else:
                now, surprise = absorb(earlier, y, interval, rows, learnt.variance)
                off, spread, steady, squared, log_density = surprise
                error = off / sqrt(spread)
                if self.learning is not None:
                    learnt = learn(learnt, steady, squared, self.model.truncation, self.learning)
        reading = self._reading(y, now, earlier, error, log_density, learnt.variance)
        self._mixture, self._learnt = now, learnt
        self._times.note(at)
        return reading

    @property
    def plan(self) -> float | None:
        """The level that readings are compared with; it may be set between data. Raises `OptionError` when it
        is not finite.
        """
        return self._plan

    @plan.setter
    def plan(self, plan: float | None) -> None:
        self._plan = None if plan is None else number("plan", plan)

    @property
    def variance(self) -> float:
        """V as known so far."""
        return self._learnt.variance

    def suppose(self, variance: float, trust: float) -> None:
        """Take V for `variance` from the next datum on, as if that were known from `trust` data, and learn it from
        there where it is learnt. Raises `OptionError` when `variance` is no V, or `trust` is not > 0.
        """
        self._learnt = Learnt(checked_variance("variance", variance), number("trust", trust, above=0.0))

    def forecast(self, periods: float = 1.0, *, changes: bool = False) -> Forecast:
        """The datum `periods` ahead, if nothing befalls the series until then; with `changes`, whatever may.

        Raises `OptionError` when `periods` is not > 0, or there is neither a datum nor a `level` yet.
        """
        if self._mixture is None:
            raise OptionError("level", "one given, or a datum before the first forecast", None)
        return foresee(self._mixture, periods, self.model, self._learnt.variance, changes=changes)

    def _begin(self, name: str, level: float) -> Mixture:
        if not level * level < min(_HIGHEST * self._learnt.variance, _FARTHEST):
            raise OptionError(name, f"a number whose square is below {_HIGHEST:g} V and {_FARTHEST:g}", level)
        return begin(self._rows, level, *self._start)

    def _reading(
        self,
        y: float | None,
        now: Mixture,
        earlier: Mixture,
        error: float,
        log_density: float,
        variance: float,
    ) -> Reading:
        back1 = before(now.weights, now.origins)
        unmoved = calm(back1, earlier.origins)
        level, slope, c00 = levelled(now, variance)
        level_sd = sqrt(c00 * variance)
        if not level_sd < inf:
            name, what = ("at", "a time") if y is None else ("y", "a number")
            raise OptionError(name, f"{what} that leaves the level a finite deviation", level_sd)
        z_plan = None if self._plan is None else (level - self._plan) / level_sd
        if z_plan is not None and not -inf < z_plan < inf:
            raise OptionError(
                "plan", "a level whose distance from the data, in deviations, is finite", self._plan
            )
        return Reading(
            y,
            now.weights,
            back1,
            before(back1, earlier.origins),
            1.0 - unmoved if unmoved < 1.0 else 0.0,
            level,
            level_sd,
            slope,
            variance,
            error,
            log_density,
            z_plan,
        )


def _slope(value: float, variance: float) -> float:
    slope = number("slope", value)
    if not slope * slope < min(_STEEPEST * variance, _FARTHEST):
        raise OptionError("slope", f"a number whose square is below {_STEEPEST:g} V and {_FARTHEST:g}", value)
    return slope


def _spread(value: tuple[float, float] | None, model: RegimeModel) -> tuple[float, float]:
    if value is None:
        return 1.0, _TURNING if any(map(mul, model.probability, model.slope)) else 0.0
    if not isinstance(value, tuple) or len(value) != 2:
        raise OptionError("spread", "the variances of level and growth, as multiples of V", value)
    level, growth = number("spread", value[0], above=0.0), number("spread", value[1], least=0.0)
    if max(level, growth) > _WIDEST or level < 1.0 / _WIDEST:
        expected = f"the level's from {1.0 / _WIDEST:g} and the growth's from 0, both up to {_WIDEST:g}"
        raise OptionError("spread", expected, value)
    return level, growth
