"""System 3's and 4's parts in the place of the whole: slots follow what is expected when they will have moved.

Without System 4, slots follow the level of now. With a band of System 5 on churn, an order must be larger, and
stands for a while.
"""

from math import inf

from benchmarks.vsm.trials.shift.plain import CLEARS, DEAD, follow
from benchmarks.vsm.trials.shift.world import DIVISIONS, HIGH, LOW, SHRINKS, ShiftWorld
from benchmarks.vsm.trials.trial import Arm, Result
from cybernetic.vsm.cyberstride import HarrisonStevens, RegimeModel

# counts of jobs: a turn changes growth by a little, and lasts
MODEL = RegimeModel(
    probability=(0.94, 0.02, 0.005, 0.035),
    noise=(1.0, 20.0, 1.0, 1.0),
    level=(0.0, 0.0, 4.0, 0.0),
    slope=(0.0, 0.0, 0.0, 0.003),
)
LASTING = 0.97  # what is left of a trend after a tick: none goes on for ever
CALMER, DWELL = 6, 8  # the band: slots that are not worth a move, and ticks that an order stands


def ahead(lead: int) -> float:
    """Periods of today's growth that are expected within `lead` ticks and the present one."""
    return float((1.0 - LASTING ** (lead + 1)) / (1.0 - LASTING))


def watcher(division: str) -> HarrisonStevens:
    """A filter for the demand of a division, which knows what is usual there. Counts vary as much as they are."""
    usual = HIGH if division == SHRINKS else LOW
    return HarrisonStevens(MODEL, variance=usual, level=usual)


def foreseeing(*, far: bool, dead: int = DEAD, dwell: int = 0) -> Arm:
    """The arm that looks `far` (by the lead time) or not; an order stands for `dwell` ticks."""

    async def run(world: ShiftWorld, seed: int) -> Result:
        filters = {name: watcher(name) for name in DIVISIONS}
        ordered = -inf
        async for seen in world.ticks():
            wants = {}
            for name, filter in filters.items():
                level = filter.update(float(seen.arrived[name])).level
                expected = filter.forecast(ahead(world.lead)).mean if far else level
                wants[name] = max(1.0, expected) + seen.backlog[name] / CLEARS
            if seen.tick - ordered < dwell:
                continue
            orders = world.orders
            await follow(world, wants, dead)
            ordered = seen.tick if world.orders > orders else ordered
        return world.result()

    return run


run = foreseeing(far=True)
without_s4 = foreseeing(far=False)
banded = foreseeing(far=True, dead=CALMER, dwell=DWELL)
