"""Telling one far away what may be too large to travel at once."""

from typing import Any, Protocol, Self

from cybernetic.core import CannotTravel
from cybernetic.runtime import Ref


class Parted(Protocol):
    """What can be told in parts."""

    def halves(self) -> tuple[Self, ...]:
        """Two that tell together what this does; none, if it tells of one thing."""
        ...


def tell(listener: Ref[Any], news: Parted) -> None:
    """Send news, in parts where they cannot travel as they are. Raises `CannotTravel` where one of these cannot."""
    try:
        listener.send(news)
    except CannotTravel:
        parts = news.halves()
        if not parts:
            raise
        for part in parts:
            tell(listener, part)


def halved(
    first: tuple[Any, ...], second: tuple[Any, ...]
) -> tuple[tuple[tuple[Any, ...], tuple[Any, ...]], ...]:
    """Two rows in two parts each; apart first, so that nothing is told of the second before all of the first is."""
    if first and second:
        return (first, ()), ((), second)
    one, other = len(first) // 2, len(second) // 2
    if not one and not other:
        return ()
    return (first[:one], second[:other]), (first[one:], second[other:])
