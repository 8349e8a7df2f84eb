"""A queue as a state machine: messages in, deliveries and dead letters out; time comes as a number."""

from collections import deque
from math import inf
from typing import NamedTuple

from cybernetic.gateways.broker.memory.consumer import Consumer
from cybernetic.gateways.broker.memory.deaths import Reason
from cybernetic.gateways.broker.memory.ready import Entry, Line, Lines
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.broker.topology import Queue

FRONT = -(1 << 62)  # places before every place that a new message gets
REOPENS = 0.8  # a full quorum queue takes messages again when it holds no more than this part of its limit


class Dead(NamedTuple):
    """An entry that left its queue other than by being consumed."""

    queue: "MemoryQueue"
    entry: Entry
    reason: Reason


class MemoryQueue:
    """A queue as declared, what is ready in it, and its consumers. Pure.

    Attributes:
        spec: what was declared.
        owner: the connection it is exclusive to, or None.
        ready: what waits, in order.
        consumers: all of them, in order of subscription.
        idle_at: loop time at which it is deleted if nobody uses it before; infinity: never.
        reminder: the deadline that somebody has noted already.
        letters: dead letters that are kept until they are safe elsewhere (at-least-once dead-lettering).

    Args:
        dead: where it puts what dies in it.
        now: loop time in seconds.
    """

    __slots__ = (
        "_dead",
        "_drops",
        "_fresh",
        "_full",
        "_rejects",
        "_returned",
        "_turn",
        "consumers",
        "idle_at",
        "letters",
        "owner",
        "ready",
        "reminder",
        "spec",
    )

    def __init__(self, spec: Queue, dead: deque[Dead], now: float, owner: object = None) -> None:
        self.spec = spec
        self.owner = owner
        self.ready = self._line()
        self.consumers: dict[Consumer, None] = {}
        self.letters: deque[Dead] = deque()
        self.idle_at = inf
        self.reminder = inf
        self._dead = dead
        self._fresh = 0
        self._returned = FRONT
        self._full = False
        limited = spec.max_length is not None or spec.max_bytes is not None
        self._drops = limited and spec.overflow == "drop-head"
        self._rejects = limited and not self._drops
        self._turn: deque[Consumer] = deque()  # those who may have more, the next first
        self.touch(now)

    # Time.

    def touch(self, now: float) -> None:
        """Somebody declared it or stopped using it: `expires` counts from now."""
        expires = self.spec.expires
        self.idle_at = inf if expires is None or self.consumers else now + expires

    def deadline(self) -> float:
        """Loop time at which `expire` has something to do, or the queue is to be deleted."""
        head = self.ready.head()
        return min(head.expires, self.idle_at) if head is not None else self.idle_at

    def expire(self, now: float) -> None:
        """Let die what has expired, from the head on: what stands behind one that has not must wait for it."""
        ready = self.ready
        while (head := ready.head()) is not None and head.expires <= now:
            self._dead.append(Dead(self, ready.pop(), "expired"))

    # Messages.

    def offer(self, message: Message, now: float) -> bool:
        """Take a message in, or answer False: the queue is full and rejects."""
        if self.ready:
            self.expire(now)
        if self._rejects and self._is_full(message):
            if self.spec.overflow == "reject-publish-dlx":
                self._dead.append(Dead(self, Entry(message, 0), "maxlen"))
            return False
        self._fresh += 1
        entry = Entry(message, self._fresh, self._expires(message, now))
        if self._turn:  # then nothing is ready, and even what expires at once is delivered
            self._give(entry)
        else:
            self.ready.add(entry)
            if self._drops:
                self._drop(now)
        return True

    def takes(self, message: Message) -> bool:
        """Whether `offer` would take it."""
        return not (self._rejects and self._is_full(message))

    def settle(self, consumer: Consumer) -> None:
        """A consumer has settled something: it may have more, at the next `dispatch`."""
        if not consumer.in_turn and consumer in self.consumers and self._may(consumer):
            self._wait(consumer)

    def put_back(self, entries: list[Entry], now: float) -> None:
        """What comes back from a consumer: it refused them, or it ended.

        A classic queue puts them where they stood, and drops what is too much before it delivers. A quorum queue puts
        them first. Beyond the delivery limit they die.
        """
        for entry in entries:
            entry.returns += 1
            limit = self.spec.delivery_limit
            if limit is not None and entry.returns > limit:
                self._dead.append(Dead(self, entry, "delivery_limit"))
            else:
                if self.spec.kind == "quorum":
                    self._returned += 1
                    entry.place = self._returned
                self.ready.put_back(entry)
        if self._drops and self.spec.kind == "classic":
            self._drop(now)
        self.dispatch(now)
        if self._drops:
            self._drop(now)

    def reject(self, entries: list[Entry]) -> None:
        """What a consumer wants nobody to have."""
        self._dead.extend(Dead(self, entry, "rejected") for entry in entries)

    def purge(self) -> int:
        """Drop what is ready, without dead-lettering it; how many that were."""
        size = len(self.ready)
        while self.ready:
            self.ready.pop()
        return size

    def restart(self, now: float) -> None:
        """The broker starts again: a classic queue has lost what was not persistent."""
        kept = [one for one in self.ready if self.spec.kind == "quorum" or one.message.persistent]
        self.ready = self._line()
        for entry in kept:
            self.ready.put_back(entry)
        self.touch(now)

    def dispatch(self, now: float) -> None:
        """Give what is ready to those who may have more, in turn."""
        ready, turn = self.ready, self._turn
        while turn and (head := ready.head()) is not None:
            if head.expires <= now:
                self.expire(now)
            else:
                self._give(ready.pop())

    # Consumers.

    def join(self, consumer: Consumer, now: float) -> None:
        """One more consumer."""
        self.consumers[consumer] = None
        self.idle_at = inf
        if self._may(consumer):
            self._wait(consumer)
        self.dispatch(now)

    def leave(self, consumer: Consumer, now: float) -> bool:
        """A consumer stops; what it has is still its own. Answers whether the queue is to be deleted with it."""
        if consumer not in self.consumers:
            return False
        del self.consumers[consumer]
        if consumer.in_turn:
            consumer.in_turn = False
            self._turn.remove(consumer)
        self.touch(now)
        if self.spec.single_active and self.consumers:
            self.settle(next(iter(self.consumers)))
            self.dispatch(now)
        return self.spec.auto_delete and not self.consumers

    # Inside.

    def _line(self) -> Line | Lines:
        return Line() if self.spec.max_priority is None else Lines(self.spec.max_priority)

    def _give(self, entry: Entry) -> None:
        consumer = self._turn[0]
        if not consumer.give(entry):
            consumer.in_turn = False
            self._turn.popleft()
        elif len(self._turn) > 1:
            self._turn.rotate(-1)

    def _wait(self, consumer: Consumer) -> None:
        consumer.in_turn = True
        self._turn.append(consumer)

    def _may(self, consumer: Consumer) -> bool:
        """Whether it may have more: it has credit, and is the active one where there is only one."""
        return consumer.free and (not self.spec.single_active or consumer is next(iter(self.consumers)))

    def _expires(self, message: Message, now: float) -> float:
        ttl, own = self.spec.ttl, message.expiration
        if ttl is None:
            return inf if own is None else now + own
        return now + (ttl if own is None or ttl < own else own)

    def _is_full(self, message: Message) -> bool:
        """Whether it rejects: a classic queue what would exceed a limit, a quorum queue when it has exceeded it.

        A quorum queue takes messages again only when it is well below its limit.
        """
        if self.spec.kind == "classic":
            return self._exceeds(1, len(message.body))
        self._full = self._exceeds(0, 0, REOPENS if self._full else 1.0)
        return self._full

    def _exceeds(self, messages: int, size: int, part: float = 1.0) -> bool:
        """Whether that many more would exceed a limit, or a part of it."""
        spec, ready, letters = self.spec, self.ready, self.letters
        if spec.max_length is not None and len(ready) + len(letters) + messages > int(spec.max_length * part):
            return True
        if spec.max_bytes is None:
            return False
        held = sum(len(one.entry.message.body) for one in letters) if letters else 0
        return ready.bytes + held + size > int(spec.max_bytes * part)

    def _drop(self, now: float) -> None:
        """Drop from the head what exceeds a limit."""
        self.expire(now)
        while self.ready and self._exceeds(0, 0):
            self._dead.append(Dead(self, self.ready.pop(), "maxlen"))
