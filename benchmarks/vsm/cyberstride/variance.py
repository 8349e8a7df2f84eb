"""How V is learnt: the truncation that makes it unbiased, how soon it settles, and what false alarms remain.

    python -m benchmarks.vsm.cyberstride.variance [--data 60000] [--out build/vsm/cyberstride]

Prints Markdown and draws how V settles from guesses four times too small and too large.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import fmean, pstdev

from benchmarks.vsm.plot import Mark, Panel, save
from cybernetic.core import Chance
from cybernetic.vsm.cyberstride import PRESETS, HarrisonStevens, Learning, RegimeModel

SETTLED = 1000
TRIALS = (0.8, 0.84, 0.88, 0.92, 1.0)


def learnt(model: RegimeModel, guess: float, data: int, chance: Random) -> list[float]:
    """V after every datum of Gaussian noise of variance 1."""
    one = HarrisonStevens(model, variance=guess, learning=Learning())
    return [one.update(chance.gauss(0.0, 1.0)).variance for _ in range(data)]


def unbiased(model: RegimeModel, data: int, chance: Chance) -> float:
    """The truncation at which V settles at 1, between the two of `TRIALS` that enclose it."""
    settled = []
    for truncation in TRIALS:
        trial = replace(model, truncation=truncation)
        settled.append(fmean(learnt(trial, 1.0, data, chance.stream("truncation"))[SETTLED:]))
    for k in range(len(TRIALS) - 1):
        if settled[k] >= 1.0 >= settled[k + 1]:
            share = (settled[k] - 1.0) / (settled[k] - settled[k + 1])
            return TRIALS[k] + share * (TRIALS[k + 1] - TRIALS[k])
    return float("nan")


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("build/vsm/cyberstride"))
    args = parser.parse_args()
    chance = Chance(args.seed)
    print("| model | truncation that is unbiased | preset | V then settles at | sd | without: |")
    print("|---|---|---|---|---|---|")
    for name, model in PRESETS.items():
        own = learnt(model, 1.0, args.data, chance.stream("own"))[SETTLED:]
        bare = learnt(replace(model, truncation=1.0), 1.0, args.data, chance.stream("own"))[SETTLED:]
        found = unbiased(model, args.data, chance)
        figures = (
            f"{found:.3f} | {model.truncation:g} | {fmean(own):.3f} | {pstdev(own):.3f} | {fmean(bare):.3f}"
        )
        print(f"| {name} | {figures} |")
    print("\n" + alarms_after_learning(args.data, chance))
    print(f"\npicture: {draw(chance, args.out)}")


def alarms_after_learning(data: int, chance: Chance) -> str:
    """False alarms per 1000 data by probability of change, with V learnt from a bad guess."""
    lines = ["| V guessed | per 1000 data: change ≥ .1 | change ≥ .5 |", "|---|---|---|"]
    for guess in (0.25, 1.0, 4.0):
        one = HarrisonStevens(variance=guess, learning=Learning())
        stream = chance.stream("after", str(guess))
        changes = [one.update(stream.gauss(0.0, 1.0)).change for _ in range(data)][SETTLED:]
        rates = [1000 * sum(change >= limit for change in changes) / len(changes) for limit in (0.1, 0.5)]
        lines.append(f"| {guess:g} | {rates[0]:.2f} | {rates[1]:.2f} |")
    return "\n".join(lines)


def draw(chance: Chance, out: Path) -> Path:
    """V from three guesses, on the same noise."""
    marks = [
        Mark(
            list(enumerate(learnt(PRESETS["default"], guess, 600, chance.stream("draw")))), f"guess {guess:g}"
        )
        for guess in (0.25, 1.0, 4.0)
    ]
    panel = Panel(
        "V as it is learnt; the truth is 1",
        marks,
        "datum",
        "V",
        log_y=True,
        levels=((1.0, "truth"),),
        height=280,
    )
    return save(out / "variance.svg", [panel])


if __name__ == "__main__":
    main()
