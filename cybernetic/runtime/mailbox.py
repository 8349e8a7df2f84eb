"""Bounded mailboxes: what happens to a cast, call or send that does not fit."""

import logging
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from cybernetic.core import InternalError, MailboxFull
from cybernetic.runtime.cell import Entry, Ref, dead_letter
from cybernetic.runtime.timers import due

A_co = TypeVar("A_co", covariant=True)
Overflow = Literal["reject", "drop_oldest", "drop_newest"]

_log = logging.getLogger("cybernetic.mailbox")


def uncounted(agent: Any, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> Any:
    """Run in an agent with a bounded mailbox: an entry that never counted against its limit."""
    agent._ref._details.bound.extra -= 1
    return fn(agent, *args) if kwargs is None else fn(agent, *args, **kwargs)


def inside(entry: Entry) -> tuple[Any, Any, Any]:
    """The function, arguments and keyword arguments an entry is really about."""
    fn, args, kwargs = entry[:3]
    while fn is due or fn is uncounted:
        fn, args, kwargs = args
    return fn, args, kwargs


class Bound:
    """The limit of one mailbox, and what happened at it."""

    __slots__ = ("dropped", "extra", "limit", "overflow")

    def __init__(self, limit: int, overflow: Overflow) -> None:
        self.limit, self.overflow = limit, overflow
        self.extra = 0  # entries in the mailbox that do not count
        self.dropped = 0


class BoundedRef(Ref[A_co]):
    """An agent whose class declares a `mailbox_limit`.

    `overflow` says what gives way to a message too many: "reject" refuses it, "drop_oldest" drops the one that
    waited longest, "drop_newest" the one that came last. A call that is refused or dropped fails with
    `MailboxFull`; every drop is counted, told as a dead letter, and logged at the first and at each doubling.
    """

    __slots__ = ()

    def put(self, entry: Entry) -> None:
        """Append what the runtime itself delivers: it never counts, and is never dropped."""
        self._details.bound.extra += 1  # type: ignore[union-attr]
        super().put((uncounted, entry[:3], None, entry[3], entry[4]))

    def put_first(self, entry: Entry) -> None:
        """Put an entry before everything queued; it does not count either."""
        self._details.bound.extra += 1  # type: ignore[union-attr]
        super().put_first((uncounted, entry[:3], None, entry[3], entry[4]))

    def discard(self, unwanted: Any) -> int:
        """Take entries out of the message lane; returns how many."""
        gone = super().discard(unwanted)
        self._details.bound.extra = sum(entry[0] is uncounted for entry in self.queued())  # type: ignore[union-attr]
        return gone

    def _admit(self, entry: Entry) -> None:
        bound = self._details.bound  # type: ignore[union-attr]
        if self.length() - bound.extra >= bound.limit:
            lost = entry if bound.overflow == "reject" else self._displace(bound.overflow == "drop_newest")
            self._drop(lost, bound)
            if lost is entry:
                return
        super()._admit(entry)

    def _displace(self, newest: bool) -> Entry:
        """Take the newest or oldest counted entry out of the mailbox; there is one, or it would not be full."""
        if self._rest is not None and not newest:
            for first in self._rest:
                if first[0] is not uncounted:
                    return first
                self._rest = iter([first, *self._rest])
                break
        box = self._gather()
        for index in range(len(box) - 1, -1, -1) if newest else range(len(box)):
            if box[index][0] is not uncounted:
                return box.pop(index)
        raise InternalError(f"the mailbox of {self!r} is full of what does not count")

    def _drop(self, entry: Entry, bound: Bound) -> None:
        bound.dropped += 1
        if entry[4] is not None:
            entry[4].fail(MailboxFull(self, bound.limit))
        dead_letter(self._engine, self, entry[1], entry[3], "full")
        if bound.dropped & (bound.dropped - 1) == 0:
            _log.warning(
                "the mailbox of %r is full (%d messages, overflow=%r): %d dropped so far",
                self,
                bound.limit,
                bound.overflow,
                bound.dropped,
            )

    if not TYPE_CHECKING:

        def cast(self, method, /, *args, **kwargs):
            """As `Address.cast`."""
            self._cast(method, args, kwargs)
