"""Letting go of large values in steps: to free 100,000 places at once holds the loop for a tenth of a second."""

import asyncio
from sys import getrefcount
from typing import Any

from cybernetic.crdt import Lattice, held

_TOGETHER = 20  # parts let go of in one turn of the loop, of up to 48 places each


class Letting:
    """Holds on to what others are about to drop, and lets go of it bit by bit. Lives on the loop it is made on.

    What others hold too, such as the parts that an old value shares with the present one, is theirs to let go of: it
    is not gone through.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parts: list[Any] = []
        self._goes = False

    def drop(self, value: Lattice) -> None:
        """Whoever calls has no more use for `value`, and holds it no longer than this turn of the loop."""
        self._parts.append(value.store)
        if not self._goes:
            self._goes = True
            self._loop.call_soon(self._step)

    def _step(self) -> None:
        for _ in range(_TOGETHER):
            if not self._parts:
                self._goes = False
                return
            part = self._parts.pop()
            if getrefcount(part) <= _ALONE:
                self._parts += held(part)
        self._loop.call_soon(self._step)


def _alone() -> int:
    """How many references this Python counts to what one variable holds."""
    part = [object()].pop()
    return getrefcount(part)


_ALONE = _alone()
