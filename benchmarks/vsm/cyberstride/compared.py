"""A figure beside the design's: how many standard errors lie between them, both taken for what chance made of them.

What the design rounds away counts as no difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import expm1, sqrt
from statistics import fmean, pstdev
from typing import NamedTuple

from benchmarks.vsm.cyberstride.expected import CUT, RUNS


class Compared(NamedTuple):
    """What is printed of a figure and the design's, and how many standard errors it lies above that (below: < 0)."""

    text: str
    away: float = 0.0

    def __str__(self) -> str:
        return self.text + (f" ({abs(self.away):.1f} se)" if abs(self.away) > 2.0 else "")


@dataclass(frozen=True)
class Cell:
    """What one detector did about one change: the delays where it alarmed, of `runs` that it began in silence."""

    delays: Sequence[int]
    runs: int

    def within(self, data: int) -> "Cell":
        """What it did in the first `data` from the change on."""
        return Cell([delay for delay in self.delays if delay < data], self.runs)

    @property
    def share(self) -> float:
        """Of the runs: in which it alarmed."""
        return len(self.delays) / self.runs

    @property
    def delay(self) -> float:
        """Mean, in data; not a number without an alarm."""
        return fmean(self.delays) if self.delays else float("nan")


def delay(cell: Cell, design: float) -> Compared:
    """A mean delay beside the design's, which has one digit."""
    if len(cell.delays) < 2:
        return Compared(f"– / {design:g}")
    error = pstdev(cell.delays) * sqrt(1.0 / len(cell.delays) + 1.0 / (RUNS * max(cell.share, 0.05)))
    return Compared(f"{cell.delay:.1f} / {design:g}", _away(cell.delay, design, error, 0.05))


def share(cell: Cell, design: float) -> Compared:
    """A share of runs beside the design's, which has two digits, or three."""
    rounding = 0.0005 if not design or round(design * 1000) % 10 else 0.005
    parts = ((cell.share, cell.runs), (design, RUNS))
    error = sqrt(sum(max(part * (1.0 - part), 1.0 / runs) / runs for part, runs in parts))
    return Compared(
        f"{100 * cell.share:.1f} / {100 * design:g} %", _away(cell.share, design, error, rounding)
    )


def cut(apart: float) -> float:
    """The mean of run lengths that are cut at `CUT` data, where uncut they come to `apart`.

    Alarms of noise that are rare come without memory, so that run lengths are exponential.
    """
    return apart * -expm1(-CUT / apart)


def whole(cut_mean: float) -> float:
    """The mean of run lengths uncut, where cut they come to `cut_mean`, below `CUT`: the inverse of `cut`."""
    low, high = cut_mean, cut_mean
    while cut(high) < cut_mean:
        high *= 2.0
    while high - low > 1e-9 * high:
        middle = (low + high) / 2.0
        low, high = (middle, high) if cut(middle) < cut_mean else (low, middle)
    return high


def apart(count: int, data: int, design: float) -> Compared:
    """Data between false alarms beside the design's, both of runs cut at `CUT` data.

    Their number is what is compared: it is known even if there was none. The design does not say its error: a tenth
    is assumed.
    """
    awaited = data / whole(design)
    away = (awaited - count) / sqrt(awaited + (0.1 * awaited) ** 2)
    text = f"{cut(data / max(count, 1)):,.0f} / {design:,}"
    return Compared(text if count else f"> {text}", away)


def _away(value: float, design: float, error: float, rounding: float) -> float:
    between = max(abs(value - design) - rounding, 0.0) / max(error, 1e-9)
    return between if value > design else -between
