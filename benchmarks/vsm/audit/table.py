"""How many audits it takes to catch a liar: the design table simulated, beside its exact values, with
pictures.

python -m benchmarks.vsm.audit.table [--runs 20000] [--seed 7] [--out build/vsm]

Ends with status 1 if a simulated value lies further from the exact one than its Monte Carlo error allows, or one of the
published table does: that was simulated as well, and is rounded. It does not tell in how many runs; 4,000 are assumed.
(With 33,000 its mean at 20 %, the furthest of them, would still lie within 3.3 standard errors.)
"""

import argparse
from math import sqrt
from pathlib import Path
from random import Random
from typing import NamedTuple

from benchmarks.vsm.plot import Mark, Panel, save
from cybernetic.core import Chance
from cybernetic.vsm.audit import CusumDesign, DiscrepancyCusum, clean_audits_needed, run_length

DESIGN = CusumDesign(q0=0.02, q1=0.15, limit=3.89)
PROBABILITIES = (0.02, 0.05, 0.10, 0.20)
# mean, half of its last digit, and 95 % point as first measured, by another simulation, for the same design
PUBLISHED: dict[float, tuple[float, float, int | None]] = {
    0.02: (1017, 0.5, None),
    0.05: (132, 0.5, 375),
    0.10: (37.7, 0.05, 99),
    0.20: (14.4, 0.05, 33),
    0.40: (6.6, 0.05, 14),
}
RUNS = 4000  # that they are taken to come from
SURE = {0.20: (0.999, 69)}  # a further point that was published, exact
SIGMAS = 4.0  # twenty comparisons: a true value lies further out once in about 800 tables


class Row(NamedTuple):
    """One true rate, simulated: mean audits with its standard error, and the 95 % point."""

    rate: float
    mean: float
    error: float
    p95: int
    below: float  # the part of the runs that ended within the exact 95 % point


def simulate(rate: float, stream: Random) -> int:
    """Audits until the alarm, in one run."""
    cusum = DiscrepancyCusum(DESIGN)
    while not cusum.alarm:
        cusum = cusum.after(stream.random() < rate)
    return cusum.audits


def row(rate: float, runs: int, seed: int) -> Row:
    """Many runs at one true rate."""
    stream = Chance(seed).stream("audit table", str(rate))
    lengths = sorted(simulate(rate, stream) for _ in range(runs))
    mean = sum(lengths) / runs
    error = sqrt(sum((n - mean) ** 2 for n in lengths) / (runs - 1) / runs)
    point = run_length(rate, DESIGN).quantile(0.95)
    return Row(rate, mean, error, lengths[int(0.95 * runs)], sum(n <= point for n in lengths) / runs)


def simulated_well(one: Row, runs: int) -> bool:
    """Whether a row agrees with the exact values."""
    exact = run_length(one.rate, DESIGN)
    p95 = exact.quantile(0.95)
    tail = 1 - exact.survival[p95] if p95 < len(exact.survival) else 0.95
    close = abs(one.mean - exact.mean) <= SIGMAS * one.error
    return close and abs(one.below - tail) <= SIGMAS * sqrt(tail * (1 - tail) / runs)


def published_well(one: Row, runs: int) -> bool:
    """Whether the exact values at its rate are those of the published table, but for its errors."""
    exact, (mean, rounding, point) = run_length(one.rate, DESIGN), PUBLISHED[one.rate]
    error = one.error * sqrt(runs / RUNS)
    close = abs(mean - exact.mean) <= SIGMAS * error + rounding
    if point is not None:
        off = SIGMAS * sqrt(0.95 * 0.05 / RUNS)
        close &= exact.quantile(0.95 - off) <= point <= exact.quantile(0.95 + off)
    if one.rate in SURE:
        part, audits = SURE[one.rate]
        close &= exact.quantile(part) == audits
    return close


def report(rows: list[Row], runs: int) -> bool:
    """Print the table; whether simulation and published values agree with the exact ones."""
    print(f"q0 = {DESIGN.q0:.0%}, q1 = {DESIGN.q1:.0%}, limit {DESIGN.limit}; {runs} runs a row\n")
    head = "  rate |  audits: exact   simulated     published, off |  95 %: exact sim. publ. |"
    print(head, "  ".join(f"{p:>6.0%}" for p in PROBABILITIES), "| slipped at 5 %")
    agree = True
    for one in rows:
        exact = run_length(one.rate, DESIGN)
        p95, (mean, _, point) = exact.quantile(0.95), PUBLISHED[one.rate]
        wrong = "" if simulated_well(one, runs) else "  <- simulated too far"
        wrong += "" if published_well(one, runs) else "  <- published too far"
        agree &= not wrong
        tasks = "  ".join(f"{one.mean / p:6.0f}" for p in PROBABILITIES)
        print(
            f"{one.rate:6.0%} | {exact.mean:14.2f} {one.mean:8.2f} ±{one.error:5.2f}"
            f" {mean:7} {mean / exact.mean - 1:+5.1%} |"
            f" {p95:12} {one.p95:4} {point or '-':>5} | {tasks} |"
            f" {one.mean / 0.05 * one.rate:8.0f} {wrong}"
        )
    return agree


def pictures(rows: list[Row], seed: int) -> list[Panel]:
    """The panels a person can look at."""
    return [_delays(rows), _detected(), _path(seed), _optimum(), _assurance()]


def _delays(rows: list[Row]) -> Panel:
    rates = [0.015 * 1.12**n for n in range(36) if 0.015 * 1.12**n < 0.8]
    lengths = [run_length(rate, DESIGN) for rate in rates]
    return Panel(
        "Audits until the alarm, by the true share of false successes",
        [
            Mark([(q, length.mean) for q, length in zip(rates, lengths, strict=True)], "mean, exact"),
            Mark(
                [(q, length.quantile(0.95)) for q, length in zip(rates, lengths, strict=True)], "95 %, exact"
            ),
            Mark([(one.rate, one.mean) for one in rows], "mean, simulated", "dots", "#000000"),
            Mark([(one.rate, one.p95) for one in rows], "95 %, simulated", "dots", "#cc79a7"),
        ],
        x="true rate",
        y="audits",
        log_x=True,
        log_y=True,
        moments=[(DESIGN.q0, "tolerated"), (DESIGN.q1, "designed for")],
        height=300,
    )


def _detected() -> Panel:
    marks = []
    for rate in (0.02, 0.05, 0.10, 0.20, 0.40):
        length = run_length(rate, DESIGN)
        last = min(150, len(length.survival) - 1)
        marks.append(
            Mark([(n, 1 - length.survival[n]) for n in range(last + 1)], f"{rate:.0%} false", "steps")
        )
    return Panel("Chance that the alarm has come", marks, x="audits", y="chance", y_range=(0.0, 1.0))


def _path(seed: int) -> Panel:
    stream, cusum, scores = Chance(seed).stream("a path"), DiscrepancyCusum(DESIGN), [(0.0, 0.0)]
    turn = 80
    while cusum.audits < turn or not cusum.alarm:
        cusum = cusum.after(stream.random() < (0.02 if cusum.audits < turn else 0.2))
        scores.append((float(cusum.audits), cusum.score))
    return Panel(
        "One unit: 2 % of its successes are false, then 20 %",
        [Mark(scores, "score", "steps")],
        x="audits",
        y="score (nats)",
        levels=[(DESIGN.limit, "alarm")],
        moments=[(float(turn), "lies")],
    )


def _optimum() -> Panel:
    """An hour of 1000 tasks; every audit costs 1, a bad output 5; the tool degrades to 20 % once a day
    (24,000 tasks).
    """
    mean, false = run_length(0.2, DESIGN).mean, run_length(0.01, DESIGN).mean
    ps = [0.002 * 1.15**n for n in range(45) if 0.002 * 1.15**n <= 1]
    audits = [(p, 24_000 * p) for p in ps]
    harm = [(p, 5 * mean / p * 0.2) for p in ps]
    total = [(p, a + h) for (p, a), (_, h) in zip(audits, harm, strict=True)]
    best = min(total, key=lambda point: point[1])
    return Panel(
        f"Cost a day, 24,000 tasks, one degradation to 20 % (a false alarm every {false:.0f} audits at 1 %)",
        [
            Mark(audits, "audits, 1 each"),
            Mark(harm, "bad outputs, 5 each"),
            Mark(total, "together", colour="#333333"),
        ],
        x="probability of an audit",
        y="cost",
        log_x=True,
        log_y=True,
        moments=[(best[0], f"best: {best[0]:.1%}")],
    )


def _assurance() -> Panel:
    rates = [0.001 * 1.2**n for n in range(30) if 0.001 * 1.2**n < 0.2]
    marks = [
        Mark([(q, float(clean_audits_needed(q, sure))) for q in rates], f"{sure:.0%} sure")
        for sure in (0.9, 0.95, 0.99)
    ]
    marks.append(Mark([(q, 3 / q) for q in rates], "3 / rate", dashed=True))
    return Panel(
        "Clean audits needed to claim a failure rate below",
        marks,
        x="rate",
        y="audits",
        log_x=True,
        log_y=True,
    )


def main() -> int:
    """Simulate, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("build/vsm"))
    options = parser.parse_args()
    rows = [row(rate, options.runs, options.seed) for rate in PUBLISHED]
    agree = report(rows, options.runs)
    print(f"\nthe 99.9 % point at 20 % is {run_length(0.2, DESIGN).quantile(0.999)} audits")
    print(save(options.out / "audit.svg", pictures(rows, options.seed)))
    return 0 if agree else 1


if __name__ == "__main__":
    raise SystemExit(main())
