"""Which messages wait to be sent and which are on their way: bookkeeping of a publisher, without any acting."""

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import count

from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.publisher.receipt import Receipt
from cybernetic.gateways.publisher.rows import Item
from cybernetic.runtime import Deferred

BYTES = 64 * 1024 * 1024  # of bodies that are on their way at a time, and that wait in each lane


class Entry:
    """A message to be sent: its number in the outbox (None: it goes without) and who waits for the result."""

    __slots__ = ("message", "number", "order", "reply", "size", "suspect")

    def __init__(self, message: Item, number: int | None, reply: "Deferred[Receipt] | None") -> None:
        self.message, self.number, self.reply = message, number, reply
        self.order = 0
        self.size = len(message.body) if isinstance(message, Message) else len(message.envelope.payload)
        self.suspect = False  # its channel was closed, perhaps because of it: it goes alone

    def __lt__(self, other: "Entry") -> bool:
        return (self.order, self.number or 0) < (other.order, other.number or 0)


class Flight:
    """Two lanes that take turns: messages of the outbox in the order of their numbers, and others as they came.

    Those of the outbox that had to wait for their time may have another place, their `order`, and in that their own.

    Args:
        window: how many may be on their way at a time.
        limit: how many may wait in each lane.
        bytes: of bodies, that may be on their way, and wait in each lane; one alone may be larger. Default 64 MiB.
    """

    def __init__(self, window: int, limit: int, bytes: int = BYTES) -> None:
        self.window, self.limit, self.bytes = window, limit, bytes
        self.flying = self._others_flying = 0
        self._flying_bytes = self._stored_bytes = self._others_bytes = 0
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
        lane, size = (self._stored, self._stored_bytes) if stored else (self._others, self._others_bytes)
        return len(lane) < self.limit and size < self.bytes

    def add(self, entry: Entry) -> None:
        """Let `entry` wait; one that is back from the way takes its old place."""
        if entry.number is not None:
            entry.order = entry.order or entry.number
            heapq.heappush(self._stored, entry)
            self._stored_bytes += entry.size
        else:
            entry.order = entry.order or next(self._came)
            heapq.heappush(self._others, entry)
            self._others_bytes += entry.size

    def next(self) -> Entry | None:
        """The one to send now, which is on its way from now on; None if none may go. A suspect goes alone."""
        if self.flying >= self.window or self._alone is not None:
            return None
        lane = self._lane()
        if not lane or (self.flying and not self._may_join(lane[0])):
            return None
        entry = heapq.heappop(lane)
        self._turn = not self._turn
        self.flying += 1
        self._flying_bytes += entry.size
        if entry.number is None:
            self._others_flying += 1
            self._others_bytes -= entry.size
        else:
            self._stored_bytes -= entry.size
        if entry.suspect:
            self._alone = entry
        return entry

    def landed(self, entries: Iterable[Entry]) -> None:
        """These are not on their way any more."""
        for entry in entries:
            self.flying -= 1
            self._flying_bytes -= entry.size
            self._others_flying -= entry.number is None
            if entry is self._alone:
                self._alone = None

    def drop_others(self) -> "deque[Entry]":
        """Those that wait and are in no outbox; they wait no longer."""
        dropped, self._others, self._others_bytes = deque(sorted(self._others)), [], 0
        return dropped

    def _may_join(self, entry: Entry) -> bool:
        """Whether it may be on its way beside others."""
        return not entry.suspect and self._flying_bytes + entry.size <= self.bytes

    def _lane(self) -> list[Entry]:
        first, second = (self._stored, self._others) if self._turn else (self._others, self._stored)
        return first or second


def culprits(why: str, entries: Sequence[Entry]) -> list[Entry]:
    """Whose fault it is that the broker closed a channel, saying `why`, with `entries` on their way.

    Those whose exchange it names (404, 403), and whose topic where it names one; the only one there was; else nobody
    can say: an empty list.
    """
    named = [entry for entry in entries if _names(why, entry.message)]
    if named:
        return named
    return list(entries) if len(entries) == 1 else []


def _names(why: str, item: Item) -> bool:
    """Whether the broker speaks of the exchange of `item`: a vhost and a user may be named alike."""
    exchange = f"exchange '{item.exchange}' in vhost '"
    if not item.exchange or exchange not in why:
        return False
    return "access to topic '" not in why or f"access to topic '{item.routing_key}' in {exchange}" in why
