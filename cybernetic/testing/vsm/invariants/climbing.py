"""How pain climbs: a human is called in time whoever takes it over, and nobody of what is mended in time."""

import asyncio
from typing import Any

from cybernetic.testing.vsm.answering import called_for
from cybernetic.testing.vsm.bench import NO_UNITS, Bench
from cybernetic.testing.vsm.expecting import expect, need
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.testing.vsm.simulation import logged
from cybernetic.vsm import Algedonode, PainKey, ViableSystem, now

ASKED, MENDED = "asked", "asked and mended"
TURNS, LOOK = 0.1, 0.05  # seconds that messages take, and between two looks
QUIET = 5.0  # seconds in which whoever was told would have heard


async def _bound(bench: Bench) -> None:
    """Who can takes the pain over, and dies."""
    within, began = await bench.part("algedonode", Algedonode).call(Algedonode.bound), now()
    bench.human.pages.clear()
    key = bench.feel(ASKED)
    await _climbed(bench, key, lambda climb: climb.owner is not None or climb.level > 1)
    await bench.ablate("s2", "s3", "s3star", "s4", "s5")
    paged = await called_for(bench, key, max(0.0, began + within - now()) + TURNS)
    expect(paged, f"no page within {within:g} s, where whoever took the pain over is dead")


async def _local(bench: Bench) -> None:
    """This level's system 3 has it, or only the unit's management."""
    above, _, _ = bench.path.rpartition("/")
    await _mended(bench, bench.path, 1, above)


async def _local_first(bench: Bench) -> None:
    units = [unit for unit in bench.parts("management") if unit not in bench.elsewhere()]
    need(units, NO_UNITS)
    await _mended(bench, units[0], 0, bench.path)


async def _mended(bench: Bench, path: str, rung: int, above: str) -> None:
    """A pain at `path` comes as high as that, and is over. Nobody at `above` has heard of it: who is there takes over
    what he is told of, which is in the log; nor has a human.
    """
    key = bench.feel(MENDED, path)
    await _climbed(bench, key, lambda climb: climb.level >= rung)
    bench.relieve(key)
    await asyncio.sleep(QUIET)
    alarms = [one.pain.key for one in await bench.level.call(ViableSystem.alarms)]
    expect(key not in alarms, f"what hurt at {path} is mended, and is still open")
    log = [(one.body["what"], one.body.get("effect", "")) for one in await logged(bench.level, "pain")]
    said = [(what, effect) for what, effect in log if repr(key) in effect]
    raised = any(what == "Raised" and f"level={rung + 1}," in effect for what, effect in said)
    heard = any(f"{above}:control" in effect for _, effect in said if above)
    expect(not raised and not heard, f"what was mended in time was told higher up: {said}")
    paged = [page.pain for _, page in bench.human.pages if page.pain.key == key]
    expect(not paged, f"a page for what was mended in time: {paged}")


async def _climbed(bench: Bench, key: PainKey, far: Any) -> None:
    """Wait until a pain has come so far, or is part of a storm; as long as it may take to come to a human."""
    node = bench.part("algedonode", Algedonode)
    ends = now() + await node.call(Algedonode.bound)
    await asyncio.sleep(LOOK)
    while now() < ends:
        climbs = {one.pain.key: one for one in await node.call(Algedonode.alarms)}
        if key not in climbs or far(climbs[key]):
            return
        await asyncio.sleep(LOOK)


INVARIANTS = (
    Invariant("T-ALG-bound", "a human is called in time, whoever takes a pain over and dies", _bound),
    Invariant("T-ALG-local", "of what is mended in time no level above hears", _local),
    Invariant("T-S1-local-first", "of what a unit mends in time nobody above it hears", _local_first),
)
