"""What system 3 is told of its units."""

from dataclasses import dataclass

from cybernetic.vsm.bargain.vector import NOTHING, Vector


@dataclass(frozen=True, slots=True)
class Charge:
    """A unit as system 3 deals with it: its path, its weight, its floor and cap as parts of the level's budget, and the
    kinds of tasks that it takes; none: those that nobody else does.
    """

    path: str
    weight: float
    floor: Vector = NOTHING
    floor_share: float = 0.0
    cap_share: float | None = None
    kinds: tuple[str, ...] = ()
