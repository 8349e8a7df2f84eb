"""The algedonic channel: it lives when all else is dead, and each loop that falls silent is felt."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

from cybernetic.runtime import Agent
from cybernetic.testing.vsm.answering import called_for
from cybernetic.testing.vsm.bench import Bench
from cybernetic.testing.vsm.expecting import expect
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.testing.vsm.simulation import logged
from cybernetic.vsm import VIGIL, Algedonode, Away, Channel, ViableSystem, line_role, now

Loop = tuple[str, str, float]  # role, path, and seconds within which it shows that it lives

ASKED = "asked"
PATIENCE = 120.0
LOOPS = ("environment", "coordination", "control", "audit", "intelligence", "policy", "world", VIGIL)
TURNS = ("porter", "books", "world", line_role(Channel.ALGEDONIC))
FEW = 3  # units of a kind of which loops are paused
LATE = 5.0  # seconds in which what was ended is there again
TIMES = 20


async def _alive(bench: Bench) -> None:
    await bench.ablate("s2", "s3", "s3star", "s4", "s5")
    bench.human.pages.clear()
    key = bench.feel(ASKED)
    rungs = await bench.part("algedonode", Algedonode).call(Algedonode.bound)
    paged = await called_for(bench, key, rungs + 5.0)  # with all that fell silent it may be part of a storm
    expect(paged, f"no page of it within {rungs + 5.0:g} s")


async def _once(bench: Bench) -> None:
    keys = {bench.feel(ASKED) for _ in range(TIMES)}
    await asyncio.sleep(1.0)
    told = await bench.told_as(keys.pop())
    alarms = [one.pain for one in await bench.level.call(ViableSystem.alarms)]
    open_ = [pain for pain in alarms if pain.index == ASKED or repr(pain.key) in told]
    expect(len(open_) == 1, f"{len(open_)} open signals of one pain felt {TIMES} times")


async def _deadman(bench: Bench) -> None:
    """Each loop is paused, as it is when it hangs: all that the level expects to show that it lives, in some of its
    units; then the line by which all are heard; at the top its books; then who hears them.

    What takes others along when it is ended has a turn of its own.
    """
    bench.feel(ASKED)
    await _felt(bench, ASKED, "a pain was told on the algedonic channel")
    loops = await _loops(bench)
    await _paused(bench, *(loop for loop in loops if loop[0] not in TURNS))
    for role in TURNS:
        await _paused(bench, *(loop for loop in loops if loop[0] == role))
    if "/" not in bench.path:
        await _unheard(bench, "books", 2 * max(period for _, _, period in loops))
    await _ladder_paused(bench)


async def _loops(bench: Bench) -> list[Loop]:
    """What the level is laid out to miss, and what each level has to: a few operations, and a few levels within. Not
    what is elsewhere, nor ladders within, which are paused when it is their turn.
    """
    level = bench.system.whereis(f"{bench.path}:level", Agent)
    expect(level is not None, "there is no level")
    assert level is not None
    laid_out = (await level.inspect().get_state())["_layout"].loops
    levels, elsewhere = bench.parts("channels"), bench.elsewhere()
    loops = {(role, path): period for role, path, period in (*_known(bench, levels), *laid_out)}
    found: dict[tuple[str, bool], list[Loop]] = {}
    for (role, path), period in loops.items():
        if role != "algedonode" and path not in elsewhere:
            found.setdefault((role, path in levels), []).append((role, path, period))
    return [loop for alike in found.values() for loop in alike[:FEW]]


def _known(bench: Bench, levels: list[str]) -> list[Loop]:
    """What has to be missed however a level is laid out, if it is there at all."""
    own = ((role, bench.path) for role in (*LOOPS, *(line_role(channel) for channel in Channel)))
    units = ((role, unit) for role in ("management", "books") for unit in bench.parts(role))
    within = (("porter", path) for path in levels)
    return [(role, path, 1.0) for role, path in (*own, *units, *within)]


async def _paused(bench: Bench, *loops: Loop) -> None:
    """Of these those that there are fall silent at once; each is felt, and ended as one that hangs."""
    there = {loop: who for loop in loops if (who := await _suspended(bench, loop[0], loop[1])) is not None}
    for role, path, period in there:
        await _felt(bench, f"{role} silent", f"{role} of {path} was paused", path, 2 * period)
    for (role, path, period), who in there.items():
        await _ended(bench, f"{path}:{role}", who, 4 * period)
    await asyncio.sleep(LATE)


async def _suspended(bench: Bench, role: str, path: str) -> Any:
    """Who was paused; None: there was nobody."""
    loop = bench.system.whereis(f"{path}:{role}", Agent)
    if loop is not None:
        await loop.inspect().suspend()
    return loop


async def _ended(bench: Bench, name: str, who: object, seconds: float) -> None:
    """Wait until somebody else bears a name, as long as that may take: it is not said that he must be ended."""
    ends = now() + seconds + LATE
    while now() < ends and bench.system.whereis(name) in (None, who):
        await asyncio.sleep(1.0)


async def _ladder_paused(bench: Bench) -> None:
    """Who feels all this is felt by the level above, and at the top by who calls a human."""
    above, _, _ = bench.path.rpartition("/")
    if not above:
        await _unheard(bench, "algedonode")
        return
    await _suspended(bench, "algedonode", bench.path)
    what = f"algedonode of {bench.path} was paused"
    await _felt(replace(bench, path=above), "algedonode silent", what, bench.path)


async def _unheard(bench: Bench, role: str, late: float = 0.0) -> None:
    """What the ladder of the top needs itself falls silent: a human hears of it all the same."""
    bench.human.pages.clear()
    who, within = await _suspended(bench, role, bench.path), PATIENCE + late
    for _ in range(int(within)):
        await asyncio.sleep(1.0)
        pains = [page.pain for _, page in bench.human.pages]
        if any(one.index == f"{role} silent" and one.path == bench.path for one in pains):
            break
    else:
        what = f"{role} of {bench.path} was paused"
        expect(False, f"{what}, and no human heard of it within {within:g} s")
    await _ended(bench, f"{bench.path}:{role}", who, within)
    await asyncio.sleep(LATE)


async def _felt(bench: Bench, index: str, what: str, path: str | None = None, late: float = 0.0) -> None:
    """It is, of the level itself or at `path`, alone or with others as a storm: the log names each.

    Who is asked may be on his way back.
    """
    of, within = path or bench.path, PATIENCE + late
    named = f"PainKey(path={of!r}, index={index!r},"
    for _ in range(int(within)):
        await asyncio.sleep(1.0)
        with suppress(Away):
            if named in str(await bench.level.call(ViableSystem.alarms)):
                return
        if any(named in str(one.body) for one in await logged(bench.level, "pain")):
            return
    expect(False, f"{what}, and nobody felt it within {within:g} s")


INVARIANTS = (
    Invariant("T-ALG-alive", "pain reaches a human with systems 2 to 5 of every level dead", _alive),
    Invariant("T-ALG-once", "a pain felt again is one open signal", _once),
    Invariant("T-P4", "a loop that stops is detected", _deadman),
)
