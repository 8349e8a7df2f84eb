"""Premises: what a proposal takes for granted, each with a tripwire that says when it does not hold any more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cybernetic.core import number
from cybernetic.vsm.checks import word
from cybernetic.wire import travels


@travels(name="vsm.Premise")
@dataclass(frozen=True, slots=True)
class Premise:
    """That at least so many tasks a tick (`least`, >= 0) are expected for a `unit`. Raises `OptionError`.

    The tripwire: what depends on it is over as soon as fewer are expected (T-S4-premise).
    """

    unit: str
    least: float

    def __post_init__(self) -> None:
        word("unit", self.unit)
        number("least", self.least, least=0)

    def broken(self, expected: Mapping[str, float]) -> str | None:
        """Why it does not hold any more, given what is `expected` by unit; None: it does."""
        found = expected.get(self.unit, 0.0)
        if found >= self.least:
            return None
        return f"fewer than {self.least:.1f} tasks a tick are expected for {self.unit}: {found:.1f}"


def tripped(premises: Iterable[Premise], expected: Mapping[str, float]) -> str | None:
    """Why the first of them does not hold any more; None: all do."""
    return next((why for one in premises if (why := one.broken(expected)) is not None), None)
