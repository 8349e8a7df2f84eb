"""A consumer as a queue sees it: its credit, and what it was given and has not settled yet."""

from collections import deque
from collections.abc import Callable

from cybernetic.gateways.broker.memory.ready import Entry


class Consumer:
    """One consumer on a channel of its own. Pure, but for the two functions that it calls.

    Attributes:
        exclusive: nobody else may consume.
        in_turn: it stands in its queue's row of those who may have more.
        unsettled: what it has, by delivery tag.
        mail: deliveries that were not fetched yet, each with its tag and whether it was delivered before.

    Args:
        prefetch: how many it may have unsettled.
        mailed: called when mail comes after there was none.
        cancelled: called when the queue is gone.
    """

    __slots__ = ("_mailed", "_tags", "cancelled", "exclusive", "in_turn", "mail", "prefetch", "unsettled")

    def __init__(
        self,
        prefetch: int,
        *,
        exclusive: bool = False,
        mailed: Callable[[], object],
        cancelled: Callable[[], object],
    ) -> None:
        self.prefetch = prefetch
        self.exclusive = exclusive
        self.in_turn = False
        self.cancelled = cancelled
        self.unsettled: dict[int, Entry] = {}
        self.mail: deque[tuple[int, Entry, int]] = deque()
        self._mailed = mailed
        self._tags = 0

    def give(self, entry: Entry) -> bool:
        """Deliver `entry` to it; answers whether it may have another."""
        self._tags += 1
        self.unsettled[self._tags] = entry
        self.mail.append((self._tags, entry, entry.returns))
        if len(self.mail) == 1:
            self._mailed()
        return len(self.unsettled) < self.prefetch

    @property
    def free(self) -> bool:
        """Whether it may have another."""
        return len(self.unsettled) < self.prefetch

    def take(self, tag: int, multiple: bool) -> list[Entry]:
        """What `tag` settles, in order of delivery; tag 0 with `multiple`: all. Raises `KeyError`: an unknown tag."""
        if tag == 0 and multiple:
            return self.take_all()
        entry = self.unsettled.pop(tag)
        if not multiple:
            return [entry]
        before = []
        for older in self.unsettled:
            if older > tag:
                break
            before.append(older)
        return [*(self.unsettled.pop(older) for older in before), entry]

    def take_all(self) -> list[Entry]:
        """Everything it has, in order of delivery."""
        entries = list(self.unsettled.values())
        self.unsettled.clear()
        return entries
