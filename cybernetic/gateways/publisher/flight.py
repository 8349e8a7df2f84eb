"""Which messages wait to be sent and which are on their way: bookkeeping of a publisher, without any acting."""

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import count

from cybernetic.gateways.publisher.receipt import Receipt
from cybernetic.gateways.publisher.rows import Item
from cybernetic.runtime import Deferred


class Entry:
    """A message to be sent: its number in the outbox (None: it goes without) and who waits for the result."""

    __slots__ = ("message", "number", "order", "reply", "suspect")

    def __init__(self, message: Item, number: int | None, reply: "Deferred[Receipt] | None") -> None:
        self.message, self.number, self.reply = message, number, reply
        self.order = 0
        self.suspect = False  # its channel was closed, perhaps because of it: it goes alone

    def __lt__(self, other: "Entry") -> bool:
        return self.order < other.order


class Flight:
    """Two lanes that take turns: messages of the outbox in the order of their numbers, and others as they came.

    Args:
        window: how many may be on their way at a time.
        limit: how many may wait in each lane.
    """

    def __init__(self, window: int, limit: int) -> None:
        self.window, self.limit = window, limit
        self.flying = self._others_flying = 0
        self._stored: list[Entry] = []  # a heap
        self._others: list[Entry] = []  # a heap
        self._came = count(1)
        self._turn = False
        self._alone: Entry | None = None  # the suspect that is on its way

    @property
    def others(self) -> int:
        """How many messages without an outbox wait or are on their way."""
        return len(self._others) + self._others_flying

    def has_room(self, *, stored: bool) -> bool:
        """Whether one more may wait in the lane of the outbox, or in the other."""
        return len(self._stored if stored else self._others) < self.limit

    def add(self, entry: Entry) -> None:
        """Let `entry` wait; one that is back from the way takes its old place."""
        if entry.number is not None:
            entry.order = entry.number
            heapq.heappush(self._stored, entry)
        else:
            entry.order = entry.order or next(self._came)
            heapq.heappush(self._others, entry)

    def next(self) -> Entry | None:
        """The one to send now, which is on its way from now on; None if none may go. A suspect goes alone."""
        if self.flying >= self.window or self._alone is not None:
            return None
        lane = self._lane()
        if not lane or (lane[0].suspect and self.flying):
            return None
        entry = heapq.heappop(lane)
        self._turn = not self._turn
        self.flying += 1
        self._others_flying += entry.number is None
        if entry.suspect:
            self._alone = entry
        return entry

    def landed(self, entries: Iterable[Entry]) -> None:
        """These are not on their way any more."""
        for entry in entries:
            self.flying -= 1
            self._others_flying -= entry.number is None
            if entry is self._alone:
                self._alone = None

    def drop_others(self) -> "deque[Entry]":
        """Those that wait and are in no outbox; they wait no longer."""
        dropped, self._others = deque(sorted(self._others)), []
        return dropped

    def _lane(self) -> list[Entry]:
        first, second = (self._stored, self._others) if self._turn else (self._others, self._stored)
        return first or second


def culprits(why: str, entries: Sequence[Entry]) -> list[Entry]:
    """Whose fault it is that the broker closed a channel, saying `why`, with `entries` on their way.

    Those whose exchange it names (404, 403); the only one there was; else nobody can say: an empty list.
    """
    named = [entry for entry in entries if entry.message.exchange and f"'{entry.message.exchange}'" in why]
    if named:
        return named
    return list(entries) if len(entries) == 1 else []
