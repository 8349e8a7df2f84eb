"""System 2: what is exclusive is one unit's at a time, and its death stops no work."""

import asyncio
from typing import Any

from cybernetic.core import Kill
from cybernetic.testing.vsm.bench import Bench
from cybernetic.testing.vsm.expecting import expect, need
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.vsm import Porter

KEY, TTL = "asked", 6.0
TASKS = 10


def _porters(bench: Bench) -> list[Any]:
    """Of the units of the level itself."""
    here = bench.path.count("/") + 1
    return [bench.system.named(f"{unit}:porter", Porter) for unit in bench.units() if unit.count("/") == here]


async def _mutex(bench: Bench) -> None:
    porters = _porters(bench)
    need(len(porters) >= 2, "the level has no two operations of its own")
    first, second = porters[:2]
    held = await first.within(30.0).call(Porter.lease, KEY, TTL)
    waiting = asyncio.ensure_future(second.within(None).call(Porter.lease, KEY, TTL))
    await asyncio.sleep(3 * TTL)  # it is renewed
    expect(not waiting.done(), "two units hold the same key")
    victim = bench.system.whereis(f"{bench.path}:coordination")
    expect(victim is not None, "there is no system 2")
    assert victim is not None
    victim.exit(Kill())
    await asyncio.sleep(3 * TTL)
    expect(not waiting.done(), "after the death of system 2 two units hold the same key")
    expect(await first.call(Porter.unlease, KEY, held.token), "a lease was lost with system 2")
    async with asyncio.timeout(60.0):
        other = await waiting
    expect(other.token > held.token, f"token {other.token} after {held.token}")
    await second.call(Porter.unlease, KEY, other.token)


async def _crash(bench: Bench) -> None:
    await bench.worked(TASKS)
    await bench.ablate("s2")
    async with asyncio.timeout(600.0):
        await bench.works_on(TASKS, "it")


INVARIANTS = (
    Invariant(
        "T-S2-mutex", "what is exclusive is one unit's at a time, through the death of system 2", _mutex
    ),
    Invariant("T-S2-crash", "without system 2 at least 95 % of the work goes on", _crash),
)
