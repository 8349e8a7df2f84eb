"""Systems 4 and 5: the model of itself is the level, policies have revisions, and agreement is quiet."""

import asyncio
from typing import Any

from cybernetic.testing.vsm.bench import NO_UNITS, Bench
from cybernetic.testing.vsm.expecting import expect, need
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.vsm import Allow, Channel, Policy, Verdict, ViableSystem

TICK = 10.5  # seconds after which system 4 has seen a tick
QUIET = 60.0
NAME = "asked by the suite of invariants"


def _allows(action: Any, context: Any) -> Verdict:
    return Allow()


async def _model(bench: Bench) -> None:
    await asyncio.sleep(TICK)
    need(bench.parts("management"), NO_UNITS)
    outlook = await bench.level.call(ViableSystem.outlook)
    identity = await bench.level.call(ViableSystem.identity)
    known, there = set(outlook.arrivals), set(bench.parts("management"))
    expect(known == there == set(identity.boundary), f"modelled {sorted(known)}, registered {sorted(there)}")


async def _monotone(bench: Bench) -> None:
    await asyncio.sleep(1.0)
    need(bench.parts("management"), NO_UNITS)
    await bench.heard()
    level, seen = bench.level, [(await bench.level.call(ViableSystem.rules)).revision]
    for version in (1, 2):
        seen.append(await level.call(ViableSystem.set_policy, Policy(NAME, version, _allows)))
    seen.append(await level.call(ViableSystem.retire_policy, NAME))
    expect(seen == sorted(set(seen)), f"revisions {seen}")
    await asyncio.sleep(1.0)
    known = (await level.call(ViableSystem.status)).known
    old = {unit: revision for unit, revision in known.items() if revision != seen[-1]}
    expect(known.keys() == set(bench.parts("management")), f"only {sorted(known)} acknowledged")
    expect(not old, f"a second after revision {seen[-1]}: {old}")


async def _quiet(bench: Bench) -> None:
    await asyncio.sleep(5.0)
    await bench.heard(below=True)  # a silence hurts in all levels above
    before = await _said(bench)
    await asyncio.sleep(QUIET)
    said = await _said(bench) - before
    expect(
        said == 0, f"{said} messages among systems 3, 4 and 5 in {QUIET:g} s in which nothing was at issue"
    )


async def _said(bench: Bench) -> int:
    status = await bench.level.call(ViableSystem.status)
    carried: int = status.channels[Channel.METASYSTEM.value].carried
    return carried


INVARIANTS = (
    Invariant("T-S4-model-of-self", "system 4's model of the level has the units that it has", _model),
    Invariant(
        "T-S5-monotone", "revisions of policies grow, and all act under the latest within a second", _monotone
    ),
    Invariant("T-S5-quiet", "where nothing is at issue systems 3, 4 and 5 have nothing to say", _quiet),
)
