"""The ladder in pictures: how long until a human knows, a week of noise with a threshold that learns, and a storm.

    python -m benchmarks.vsm.ladder.pictures [--seed 7] [--out build/vsm]

Ends with status 1 if a page comes after the bound, a week of white noise exceeds its budget, or a storm is more
pages than one and those of what had been raised before it was one.
"""

import argparse
from collections.abc import Sequence
from math import inf, log
from pathlib import Path
from random import Random
from statistics import NormalDist, quantiles

from benchmarks.vsm.plot import Mark, Panel, Point, save
from cybernetic.core import Chance
from cybernetic.vsm.ladder import (
    Cause,
    Clocks,
    Deadman,
    Effect,
    Feeling,
    Ladder,
    Paged,
    Pain,
    PainKey,
    Raised,
    Rungs,
    Sensitivity,
    StormRule,
    arouse,
    time_to_human,
)

DAY = 86_400.0
LEVELS = (Clocks(ack=1.0, recovery=5.0), Clocks(ack=2.0, recovery=10.0))
HEARTBEAT, MISSES = 0.25, 3


def run(stream: Random, dying: float) -> float:
    """Seconds from a fault to the page. A level that is told acknowledges and dies with chance `dying`, else
    is dead.
    """
    died = stream.random() * HEARTBEAT
    now = Deadman(HEARTBEAT, 0.0, MISSES).due
    ladder = Ladder("acme", Rungs(LEVELS))
    ladder, effects = ladder.feel(Pain("acme/support", "management", Cause.HEARTBEAT, since=died), now)
    pending: list[tuple[float, PainKey, int]] = []
    while True:
        pending += _answers(effects, stream, dying)
        paged = [effect.at for effect in effects if isinstance(effect, Paged)]
        if paged:
            return paged[0] - died
        pending.sort()
        if pending and pending[0][0] < ladder.due:
            now, key, level = pending.pop(0)
            ladder, effects = ladder.ack(key, level, "owner", now)
        else:
            ladder, effects = ladder.tick(ladder.due)


def _answers(effects: Sequence[Effect], stream: Random, dying: float) -> list[tuple[float, PainKey, int]]:
    raised = [effect for effect in effects if isinstance(effect, Raised)]
    return [
        (told.at + stream.random() * LEVELS[told.level].ack, told.key, told.level)
        for told in raised
        if stream.random() < dying
    ]


def times(seed: int, runs: int, dying: float) -> list[float]:
    """Sorted times to the human."""
    stream = Chance(seed).stream("time to human", str(dying))
    return sorted(run(stream, dying) for _ in range(runs))


def week(seed: int, budget: float, series: int = 120, level: float = 3.5) -> tuple[list[Point], list[Point]]:
    """A week of white noise on `series` indices, a datum a minute: the threshold over time, and what got
    through.
    """
    stream, tail = Chance(seed).stream("week"), 2 * NormalDist().cdf(-level)
    sensitivity, now, threshold, told = (
        Sensitivity(on=level, budget=budget),
        0.0,
        list[Point](),
        list[Point](),
    )
    while True:
        now -= log(1 - stream.random()) * 60 / (series * tail)
        if now > 7 * DAY:
            return threshold, told
        z = -NormalDist().inv_cdf((1 - stream.random()) * tail / 2)
        threshold.append((now / DAY, sensitivity.threshold(now)))
        feeling, sensitivity = arouse(False, sensitivity, z, now)
        if feeling is Feeling.ONSET:
            told.append((now / DAY, z))
            threshold.append((now / DAY, sensitivity.threshold(now)))


def storm(seed: int, rule: StormRule, units: int = 60) -> tuple[list[Point], list[Point]]:
    """A provider fails at 0: all units that call it hurt within five seconds, and nobody answers. What has been felt
    and who has been called by then, (seconds, count so far).
    """
    stream = Chance(seed).stream("storm")
    felt = sorted(stream.uniform(0.0, 5.0) for _ in range(units))
    ladder, pages, called = Ladder("acme", Rungs(LEVELS), storm=rule), set[PainKey](), [(0.0, 0.0)]
    moments = [*((at, f"acme/unit-{k}") for k, at in enumerate(felt)), (12.0, "")]
    for at, source in moments:
        effects: list[Effect] = []
        while ladder.due <= at:
            ladder, more = ladder.tick(ladder.due)
            effects += more
        if source:
            ladder, more = ladder.feel(Pain(source, "provider", Cause.ERRORS), at)
            effects += more
        for page in (effect for effect in effects if isinstance(effect, Paged)):
            pages.add(page.key)
            called.append((page.at, float(len(pages))))
    return [(at, k + 1.0) for k, at in enumerate(felt)], [*called, (12.0, float(len(pages)))]


def main() -> int:
    """Simulate, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--out", type=Path, default=Path("build/vsm"))
    options = parser.parse_args()
    detection = HEARTBEAT * MISSES
    good, marks = True, []
    for dying, words in ((0.0, "nobody answers"), (0.5, "half ack, then die"), (1.0, "all ack, then die")):
        taken = times(options.seed, options.runs, dying)
        bound = time_to_human(LEVELS, detection=detection, acknowledged=dying > 0)
        cuts = quantiles(taken, n=20)
        print(
            f"{words:20} p50 {cuts[9]:6.2f} s  p95 {cuts[18]:6.2f} s  worst {taken[-1]:6.2f} s  bound {bound} s"
        )
        good &= taken[-1] <= bound
        shown = range(0, len(taken), max(1, len(taken) // 150))
        marks.append(Mark([(taken[n], (n + 1) / len(taken)) for n in shown] + [(22.0, 1.0)], words, "steps"))
    until = Panel(
        "Seconds from a fault to a human, two levels with 1 s and 2 s to acknowledge, 5 s and 10 s to recover",
        marks,
        x="seconds",
        y="share of faults",
        y_range=(0.0, 1.0),
        moments=[(time_to_human(LEVELS, detection=detection), "bound")],
    )
    threshold, told = week(options.seed, budget=5.0)
    offered = sum(1 for _ in threshold) - len(told)
    print(f"a week of noise on 120 indices: {offered} data beyond 3.5 sigma, {len(told)} told, budget 35")
    good &= len(told) <= 35 < inf
    noise = Panel(
        "A week of white noise on 120 indices: the threshold learns to let 5 signals a day through",
        [Mark(threshold, "threshold", "steps"), Mark(told, "told", "dots")],
        x="days",
        y="z",
    )
    (felt, one), (_, alone) = storm(options.seed, StormRule()), storm(options.seed, StormRule(size=1000))
    print(f"sixty units hurt within 5 s: {one[-1][1]:.0f} page(s), {alone[-1][1]:.0f} if none is folded")
    good &= one[-1][1] == 1 and alone[-1][1] == len(felt)
    raging = Panel(
        "Sixty units hurt within five seconds and nobody answers: how many things a human is called for",
        [
            Mark([*felt, (12.0, felt[-1][1])], "felt", "steps"),
            Mark(alone, "called, no storms", "steps"),
            Mark(one, "called", "steps"),
        ],
        x="seconds",
        y="so far",
    )
    print(save(options.out / "ladder.svg", [until, noise, raging]))
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
