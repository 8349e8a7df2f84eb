"""Waiting for everything that can happen now to have happened."""

import asyncio

from cybernetic.runtime import LocalSystem

_PASSES = 20  # of a loop that cannot tell whether it has nothing to do


async def settle(system: LocalSystem) -> None:
    """Return when no agent of `system` can do anything more before time passes.

    On a `VirtualTimeLoop` that is exact, and time does not move. On another loop it is as good as can be told:
    the loop has gone round 20 times without an agent having a turn. Not for use inside an agent.
    """
    loop = asyncio.get_running_loop()
    passes = 0
    while passes < _PASSES:
        await asyncio.sleep(0)
        if getattr(loop, "quiet", False) and system.idle:
            return
        passes = passes + 1 if system.idle and not hasattr(loop, "quiet") else 0
