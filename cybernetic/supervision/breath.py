"""How a supervisor with much to do lets others have a turn."""

import asyncio
from typing import Any

BREATH = 0.005  # seconds after which it gives the event loop a turn


class Breath:
    """Gives the event loop a turn when a supervisor has been busy for long."""

    __slots__ = ("_clock", "_since")

    def __init__(self, clock: Any) -> None:
        self._clock, self._since = clock, clock()

    async def take(self) -> None:
        """Call it once for each small step of work."""
        if self._clock() - self._since > BREATH:
            await asyncio.sleep(0)
            self._since = self._clock()
