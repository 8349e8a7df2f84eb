"""What control charts share: a plan and a known noise to compare data with, and a run over a series."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from cybernetic.core import OptionError, number
from cybernetic.vsm.checks import instance

FARTHEST = 1e150  # sigmas: the square of such a distance can still be held, and a sum of many
BEYOND = 2.0 * FARTHEST  # no mean of such distances lies there, however it is rounded

S = TypeVar("S", bound="ChartState")


class ChartState(Protocol):
    """What a chart knows after a datum: at least, whether it alarms."""

    @property
    def alarm(self) -> bool:
        """Whether the chart alarms now."""


class Chart(Protocol[S]):
    """A control chart: a frozen value that leads from state to state."""

    def start(self) -> S:
        """The state before any datum."""

    def step(self, state: S, y: float) -> S:
        """The state after datum `y`. Raises `OptionError` when it is not finite or absurdly far out."""


def distance(y: float, plan: float, sigma: float) -> float:
    """How many `sigma`s the datum `y` lies above `plan`. Raises `OptionError` when it is not finite, or so far out
    that the sums of a chart would be no numbers any more.
    """
    z = (number("y", y) - plan) / sigma
    if not -FARTHEST < z < FARTHEST:
        raise OptionError("y", f"a number within {FARTHEST:g} sigmas of plan", y)
    return z


def held(name: str, value: float, low: float, high: float) -> float:
    """`value`, what a state holds by that name, from `low` to `high`. Raises `OptionError`: no data make another."""
    if not ((type(value) is float and low <= value <= high) or low <= number(f"state.{name}", value) <= high):
        raise OptionError(f"state.{name}", f"a number from {low:g} to {high:g}", value)
    return value


def first_alarm(chart: Chart[S], series: Iterable[float]) -> int | None:
    """How many data of `series` come before the one at which `chart` first alarms; None if it never does.

    Raises `OptionError` as the chart does, of a datum by its place in `series`, and for what is no chart.
    """
    if isinstance(chart, type) or not all(callable(getattr(chart, name, None)) for name in ("start", "step")):
        raise OptionError("chart", "a chart, with `start` and `step`", chart)
    state = chart.start()
    instance("series", series, Iterable)  # type: ignore[type-abstract]
    for count, y in enumerate(series):
        try:
            state = chart.step(state, y)
        except OptionError as error:
            raise placed(error, count) from None
        if state.alarm:
            return count
    return None


def placed(error: OptionError, at: int) -> OptionError:
    """What was wrong with a datum `y`, told of the datum at that place of a series; anything else as it is."""
    return OptionError(f"series[{at}]", error.expected, error.got) if error.name == "y" else error
