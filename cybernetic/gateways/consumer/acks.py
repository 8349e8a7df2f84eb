"""Acknowledgements gathered over a turn of the loop: what is done from the oldest on needs one frame together."""

import asyncio
from collections.abc import Callable

from cybernetic.gateways.broker.port import Intake


class Acks:
    """The deliveries of one intake that are not acknowledged yet, in the order they came.

    Args:
        intake: gives the intake, for the first delivery may come before it is known.
    """

    def __init__(self, intake: Callable[[], Intake | None]) -> None:
        self._intake = intake
        self._open: dict[int, bool] = {}  # by tag, in order: whether it is done
        self._done: set[int] = set()  # done, and not told yet
        self._soon: asyncio.Handle | None = None

    def came(self, tag: int) -> None:
        """A delivery came."""
        self._open[tag] = False

    def done(self, tag: int) -> None:
        """A delivery had its effect: acknowledge it with the others of this turn."""
        if tag in self._open:
            self._open[tag] = True
            self._done.add(tag)
            if self._soon is None:
                self._soon = asyncio.get_running_loop().call_soon(self.flush)

    def back(self, tag: int) -> None:
        """A delivery goes back into its queue."""
        intake = self._intake()
        if self._open.pop(tag, None) is not None and intake is not None:
            intake.nack(tag)

    def flush(self) -> None:
        """Tell the broker now."""
        self._soon = None
        intake = self._intake()
        if intake is None:
            return
        last = self._oldest_done()
        if last is not None:
            intake.ack(last, multiple=True)
        for tag in sorted(self._done):
            del self._open[tag]
            intake.ack(tag)
        self._done.clear()

    def _oldest_done(self) -> int | None:
        """Take out all that are done from the oldest on; the last of these."""
        last = None
        for tag, done in tuple(self._open.items()):
            if not done:
                break
            last = tag
            del self._open[tag]
            self._done.discard(tag)
        return last
