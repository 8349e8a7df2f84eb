"""Damping a herd: nothing done, damped from the start, only frozen, and planned before it is damped.

`python -m benchmarks.vsm.damping.herd [--runs N] [--out FOLDER]` prints the table of all four with its errors
and draws the share of agents at one provider. Status 1 if the order of the rows is not that
of the table.

The figures are near those of the table, not within their errors, since it does not tell how calls come and are
served, from when latencies count, or by what settings moves are damped. Other readings were tried, means of 8 to 20
runs:

* Seconds as steps, Poisson calls, the first decision at 0 s; a call's latency is the backlog at the end of its second.
  The first row is then 4.44 s, 8.19 s and 7170 switches with 60 calls a second, 4.43, 8.12 and 7170 with 120 (the
  table: 4.38, 8.14, 7170), which may well be what the table means. With the backlog at the middle of the second it is
  4.5 and 8.3, before serving 5.4 and 9.2, the mean of both ends 4.0 and 7.8. Steps of .1 s lead back to what is
  measured here.
* The last row's .31 s cannot include the herd of the first two minutes. Counted from 0, 120, 200, 300, 400 and 600 s,
  both last rows are nearest at 300 s.
* Some 4,000 settings drawn in the world of whole seconds: half-lives of 30 to 300 s, holds from 2 to 5 flips on, until
  .5 to 2 and for 60 s to no end, fractions of .1 to .5, dwells of 0 to 60 s, dead-bands of 0 to .5 s. None gives
  all rows. The nearest, counted from 300 s: a fraction of .15, no dwell, holds from 3 flips on for 120 s at most. That
  gives .37, 1.62 and 587 (the table: .31, 1.08, 501); frozen 18.1, 55.5 and 1135 (18.2, 50.8, 1118); planned .35, 1.59
  and 1241 (.31, 1.11, 1223). With a fraction of .2 and a dead-band of .1 s: .30, 1.45, 533; 16.1, 48.1, 1213; .31,
  1.46, 1219.

So the order of the rows and their sizes hold in each; the 95 % points of the calm rows stay above the table's.
"""

import argparse
from math import sqrt
from pathlib import Path
from statistics import mean, stdev

from benchmarks.vsm.damping.herd_world import HORIZON, TICK, Result, run
from benchmarks.vsm.plot import Mark, Panel, save

SETTLED = 300.0
ARMS: dict[str, dict[str, bool]] = {
    "no S2": {},
    "S2 from start": {"start": True},
    "auto: freeze only": {"auto": True, "plan": False},
    "auto: balanced plan, then damp": {"auto": True},
}
TABLE = {  # mean latency, its 95 % point, switches; the planned row after it had settled
    "no S2": (4.38, 8.14, 7170),
    "S2 from start": (0.31, 1.08, 501),
    "auto: freeze only": (18.2, 50.8, 1118),
    "auto: balanced plan, then damp": (0.31, 1.11, 1223),
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=20)
    arguments.add_argument("--out", type=Path, default=Path("build/vsm"))
    args = arguments.parse_args()
    results = {arm: [run(seed, **options) for seed in range(args.runs)] for arm, options in ARMS.items()}
    print(f"{args.runs} runs each; mean ± standard error (in brackets: the table).\n")
    print(
        "| | mean latency s | p95 s | mean after 300 s | p95 after 300 s | switches / 1200 s | found at s |"
    )
    print("|---|---|---|---|---|---|---|")
    rows = {arm: row(arm, found) for arm, found in results.items()}
    calm, start, frozen, planned = rows.values()
    problems = [
        *([] if frozen[0] > 2 * calm[0] else ["freezing alone is not worse than doing nothing"]),
        *([] if planned[1] < calm[1] / 5 else ["a plan does not cure the herd"]),
        *([] if start[0] < calm[0] / 5 else ["damping from the start does not prevent it"]),
    ]
    print(f"\nThe order of the rows: {', '.join(problems) or 'as in the table'}.")
    print("Picture:", draw(results, args.out))
    return 1 if problems else 0


def row(arm: str, found: list[Result]) -> tuple[float, float]:
    """Print one row; return its mean latency, overall and once settled."""
    then = TABLE[arm]
    settled = "plan" in arm
    means = [mean(result.latencies()) for result in found]
    tails = [point(result, 0.0) for result in found]
    late_means = [mean(result.latencies(SETTLED)) for result in found]
    late_tails = [point(result, SETTLED) for result in found]
    at = {result.detected for result in found}
    cells = [
        said(means, None if settled else then[0]),
        said(tails, None if settled else then[1]),
        said(late_means, then[0] if settled else None),
        said(late_tails, then[1] if settled else None),
        said([float(result.switches) for result in found], then[2]),
        ", ".join(f"{time:g}" for time in sorted(filter(None, at))) or "–",
    ]
    print(f"| {arm} | " + " | ".join(cells) + " |")
    return mean(means), mean(late_means)


def point(result: Result, since: float) -> float:
    latencies = result.latencies(since)
    return latencies[int(0.95 * len(latencies))]


def said(values: list[float], then: float | None) -> str:
    error = stdev(values) / sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{mean(values):.4g} ± {error:.2g}" + (f" ({then:g})" if then is not None else "")


def draw(results: dict[str, list[Result]], out: Path) -> Path:
    times = [(k + 1) * TICK for k in range(round(HORIZON / TICK))]
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
