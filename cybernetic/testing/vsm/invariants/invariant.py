"""An invariant: its name, what it says, and how it is asked."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cybernetic.testing.vsm.bench import Bench

Ask = Callable[[Bench], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant of the viable system: `ask` raises `AssertionError` where it does not hold, and `Untried` where
    there is nothing to try it on.
    """

    name: str
    says: str
    ask: Ask
