"""The agent that closes all queues at once when a gateway ends."""

import asyncio
from typing import Any

from cybernetic.core import Reason, Shutdown
from cybernetic.gateways.line import Line
from cybernetic.runtime import Agent

HANDLERS = 20.0  # seconds that what is being handled may take when a gateway ends


class Doorman(Agent):
    """Starts last and ends first: no consumer takes anything more when its gateway ends, while others still wait.

    All have the same time to end what they handle: until `closing` of the line.

    Args:
        line: on which they consume.
        time: how much, in seconds. Default 20.
    """

    def __init__(self, line: Line, time: float = HANDLERS) -> None:
        self._line, self._time = line, time

    def setup(self) -> None:
        """The doors are open."""
        self._line.closing = None

    def receive(self, message: Any) -> None:
        """Nobody sends it anything."""

    async def terminate(self, reason: Reason) -> None:
        """Close the doors, where it is the gateway that ends."""
        if isinstance(reason, Shutdown):
            self._line.closing = asyncio.get_running_loop().time() + self._time
            await asyncio.gather(*(tap.stop() for tap in tuple(self._line.taps.values())))
