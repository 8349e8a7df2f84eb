"""Messages that wait in a queue, in the order in which they are to go."""

import heapq
from collections import deque
from collections.abc import Iterator
from math import inf

from cybernetic.gateways.broker.messages import Message


class Entry:
    """A message in one queue.

    Attributes:
        message: what was published.
        place: where it stands: the lower goes first.
        expires: loop time at which it expires; infinity: never.
        returns: how often it came back from a consumer.
    """

    __slots__ = ("expires", "message", "place", "returns")

    def __init__(self, message: Message, place: int, expires: float = inf) -> None:
        self.message = message
        self.place = place
        self.expires = expires
        self.returns = 0

    def __lt__(self, other: "Entry") -> bool:
        return self.place < other.place


class Line:
    """Entries in order of their places. What is added goes to the end; what is put back goes where it stood. Pure."""

    __slots__ = ("_back", "_fresh", "bytes")

    def __init__(self) -> None:
        self.bytes = 0
        self._fresh: deque[Entry] = deque()
        self._back: list[Entry] = []  # a heap

    def __len__(self) -> int:
        return len(self._fresh) + len(self._back)

    def __iter__(self) -> Iterator[Entry]:
        """All of them in order."""
        return iter(heapq.merge(self._fresh, sorted(self._back)))

    def add(self, entry: Entry) -> None:
        """To the end: its place is higher than all that are there."""
        self._fresh.append(entry)
        self.bytes += len(entry.message.body)

    def put_back(self, entry: Entry) -> None:
        """To its place."""
        heapq.heappush(self._back, entry)
        self.bytes += len(entry.message.body)

    def head(self) -> Entry | None:
        """The one to go next, left where it is."""
        if self._back and not (self._fresh and self._fresh[0] < self._back[0]):
            return self._back[0]
        return self._fresh[0] if self._fresh else None

    def pop(self) -> Entry:
        """Take the head. Raises `IndexError` when empty."""
        if self._back and not (self._fresh and self._fresh[0] < self._back[0]):
            entry = heapq.heappop(self._back)
        else:
            entry = self._fresh.popleft()
        self.bytes -= len(entry.message.body)
        return entry


class Lines:
    """A line for each priority that is in use: the highest goes first. Behaves as a `Line`. Pure.

    `most` is the highest priority; what asks for more gets that, what asks for none gets 0.
    """

    __slots__ = ("_lines", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._lines: dict[int, Line] = {}

    @property
    def bytes(self) -> int:
        """The sum of the bodies, in bytes."""
        return sum(line.bytes for line in self._lines.values())

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[Entry]:
        for priority in sorted(self._lines, reverse=True):
            yield from self._lines[priority]

    def add(self, entry: Entry) -> None:
        """To the end of its line."""
        self._line(entry).add(entry)

    def put_back(self, entry: Entry) -> None:
        """To its place in its line."""
        self._line(entry).put_back(entry)

    def head(self) -> Entry | None:
        """The one to go next, left where it is."""
        first = self._first()
        return first.head() if first else None

    def pop(self) -> Entry:
        """Take the head. Raises `IndexError` when empty."""
        return (self._first() or Line()).pop()

    def _line(self, entry: Entry) -> Line:
        priority = min(entry.message.priority or 0, self._most)
        return self._lines.setdefault(priority, Line())

    def _first(self) -> Line | None:
        used = [priority for priority, line in self._lines.items() if line]
        return self._lines[max(used)] if used else None
