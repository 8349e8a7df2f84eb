"""Causal delivery: a message is held until the messages that caused it have come, but not without end."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cybernetic.core import number, whole
from cybernetic.gateways.envelope.dots import Dot

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Released(Generic[T]):
    """An item whose turn it is.

    Attributes:
        item: what was offered.
        missing: causes that had not come when the item's time was over, or room was needed; empty: all in order.
        repeated: an item of the same dot was released before. It may be another delivery of the same message, whose
            effect need not be there yet: what was recorded with the effect decides, not this.
    """

    item: T
    missing: tuple[Dot, ...] = ()
    repeated: bool = False


@dataclass(slots=True)
class _Held(Generic[T]):
    """An item that waits, and those of the same dot that came after it."""

    item: T
    waiting: set[Dot]
    deadline: float
    again: list[T] = field(default_factory=list)


class CausalBuffer(Generic[T]):
    """Puts items in an order in which causes come before effects.

    Every item offered is released exactly once. It is held while one of its causes has not been released; when it
    was held for `max_wait` seconds, or more than `max_held` items are held and it is the oldest, it is released all
    the same, after those of its causes that are held too, and flagged with those that are missing.

    Args:
        max_held: how many items may be held, at least 0.
        max_wait: seconds an item may be held, >= 0.
        memory: of how many dots it is known that they were released; the oldest are forgotten. A cause that was
            forgotten counts as missing.

    Times are seconds of any clock that does not go back. Raises `OptionError` for an impossible argument.
    """

    __slots__ = ("_done", "_held", "_items", "_max_held", "_max_wait", "_memory", "_waiters")

    def __init__(self, max_held: int = 1000, max_wait: float = 30.0, memory: int = 100_000) -> None:
        self._max_held = whole("max_held", max_held)
        self._max_wait = number("max_wait", max_wait, least=0.0)
        self._memory = whole("memory", memory, least=1)
        self._held: OrderedDict[Dot, _Held[T]] = OrderedDict()  # the oldest first
        self._waiters: dict[Dot, dict[Dot, None]] = {}  # cause to those held for it, in order
        self._done: OrderedDict[Dot, None] = OrderedDict()  # the oldest first
        self._items = 0

    def __len__(self) -> int:
        """How many items are held."""
        return self._items

    @property
    def deadline(self) -> float | None:
        """When `due` has something to release, at the latest; None: nothing is held."""
        return next(iter(self._held.values())).deadline if self._held else None

    def offer(self, dot: Dot, causes: Iterable[Dot], item: T, now: float) -> list[Released[T]]:
        """Take an item, the message `dot` with its causes; what is released by that, in order."""
        if dot in self._done:
            return [Released(item, repeated=True)]
        self._items += 1
        if dot in self._held:
            self._held[dot].again.append(item)
        else:
            self._hold(dot, {cause for cause in causes if cause not in self._done} - {dot}, item, now)
        released = [] if self._held[dot].waiting else [*self._release(dot)]
        if self._items > self._max_held:
            released += self._force(next(iter(self._held)))
        return released

    def due(self, now: float) -> list[Released[T]]:
        """What has been held long enough, in order; items that waited only for those come with them."""
        released: list[Released[T]] = []
        while self._held and next(iter(self._held.values())).deadline <= now:
            released += self._force(next(iter(self._held)))
        return released

    def crowded(self) -> list[Released[T]]:
        """Release the oldest that is held, as if there were no room for it; nothing where none is held."""
        return [*self._force(next(iter(self._held)))] if self._held else []

    def _hold(self, dot: Dot, waiting: set[Dot], item: T, now: float) -> None:
        self._held[dot] = _Held(item, waiting, now + self._max_wait)
        for cause in waiting:
            self._waiters.setdefault(cause, {})[dot] = None

    def _force(self, dot: Dot) -> Iterator[Released[T]]:
        """Release `dot` before its causes have come; those that are held, first, and what they hold up."""
        stack, seen = [dot], {dot}
        while stack:
            held = self._held.get(stack[-1])
            cause = (
                next((c for c in held.waiting if c in self._held and c not in seen), None) if held else None
            )
            if cause is not None:
                seen.add(cause)
                stack.append(cause)
                continue
            top = stack.pop()
            if top in self._held:
                yield from self._release(top)

    def _release(self, dot: Dot) -> Iterator[Released[T]]:
        """Release `dot`, and all that waits for nothing else then."""
        ready = deque((dot,))
        while ready:
            dot = ready.popleft()
            held = self._held.pop(dot)
            self._items -= 1 + len(held.again)
            self._remember(dot)
            for cause in held.waiting:
                self._forget_waiter(cause, dot)
            yield Released(held.item, tuple(sorted(held.waiting)))
            yield from (Released(item, repeated=True) for item in held.again)
            for waiter in self._waiters.pop(dot, ()):
                waiting = self._held[waiter].waiting
                waiting.discard(dot)
                if not waiting:
                    ready.append(waiter)

    def _forget_waiter(self, cause: Dot, dot: Dot) -> None:
        waiters = self._waiters[cause]
        del waiters[dot]
        if not waiters:
            del self._waiters[cause]

    def _remember(self, dot: Dot) -> None:
        self._done[dot] = None
        if len(self._done) > self._memory:
            self._done.popitem(last=False)
