"""The jobs of an hour: how many come when, of what kind, and how long their customers wait. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from cybernetic.apps.demo.world.luck import Luck
from cybernetic.apps.demo.world.plan import DIVISIONS, HOUR, LASTS, Plan

TICK = 10.0  # seconds in which the demand is the same
BASE = 8.0  # jobs a minute and division
GROWN, FALLEN = 2.0, 0.4  # of it, after the ramp
VIRAL = 1.5
LETTERS = 13.0  # jobs a minute and division, in a campaign: nobody's hands are needed for them
LEAST, MEAN, MOST = 120.0, 500.0, 900.0  # seconds that a customer waits


@dataclass(frozen=True, slots=True)
class Job:
    """What a customer wants: a ticket answered, a product described, an order shipped, or a campaign's letter.

    Attributes:
        id: its own.
        division: whose it is.
        at: seconds of the hour at which it is asked for; below 0: before the hour.
        patience: seconds that the customer waits.
        by_hand: whether somebody's hands are needed.
    """

    id: str
    division: str
    at: float
    patience: float
    by_hand: bool = True


def rate(plan: Plan, division: str, at: float) -> float:
    """Jobs a minute for a division, letters apart."""
    found = BASE
    for one in plan.incidents:
        if one.kind == "viral" and one.on(at) and one.target == division:
            found *= VIRAL
        elif one.kind == "ramp" and at >= one.at and division in (one.target, one.other):
            turned = min(1.0, (at - one.at) / LASTS["ramp"])
            found *= 1.0 + ((GROWN if division == one.target else FALLEN) - 1.0) * turned
    return found


def jobs(luck: Luck, plan: Plan, begins: float) -> Iterator[Job]:
    """All jobs from second `begins` (a multiple of the tick, at most 0) to the end of the hour, in order."""
    campaign = plan.of("campaign")
    for tick in range(round(begins / TICK), round(HOUR / TICK)):
        at, found = tick * TICK, list[Job]()
        for division in DIVISIONS:
            found += _some(luck, "job", division, tick, rate(plan, division, at) * TICK / 60.0)
            if campaign is not None and campaign.on(at):
                found += _some(luck, "letter", division, tick, LETTERS * TICK / 60.0)
        yield from sorted(found, key=lambda job: (job.at, job.id))


def _some(luck: Luck, kind: str, division: str, tick: int, mean: float) -> Iterator[Job]:
    """The jobs of one kind that come in a tick."""
    for number in range(luck.poisson(mean, kind, division, tick)):
        id = f"{division}-{kind}-{tick}-{number}"
        at = round((tick + luck.uniform("at", id)) * TICK, 3)
        patience = min(MOST, LEAST + luck.exponential(MEAN, "patience", id))
        letter = kind == "letter"
        yield Job(id, division, at, patience, by_hand=not letter)
