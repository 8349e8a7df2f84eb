"""What is due when: one time for each thing, which may change, and no step that is in proportion to all of them."""

import heapq
from collections.abc import Hashable, Iterator
from itertools import count
from typing import Generic, TypeVar

from cybernetic.state.graph.solve import STRIDE

T = TypeVar("T", bound=Hashable)

SLACK = 100
"""Entries of the heap that may be out of date beyond as many as are not."""

PACE = 4
"""Entries that are looked at for each one that is put in, while those that are out of date are left behind."""


class Due(Generic[T]):
    """Things by time. A heap whose entries may be out of date: where those are too many, all others move to a fresh
    one, a few at a time.

    Args:
        stride: entries that are due between two breaths, as what is done with each takes.
    """

    def __init__(self, stride: int = STRIDE) -> None:
        self._stride = stride
        self._at: dict[T, float] = {}
        self._turn = count()
        self._heap: list[tuple[float, int, T]] = []
        self._fresh: list[tuple[float, int, T]] | None = None
        self._behind: list[tuple[float, int, T]] = []  # entries that are still to be moved, or thrown away

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, thing: object) -> bool:
        return thing in self._at

    def put(self, thing: T, at: float) -> None:
        """From now on a thing is due at `at`, and not when it was before."""
        if self._at.get(thing) == at:
            return
        self._at[thing] = at
        entry = at, next(self._turn), thing
        heapq.heappush(self._heap, entry)
        if self._fresh is not None:
            heapq.heappush(self._fresh, entry)
        self._tidy()

    def drop(self, thing: T) -> None:
        """A thing is due no more."""
        if self._at.pop(thing, None) is not None:
            self._tidy()

    @property
    def size(self) -> int:
        """How many entries are kept for the things there are."""
        return len(self._heap) + len(self._behind) + len(self._fresh or ())

    @property
    def next(self) -> float | None:
        """Nothing is due before; None: nothing is at all."""
        return self._heap[0][0] if self._heap else None

    def due(self, until: float, beyond: bool = True) -> Iterator[T | None]:
        """What is due up to `until` (not `beyond`: before it), the first first, and due no more; None is a breath."""
        looked = 0
        while self._heap and (self._heap[0][0] <= until if beyond else self._heap[0][0] < until):
            at, _, thing = heapq.heappop(self._heap)
            looked += 1
            if looked % self._stride == 0:
                yield None
            if self._at.get(thing) == at:
                del self._at[thing]
                yield thing

    def _tidy(self) -> None:
        if self._fresh is None and not self._behind and len(self._heap) > 2 * len(self._at) + SLACK:
            self._behind, self._fresh = self._heap, []
            self._heap = self._heap.copy()
        for _ in range(PACE):
            if not self._behind:
                break
            entry = self._behind.pop()
            if self._fresh is not None and self._at.get(entry[2]) == entry[0]:
                heapq.heappush(self._fresh, entry)
        if self._fresh is not None and not self._behind:
            self._behind, self._heap, self._fresh = self._heap, self._fresh, None
