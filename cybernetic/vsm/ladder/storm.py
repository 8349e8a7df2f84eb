"""Storms: when many pains begin together they are told as one, so that a human gets one page and not two
hundred.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cybernetic.core import number, whole
from cybernetic.vsm.checks import instance
from cybernetic.vsm.ladder.climb import Climb, Stage
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey


@dataclass(frozen=True, slots=True)
class StormRule:
    """`size` pains (>= 2) that begin within `window` seconds (> 0) are a storm. Raises `OptionError`.

    While it lasts, what begins within a window of its last member joins it.
    """

    size: int = 5
    window: float = 10.0

    def __post_init__(self) -> None:
        whole("size", self.size, least=2)
        number("window", self.window, above=0)

    def within(
        self, recent: Iterable[tuple[float, PainKey]], now: float
    ) -> tuple[tuple[float, PainKey], ...]:
        """What of `recent` began within the window that ends at `now`."""
        return tuple((at, key) for at, key in recent if now - at <= self.window)

    def takes(self, storm: Climb) -> bool:
        """Whether a storm's climb still takes new pains: not once it went unanswered. Raises `OptionError`."""
        return instance("storm", storm, Climb).stage is not Stage.UNANSWERED


def gathered(climbs: Mapping[PainKey, Climb], recent: Sequence[PainKey], top: int) -> list[Climb]:
    """The climbs of `recent` that a storm may take over: raised, so in nobody's hands, not paged."""
    found = (climbs[key] for key in dict.fromkeys(recent) if key in climbs)
    return [climb for climb in found if climb.stage is Stage.RAISED and climb.level < top]


def storm_pain(path: str, count: int, members: Sequence[Pain], now: float) -> Pain:
    """The one pain that stands for its `members` (at least one): storm number `count` at `path`, as bad as
    the worst.
    """
    return Pain(
        path,
        f"storm {count}",
        Cause.STORM,
        severity=max(pain.severity for pain in members),
        intensity=float(len(members)),
        since=min(now, *(pain.since for pain in members)),
    )
