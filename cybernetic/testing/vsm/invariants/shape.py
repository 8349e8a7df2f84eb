"""The supervision shape: a part of the metasystem ends nobody else, the whole ends everybody."""

import asyncio

from cybernetic.core import Kill
from cybernetic.testing.settle import settle
from cybernetic.testing.vsm.bench import NO_UNITS, Bench
from cybernetic.testing.vsm.expecting import expect, need
from cybernetic.testing.vsm.invariants.invariant import Invariant

NODE = "cybernetic."  # what begins so is the node's own, and serves whoever comes next
PARTS = ("algedonode", "control", "coordination", "intelligence", "policy")


async def _alone(bench: Bench) -> None:
    operations = {unit: bench.system.whereis(unit) for unit in bench.units()}
    need(operations, NO_UNITS)
    for part in PARTS:
        victim = bench.system.whereis(f"{bench.path}:{part}")
        expect(victim is not None, f"there is no {part}")
        assert victim is not None
        victim.exit(Kill())
    await asyncio.sleep(5.0)
    now = {unit: bench.system.whereis(unit) for unit in bench.units()}
    expect(now == operations, f"operations that ended with it: {sorted(set(operations) - set(now))}")
    missing = [part for part in PARTS if bench.system.whereis(f"{bench.path}:{part}") is None]
    expect(not missing, f"not there again after 5 s: {missing}")


async def _whole(bench: Bench) -> None:
    names = set(bench.system.names) - bench.others
    await bench.company.ref.stop()
    await settle(bench.system)
    left = sorted(name for name in names & set(bench.system.names) if not name.startswith(NODE))
    expect(not left, f"left over: {left}")


INVARIANTS = (
    Invariant("T-SHAPE-alone", "the death of a part of the metasystem ends no operation", _alone),
    Invariant("T-SHAPE-whole", "the end of the whole leaves nothing", _whole),
)
