"""What waits to be said to another node, in order."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from cybernetic.nodes.remote.ops import Words
from cybernetic.runtime import FOREIGN, hold, release

A_TURN = 50  # keys of the directory that are told in one turn of the loop: a millisecond or two
WAITING = 4096  # messages that wait, from which on their senders are held
WAITING_BYTES = 1 << 20  # bytes of them


class Line:
    """Messages and `Words` for one node; of those that tell of the directory some leave in each turn of the loop.

    All that was said later waits behind them: who hears of an agent knows its name.

    Attributes:
        open: whether what is said may leave at once: the node is linked, and nothing waits.
        paused: whether more may leave when others have had their turn.
    """

    __slots__ = ("_bytes", "_held", "_waiting", "open", "paused")

    def __init__(self) -> None:
        self.open = self.paused = False
        self._waiting: deque[bytes | Words] = deque()
        self._bytes = 0  # of messages that wait
        self._held: dict[Any, None] = {}

    @property
    def last(self) -> bytes | Words | None:
        """What waits after all else."""
        return self._waiting[-1] if self._waiting else None

    def ready(self, link: Any) -> bool:
        """Whether nothing waits, and the link takes more."""
        return self.open and not link.full

    def tell(self, words: Words) -> None:
        """Say this after all that waits."""
        self.open = False
        self._waiting.append(words)

    def tell_first(self, words: Words) -> None:
        """Say this before all that waits."""
        self._waiting.appendleft(words)

    def wait(self, data: bytes, sender: Any) -> None:
        """Say this after all that waits; while that is very much, the agent that says it takes no turn."""
        self._waiting.append(data)
        self._bytes += len(data)
        if sender is not None and (len(self._waiting) >= WAITING or self._bytes >= WAITING_BYTES):
            self.hold(sender)

    def hold(self, sender: Any) -> None:
        """Let an agent take no turn until `release`."""
        if not sender._flags & FOREIGN:
            self._held[sender] = None
            hold(sender)

    def release(self) -> None:
        """Agents that were held go on."""
        held, self._held = self._held, {}
        for cell in held:
            release(cell)

    def leaving(self, link: Any) -> Iterator[bytes]:
        """What may leave in this turn, while the link is not `full`; afterwards `open` or `paused` may be true."""
        waiting, self.paused, told = self._waiting, False, 0
        while waiting and not link.full:
            first = waiting[0]
            if isinstance(first, bytes):
                waiting.popleft()
                self._bytes -= len(first)
                yield first
                continue
            word = None if told >= A_TURN else next(first, ())
            if word is None:
                self.paused = True
                return
            if not word:
                waiting.popleft()
                continue
            message, keys = word
            told += keys
            yield message
        self.open = not waiting

    def rest(self) -> list[bytes]:
        """The messages that wait: all that needs to leave when the node does."""
        found = [each for each in self._waiting if isinstance(each, bytes)]
        self.end()
        return found

    def end(self) -> None:
        """Nothing waits any more, and nothing leaves."""
        self._waiting.clear()
        self._bytes, self.open = 0, False
