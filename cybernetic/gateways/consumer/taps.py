"""Channels that deliveries come through, and whose deliveries the broker has taken back."""

import asyncio
from collections import OrderedDict, deque
from math import inf
from typing import Generic, NamedTuple, TypeVar

from cybernetic.gateways.broker.port import Intake as Channel
from cybernetic.gateways.consumer.acks import Acks

T = TypeVar("T")

KEPT = 600.0  # seconds for which a delivery is waited for whose message has been handled meanwhile
MOST = 10_000  # identities that are waited for


class Tap:
    """One channel that deliveries come through, and what of them is not acknowledged.

    Attributes:
        turn: number of the session it is of.
        channel: None before it is open.
        open: how many deliveries are being handled.
    """

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self.channel: Channel | None = None
        self.acks = Acks(lambda: self.channel)
        self.open = 0
        self._came: dict[int, float] = {}

    def came(self, tag: int) -> None:
        """A delivery came."""
        self.acks.came(tag)
        self.open += 1
        self._came[tag] = asyncio.get_running_loop().time()

    def done(self, tag: int) -> None:
        """A delivery had its effect."""
        self._left(tag)
        self.acks.done(tag)

    def back(self, tag: int) -> None:
        """A delivery goes back into its queue."""
        self._left(tag)
        self.acks.back(tag)

    def age(self, tag: int) -> float:
        """For how many seconds a delivery was not acknowledged."""
        now = asyncio.get_running_loop().time()
        return now - self._came.get(tag, now)

    def _left(self, tag: int) -> None:
        self.open -= 1
        self._came.pop(tag, None)


class TakenBack(Generic[T]):
    """Messages that are being handled, or were, and whose deliveries were taken back: each comes once more."""

    def __init__(self) -> None:
        self._all: OrderedDict[str, deque[_Waiting[T]]] = OrderedDict()  # by identity
        self._of: dict[T, _Waiting[T]] = {}  # those that are being handled

    def add(self, identity: str, handled: T) -> None:
        """The broker has taken its delivery back. `identity` is the same for every delivery of the message."""
        waiting = self._of[handled] = _Waiting(identity, handled)
        self._all.setdefault(identity, deque()).append(waiting)
        while len(self._all) > MOST:
            _, forgotten = self._all.popitem(last=False)
            for one in forgotten:
                self._forget(one)

    def over(self, handled: T) -> None:
        """It was handled meanwhile."""
        waiting = self._of.get(handled)
        if waiting is not None:
            self._forget(waiting)
            waiting.until = asyncio.get_running_loop().time() + KEPT

    def drop(self, handled: T) -> None:
        """It was not, and is to be when it comes again."""
        waiting = self._of.get(handled)
        if waiting is not None:
            self._remove(waiting)

    def take(self, identity: str) -> "Taken[T] | None":
        """What the delivery that comes again is of; None: nothing that is known here."""
        while waiting := self._all.get(identity):
            first = waiting[0]
            handled = first.handled
            self._remove(first)
            if first.until >= asyncio.get_running_loop().time():
                return Taken(handled)
        return None

    def _remove(self, waiting: "_Waiting[T]") -> None:
        self._forget(waiting)
        others = self._all.get(waiting.identity)
        if others is not None:
            others.remove(waiting)
            if not others:
                del self._all[waiting.identity]

    def _forget(self, waiting: "_Waiting[T]") -> None:
        """Let go of what was handled."""
        if waiting.handled is not None:
            del self._of[waiting.handled]
            waiting.handled = None


class Taken(NamedTuple, Generic[T]):
    """What comes again: what is being handled; None: it was handled meanwhile."""

    handled: T | None


class _Waiting(Generic[T]):
    """One that is waited for, until then (loop's time)."""

    __slots__ = ("handled", "identity", "until")

    def __init__(self, identity: str, handled: T) -> None:
        self.identity = identity
        self.handled: T | None = handled
        self.until = inf
