"""A herd: 60 agents choose between two providers by a latency that is published every ten seconds.

Each agent sends one call a second, at random; each provider serves one call after another and could serve
33.3 a second, so that together they are used at 90 %. Whoever sees the other provider less busy would rather
be there.
"""

from dataclasses import dataclass, field
from math import inf
from random import Random

from cybernetic.core import Chance
from cybernetic.vsm.damping import (
    Engagement,
    FlapDamper,
    Flapping,
    Plan,
    Shaping,
    find_oscillation,
)

AGENTS, TICK, HORIZON = 60, 10.0, 1200.0
SERVICE = 2 * 0.9 / AGENTS  # seconds a call: 60 calls a second are 90 % of what both can do
LOOK = 12  # published decisions in a window: six periods of a herd
SHAPING = Shaping(band=0.0, fraction=0.15, dwell=30.0)
DAMPER = FlapDamper(half_life=60.0, suppress=2.0, release=0.75, longest=180.0)
CAPACITIES = {"a": 1.0, "b": 1.0}


@dataclass
class Result:
    """What one run came to.

    `shares` counts the agents at provider a after each tick; `busy` is the longer backlog.
    """

    calls: list[tuple[float, float]] = field(default_factory=list)  # when, latency
    switches: int = 0
    shares: list[int] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    detected: float | None = None

    def latencies(self, since: float = 0.0) -> list[float]:
        return sorted(latency for at, latency in self.calls if at >= since)


@dataclass
class Herd:
    """The agents, where they are, when they moved and what is remembered of their moves."""

    at: dict[str, str]
    moved: dict[str, float]
    flapping: dict[str, Flapping]
    found: Result = field(default_factory=Result)


def run(seed: int, *, start: bool = False, auto: bool = False, plan: bool = True) -> Result:
    """1200 s of nothing done; or damped from the start; or damped once an oscillation is found, with a plan
    or without.
    """
    chance = Chance(seed)
    calls, choices = chance.stream("calls"), chance.stream("choices")
    names = [f"agent-{k}" for k in range(AGENTS)]
    at = {name: "ab"[k % 2] for k, name in enumerate(names)}
    herd = Herd(at, dict.fromkeys(names, -inf), {name: Flapping() for name in names})
    engagement = Engagement(SHAPING, lasts=HORIZON)
    free = {"a": 0.0, "b": 0.0}
    damped, found = start, herd.found
    for tick in range(round(HORIZON / TICK)):
        serve(herd, calls, free, tick * TICK)
        now = (tick + 1) * TICK
        busy = {provider: max(0.0, until - now) for provider, until in free.items()}
        found.busy.append(max(busy.values()))
        if auto and not damped and oscillates(found.shares):
            damped, found.detected = True, now
            engagement, fresh = engagement.engage(CAPACITIES, herd.flapping, now)
            if plan and engagement.plan:
                herd.flapping = fresh
                follow(herd, engagement.plan)
                found.shares.append(sum(where == "a" for where in at.values()))
                continue
        for name in names:
            decide(herd, name, busy, now, damped, choices.random())
        found.shares.append(sum(where == "a" for where in at.values()))
    return found


def oscillates(shares: list[int]) -> bool:
    window = shares[-LOOK:]
    return len(window) == LOOK and find_oscillation(window, floor=0.1 * AGENTS, step=TICK).oscillating


def decide(herd: Herd, name: str, busy: dict[str, float], now: float, damped: bool, draw: float) -> None:
    """One agent goes to the less busy provider, if it may."""
    here = herd.at[name]
    there = "b" if here == "a" else "a"
    shaping = SHAPING if damped else Shaping()
    held = damped and DAMPER.held(herd.flapping[name], now)
    if held or not shaping.moves(busy[here] - busy[there], now, herd.moved[name], draw):
        return
    herd.at[name], herd.moved[name] = there, now
    herd.flapping[name] = DAMPER.saw(herd.flapping[name], there, now)
    herd.found.switches += 1


def serve(herd: Herd, chance: Random, free: dict[str, float], now: float) -> None:
    """The calls of one tick, each provider one after another."""
    arrivals = []
    for name in herd.at:
        time = now + chance.expovariate(1.0)
        while time < now + TICK:
            arrivals.append((time, herd.at[name]))
            time += chance.expovariate(1.0)
    for time, provider in sorted(arrivals):
        free[provider] = max(time, free[provider]) + SERVICE
        herd.found.calls.append((time, free[provider] - time))


def follow(herd: Herd, plan: Plan) -> None:
    """All go where the plan sends them."""
    targets = plan.assigned(list(herd.at))
    herd.found.switches += sum(targets[name] != where for name, where in herd.at.items())
    herd.at.update(targets)
