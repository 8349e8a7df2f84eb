"""Plain arms: slots stay where they are; slots follow the load; and the gateway, where they follow the queue, too."""

from benchmarks.vsm.trials.shift.world import DIVISIONS, GROWS, SHRINKS, SLOTS, ShiftWorld
from benchmarks.vsm.trials.trial import Arm, Result

SMOOTH = 0.3  # weight of the last tick in what is taken for the load
DEAD = 4  # slots that are not worth a move: a tenth
CLEARS = 40.0  # ticks in which a queue is to be worked off


async def static(world: ShiftWorld, seed: int) -> Result:
    """Nothing moves."""
    async for _ in world.ticks():
        pass
    return world.result()


def following(clears: float | None) -> Arm:
    """The arm that divides the slots as the load of late; with `clears`, and what waits."""

    async def run(world: ShiftWorld, seed: int) -> Result:
        load: dict[str, float] = {}
        async for seen in world.ticks():
            for name in DIVISIONS:
                came = seen.arrived[name]
                load[name] = load.get(name, float(came)) * (1 - SMOOTH) + SMOOTH * came
            wants = {
                name: load[name] + (seen.backlog[name] / clears if clears else 0.0) for name in DIVISIONS
            }
            await follow(world, wants, DEAD)
        return world.result()

    return run


async def follow(world: ShiftWorld, wants: dict[str, float], dead: int) -> None:
    """Move what is missing where more is wanted, unless it is less than `dead` slots."""
    planned = world.planned
    wanted = SLOTS * wants[GROWS] / (wants[GROWS] + wants[SHRINKS])
    more = round(wanted - planned[GROWS])
    if abs(more) >= dead:
        source, target = (SHRINKS, GROWS) if more > 0 else (GROWS, SHRINKS)
        await world.move(abs(more), source, target)
