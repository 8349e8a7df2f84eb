"""Names that nobody has had before; where time is simulated they are counted, so that a run can be had again."""

import asyncio
from collections import defaultdict
from functools import partial
from itertools import count
from weakref import WeakKeyDictionary

from cybernetic.core import real_time, token

_counts: WeakKeyDictionary[asyncio.AbstractEventLoop, "defaultdict[str, count[int]]"] = WeakKeyDictionary()


def fresh_id(size: int, kind: str = "") -> str:
    """A fresh id of `size` bytes, in hexadecimal: unpredictable, but the next number of a loop whose time is simulated,
    where each `kind` is counted by itself.

    Audits draw lots by the ids of tasks, so without that no simulated hour would be like another of the same seed.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return token(size)
    counted = _counts.get(loop)
    if counted is None:
        if real_time(loop):
            return token(size)
        counted = _counts[loop] = defaultdict(partial(count, 1))
    return f"{next(counted[kind]):0{2 * size}x}"
