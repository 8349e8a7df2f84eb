"""Work that shifts from one division to another while slots for it need a lead time to follow.

A slot does one job a tick. Forty jobs come in a tick, and there are forty-four slots; after a calm sixty ticks
the demand of 28 and 12 turns to 12 and 28, in a straight ramp. A slot that is told to move works where it is until
it has moved.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from statistics import mean

from benchmarks.vsm.trials.figures import quantile
from benchmarks.vsm.trials.luck import Luck
from benchmarks.vsm.trials.trial import Result, Trace

SHRINKS, GROWS = "shrinking", "growing"
DIVISIONS = (SHRINKS, GROWS)
SLOTS, HIGH, LOW = 44, 28.0, 12.0
CALM, AFTER = 60, 300  # ticks before the ramp, and after it


@dataclass(frozen=True)
class Seen:
    """What is known at the end of a tick: what came, what waits, and where slots will be once all have moved."""

    tick: int
    arrived: dict[str, int]
    backlog: dict[str, int]
    planned: dict[str, int]


class ShiftWorld:
    """Demand, slots and backlog. `lead` (ticks) is how long a move takes, `ramp` (ticks) how long demand turns."""

    def __init__(self, seed: int, lead: int, ramp: int) -> None:
        self.luck, self.trace, self.lead, self.ramp = Luck(seed), Trace(), lead, ramp
        first = round(SLOTS * HIGH / (HIGH + LOW))
        self.slots = {SHRINKS: first, GROWS: SLOTS - first}
        self.planned = dict(self.slots)
        self.backlog = dict.fromkeys(DIVISIONS, 0)
        self.moving: list[
            tuple[int, int, str, str]
        ] = []  # when they have moved, how many, from where to where
        self.tick = self.moves = self.orders = 0
        self.total: list[int] = []

    def demand(self, division: str, tick: int) -> float:
        """Jobs expected in a tick."""
        turned = min(1.0, max(0.0, (tick - CALM) / self.ramp))
        began, ends = (HIGH, LOW) if division == SHRINKS else (LOW, HIGH)
        return began + (ends - began) * turned

    async def ticks(self) -> AsyncIterator[Seen]:
        """Live through all ticks, one a second; what is decided in one begins with it."""
        for tick in range(CALM + self.ramp + AFTER):
            self.tick = tick
            await asyncio.sleep(1.0)
            for one in [one for one in self.moving if one[0] <= self.tick]:
                self.moving.remove(one)
                _, slots, source, target = one
                self.slots[source] -= slots
                self.slots[target] += slots
            arrived = {
                name: self.luck.poisson(self.demand(name, self.tick), name, self.tick) for name in DIVISIONS
            }
            for name, came in arrived.items():
                self.backlog[name] = max(0, self.backlog[name] + came - self.slots[name])
            self.total.append(sum(self.backlog.values()))
            self.trace.note(self.tick, arrived, self.backlog)
            yield Seen(self.tick, arrived, dict(self.backlog), dict(self.planned))

    async def move(self, slots: int, source: str, target: str) -> None:
        """Order `slots` from one division to the other; one slot always stays."""
        slots = min(slots, self.planned[source] - 1)
        if slots <= 0:
            return
        self.planned[source] -= slots
        self.planned[target] += slots
        self.moving.append((self.tick + self.lead, slots, source, target))
        self.moves += slots
        self.orders += 1
        self.trace.note("move", self.tick, slots, source)

    def result(self) -> Result:
        """The figures."""
        figures = {
            "peak": float(max(self.total)),
            "mean": mean(self.total),
            "p95": float(quantile(self.total, 0.95)),
            "moves": float(self.moves),
            "orders": float(self.orders),
        }
        return Result(figures, self.trace.digest)
