"""The time of a viable system: one for all its nodes, and the loop's own where time is simulated."""

import asyncio
from weakref import WeakKeyDictionary, ref

from cybernetic.core import real_time, wall

_offsets: WeakKeyDictionary[asyncio.AbstractEventLoop, float] = WeakKeyDictionary()
_latest: tuple[ref[asyncio.AbstractEventLoop], float] | None = None  # asked of last: nearly always the one


def now() -> float:
    """Seconds: since the epoch on an ordinary loop, of the loop on one whose time is simulated.

    It runs with the loop's clock, so it never steps; that nodes agree to within their wall clocks' error is what
    epochs of a budget need. Raises `RuntimeError` outside of a loop.
    """
    global _latest
    loop, latest = asyncio.get_running_loop(), _latest
    if latest is not None and latest[0]() is loop:
        return loop.time() + latest[1]
    offset = _offsets.get(loop)
    if offset is None:
        offset = _offsets[loop] = wall() - loop.time() if real_time(loop) else 0.0
    _latest = ref(loop), offset
    return loop.time() + offset
