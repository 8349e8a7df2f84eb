"""Two kinds of suspects, of which only one is handled at a time: those before their last trial, and the others."""

import asyncio
from contextlib import AbstractAsyncContextManager
from weakref import WeakKeyDictionary

from cybernetic.gateways.consumer.entrance import Entrance


class Sides(Entrance[bool, bool]):
    """Lets in any number of one side, and nobody of the other meanwhile.

    Who comes when one of the other side waits already waits behind that one: neither side keeps the other out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._inside = {True: 0, False: 0}

    def side(self, *, alone: bool) -> AbstractAsyncContextManager[None]:
        """Wait until nobody of the other side is inside, or came before, and be inside."""
        return self.entered(alone)

    def _fits(self, who: bool) -> bool:
        return not self._inside[not who]

    def _enter(self, who: bool) -> bool:
        self._inside[who] += 1
        return who

    def _leave(self, entered: bool) -> None:
        self._inside[entered] -= 1


_benches: WeakKeyDictionary[asyncio.AbstractEventLoop, Sides] = WeakKeyDictionary()
_trials: WeakKeyDictionary[asyncio.AbstractEventLoop, Sides] = WeakKeyDictionary()


def bench() -> Sides:
    """Where the suspects of the process sit, of whatever gateway, so that an end of it speaks for who is apart."""
    return _benches.setdefault(asyncio.get_running_loop(), Sides())


def trials() -> Sides:
    """Of those before their last trial: who is kept apart, and who is handled, for an end while another is handled does
    not speak for who is apart.
    """
    return _trials.setdefault(asyncio.get_running_loop(), Sides())
