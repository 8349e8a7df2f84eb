"""Deltas cut so that each fits a frame."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from cybernetic.crdt import Lattice
from cybernetic.wire import BeyondLimit

L = TypeVar("L", bound=Lattice)

_FINER = 8  # so much smaller a piece becomes that was too large


def packed(
    delta: L, leaves: int, write: Callable[[L], bytes], oversized: Callable[[L], object]
) -> Iterator[bytes]:
    """`delta` in frames that `write` makes, cut finer where one becomes too large.

    A single place too large for a frame is left out, and `oversized` called with it. Raises what `write` does but
    `BeyondLimit`.
    """
    try:
        frame = write(delta)
    except BeyondLimit:
        if leaves <= 1:
            oversized(delta)
            return
    else:
        yield frame
        return
    finer = max(1, leaves // _FINER)
    for part in delta.split(finer):
        if part:
            yield from packed(part, finer, write, oversized)
