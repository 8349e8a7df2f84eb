"""How much a bounded part of a store holds, when it refuses more, and who waits until it does not."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from cybernetic.core import OptionError, number, whole
from cybernetic.state.store.errors import NoRoom, StoreError, again


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """Where a part of a store begins to refuse. Nothing is ever dropped to make room.

    `count`: items, at least 1, default 100,000. `bytes`: of what they hold, at least 1, default 256 MiB. `age`: of
    the oldest item, in seconds above 0; default None, no limit. Raises `OptionError` outside of these.
    """

    count: int = 100_000
    bytes: int = 256 * 1024 * 1024
    age: float | None = None

    def __post_init__(self) -> None:
        whole("count", self.count, least=1)
        whole("bytes", self.bytes, least=1)
        if self.age is not None:
            number("age", self.age, above=0)


def ageless(limits: StoreLimits) -> None:
    """Check limits of what may well be old. Raises `OptionError` where they limit age."""
    if limits.age is not None:
        raise OptionError("age", "None: what is kept here may grow old", limits.age)


def shortage(limits: StoreLimits, count: int, bytes: int, age: float) -> str | None:
    """The limit that `count` items of `bytes` bytes, the oldest `age` seconds old, would break, in words; or None."""
    if count > limits.count:
        return f"{limits.count} items"
    if bytes > limits.bytes:
        return f"{limits.bytes} bytes"
    if limits.age is not None and age > limits.age:
        return f"{limits.age:g} s of age"
    return None


class Room:
    """What one bounded part holds: what is on the disk, and what is on its way there.

    `what` names it in errors, which are of class `error`. `clock` tells the time as the items have it. `oldest` is
    when the oldest item came, None if there is none.
    """

    __slots__ = ("_clock", "_error", "_loop", "_waiting", "bytes", "count", "limits", "oldest", "what")

    def __init__(
        self,
        what: str,
        limits: StoreLimits,
        error: type[NoRoom],
        *,
        clock: Callable[[], float],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.what, self.limits = what, limits
        self.count = self.bytes = 0
        self.oldest: float | None = None
        self._error, self._clock, self._loop = error, clock, loop
        self._waiting: deque[_Turn] = deque()

    @property
    def age(self) -> float:
        """How old the oldest item is, in seconds; 0 when there is none, or the clock was set back."""
        return 0.0 if self.oldest is None else max(0.0, self._clock() - self.oldest)

    def limit(self, limits: StoreLimits) -> None:
        """Have other limits from now on."""
        self.limits = limits
        self._wake()

    def fits(self, count: int, bytes: int) -> bool:
        """Whether so much more fits."""
        return self._shortage(count, bytes) is None

    def check(self, count: int, bytes: int) -> None:
        """Raise the error of this room if so much more does not fit now, `OptionError` if it never could."""
        if bytes > self.limits.bytes:
            raise OptionError(f"size of what {self.what} takes", f"at most {self.limits.bytes} bytes", bytes)
        if count > self.limits.count:
            raise OptionError(f"what {self.what} takes at once", f"at most {self.limits.count} items", count)
        limit = self._shortage(count, bytes)
        if limit is not None:
            raise self.full(limit)

    def full(self, limit: str) -> NoRoom:
        """The error of this room, for the limit that was reached, in words."""
        return self._error(
            self.what, limit, self.count, self.bytes, None if self.limits.age is None else self.age
        )

    def enter(self, count: int, bytes: int, now: float) -> None:
        """Count in what is to be written; raises as `check` does, and then counts nothing."""
        more, larger, limits = self.count + count, self.bytes + bytes, self.limits
        if more > limits.count or larger > limits.bytes or limits.age is not None:
            self.check(count, bytes)
        self.came(now)
        self.count, self.bytes = more, larger

    def came(self, at: float) -> None:
        """Something that came then is there: it is the oldest, if no older one is known."""
        if self.oldest is None:
            self.oldest = at

    def since(self, oldest: float | None) -> None:
        """The oldest item that is left came at `oldest`; None if there is none, or it is not known."""
        self.oldest = oldest
        self._wake()

    def leave(self, count: int, bytes: int, at: float | None = None) -> None:
        """Count out what is deleted, or what came at `at` and was not written after all."""
        self.count -= count
        self.bytes -= bytes
        if not self.count or (at is not None and self.oldest == at):
            self.oldest = None
        self._wake()

    async def wait(self, bytes: int = 0) -> None:
        """Wait until an item of `bytes` fits, which must then be put at once; first come, first served."""
        if bytes > self.limits.bytes:
            self.check(1, bytes)
        if not self._waiting and self.fits(1, bytes):
            return
        turn = _Turn(self._loop.create_future())
        self._waiting.append(turn)
        try:
            await turn.come
            while not self.fits(1, bytes):
                turn.come = self._loop.create_future()
                await turn.come
        finally:
            self._waiting.remove(turn)
            self._loop.call_soon(self._wake)  # when this one has put its item, the next may fit as well

    def end(self, error: StoreError) -> None:
        """There will be no room any more: those who wait are told why."""
        for turn in self._waiting:
            if not turn.come.done():
                turn.come.set_exception(again(error))

    def _shortage(self, count: int, bytes: int) -> str | None:
        age = 0.0 if self.limits.age is None else self.age
        return shortage(self.limits, self.count + count, self.bytes + bytes, age)

    def _wake(self) -> None:
        """Let the first who waits see whether it fits now."""
        if self._waiting and not self._waiting[0].come.done():
            self._waiting[0].come.set_result(None)


class _Turn:
    """The place in the queue of one who waits; `come` is done when it is worth looking again."""

    __slots__ = ("come",)

    def __init__(self, come: asyncio.Future[None]) -> None:
        self.come = come
