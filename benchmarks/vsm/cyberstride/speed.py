"""Microseconds of processor time per datum of the filter and of what stands beside it. The filter may take
25.

    python -m benchmarks.vsm.cyberstride.speed [--data 20000] [--rounds 5]

Prints Markdown: the quickest round and the median one. Returns 1 when the filter's quickest round is above
25 µs.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from statistics import median
from time import process_time

from benchmarks.vsm.cyberstride.world import CHARTS
from cybernetic.core import Chance
from cybernetic.vsm.cyberstride import Chart, Gauge, HarrisonStevens, Index, Learning

GOAL = 25.0
Worker = Callable[[Sequence[float]], None]


def filtered(learning: Learning | None, model: str = "default") -> Worker:
    """Puts a series through the filter, with a plan."""

    def work(series: Sequence[float]) -> None:
        update = HarrisonStevens(model, variance=1.0, learning=learning, plan=0.0).update
        for y in series:
            update(y)

    return work


def gauged(series: Sequence[float]) -> None:
    """Puts a series through the whole pipeline of an index."""
    update = Gauge(Index("speed", plan=0.0)).update
    for y in series:
        update(y)


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
    parser.add_argument("--data", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    chance = Chance(7).stream("speed")
    series = [chance.gauss(0.0, 1.0) for _ in range(args.data)]
    workers: dict[str, Worker] = {
        "HarrisonStevens, V known": filtered(None),
        "HarrisonStevens, V learnt": filtered(Learning()),
        "HarrisonStevens, levels only": filtered(None, "level_only"),
        "Gauge: the whole pipeline": gauged,
        **{name: charted(chart) for name, chart in CHARTS.items()},
    }
    print(f"Python {sys.version.split()[0]}, {args.data} data, {args.rounds} rounds\n")
    print("| what | best µs | median µs |\n|---|---|---|")
    worst = 0.0
    for name, work in workers.items():
        times = [_timed(work, series) for _ in range(args.rounds)]
        print(f"| {name} | {min(times):.1f} | {median(times):.1f} |")
        if name.startswith("HarrisonStevens"):
            worst = max(worst, min(times))
    print(f"\nthe filter: {worst:.1f} µs per datum at most, goal {GOAL:g}")
    return int(worst > GOAL)


def _timed(work: Worker, series: Sequence[float]) -> float:
    begun = process_time()
    work(series)
    return (process_time() - begun) / len(series) * 1e6


if __name__ == "__main__":
    sys.exit(main())
