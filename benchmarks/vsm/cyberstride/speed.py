"""Microseconds of processor time per datum of the filter and of what stands beside it. The filter may take
25.

    python -m benchmarks.vsm.cyberstride.speed [--data 1000] [--rounds 50]

Rounds are short and many, and all take turns: on a machine that others use, the quickest is the one least disturbed.
Prints Markdown: the quickest round, the median one, and the quickest beside an iteration of a loop that adds a square
(a step of plain Python). Returns 1 when the filter's quickest round of any of its series is above 25 µs. After a jump
it has to look for the pair of regimes that weighs most, which makes its data dearer: these are rows of their own.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import accumulate
from statistics import median
from time import process_time

from benchmarks.vsm.cyberstride.world import CHARTS
from cybernetic.core import Chance
from cybernetic.vsm.cyberstride import Chart, Gauge, HarrisonStevens, Index, Learning

GOAL = 25.0
STEPS = (30.0, 100.0, 1000.0)  # in deviations
YARDSTICK = "a step of plain Python"
Worker = Callable[[Sequence[float]], None]


def filtered(learning: Learning | None, model: str = "default", jumps: Sequence[float] = ()) -> Worker:
    """Puts a series through the filter, with a plan. `jumps`: what is added to its data."""

    def work(series: Sequence[float]) -> None:
        series = [y + jump for y, jump in zip(series, jumps, strict=True)] if jumps else series
        update = HarrisonStevens(model, variance=1.0, learning=learning, plan=0.0).update
        for y in series:
            update(y)

    return work


def gauged(series: Sequence[float]) -> None:
    """Puts a series through the whole pipeline of an index."""
    update = Gauge(Index("speed", plan=0.0)).update
    for y in series:
        update(y)


def stairs(size: float, data: int) -> list[float]:
    """A step of so many deviations, up or down, every five data."""
    chance = Chance(7).stream("stairs")
    steps = [chance.choice([-size, size]) if k % 5 == 0 else 0.0 for k in range(data)]
    return list(accumulate(steps))


def halved(data: int) -> list[float]:
    """Half of the data out by a million deviations."""
    chance = Chance(7).stream("halved")
    return [chance.choice([0.0, 1e6]) for _ in range(data)]


def stepped(series: Sequence[float]) -> None:
    """The yardstick: a multiplication and an addition a datum."""
    total = 0.0
    for y in series:
        total += y * y


def charted(chart: Chart) -> Worker:  # type: ignore[type-arg]
    """Puts a series through a control chart."""

    def work(series: Sequence[float]) -> None:
        state = chart.start()
        for y in series:
            state = chart.step(state, y)

    return work


def main() -> int:
    """Measure, print, and say whether the filter is quick enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=50)
    args = parser.parse_args()
    chance = Chance(7).stream("speed")
    series = [chance.gauss(0.0, 1.0) for _ in range(args.data)]
    workers: dict[str, Worker] = {
        YARDSTICK: stepped,
        "HarrisonStevens, V known": filtered(None),
        "HarrisonStevens, V learnt": filtered(Learning()),
        "HarrisonStevens, levels only": filtered(None, "level_only"),
        **{
            f"HarrisonStevens, a step of {size:g} deviations every five data": filtered(
                None, jumps=stairs(size, args.data)
            )
            for size in STEPS
        },
        "HarrisonStevens, half of the data out by a million deviations": filtered(
            None, jumps=halved(args.data)
        ),
        "Gauge: the whole pipeline": gauged,
        **{name: charted(chart) for name, chart in CHARTS.items()},
    }
    rounds = [{name: _timed(work, series) for name, work in workers.items()} for _ in range(args.rounds)]
    print(f"Python {sys.version.split()[0]}, {args.data} data, {args.rounds} rounds in turn\n")
    print("| what | best µs | median µs | best, in steps of plain Python |\n|---|---|---|---|")
    best = {name: min([one[name] for one in rounds]) for name in workers}
    for name, least in best.items():
        middle = median([one[name] for one in rounds])
        print(f"| {name} | {least:.2f} | {middle:.2f} | {least / best[YARDSTICK]:.0f} |")
    worst = max([least for name, least in best.items() if name.startswith("HarrisonStevens")])
    print(f"\nthe filter: {worst:.1f} µs per datum at most, goal {GOAL:g}")
    return int(worst > GOAL)


def _timed(work: Worker, series: Sequence[float]) -> float:
    begun = process_time()
    work(series)
    return (process_time() - begun) / len(series) * 1e6


if __name__ == "__main__":
    sys.exit(main())
