"""System 2: what is exclusive is one unit's at a time, and its death stops no work."""

import asyncio
from typing import Any

from cybernetic.core import Kill
from cybernetic.runtime import Agent
from cybernetic.testing.vsm.bench import Bench
from cybernetic.testing.vsm.expecting import expect, need
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.vsm import Porter, now

KEY, TTL = "asked", 6.0
TURN = 60.0  # seconds in which who waits for a key that was given back has it
TASKS = 10
LONGEST, LOOK = 600.0, 10.0  # seconds that these may take, and between two looks at who waits


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
    try:
        async with asyncio.timeout(TURN):
            other = await waiting
    except TimeoutError:
        expect(False, f"{TURN:g} s after one unit gave a key back the other that waits does not have it")
    expect(other.token > held.token, f"token {other.token} after {held.token}")
    await second.call(Porter.unlease, KEY, other.token)


async def _crash(bench: Bench) -> None:
    await bench.worked(TASKS)
    await bench.ablate("s2")
    before, began = len(bench.company.tasks), now()
    work = asyncio.ensure_future(bench.works_on(TASKS, "it"))
    try:
        while now() - began < LONGEST:
            await asyncio.wait([work], timeout=LOOK)
            if work.done():
                work.result()
                return
            await _none_waits(bench)
    finally:
        work.cancel()
    done = sum(one.good for one in bench.company.tasks[before:])
    expect(False, f"{done} of {TASKS} tasks done in {LONGEST:g} s without it")


async def _none_waits(bench: Bench) -> None:
    """Raises `Untried` where a unit waits for what is exclusive: nobody but system 2 gives that, by design."""
    for unit in bench.units():
        porter = bench.system.whereis(f"{unit}:porter", Agent)
        keys = () if porter is None else (await porter.inspect().get_state())["_leases"].awaited
        need(not keys, f"{unit} waits for what is exclusive ({', '.join(keys)}), which system 2 gives")


INVARIANTS = (
    Invariant(
        "T-S2-mutex", "what is exclusive is one unit's at a time, through the death of system 2", _mutex
    ),
    Invariant("T-S2-crash", "without system 2 at least 95 % of the work goes on", _crash),
)
