"""Units that are taken out of a level for a while, and come back by themselves, whoever has asked for it."""

from typing import Any

from cybernetic.core import StartFailed
from cybernetic.supervision import Supervisor
from cybernetic.vsm.timing import now


class Leave(Supervisor):
    """A supervisor of units. Who is on leave is back when that is over, also where nobody lives who gave it."""

    def __init__(self) -> None:
        self._timers: dict[str, Any] = {}

    async def give(self, id: str, until: float) -> None:
        """A unit is stopped, and does not come back before this time, seconds; the last word counts."""
        self._cancel(id)
        self._timers[id] = self.ref.after(max(0.0, until - now())).cast(Leave.end, id)
        await self.terminate_child(id)

    async def end(self, id: str) -> None:
        """It comes back."""
        self._cancel(id)
        record = self._children.find(id)
        if record.state == "stopped":
            await self._start_asked(record, keep=True)

    def _cancel(self, id: str) -> None:
        timer = self._timers.pop(id, None)
        if timer is not None:
            timer.cancel()

    async def _start_asked(self, record: Any, keep: bool) -> Any:
        """One that does not start is tried again as one that died."""
        try:
            await self._start(record)
        except StartFailed as failed:
            self._start_failed(record, failed)
        return record.ref
