"""What control charts share: a plan and a known noise to compare data with, and a run over a series."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

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
        """The state after datum `y`. Raises `OptionError` when it is not finite."""


def first_alarm(chart: Chart[S], series: Iterable[float]) -> int | None:
    """How many data of `series` come before the one at which `chart` first alarms; None if it never does."""
    state = chart.start()
    for count, y in enumerate(series):
        state = chart.step(state, y)
        if state.alarm:
            return count
    return None
