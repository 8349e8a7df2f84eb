"""How far apart data are: one rule for everything that takes an optional time with each datum."""

from cybernetic.core import OptionError, number

_LONGEST = 1e9  # periods without a datum; beyond, variances would outgrow floating point


class Times:
    """The times of a series so far. `period` is the usual time between data, in the units of the times, > 0.

    Data come either all with a time or all without. Raises `OptionError` for an impossible period.
    """

    __slots__ = ("_begun", "_last", "period")

    def __init__(self, period: float = 1.0) -> None:
        self.period = number("period", period, above=0.0)
        self._begun = False
        self._last: float | None = None

    def since_last(self, at: float | None) -> float:
        """How many periods lie between the last datum and one at `at`; 1 for the first one and for data
        without times. Raises `OptionError` when `at` does not increase, or is given for some data only.
        """
        if at is None:
            if self._last is not None:
                raise OptionError("at", "a time, as for the data before", at)
            return 1.0
        number("at", at)
        if self._last is None:
            if self._begun:
                raise OptionError("at", "no time, as for the data before", at)
            return 1.0
        interval = (at - self._last) / self.period
        if not 0.0 < interval <= _LONGEST:
            raise OptionError("at", f"a time after {self._last}, at most {_LONGEST:g} periods later", at)
        return interval

    @property
    def last(self) -> float | None:
        """When the last datum came; None before the first, and where data have no times."""
        return self._last

    def note(self, at: float | None) -> None:
        """Remember that a datum came at `at`."""
        self._begun, self._last = True, at
