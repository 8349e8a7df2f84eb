"""One rate for twenty agents: jittered retries, a limit that is guessed, and one virtual queue with fair
turns.

Twenty agents do jobs of five calls of about three seconds; the provider takes one call a second, five at
once. Half an hour. `python -m benchmarks.vsm.damping.pacing [--runs N] [--out FOLDER]` prints what each arm
does, paired by seed, and draws calls and refusals. Status 1 if pacing fails a job, is refused, or is not
quicker than jitter at the 95 % point.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from math import exp, inf, sqrt
from pathlib import Path
from statistics import mean, stdev

from benchmarks.vsm.plot import Mark, Panel, save
from cybernetic.core import Chance
from cybernetic.vsm.damping import Aimd, FairQueue, Pacer, full_jitter

AGENTS, CALLS, SECONDS, LIMIT, BURST, HORIZON = 20, 5, 3.0, 1.0, 5.0, 1800.0


@dataclass
class World:
    """The provider's bucket, the clock's queue, and what has happened."""

    seed: int
    bucket: float = BURST
    filled: float = 0.0
    refusals: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)  # calls taken
    jobs: list[float] = field(default_factory=list)  # seconds each finished job took
    by_agent: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(AGENTS), 0))
    events: list[tuple[float, int, Callable[[float], None]]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=count)

    def at(self, time: float, act: Callable[[float], None]) -> None:
        heappush(self.events, (time, next(self.order), act))

    def run(self) -> None:
        while self.events and self.events[0][0] < HORIZON:
            time, _, act = heappop(self.events)
            act(time)

    def call(self, now: float) -> float | None:
        """A call at `now`: how long it takes, or None if the provider refuses it."""
        self.bucket = min(BURST, self.bucket + (now - self.filled) * LIMIT)
        self.filled = now
        if self.bucket < 1.0 - 1e-9:
            self.refusals.append(now)
            return None
        self.bucket -= 1.0
        self.took.append(now)
        return SECONDS * exp(0.5 * Chance(self.seed).stream("call", len(self.took)).gauss(0.0, 1.0) - 0.125)


@dataclass
class Work:
    """An agent's job under way."""

    agent: int
    began: float
    left: int = CALLS

    def done_one(self, world: World, now: float) -> "Work":
        self.left -= 1
        if self.left:
            return self
        world.jobs.append(now - self.began)
        world.by_agent[self.agent] += 1
        return Work(self.agent, now)


def jitter(seed: int) -> World:
    """Full jitter from one second, without limit to tries or patience."""
    world, chance = World(seed), Chance(seed)

    def attempt(work: Work, tries: int, now: float) -> None:
        seconds = world.call(now)
        if seconds is None:
            wait = full_jitter(chance, tries, 1.0, 60.0, work.agent, len(world.refusals))
            world.at(now + wait, lambda at: attempt(work, tries + 1, at))
        else:
            world.at(now + seconds, lambda at: attempt(work.done_one(world, at), 0, at))

    for agent in range(AGENTS):
        attempt(Work(agent, 0.0), 0, 0.0)
    world.run()
    return world


class Paced:
    """One virtual queue with fair turns: a call goes when the pacer says, whose turn it is says the queue."""

    def __init__(self, seed: int, pacer: Pacer, aimd: Aimd) -> None:
        self.world, self.pacer, self.aimd = World(seed), pacer, aimd
        self.queue: FairQueue[Work] = FairQueue()
        self.armed = False
        for agent in range(AGENTS):
            self.put(Work(agent, 0.0), 0.0)
        self.world.run()

    def put(self, work: Work, now: float) -> None:
        self.queue = self.queue.put(f"agent-{work.agent}", work)
        self.arm(now)

    def arm(self, now: float) -> None:
        if self.queue and not self.armed:
            self.armed = True
            self.world.at(self.pacer.ready(now), self.turn)

    def turn(self, now: float) -> None:
        self.armed = False
        if self.pacer.ready(now) <= now:
            self.pacer, _ = self.pacer.grant(now)
            self.queue, head = self.queue.pop()
            self.go(head.item, now)
        self.arm(now)

    def go(self, work: Work, now: float) -> None:
        seconds = self.world.call(now)
        if seconds is None:
            self.aimd = self.aimd.refused(now, 1.0)
            self.pacer = self.pacer.at_rate(self.aimd.rate, now).hold(now, self.aimd.barrier)
            self.put(work, now)
        else:
            self.aimd = self.aimd.succeeded(now)
            self.pacer = self.pacer.at_rate(self.aimd.rate, now)
            self.world.at(now + seconds, lambda at: self.put(work.done_one(self.world, at), at))


def known(seed: int) -> World:
    pacer = Pacer.known(LIMIT)
    return Paced(seed, pacer, Aimd(pacer.rate, ceiling=pacer.rate, floor=0.05, rise=0.0)).world


def guessed(seed: int) -> World:
    start = 0.3 * LIMIT
    return Paced(seed, Pacer(start), Aimd(start, ceiling=10 * LIMIT, floor=0.05, rise=0.001)).world


ARMS: dict[str, Callable[[int], World]] = {
    "full jitter, unlimited tries": jitter,
    "guessed limit, AIMD from 30 %": guessed,
    "known limit, paced and fair": known,
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=20)
    arguments.add_argument("--out", type=Path, default=Path("build/vsm"))
    args = arguments.parse_args()
    worlds = {arm: [make(seed) for seed in range(args.runs)] for arm, make in ARMS.items()}
    print(f"{AGENTS} agents, half an hour, {args.runs} runs.\n")
    print(
        "| | jobs done | refusals | p50 s | p95 s | Jain | calls of the capacity |\n|---|---|---|---|---|---|---|"
    )
    for arm, found in worlds.items():
        cells = (
            f"{mean(len(world.jobs) for world in found):.0f}",
            f"{mean(len(world.refusals) for world in found):.0f}",
            f"{mean(point(world, 0.5) for world in found):.0f}",
            f"{mean(point(world, 0.95) for world in found):.0f}",
            f"{mean(jain(world) for world in found):.3f}",
            f"{mean(len(world.took) for world in found) / (LIMIT * HORIZON):.0%}",
        )
        print(f"| {arm} | " + " | ".join(cells) + " |")
    plain, ours = worlds["full jitter, unlimited tries"], worlds["known limit, paced and fair"]
    gain = [point(b, 0.95) - point(a, 0.95) for a, b in zip(ours, plain, strict=True)]
    half = 2.1 * stdev(gain) / sqrt(len(gain)) if len(gain) > 1 else inf
    print(f"\nT-S2-gain, paired: p95 {mean(gain):.0f} ± {half:.0f} s (95 %) less than with jitter.")
    print("Picture:", draw(worlds, args.out))
    refused = any(world.refusals for world in ours)
    return int(refused or mean(gain) - half <= 0)


def point(world: World, share: float) -> float:
    """A quantile of the times of finished jobs."""
    times = sorted(world.jobs)
    return times[min(len(times) - 1, int(share * len(times)))]


def jain(world: World) -> float:
    done = list(world.by_agent.values())
    return sum(done) ** 2 / (len(done) * sum(value * value for value in done))


def draw(worlds: dict[str, list[World]], out: Path) -> Path:
    def by_minute(times: list[float]) -> list[tuple[float, float]]:
        return [(m, float(sum(m * 60 <= time < (m + 1) * 60 for time in times))) for m in range(30)]

    calls = [Mark(by_minute(found[0].took), arm, "steps") for arm, found in worlds.items()]
    refusals = [Mark(by_minute(found[0].refusals), arm, "steps") for arm, found in worlds.items()]
    jobs = [
        Mark([(k / 100, point(found[0], k / 100)) for k in range(1, 100)], arm)
        for arm, found in worlds.items()
    ]
    return save(
        out / "pacing.svg",
        [
            Panel("Calls taken a minute", calls, "minute", "calls", levels=[(60.0, "the limit")]),
            Panel("Calls refused a minute", refusals, "minute", "refusals"),
            Panel("How long a job takes", jobs, "share of jobs", "seconds"),
        ],
        width=860,
    )


if __name__ == "__main__":
    raise SystemExit(main())
