"""The algedonic channel: it lives when all else is dead, and each loop that falls silent is felt."""

import asyncio
from dataclasses import replace

from cybernetic.runtime import Agent
from cybernetic.testing.vsm.bench import Bench
from cybernetic.testing.vsm.expecting import expect
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.testing.vsm.simulation import logged
from cybernetic.vsm import VIGIL, Algedonode, Channel, ViableSystem, line_role

ASKED = "asked"
PATIENCE = 120.0
LOOPS = ("environment", "coordination", "control", "audit", "intelligence", "policy", VIGIL)
FEW = 3  # units whose management is paused
LATE = 5.0  # seconds in which what was ended is there again
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
    """Each loop is paused, as it is when it hangs: those of systems 2 to 5, the environment, who watches at the top,
    the lines, and the management of some units; then the line by which all are heard; then who hears them.
    """
    bench.feel(ASKED)
    await _felt(bench, ASKED, "a pain was told on the algedonic channel")
    here = [unit for unit in bench.parts("management") if unit not in bench.elsewhere()]
    lines = [line_role(channel) for channel in Channel if channel is not Channel.ALGEDONIC]
    loops = [
        *((role, bench.path) for role in (*LOOPS, *lines)),
        *(("management", unit) for unit in here[:FEW]),
    ]
    await _paused(bench, *loops)
    await _paused(bench, (line_role(Channel.ALGEDONIC), bench.path))
    await _ladder_paused(bench)


async def _paused(bench: Bench, *loops: tuple[str, str]) -> None:
    """Of these (role, path) those that there are fall silent at once; each is felt, and ended as one that hangs."""
    there = [(role, path) for role, path in loops if await _suspended(bench, role, path)]
    for role, path in there:
        await _felt(bench, f"{role} silent", f"{role} of {path} was paused", path)
    await asyncio.sleep(LATE)


async def _suspended(bench: Bench, role: str, path: str) -> bool:
    """Whether there was somebody to pause."""
    loop = bench.system.whereis(f"{path}:{role}", Agent)
    if loop is not None:
        await loop.inspect().suspend()
    return loop is not None


async def _ladder_paused(bench: Bench) -> None:
    """Who feels all this is felt by the level above, and at the top by who calls a human."""
    what = f"algedonode of {bench.path} was paused"
    await _suspended(bench, "algedonode", bench.path)
    above, _, _ = bench.path.rpartition("/")
    if above:
        await _felt(replace(bench, path=above), "algedonode silent", what, bench.path)
        return
    bench.human.pages.clear()
    await asyncio.sleep(PATIENCE)
    expect(
        any(page.pain.index == "algedonode silent" for _, page in bench.human.pages),
        f"{what}, and no human heard of it within {PATIENCE:g} s",
    )


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
