"""System 3's and 4's parts in the place of the whole: slots follow what is expected when they will have moved.

Without System 4, slots follow the level of now. With a band of System 5 on churn, what was ordered stays for a while.
"""

from math import inf

from benchmarks.vsm.trials.shift.plain import follow
from benchmarks.vsm.trials.shift.world import DIVISIONS, HIGH, LOW, SHRINKS, ShiftWorld
from benchmarks.vsm.trials.trial import Arm, Result
from cybernetic.vsm.cyberstride import HarrisonStevens, RegimeModel


DAMP=1.0
def foreseeing(ahead: bool, dead: int, dwell: int, clears: float = inf) -> Arm:
    """The arm that looks `ahead` by the lead time, or not, and leaves an order standing for `dwell` ticks."""

    async def run(world: ShiftWorld, seed: int) -> Result:
        filters = {
            name: HarrisonStevens(MODEL, variance=HIGH if name == SHRINKS else LOW, level=HIGH if name == SHRINKS else LOW)
            for name in DIVISIONS
        }
        moved = -inf
        async for seen in world.ticks():
            wants = {}
            for name, filter in filters.items():
                reading = filter.update(float(seen.arrived[name]))
                expected = filter.forecast((1-DAMP**(world.lead + 1))/(1-DAMP) if DAMP<1 else world.lead+1.0).mean if ahead else reading.level
                wants[name] = max(1.0, expected) + seen.backlog[name] / clears
            if seen.tick - moved >= dwell:
                orders = world.orders
                await follow(world, wants, dead)
                moved = seen.tick if world.orders > orders else moved
        return world.result()

    return run

MODEL = "dairy"
