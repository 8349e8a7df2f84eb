"""Which hands are lent where: one decision for every company; they differ in what they know when they take it."""

from collections.abc import Mapping

from cybernetic.apps.demo.world.plan import AGENTS, DIVISIONS
from cybernetic.apps.demo.world.tools import HANDLING, HANDS, LEAD
from cybernetic.apps.demo.world.world import World

ALONE = 5.0  # seconds of a job for which its agent needs no hands: it looks up, waits its turn and writes
LEAST = 2  # hands that stay in a division
EASY = 0.7  # of their time that agents may be at work before anybody is lent
WORTH = 0.15  # of the time of the busiest that a move must spare: for less it is to swing with every whim
Moves = list[tuple[int, str, str]]


def load(came: float, waiting: float) -> float:
    """Jobs a second for the hands of a division: `came` a second of late, and those `waiting` done in the time that
    hands need to go there.
    """
    return came + max(0.0, waiting) / LEAD


def busy(load: float, division: str, hands: int) -> float:
    """The part of their time for which the agents of a division are at work; above 1 its queue grows."""
    share = HANDS / len(DIVISIONS) / max(1, hands)
    return load * (ALONE + HANDLING * share) / len(AGENTS[division])


def fair(loads: Mapping[str, float]) -> dict[str, int]:
    """The hands with which the busiest division is as little busy as it can be."""
    found = dict.fromkeys(DIVISIONS, LEAST)
    for _ in range(HANDS - LEAST * len(DIVISIONS)):
        found[max(DIVISIONS, key=lambda one: busy(loads[one], one, found[one]))] += 1
    return found


def moves(loads: Mapping[str, float], planned: Mapping[str, int]) -> Moves:
    """Who goes: how many, from where, to where. Nobody does while all have time, or where it would spare too little."""
    now = max(busy(loads[one], one, planned[one]) for one in DIVISIONS)
    wanted = fair(loads)
    then = max(busy(loads[one], one, wanted[one]) for one in DIVISIONS)
    if now < EASY or then > (1.0 - WORTH) * now:
        return []
    gaps = {one: wanted[one] - planned[one] for one in DIVISIONS}
    found: Moves = []
    for target in sorted(DIVISIONS, key=lambda one: -gaps[one]):
        for source in sorted(DIVISIONS, key=lambda one: gaps[one]):
            count = min(gaps[target], -gaps[source])
            if count > 0:
                found.append((count, source, target))
                gaps[target], gaps[source] = gaps[target] - count, gaps[source] + count
    return found


def lend(world: World, loads: Mapping[str, float]) -> None:
    """Tell those to go who are wanted elsewhere."""
    for count, source, target in moves(loads, world.hands.planned):
        world.hands.move(count, source, target)
