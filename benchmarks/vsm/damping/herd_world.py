"""A herd: 60 agents choose between two providers by a latency that is published every ten seconds.

Each agent makes .9 calls a second on average, at random; each provider serves 30 a second, so that together they are
used at 90 %. Time goes in whole seconds: what comes in one is served until its end, and what is then left over is the
latency of the agents there.

They choose at 0, 10, 20 ... 1,190 s, by what is left at the time. He who is not damped goes where that is least, to the
first of two that are equal: at 0 s, when nothing is known yet, that makes the herd. He who is goes only for a gain.
From 10 s on each choice is followed by the question whether the last twelve show an oscillation.
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

AGENTS, TICK, HORIZON = 60, 10, 1200
RATE, CAPACITY = 0.9, 30.0  # calls a second: of an agent, and what a provider can serve
LOOK = 12  # published decisions in a window: six periods of a herd
SHAPING = Shaping(band=0.0, fraction=0.35, dwell=40.0)
DAMPER = FlapDamper(half_life=900.0, suppress=3.0, release=0.75, longest=240.0)
CAPACITIES = {"a": 1.0, "b": 1.0}


@dataclass
class Result:
    """What one run came to.

    `seconds`: the mean latency of all agents in each second; `used`: the part of all capacity used in it. `shares`
    counts the agents at provider a after each choice; `busy` is the longer backlog before it, in seconds of work.
    """

    seconds: list[float] = field(default_factory=list)
    used: list[float] = field(default_factory=list)
    switches: int = 0
    shares: list[int] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    detected: float | None = None

    def latencies(self, since: int = 0) -> list[float]:
        """Of the seconds from `since` on, least first."""
        return sorted(self.seconds[since:])


@dataclass
class Herd:
    """The agents, where they are, when they moved and what is remembered of their moves."""

    at: dict[str, str]
    moved: dict[str, float]
    flapping: dict[str, Flapping]
    left: dict[str, float]  # calls that a provider has not served yet
    found: Result = field(default_factory=Result)


def run(seed: int, *, start: bool = False, auto: bool = False, plan: bool = True) -> Result:
    """1200 s of nothing done; or damped from the start; or damped once an oscillation is found, with a plan
    or without.
    """
    chance = Chance(seed)
    calls, choices = chance.stream("calls"), chance.stream("choices")
    names = [f"agent-{k}" for k in range(AGENTS)]
    at = {name: "ab"[k % 2] for k, name in enumerate(names)}
    flapping = {name: Flapping() for name in names}
    herd = Herd(at, dict.fromkeys(names, -inf), flapping, dict.fromkeys(CAPACITIES, 0.0))
    engagement = Engagement(SHAPING, lasts=HORIZON)
    damped, found = start, herd.found
    for now in range(0, HORIZON, TICK):
        found.busy.append(max(herd.left.values()) / CAPACITY)
        for name in names:
            decide(herd, name, now, damped, choices.random())
        found.shares.append(sum(where == "a" for where in at.values()))
        if auto and not damped and oscillates(found.shares):
            damped, found.detected = True, now
            engagement, fresh = engagement.engage(CAPACITIES, herd.flapping, now)
            if plan and engagement.plan:
                herd.flapping = fresh
                follow(herd, engagement.plan)
        for _ in range(TICK):
            serve(herd, calls)
    return found


def oscillates(shares: list[int]) -> bool:
    """Whether the last decisions swing; the first of all, at 0 s, was made in the dark and does not count."""
    window = shares[1:][-LOOK:]
    return len(window) == LOOK and find_oscillation(window, floor=0.1 * AGENTS, step=TICK).oscillating


def decide(herd: Herd, name: str, now: float, damped: bool, draw: float) -> None:
    """One agent goes to the less busy provider, if it may."""
    here = herd.at[name]
    there = "b" if here == "a" else "a"
    gain = (herd.left[here] - herd.left[there]) / CAPACITY
    if damped:
        held = DAMPER.held(herd.flapping[name], now)
        moves = not held and SHAPING.moves(gain, now, herd.moved[name], draw)
    else:
        moves = gain > 0 or (gain == 0 and there == "a")
    if moves:
        herd.at[name], herd.moved[name] = there, now
        herd.flapping[name] = DAMPER.flip(herd.flapping[name], now)
        herd.found.switches += 1


def serve(herd: Herd, chance: Random) -> None:
    """One second."""
    total = served = 0.0
    for provider, left in herd.left.items():
        agents = sum(where == provider for where in herd.at.values())
        there = left + called(chance, agents)
        herd.left[provider] = max(0.0, there - CAPACITY)
        served += min(there, CAPACITY)
        total += agents * herd.left[provider] / CAPACITY
    herd.found.seconds.append(total / AGENTS)
    herd.found.used.append(served / (len(herd.left) * CAPACITY))


def called(chance: Random, agents: int) -> int:
    """How many calls `agents` make in a second: Poisson's number."""
    rate = RATE * agents
    calls, time = 0, chance.expovariate(rate) if rate else inf
    while time < 1.0:
        calls, time = calls + 1, time + chance.expovariate(rate)
    return calls


def follow(herd: Herd, plan: Plan) -> None:
    """All go where the plan sends them; that is not a move of their own, after which they would have to stay."""
    targets = plan.assigned(list(herd.at))
    herd.found.switches += sum(targets[name] != where for name, where in herd.at.items())
    herd.at.update(targets)
