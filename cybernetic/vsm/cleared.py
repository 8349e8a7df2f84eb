"""What was killed outright leaves behind what still ends: whoever is put in its place begins when that has ended."""

import asyncio
from collections.abc import Collection, Iterable
from typing import Any

from cybernetic.core import Ignore
from cybernetic.runtime import Agent
from cybernetic.supervision import Child, child
from cybernetic.vsm.timing import now

LOOK = 0.05  # seconds between two looks
LONGEST = 60.0  # seconds, at most: then names that are taken are an error like any other


class Cleared(Agent):
    """Waits until nobody bears any of the `names`, and is gone: those after it start then."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)

    async def setup(self) -> None:
        """Wait."""
        ends = now() + LONGEST
        while taken(self.system, self._names) and now() < ends:
            await asyncio.sleep(LOOK)
        raise Ignore


def taken(system: Any, names: Collection[str]) -> bool:
    """Whether somebody bears one of the names."""
    return any(system.whereis(name, Agent) is not None for name in names)


def named(children: Iterable[Child[Any]]) -> list[str]:
    """The names that those children bear."""
    return [one.name for one in children if isinstance(one.name, str)]


def cleared(system: Any, names: Collection[str]) -> list[Child[Any]]:
    """The first child of a supervisor whose children bear those names; none where all of them are free."""
    return [child(Cleared, tuple(names), id="cleared", restart="temporary")] if taken(system, names) else []
