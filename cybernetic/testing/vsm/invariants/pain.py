"""The algedonic channel: it lives when all else is dead, and each loop that falls silent is felt."""

import asyncio

from cybernetic.runtime import Agent
from cybernetic.testing.vsm.bench import Bench
from cybernetic.testing.vsm.expecting import expect
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.testing.vsm.simulation import logged
from cybernetic.vsm import Algedonode, ViableSystem

ASKED = "asked"
PATIENCE = 120.0
LOOPS = {"s2": "coordination", "s3": "control", "s3star": "audit", "s4": "intelligence", "s5": "policy"}
TIMES = 20


async def _alive(bench: Bench) -> None:
    await bench.ablate("s2", "s3", "s3star", "s4", "s5")
    bench.human.pages.clear()
    key = bench.feel(ASKED)
    rungs = await bench.part("algedonode", Algedonode).call(Algedonode.bound)
    await asyncio.sleep(rungs + 5.0)
    told = await bench.told_as(key)  # with all that fell silent it may be part of a storm
    paged = any(repr(page.pain.key) in told for _, page in bench.human.pages)
    expect(paged, f"no page of it within {rungs + 5.0:g} s")


async def _once(bench: Bench) -> None:
    keys = {bench.feel(ASKED) for _ in range(TIMES)}
    await asyncio.sleep(1.0)
    told = await bench.told_as(keys.pop())
    alarms = [one.pain for one in await bench.level.call(ViableSystem.alarms)]
    open_ = [pain for pain in alarms if pain.index == ASKED or repr(pain.key) in told]
    expect(len(open_) == 1, f"{len(open_)} open signals of one pain felt {TIMES} times")


async def _deadman(bench: Bench) -> None:
    """The loops of systems 2 to 5, those of the units, and the channel by which all are heard."""
    bench.feel(ASKED)
    await _felt(bench, ASKED, "a pain was told on the algedonic channel")
    here = [unit for unit in bench.parts("management") if unit not in bench.elsewhere()]
    for unit in here[:1]:
        manager = bench.system.whereis(f"{unit}:management", Agent)
        if manager is not None:
            await manager.inspect().suspend()
            await _felt(bench, "management silent", f"the management of {unit} fell silent", unit)
    for system, role in LOOPS.items():
        if bench.system.whereis(f"{bench.path}:{role}") is None:
            continue
        await bench.ablate(system)
        await _felt(bench, f"{role} silent", f"{role} fell silent")


async def _felt(bench: Bench, index: str, what: str, path: str | None = None) -> None:
    """It is, of the level itself or at `path`, alone or with others as a storm: the log names each."""
    of = path or bench.path
    named = f"PainKey(path={of!r}, index={index!r},"
    for _ in range(int(PATIENCE)):
        await asyncio.sleep(1.0)
        alarms = await bench.level.call(ViableSystem.alarms)
        log = await logged(bench.level, "pain")
        if any(named in repr(one.pain.key) for one in alarms) or any(named in str(one.body) for one in log):
            return
    expect(False, f"{what}, and nobody felt it within {PATIENCE:g} s")


INVARIANTS = (
    Invariant("T-ALG-alive", "pain reaches a human with systems 2 to 5 of every level dead", _alive),
    Invariant("T-ALG-once", "a pain felt again is one open signal", _once),
    Invariant("T-P4", "a loop that stops is detected", _deadman),
)
