"""Figures of a level that are decided again and again, the rates and the shares of what is granted: do they swing?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from cybernetic.vsm.changed import changed
from cybernetic.vsm.coordination.messages import OscillationNotice
from cybernetic.vsm.coordination.watching import WINDOW, notice_of
from cybernetic.vsm.damping.watch import Signal

FLOOR = 0.2  # of a figure's mean: a rate that is sought swings by an eighth of itself, and has to
SHARE = "share of "


@dataclass(frozen=True)
class Swings:
    """The figures that are watched, by name, each looked at every `step` seconds. A value."""

    step: float
    signals: Mapping[str, Signal] = field(default_factory=dict)

    def after(self, figures: Mapping[str, float]) -> tuple[Self, list[OscillationNotice]]:
        """After a round; the notices of those that are found to swing. What is not named any more is forgotten."""
        signals, notices = {}, []
        for name, value in figures.items():
            signal = self.signals.get(name) or Signal(self.step, 0.0, max(24, round(WINDOW / self.step)))
            seen = signal.windows[0].data or (value,)
            signal, found = changed(signal, floor=FLOOR * sum(map(abs, seen)) / len(seen)).after(value)
            if found is not None:
                notices.append(notice_of(name, found))
                signal = signal.anew()
            signals[name] = signal
        return changed(self, signals=signals), notices


def shares(granted: Mapping[str, float]) -> dict[str, float]:
    """The share of each unit of all that is granted, by the name of its figure."""
    whole = sum(granted.values())
    return {f"{SHARE}{unit}": amount / whole for unit, amount in granted.items()} if whole > 0 else {}
