"""What a unit says that aches, and for how long: who begins anew does not know what its predecessor felt."""

from collections.abc import Collection
from math import inf

SURE = 1.25  # terms after which system 3 would have been told of a pain, if it was to be told


class Lasting:
    """Since when indices ache, by the word of the units themselves.

    A pain is told of once. Where a unit that began anew has nothing to measure it is over by its word, and not for who
    feels it: when it aches again, nobody is told.

    Args:
        term: for how long a unit may be at mending it, seconds > 0.
    """

    def __init__(self, term: float) -> None:
        self._sure = SURE * term
        self._since: dict[str, dict[str, float]] = {}

    def seen(self, unit: str, aches: Collection[str], at: float) -> list[str]:
        """Which of these have ached for longer than that, where a `unit` says at a time, seconds, what aches. What did
        already in its first word may be excused.
        """
        before = self._since.get(unit)
        if before is None:
            since = dict.fromkeys(aches, inf)
        else:
            since = {index: before.get(index, at) for index in aches}
        self._since[unit] = since
        return [index for index, began in since.items() if at - began >= self._sure]

    def excuse(self, unit: str) -> None:
        """A person lets the unit go on: what aches now is no news until it is over."""
        self._since[unit] = dict.fromkeys(self._since.get(unit, ()), inf)
