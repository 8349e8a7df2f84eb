"""The algedonic channel: it lives when all else is dead, and each loop that falls silent is felt."""

import asyncio

from cybernetic.testing.vsm.bench import Bench
from cybernetic.testing.vsm.invariants.invariant import Invariant, expect
from cybernetic.vsm import Algedonode, Cause, Pain, ViableSystem

PATIENCE = 120.0
LOOPS = {"s2": "coordination", "s3": "control", "s4": "intelligence", "s5": "policy"}


async def _alive(bench: Bench) -> None:
    await bench.ablate("s2", "s3", "s3star", "s4", "s5")
    bench.human.pages.clear()
    node = bench.part("algedonode", Algedonode)
    await node.call(Algedonode.feel, Pain(bench.path, "asked", Cause.EXIT))
    rungs = await node.call(Algedonode.bound)
    await asyncio.sleep(rungs + 5.0)
    expect(bool(bench.human.pages), f"no page within {rungs + 5.0:g} s")


async def _once(bench: Bench) -> None:
    node = bench.part("algedonode", Algedonode)
    for _ in range(20):
        await node.call(Algedonode.feel, Pain(bench.path, "asked", Cause.EXIT))
    alarms = await bench.level.call(ViableSystem.alarms)
    expect(len(alarms) == 1, f"{len(alarms)} open signals of one pain")


async def _deadman(bench: Bench) -> None:
    for system, role in LOOPS.items():
        await bench.ablate(system)
        for _ in range(int(PATIENCE)):
            await asyncio.sleep(1.0)
            alarms = await bench.level.call(ViableSystem.alarms)
            storms = any(one.pain.cause is Cause.STORM for one in alarms)
            if storms or any(one.pain.index == f"{role} silent" for one in alarms):
                break
        else:
            expect(False, f"{role} fell silent, and nobody felt it within {PATIENCE:g} s")


INVARIANTS = (
    Invariant("T-ALG-alive", "pain reaches a human with systems 2 to 5 of every level dead", _alive),
    Invariant("T-ALG-once", "a pain felt again is one open signal", _once),
    Invariant("T-P4", "a loop that stops is detected", _deadman),
)
