"""Channels that deliveries come through, and whose deliveries the broker has taken back."""

import asyncio
from collections import OrderedDict, deque
from typing import Protocol

from cybernetic.gateways.broker.port import Intake as Channel
from cybernetic.gateways.consumer.acks import Acks

KEPT = 600.0  # seconds for which a delivery is waited for whose message has been handled meanwhile
MOST = 10_000  # that are waited for


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


class Handled(Protocol):
    """What is known of a message whose delivery was taken back."""

    @property
    def identity(self) -> str:
        """The same for every delivery of the message."""


class TakenBack:
    """Messages that are being handled, or were, and whose deliveries were taken back: each comes once more."""

    def __init__(self) -> None:
        self._all: OrderedDict[str, deque[Handled]] = OrderedDict()
        self._over: dict[Handled, float] = {}
        self._count = 0

    def add(self, handled: Handled) -> None:
        """The broker has taken its delivery back."""
        self._all.setdefault(handled.identity, deque()).append(handled)
        self._count += 1
        while self._count > MOST:
            self._drop(self._all[next(iter(self._all))][0])

    def over(self, handled: Handled) -> None:
        """It was handled meanwhile."""
        self._over[handled] = asyncio.get_running_loop().time() + KEPT

    def drop(self, handled: Handled) -> None:
        """It was not, and is to be when it comes again."""
        if handled in self._all.get(handled.identity, ()):
            self._drop(handled)

    def take(self, identity: str) -> Handled | None:
        """The one whose delivery comes again, if it is one of these."""
        now = asyncio.get_running_loop().time()
        while waiting := self._all.get(identity):
            first = waiting[0]
            until = self._over.get(first)
            self._drop(first)
            if until is None or until >= now:
                return first
        return None

    def _drop(self, handled: Handled) -> None:
        waiting = self._all[handled.identity]
        waiting.remove(handled)
        self._over.pop(handled, None)
        self._count -= 1
        if not waiting:
            del self._all[handled.identity]
