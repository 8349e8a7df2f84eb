"""How soon each detector finds what, and how often it is wrong: the tables of the design, measured again.

    python -m benchmarks.vsm.cyberstride.tables              two or three minutes
    python -m benchmarks.vsm.cyberstride.tables --full       as many runs as the design's: half an hour

Prints Markdown. Beside each figure stands the design's and, in brackets, how many standard errors lie between them;
differences below .1 of a datum, to which the design is rounded, count as none. Pictures go to `--out`.

Two columns are not quite as the design has them. It says that the probability of change alarms at .035, and once in
500 data: here the two do not go together, and .028 is what alarms once in 500.

Its row of BOCPD tells no more than a hazard of 1/250 and that runs of 2 to 20 data alarm. Tried at one false alarm in
500: spreads of run means of 1, 2, 3, 4, 5, 7 and 10, a start from nothing and from an established run, the
hazard before and after the datum, runs told apart up to 60 data and (with a spread of 3) up to 20. None gives the
row: all find a step of 1σ in 87 % of runs or more (the design: 81 %) and take more than 30 % of spikes of 4σ for
alarms (24 %). What gives all of it is a spread of 10, runs told apart up to 60 data and a threshold of .35, or its
neighbours: spreads of 6 and 7 at .45 and .4. They alarm once in some 1,700 to 2,100 data. That is the column "BOCPD,
rarer"; "BOCPD" is the default, at the others' rate.

The limits of the plan test seem to have been tried on a hundred data after the step, not eighty: one of 1σ then takes
27.8 data at z ≥ 3.5 and is found in 92 % of runs (the design: 29.5, 93 %), at z ≥ 4 38.3 data and 61 % (38.8, 62 %). On
eighty, as below, it is 25.4 and 89 %, 31.9 and 54 %.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import sqrt
from pathlib import Path
from random import Random
from statistics import fmean, pstdev

from benchmarks.vsm.cyberstride import expected
from benchmarks.vsm.cyberstride.world import (
    BEFORE,
    DETECTORS,
    LIMITS,
    alarms,
    autocorrelated,
    changed,
    heavy,
    level_at,
    white,
)
from benchmarks.vsm.plot import Mark, Panel, save
from cybernetic.core import Chance

AFTER = {"step": 80, "drift": 80, "spike": 11}  # data that a detector has for finding it
CLUSTER = 30  # alarms nearer to each other than so many data are one
Cells = dict[tuple[str, float], dict[str, "Cell"]]


@dataclass(frozen=True)
class Cell:
    """What one detector did about one change: the delays where it alarmed, of `runs` that it began in silence."""

    delays: Sequence[int]
    runs: int

    @property
    def share(self) -> float:
        return len(self.delays) / self.runs

    @property
    def share_error(self) -> float:
        return sqrt(max(self.share * (1.0 - self.share), 1.0 / self.runs) / self.runs)

    @property
    def delay(self) -> float:
        return fmean(self.delays) if self.delays else float("nan")

    @property
    def delay_error(self) -> float:
        return pstdev(self.delays) / sqrt(len(self.delays)) if self.delays else float("nan")


def main() -> None:
    """Measure and print what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--full", action="store_true", help="as many runs as the design's tables have")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--out", type=Path, default=Path("build/vsm/cyberstride"), help="folder of the pictures"
    )
    args = parser.parse_args()
    runs, data = (1500, 6_000_000) if args.full else (300, 400_000)
    chance = Chance(args.seed)
    print(f"seed {args.seed}, {runs} runs a cell, {data:,} data of noise\n")
    cells = {
        (kind, size): power(kind, size, runs, chance.stream(kind, str(size))) for kind, size in expected.POWER
    }
    rates = false_alarms(white(chance.stream("noise")), data, DETECTORS)
    print(power_table(cells))
    print(limits_table(cells, rates, data))
    print(rates_table(rates, data))
    print(robustness_table(chance, data // 4))
    for picture in (draw_power(cells, args.out), draw_limits(cells, rates, data, args.out)):
        print(f"picture: {picture}")


def power(kind: str, size: float, runs: int, chance: Random) -> dict[str, Cell]:
    """What every detector does about one change, over `runs` series; a run it alarmed in before does not count."""
    delays: dict[str, list[int]] = {name: [] for name in DETECTORS}
    begun = dict.fromkeys(DETECTORS, runs)
    for _ in range(runs):
        silent = set(DETECTORS)
        for k, found in enumerate(alarms(changed(chance, kind, size, AFTER[kind])), -BEFORE):
            for name in found & silent:
                silent.discard(name)
                if k < 0:
                    begun[name] -= 1
                else:
                    delays[name].append(k)
            if not silent:
                break
    return {name: Cell(delays[name], begun[name]) for name in DETECTORS}


def false_alarms(series: Iterator[float], data: int, names: Sequence[str]) -> dict[str, int]:
    """How often each detector begins to alarm in `data` of noise, alarms close together counting once."""
    counts, last = dict.fromkeys(names, 0), dict.fromkeys(names, -CLUSTER)
    for k, found in enumerate(alarms(islice(series, data), names)):
        for name in found:
            counts[name] += k - last[name] >= CLUSTER
            last[name] = k
    return counts


def renewals(series: Iterator[float], data: int, name: str, variance: float) -> int:
    """How often one detector alarms in `data` of noise when it begins afresh after every alarm."""
    source, count = islice(series, data), 0
    while any(found for found in alarms(source, (name,), variance)):
        count += 1
    return count


def power_table(cells: Cells) -> str:
    """Delays and shares of all detectors, and at the end those of BOCPD at the same rate as the others."""
    columns = (*expected.COLUMNS, "BOCPD")
    head = "| change | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1)
    lines = ["## Power at equal false-alarm rates, save for the rarer one", "", head]
    for (kind, size), row in expected.POWER.items():
        texts = []
        for name, (delay, share) in zip(expected.COLUMNS, row, strict=True):
            cell = cells[kind, size][name]
            spike = kind == "spike"
            found = _share(cell, share, expected.RUNS)
            texts.append(
                found if spike else _delay(cell, delay) + (f", {found}" if cell.share < 0.995 else "")
            )
        fair = cells[kind, size]["BOCPD"]
        percent = f"{100 * fair.share:.1f} %"
        texts.append(percent if kind == "spike" else f"{fair.delay:.1f}, {percent}")
        lines.append(f"| {kind} {size:g}σ | " + " | ".join(texts) + " |")
    return "\n".join(lines) + "\n"


def limits_table(cells: Cells, rates: dict[str, int], data: int) -> str:
    """The design curve of the plan test."""
    changes = [*expected.LIMITS[2.44][1], *expected.DRIFTS[2.44]]
    head = " | ".join(f"{kind} {size:g}σ" for kind, size in changes)
    lines = ["## Limits of the plan test", "", f"| z ≥ | data between false alarms | {head} | spike 8σ |"]
    lines.append("|" + "---|" * (len(changes) + 3))
    for limit, (apart, steps, spikes) in expected.LIMITS.items():
        name = level_at(limit)
        delays = {**steps, **expected.DRIFTS[limit]}
        texts = [_apart(rates[name], data, apart)]
        texts += [_delay(cells[change][name], delays[change]) for change in changes]
        texts.append(_share(cells["spike", 8.0][name], spikes, expected.RUNS))
        lines.append(f"| {limit:g} | " + " | ".join(texts) + " |")
    return "\n".join(lines) + "\n"


def rates_table(rates: dict[str, int], data: int) -> str:
    """How far apart the false alarms of every detector are."""
    lines = ["## Data between false alarms on white noise", "", "| detector | data | ± |", "|---|---|---|"]
    for name, count in rates.items():
        apart = data / max(count, 1)
        lines.append(
            f"| {name} | {'> ' if not count else ''}{apart:,.0f} | {apart / sqrt(max(count, 1)):,.0f} |"
        )
    return "\n".join(lines) + "\n"


def robustness_table(chance: Chance, data: int) -> str:
    """What noise that is not as assumed does to false alarms."""
    names = ("Shewhart", "CUSUM", "change", level_at(2.44))
    worlds: list[tuple[str, Callable[[Random], Iterator[float]], float]] = [
        ("as assumed", white, 1.0),
        ("heavy tails (t, 4 degrees)", heavy, 1.0),
        ("autocorrelation .4", autocorrelated, 1.0),
        ("V taken for half of what it is", white, 0.5),
        ("V taken for twice what it is", white, 2.0),
    ]
    lines = ["## Data between false alarms on other noise", "", "| noise | " + " | ".join(names) + " |"]
    lines.append("|" + "---|" * (len(names) + 1))
    for words, world, variance in worlds:
        texts = []
        for name in names:
            count = renewals(world(chance.stream(words)), data, name, variance)
            texts.append(f"{'> ' if not count else ''}{data / max(count, 1):,.0f}")
        if variance != 1.0:
            texts[:2] = ["–", "–"]  # the charts have a sigma of their own
        lines.append(f"| {words} | " + " | ".join(texts) + " |")
    return "\n".join(lines) + "\n"


def draw_power(cells: Cells, out: Path) -> Path:
    """Delay by size of step, and false alarms by size of spike."""
    steps = sorted(size for kind, size in cells if kind == "step")
    spikes = sorted(size for kind, size in cells if kind == "spike")
    names = expected.COLUMNS
    slow = [Mark([(s, cells["step", s][n].delay) for s in steps], n) for n in names]
    wrong = [Mark([(s, 100 * cells["spike", s][n].share) for s in spikes], n) for n in names]
    panels = [
        Panel("Mean delay after a step, where it is found", slow, "size of the step (σ)", "data", height=280),
        Panel(
            "Runs that alarm within ten data of a single spike",
            wrong,
            "size of the spike (σ)",
            "%",
            height=280,
        ),
    ]
    return save(out / "power.svg", panels)


def draw_limits(cells: Cells, rates: dict[str, int], data: int, out: Path) -> Path:
    """What a limit of the plan test costs in delay, and what it saves in false alarms."""
    apart = [(z, data / rates[level_at(z)]) for z in LIMITS if rates[level_at(z)]]
    design = [(z, figures[0]) for z, figures in expected.LIMITS.items()]
    changes = [change for change in cells if change[0] != "spike"]
    delays = [
        Mark([(z, cells[kind, size][level_at(z)].delay) for z in LIMITS], f"{kind} {size:g}σ")
        for kind, size in changes
    ]
    marks = [Mark(design, "design", dashed=True), Mark(apart, "measured", "dots")]
    panels = [
        Panel("Data between false alarms", marks, "|z| ≥", "data", log_y=True, height=260),
        Panel("Mean delay", delays, "|z| ≥", "data", log_y=True, height=300),
    ]
    return save(out / "limits.svg", panels)


def _delay(cell: Cell, design: float) -> str:
    if len(cell.delays) < 2:
        return f"– / {design:g}"
    spread = pstdev(cell.delays)
    error = sqrt(spread**2 / len(cell.delays) + spread**2 / (expected.RUNS * max(cell.share, 0.05)))
    return f"{cell.delay:.1f} / {design:g}{_off(cell.delay, design, error, 0.05)}"


def _share(cell: Cell, design: float, runs: int) -> str:
    theirs = sqrt(max(design * (1.0 - design), 1.0 / runs) / runs)
    off = _off(cell.share, design, sqrt(cell.share_error**2 + theirs**2), 0.0005)
    return f"{100 * cell.share:.1f} / {100 * design:g} %{off}"


def _apart(count: int, data: int, design: float) -> str:
    if not count:
        return f"> {data:,} / {design:,}"
    apart = data / count
    error = sqrt(apart**2 / count + design**2 / 100)  # the design does not say its error: a tenth is assumed
    return f"{apart:,.0f} / {design:,}{_off(apart, design, error, 0.0)}"


def _off(value: float, design: float, error: float, rounding: float) -> str:
    """How many standard errors a figure lies from the design's, where that is more than two."""
    away = max(abs(value - design) - rounding, 0.0) / max(error, 1e-9)
    return f" ({away:.1f} se)" if away > 2.0 else ""


if __name__ == "__main__":
    main()
