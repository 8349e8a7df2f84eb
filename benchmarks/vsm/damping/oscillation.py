"""How often the oscillation detectors alarm on noise and on waves, beside the table they were chosen by.

`python -m benchmarks.vsm.damping.oscillation [--runs N] [--seed N] [--out FOLDER]` prints the table, judges
each cell within the Monte Carlo error of both, and draws two pictures. Status 1 if a cell is outside.
"""

import argparse
from collections.abc import Callable
from functools import partial
from math import sqrt
from pathlib import Path

from benchmarks.vsm.plot import Mark, Panel, save
from cybernetic.core import Chance
from cybernetic.vsm.damping import Oscillation, autocovariance, detrended, find_oscillation
from tests.vsm.damping.signals import SIGNALS, WINDOW, Signal, sine, square, white

RUNS_THEN = 600
READINGS: dict[str, Callable[[Oscillation], bool]] = {
    "r > 1": lambda found: found.regularity > 1.0,
    "R > .5": lambda found: found.decay > 0.5,
    "both": lambda found: found.oscillating,
}
TABLE = {  # the share of 600 windows of 120 data
    "r > 1": (0.027, 0.038, 0.002, 0.005, 0.035, 0.29, 1.0, 1.0, 0.04, 0.67, 1.0),
    "R > .5": (0.037, 0.110, 0.125, 0.168, 0.022, 0.12, 0.84, 1.0, 0.12, 0.44, 0.99),
    "both": (0.005, 0.012, 0.0, 0.0, 0.003, 0.06, 0.84, 1.0, 0.01, 0.31, 0.99),
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=1500)
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--out", type=Path, default=Path("build/vsm"))
    args = arguments.parse_args()
    chance = Chance(args.seed)
    shares = {name: alarms(chance, name, signal, args.runs) for name, signal in SIGNALS.items()}
    print(f"Share of windows of {WINDOW} data that alarm: {args.runs} runs (in brackets: the table).\n")
    print("| |" + "|".join(SIGNALS) + "|\n|---|" + "---|" * len(SIGNALS))
    outside = []
    for reading, expected in TABLE.items():
        cells = []
        for (name, found), then in zip(shares.items(), expected, strict=True):
            error = deviation(found[reading], then, args.runs)
            outside += [f"{reading}, {name}: {error:+.1f}"] if abs(error) > 3.3 else []
            cells.append(f"{found[reading]:.3f} ({then:g})")
        print(f"| {reading} | " + " | ".join(cells) + " |")
    print(f"\nCells further than 3.3 standard errors from the table: {', '.join(outside) or 'none'}")
    print("Pictures:", draw_power(chance, args.out), draw_reading(chance, args.out))
    return 1 if outside else 0


def alarms(chance: Chance, name: str, signal: Signal, runs: int, size: int = WINDOW) -> dict[str, float]:
    found = [find_oscillation(signal(chance.stream(name, size, run), size)) for run in range(runs)]
    return {reading: sum(map(judge, found)) / runs for reading, judge in READINGS.items()}


def deviation(now: float, then: float, runs: int) -> float:
    """How many standard errors two shares differ; a share of 0 or 1 counts as half a window off."""
    pooled = (now * runs + then * RUNS_THEN + 0.5) / (runs + RUNS_THEN + 1)
    rounding = 0.005 if then * 1000 % 10 == 0 else 0.0005  # the table has two or three digits
    apart = max(0.0, abs(now - then) - rounding)
    return apart / sqrt(pooled * (1 - pooled) * (1 / runs + 1 / RUNS_THEN)) * (1 if now > then else -1)


def draw_power(chance: Chance, out: Path, runs: int = 150) -> Path:
    """Power against signal-to-noise ratio and against the number of periods in the window."""
    ratios = [0.1 * k for k in range(0, 26, 2)]
    waves: dict[str, Callable[[float], Signal]] = {
        "sine, 10 periods": lambda snr: partial(sine, 12.0, snr),
        "square, 6 periods": lambda snr: partial(square, 20.0, snr),
    }
    by_ratio = [
        Mark([(snr, alarms(chance, f"{label} {snr}", make(snr), runs)["both"]) for snr in ratios], label)
        for label, make in waves.items()
    ]
    periods = [2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0]
    by_periods = [
        Mark(
            [
                (count, alarms(chance, f"n {count} {snr}", partial(sine, WINDOW / count, snr), runs)["both"])
                for count in periods
            ],
            f"sine, SNR {snr:g}",
        )
        for snr in (0.5, 1.0, 2.0)
    ]
    top = Panel("Found in one window of 120 data", by_ratio, "signal-to-noise ratio", "share", y_range=(0, 1))
    low = Panel("It takes periods, not seconds", by_periods, "periods in window", "share", y_range=(0, 1))
    return save(out / "oscillation-power.svg", [top, low])


def draw_reading(chance: Chance, out: Path) -> Path:
    """What the detectors look at: a wave in noise and noise alone, and the autocovariance of each."""
    panels = []
    for title, signal in (("A sine of SNR 1 in noise", partial(sine, 12.0, 1.0)), ("Noise alone", white)):
        window = signal(chance.stream("picture"), WINDOW)
        found = find_oscillation(window)
        covariance = autocovariance(detrended(window), 72)
        words = f"r = {found.regularity:.2f}, R = {found.decay:.2f}" + (
            ", oscillates" if found.oscillating else ""
        )
        panels += [
            Panel(title, [Mark(list(enumerate(window)))], "datum", "signal", height=170),
            Panel(
                f"its autocovariance: {words}", [Mark(list(enumerate(covariance)))], "lag", levels=[(0.0, "")]
            ),
        ]
    return save(out / "oscillation-reading.svg", panels)


if __name__ == "__main__":
    raise SystemExit(main())
