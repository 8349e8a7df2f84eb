"""What comes from outside as a stream of counts: what is expected of it, and how good that expectation has been."""

from collections import deque
from math import sqrt

from cybernetic.core import whole
from cybernetic.vsm.cyberstride.forecast import Forecast
from cybernetic.vsm.cyberstride.harrison import HarrisonStevens
from cybernetic.vsm.cyberstride.regimes import RegimeModel
from cybernetic.vsm.cyberstride.variance import Learning
from cybernetic.vsm.intelligence.messages import Expectation

MODEL = RegimeModel(  # of counts: a turn changes growth by a little, and lasts
    probability=(0.94, 0.02, 0.005, 0.035),
    noise=(1.0, 20.0, 1.0, 1.0),
    level=(0.0, 0.0, 40.0, 0.0),
    slope=(0.0, 0.0, 0.0, 0.003),
)
LASTING = 0.97  # what is left of a trend after a tick: none goes on for ever (Gardner and McKenzie, 1985)
FIRST = (
    1.0,
    MODEL.probability[3] * MODEL.slope[3] / (1.0 - LASTING**2),
)  # before anything is known: one datum of
# noise about the level, and the growth that turns leave a stream with in the long run
COVERAGE = 0.8  # of the interval whose calibration is counted
TAIL = 0.5 * (1.0 - COVERAGE)  # outside of it, on each side
RECENT = 3  # ticks by which it is seen at once that nothing comes any more
KEPT = 200  # the latest forecasts by which skill is judged


class Stream:
    """One stream of counts, a datum a tick, by the Harrison-Stevens filter on the scale of Anscombe, where counts vary
    alike.

    Its forecasts `lead` ticks ahead are compared with what then came, and with the naive one, "as now" (Hyndman and
    Koehler's MASE): who does not do better than that has nothing to say.

    Args:
        lead: ticks, at least 1.
        least: forecasts to be judged before it may speak, at least 1.
    """

    def __init__(self, lead: int = 6, least: int = 30) -> None:
        self.lead, self.least = whole("lead", lead, least=1), whole("least", least, least=1)
        self.data = 0
        self._filter = HarrisonStevens(
            MODEL, variance=1.0, learning=Learning()
        )  # until there is a first datum
        self._due: deque[tuple[float, float]] = deque(maxlen=lead)  # forecast and datum, a tick each
        self._errors: deque[tuple[float, float]] = deque(maxlen=KEPT)  # of the forecast, of the naive one
        self._near: deque[tuple[float, float]] = deque(maxlen=KEPT)  # the same, of the tick that came next
        self._recent: deque[int] = deque(maxlen=RECENT)
        self._within: deque[bool] = deque(maxlen=KEPT)
        self._ahead: Forecast | None = None  # what was foreseen after the latest datum, and read off it
        self._read: dict[float, float] = {}
        self._judged: tuple[int, float | None] = 0, None  # of how many data, its MASE

    def after(self, count: int) -> None:
        """Take the count of a tick. Raises `OptionError` unless it is a whole number of at least 0."""
        value = _forward(whole("count", count))
        if not self.data:
            self._filter = HarrisonStevens(
                MODEL, variance=1.0, level=value, spread=FIRST, learning=Learning()
            )
        if self.data:
            next_ = self._filter.forecast(1.0)
            self._within.append(abs(next_.below(value) - 0.5) <= COVERAGE / 2)
            if len(self._errors) < self.least:
                before = self._recent[-1]
                self._near.append((abs(count - _backward(next_.quantile(0.5))), abs(count - before)))
        if (
            self.data >= 2 * self.lead
        ):  # what it said before it had seen for as long as it looks ahead was a guess
            expected, was = self._due[0]
            self._errors.append((abs(count - expected), abs(count - was)))
        self._filter.update(value)
        self._ahead, self._read = None, {}
        self.data += 1
        self._recent.append(count)
        self._due.append((self.expected(), float(count)))

    def forecast(self) -> Forecast:
        """The datum `lead` ticks ahead, on the scale of the filter. Raises `OptionError` before the first datum."""
        if self._ahead is None:
            self._ahead = self._filter.forecast(_damped(self.lead))
        return self._ahead

    def expected(self, quantile: float = 0.5) -> float:
        """The count `lead` ticks ahead that is not exceeded with that probability. Raises `OptionError`."""
        known = self._read.get(quantile)
        if known is None:
            known = self._read[quantile] = _backward(self.forecast().quantile(quantile))
        return known

    def expectation(self) -> Expectation:
        """What is expected, and how good that has been. Raises `OptionError` before the first datum."""
        low, high = self.expected(TAIL), self.expected(1.0 - TAIL)
        return Expectation(self.expected(), low, high, self.mase, self.calibration, self.muted)

    @property
    def lately(self) -> float:
        """The mean count of the latest `RECENT` ticks; 0 before the first."""
        return sum(self._recent) / len(self._recent) if self._recent else 0.0

    @property
    def mase(self) -> float | None:
        """The mean error of its forecasts in those of the naive one: below 1 it knows more. None: not judged yet.

        What it says of the lead time can be judged only when that has passed: so long it is judged by the next tick.
        """
        errors = self._near if len(self._errors) < self.least else self._errors
        if len(errors) < self.least:
            return None
        if self._judged[0] != self.data:
            own, naive = map(sum, zip(*errors, strict=True))
            self._judged = self.data, own / naive if naive else None
        return self._judged[1]

    @property
    def calibration(self) -> float | None:
        """The part of the data that came within the interval of `COVERAGE`; None: not judged yet."""
        return sum(self._within) / len(self._within) if len(self._within) >= self.least else None

    @property
    def muted(self) -> bool:
        """Whether nothing is to be proposed on its word."""
        mase = self.mase
        return mase is None or mase >= 1.0


def _damped(lead: int) -> float:
    """As many periods of today's growth as are expected within `lead` ticks."""
    return float((1.0 - LASTING**lead) / (1.0 - LASTING))


def _forward(count: float) -> float:
    return 2.0 * sqrt(count + 0.375)


def _backward(value: float) -> float:
    return max(0.0, (max(0.0, value) / 2.0) ** 2 - 0.375)
