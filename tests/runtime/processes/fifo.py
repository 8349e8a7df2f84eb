"""A model of one agent's mailbox: what arrived and was not handled, first in, first out."""

from collections.abc import Callable, Hashable
from typing import Any

Entry = Hashable

SUSPEND = "suspend"
RESUME = "resume"


class Fifo:
    """Follows an agent through what arrives and what it handles, and objects as soon as they disagree.

    `suspended` says whether the agent is suspended at this moment. An entry is a tuple that begins with its kind;
    those of kind "system", "suspend" and "resume" go to the control lane while it is suspended. Handling a
    suspension or its end cannot be seen from outside but by its effect, so those entries are taken off when that shows.
    """

    def __init__(self, suspended: Callable[[], bool]) -> None:
        self._is_suspended = suspended
        self.lane: list[Entry] = []
        self.control: list[Entry] = []
        self.suspended = False
        self.handled = 0

    def arrives(self, entry: Entry) -> None:
        """`entry` is being put into the mailbox."""
        self._catch_up()
        (self.control if self.suspended and _for_control(entry) else self.lane).append(entry)

    def handles(self, entry: Entry) -> None:
        """The agent begins to handle `entry`."""
        self._catch_up()
        lane = self.control if self.suspended else self.lane
        assert lane, f"expected nothing more, handled: {entry}"
        assert lane[0] == entry, f"expected to handle {lane[0]}, handled: {entry}"
        del lane[0]
        self.handled += 1

    def withdraws(self, unwanted: Callable[[Any], bool]) -> None:
        """The agent takes entries back that are queued."""
        self.lane[:] = [entry for entry in self.lane if not unwanted(entry)]

    def _catch_up(self) -> None:
        if self.suspended is self._is_suspended():
            return
        lane = self.control if self.suspended else self.lane
        expected = RESUME if self.suspended else SUSPEND
        assert lane, f"expected a {expected} to be queued"
        assert lane[0] == (expected,), f"expected to handle {lane[0]}, handled: {expected}"
        del lane[0]
        self.suspended = not self.suspended
        if self.suspended:
            self.control += [entry for entry in self.lane if _for_control(entry)]
            self.withdraws(_for_control)
        else:
            self.lane[:0] = self.control
            self.control.clear()


def _for_control(entry: Any) -> bool:
    return entry[0] in ("system", SUSPEND, RESUME)
