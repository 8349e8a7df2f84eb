"""Damping a herd: nothing done, damped from the start, only frozen, and planned before it is damped.

`python -m benchmarks.vsm.damping.herd [--runs N] [--out FOLDER]` prints the table of all four with its errors
and draws the share of agents at one provider. Status 1 if the order of the rows is not that of the table, or a figure
is further from it than 3.3 standard errors.

The table tells how many agents, providers and seconds there are, how stale latencies are, how much is used and when the
swing is found; the rest is read into it. This reading gives all of its figures:

* A latency is the mean of what all agents meet in one second, as it is at the second's end. Its 95 % point is that of
  seconds, not of calls: of calls it is 73 s when frozen (the table: 50.8) and 1.4 to 1.5 s when calm (1.1).
* The second half counts, from 600 s on. From 0 s on the last row's mean is .86 s (.31), by the two minutes of its herd.
* The first choice is made at 0 s, when both providers look alike and all take the first: 30 moves, and 119 times 60,
  are the table's 7170. Twelve choices later it is 120 s, as there, and 750 moves. A plan's 30 moves count like others.
* Damping is that of routers, whose law it is: half-life 15 minutes, held above 3 flips, free below .75 (the defaults
  of Junos). A hold ends after 240 s (there: an hour); a move waits for 40 s after the last; .35 of the movers move.
* Calls are Poisson's, 54 a second for 60 that can be served. With 60 for 66.7 all figures stay within 2.8 standard
  errors, with 45 for 50 within 2.7.

The settings of damping are fitted, not derived: a quick simulator of the same rules tried 324,000 (calls a second,
fraction, half-life, limits, cap, wait, dead-band), each with five times from which to count, most given up after a few
runs. The table does not single one out: some 1,800 came within 4 standard errors in sixteen runs. A half-life of 300 s,
a release at 1 and a fraction of .3, say, give all figures within 2.2. This one was taken for the routers' law.

The table does not tell how many runs it had; twenty are assumed. From run to run the frozen row's mean varies by 13 s,
its 95 % point by 20 s.
"""

import argparse
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from benchmarks.vsm.damping.herd_world import HORIZON, TICK, Result, run
from benchmarks.vsm.plot import Mark, Panel, save

SETTLED = HORIZON // 2
FAR = 3.3  # standard errors
RUNS = 20  # that the table is taken to have
ARMS: dict[str, dict[str, bool]] = {
    "no S2": {},
    "S2 from start": {"start": True},
    "auto: freeze only": {"auto": True, "plan": False},
    "auto: balanced plan, then damp": {"auto": True},
}
COLUMNS = ("mean latency s", "p95 s", "switches / 1200 s", "used")
TABLE = {  # each figure, and half of its last digit
    "no S2": ((4.38, 0.005), (8.14, 0.005), (7170, 0.5), (0.90, 0.005)),
    "S2 from start": ((0.31, 0.005), (1.08, 0.005), (501, 0.5), (0.90, 0.005)),
    "auto: freeze only": ((18.2, 0.05), (50.8, 0.05), (1118, 0.5), (0.90, 0.005)),
    "auto: balanced plan, then damp": ((0.31, 0.005), (1.11, 0.005), (1223, 0.5), (0.90, 0.005)),
}


class Figure(NamedTuple):
    """A figure of all runs: its mean and standard error, and how many of these and the table's it is from the table."""

    value: float
    error: float
    away: float


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=RUNS)
    arguments.add_argument("--out", type=Path, default=Path("build/vsm"))
    args = arguments.parse_args()
    results = {arm: [run(seed, **options) for seed in range(args.runs)] for arm, options in ARMS.items()}
    rows = {arm: figures(arm, found) for arm, found in results.items()}
    print(
        f"{args.runs} runs each; latencies from {SETTLED} s on; mean ± standard error (the table; how far off).\n"
    )
    print("| | " + " | ".join(COLUMNS) + " | found at s |\n|" + "---|" * (len(COLUMNS) + 2))
    for arm, row in rows.items():
        then = [figure for figure, _ in TABLE[arm]]
        cells = [
            f"{it.value:.4g} ± {it.error:.2g} ({was:g}; {it.away:+.1f} se)"
            for it, was in zip(row, then, strict=True)
        ]
        at = sorted({found.detected for found in results[arm] if found.detected is not None})
        print(f"| {arm} | " + " | ".join(cells) + f" | {', '.join(f'{time:g}' for time in at) or '–'} |")
    calm, start, frozen, planned = (row[0].value for row in rows.values())
    problems = [
        *([] if frozen > 2 * calm else ["freezing alone is not worse than doing nothing"]),
        *([] if planned < calm / 5 else ["a plan does not cure the herd"]),
        *([] if start < calm / 5 else ["damping from the start does not prevent it"]),
        *(
            f"{arm}, {column}: {it.away:+.1f}"
            for arm, row in rows.items()
            for column, it in zip(COLUMNS, row, strict=True)
            if abs(it.away) > FAR
        ),
    ]
    print(
        f"\nThe order of the rows, and the figures within {FAR:g} standard errors: "
        f"{', '.join(problems) or 'as in the table'}."
    )
    print("Picture:", draw(results, args.out))
    return 1 if problems else 0


def figures(arm: str, found: list[Result]) -> list[Figure]:
    """Mean latency, its 95 % point, switches, and the part of all capacity that was used."""
    seconds = [result.latencies(SETTLED) for result in found]
    samples = [
        [mean(latencies) for latencies in seconds],
        [latencies[int(0.95 * len(latencies))] for latencies in seconds],
        [float(result.switches) for result in found],
        [mean(result.used) for result in found],
    ]
    return [compared(values, *then) for values, then in zip(samples, TABLE[arm], strict=True)]


def compared(values: list[float], then: float, rounding: float) -> Figure:
    """What the runs gave, and how many standard errors of both it lies above the table's figure."""
    value, spread = mean(values), stdev(values) if len(values) > 1 else 0.0
    error = spread * sqrt(1 / len(values) + 1 / RUNS)
    between = max(0.0, abs(value - then) - rounding)
    away = between / error if error else 0.0 if not between else float("inf")
    return Figure(value, spread / sqrt(len(values)), away if value >= then else -away)


def draw(results: dict[str, list[Result]], out: Path) -> Path:
    times = [float(now) for now in range(0, HORIZON, TICK)]
    panels = []
    for arm, found in results.items():
        marks = [Mark(list(zip(times, found[0].shares, strict=True)), "agents at a", "steps")]
        moments = [(found[0].detected, "found")] if found[0].detected else []
        panels.append(Panel(arm, marks, "s", "agents", y_range=(0, 60), moments=moments, height=150))
    busy = [
        Mark([(t, max(b, 0.01)) for t, b in zip(times, found[0].busy, strict=True)], arm)
        for arm, found in results.items()
    ]
    panels.append(Panel("Backlog of the busier provider", busy, "s", "seconds of work", log_y=True))
    return save(out / "herd.svg", panels, width=820)


if __name__ == "__main__":
    raise SystemExit(main())
