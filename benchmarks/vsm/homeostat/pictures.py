"""An ultrastable homeostat in a picture: two parties that drive each other away until chance finds what
holds.

python -m benchmarks.vsm.homeostat.pictures [--seed 7] [--out build/vsm]

Ends with status 1 if fewer than 99 in 100 homeostats have settled at the end: noise may carry any over a
limit then.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from benchmarks.vsm.plot import Mark, Panel, Point, save
from cybernetic.core import Chance
from cybernetic.vsm.homeostat import Homeostat, Party

GAINS = (-1.5, -0.8, -0.3, 0.0, 0.3, 0.8, 1.5)
PERIODS, TURN = 240, 120


def coupled() -> Homeostat:
    """Two parties whose first settings feed each other."""
    left = Party("S3", GAINS, lambda gain, x: gain * x, 6)
    return Homeostat("s3-s4", (-1.0, 1.0), left, replace(left, name="S4"))


def live(seed: int) -> tuple[Homeostat, list[Point], dict[str, list[Point]]]:
    """A life in which half-way the world turns over: what one party did now works the other way round."""
    homeostat, chance, x = coupled(), Chance(seed), 0.5
    path, settings = list[Point](), dict[str, list[Point]](S3=[], S4=[])
    for period in range(PERIODS):
        if period == TURN:
            homeostat = replace(homeostat, right=replace(homeostat.right, respond=lambda gain, x: -gain * x))
            x = 0.9
        noise = 0.1 * chance.stream("noise", period).gauss(0, 1)
        x = max(-10.0, min(10.0, x + 0.5 * sum(homeostat.responses(x)) + noise))
        homeostat = homeostat.after(x, chance)
        path.append((period, x))
        for party in (homeostat.left, homeostat.right):
            settings[party.name].append((period, party.setting))
    return homeostat, path, settings


def main() -> int:
    """Run, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path("build/vsm"))
    options = parser.parse_args()
    lives = [live(options.seed + n)[0] for n in range(options.runs)]
    settled = sum(one.stable for one in lives)
    changes = sorted(len(one.log) for one in lives)
    print(
        f"{settled} of {options.runs} settled; changes: median {changes[len(changes) // 2]}, most {changes[-1]}"
    )
    homeostat, path, settings = live(options.seed)
    jumps = [(float(change.period), "") for change in homeostat.log]
    panels = [
        Panel(
            "The essential variable; each dashed line is a step of chance",
            [Mark(path, "variable")],
            x="period",
            levels=[(1.0, "limit"), (-1.0, "limit")],
            moments=[*jumps, (float(TURN), "the world turns over")],
        ),
        Panel(
            "What the parties do about it",
            [Mark(points, name, "steps") for name, points in settings.items()],
            x="period",
            y="gain",
        ),
    ]
    print(save(options.out / "homeostat.svg", panels))
    return 0 if settled >= 0.99 * options.runs else 1


if __name__ == "__main__":
    raise SystemExit(main())
