"""A queue as one would explain it: lists that are sorted anew at every step. To compare the in-process broker with."""

from dataclasses import dataclass, field
from math import inf
from typing import Any

from cybernetic.gateways.broker.topology import Queue


@dataclass
class Item:
    """A message that waits, or that a consumer has."""

    body: bytes
    number: int
    priority: int
    persistent: bool
    expires: float
    returns: int = 0
    returned: int = 0  # quorum queues: when it came back, to go first; 0: it did not


@dataclass(eq=False)
class Taker:
    """A consumer: what it has, by tag; whether it takes more."""

    prefetch: int
    active: bool = True
    held: dict[int, Item] = field(default_factory=dict)

    @property
    def credit(self) -> int:
        return max(self.prefetch - len(self.held), 0) if self.active else 0


class Model:
    """What is in one queue, who consumes from it, and what died in it: (body, reason)."""

    def __init__(self, spec: Queue) -> None:
        self.spec = spec
        self.ready: list[Item] = []
        self.takers: list[Taker] = []
        self.dead: list[tuple[bytes, str]] = []
        self.full = False
        self._numbers = 0
        self._returns = 0

    def publish(
        self, body: bytes, now: float, priority: int | None, expiration: float | None, persistent: bool
    ) -> bool:
        """Whether it is taken."""
        self.expire(now)
        if self._rejects(len(body)):
            if self.spec.overflow == "reject-publish-dlx":
                self.dead.append((body, "maxlen"))
            return False
        self._numbers += 1
        times = [time for time in (self.spec.ttl, expiration) if time is not None]
        rank = min(priority or 0, self.spec.max_priority or 0)
        self.ready.append(Item(body, self._numbers, rank, persistent, now + min(times, default=inf)))
        return True

    def put_back(self, items: list[Item], now: float) -> None:
        quorum, limit = self.spec.kind == "quorum", self.spec.delivery_limit
        for item in items:
            item.returns += 1
            if limit is not None and item.returns > limit:
                self.dead.append((item.body, "delivery_limit"))
                continue
            if quorum:
                self._returns += 1
                item.returned = self._returns
            self.ready.append(item)
        if not quorum:
            self.drop(now)

    def expire(self, now: float) -> None:
        self.sort()
        while self.ready and self.ready[0].expires <= now:
            self.dead.append((self.ready.pop(0).body, "expired"))

    def drop(self, now: float) -> None:
        """Drop what is too much, where that is the policy."""
        if self.spec.overflow == "drop-head":
            self.expire(now)
            while self._over(1.0):
                self.dead.append((self.ready.pop(0).body, "maxlen"))

    def restart(self, now: float) -> None:
        for taker in self.takers:
            taker.active = False
            self.put_back(list(taker.held.values()), now)
        self.takers.clear()
        self.ready = [one for one in self.ready if one.persistent or self.spec.kind == "quorum"]

    def sort(self) -> None:
        self.ready.sort(key=lambda one: (-one.priority, one.returned == 0, one.returned or one.number))

    def _over(self, part: float, messages: int = 0, size: int = 0) -> bool:
        spec: Any = self.spec
        held = sum(len(one.body) for one in self.ready) + size
        long = spec.max_length is not None and len(self.ready) + messages > int(spec.max_length * part)
        return long or (spec.max_bytes is not None and held > int(spec.max_bytes * part))

    def _rejects(self, size: int) -> bool:
        if self.spec.overflow == "drop-head":
            return False
        if self.spec.kind == "classic":
            return self._over(1.0, 1, size)
        self.full = self._over(0.8 if self.full else 1.0)
        return self.full
