"""How long system 3 waits for what a unit answers: a unit that is far away is given the time that its answers take."""

from typing import Any

from cybernetic.core import CallError
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.line import NotCarried
from cybernetic.vsm.channels.note import Why
from cybernetic.vsm.timing import now

LEAST = 0.5  # seconds for an answer, where nothing speaks for more
MOST = 10.0  # seconds at most: what takes longer is said anew in a later round
NEARLY = 0.9  # of the time that was given: who failed later than that was silent
ROOM = 2.0  # times what the last answer took


class Patience:
    """The units of one level, each with the seconds in which it has to answer.

    What came after its time is not done, for it may have been said anew meanwhile. So a fixed time would keep a unit
    whose answers take longer than that without contract or command for ever: after silence it is given twice the time,
    and after an answer twice what that took. Who is not there fails at once, which is no silence.

    Args:
        control: who asks.
    """

    def __init__(self, control: Any) -> None:
        self._control = control
        self._seconds: dict[str, float] = {}

    def of(self, unit: str) -> float:
        """Seconds that a unit has to answer now."""
        return self._seconds.get(unit, LEAST)

    async def ask(self, channel: Channel, body: object, unit: str, why: Why | None = None) -> Any:
        """Say it to the management of a unit, on one of its channels. Raises what `Member.ask` raises."""
        given, began = self.of(unit), now()
        try:
            to = channel, Role.MANAGEMENT
            answer = await self._control.ask(*to, body, unit, cause=why, patience=given)
        except (CallError, NotCarried):
            if now() - began >= NEARLY * given:
                self._seconds[unit] = min(MOST, 2.0 * given)
            raise
        self._seconds[unit] = min(MOST, max(LEAST, ROOM * (now() - began)))
        return answer
