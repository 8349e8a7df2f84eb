"""Variety in pictures: Ashby's law, what attenuators hide and amplifiers add, and who absorbs what disturbs.

    python -m benchmarks.vsm.variety.pictures [--out build/vsm]

Ends with status 1 if anything left differs from what the law says, or a disturbance is not in exactly one class.
"""

import argparse
from collections.abc import Callable, Sequence
from math import log2
from pathlib import Path

from benchmarks.vsm.plot import Mark, Panel, save, stacked
from cybernetic.core import Chance
from cybernetic.vsm.variety import (
    Absorber,
    Amplifier,
    Attenuator,
    VarietyLedger,
    cyclic_game,
    entropy,
    joint_counts,
    miller_madow,
    regulate,
)

ERRORS = (0.0, 0.05, 0.2)
RESPONSES = (1, 2, 4, 8, 16)


def law() -> tuple[Panel, bool]:
    """The table game played at every number of responses and three qualities of channel."""
    marks, good = [], True
    for error in ERRORS:
        points = []
        for responses in RESPONSES:
            game = regulate(cyclic_game(16, responses, error), lambda d, r: (d - r) % 16)
            good &= game.outcomes >= game.bound - 1e-12
            if error == 0:
                good &= abs(game.outcomes - (4 - log2(responses))) < 1e-12
            points.append((log2(responses), game.outcomes))
            print(
                f"{responses:3} responses, {error:4.0%} lost: {game.outcomes:.3f} bits left, bound {game.bound:.3f}"
            )
        marks.append(Mark(points, f"{error:.0%} messages lost"))
    title = "What is left of 4 bits of disturbance"
    return Panel(title, marks, x="variety of the responses (bits)", y="bits left", y_range=(0.0, 4.0)), good


HIGHEST = 4.5  # bits that are drawn: of few data the interval has no upper end


def samples(seed: int) -> Panel:
    """How the estimate of 3 bits (8 kinds, equally likely) comes closer with the size of the sample."""
    stream = Chance(seed).stream("samples")
    drawn = [stream.randrange(8) for _ in range(2000)]
    sizes = [int(8 * 1.25**n) for n in range(25) if 8 * 1.25**n <= len(drawn)]
    estimates = [miller_madow(joint_counts((kind, 0) for kind in drawn[:size])) for size in sizes]
    plain = [entropy(joint_counts((kind, 0) for kind in drawn[:size])) for size in sizes]
    return Panel(
        "Estimating 3 bits from a sample",
        [
            Mark(
                [(n, min(one.high, HIGHEST)) for n, one in zip(sizes, estimates, strict=True)],
                "95 % interval",
                "band",
                lower=[(n, one.low) for n, one in zip(sizes, estimates, strict=True)],
                colour="#56b4e9",
            ),
            Mark([(n, one.bits) for n, one in zip(sizes, estimates, strict=True)], "Miller-Madow"),
            Mark(list(zip(map(float, sizes), plain, strict=True)), "plug-in"),
        ],
        x="size of the sample",
        y="bits",
        log_x=True,
        levels=[(3.0, "truth")],
    )


ALARM = 4.0  # standard deviations
ATTENUATORS: dict[str, Callable[[Sequence[float]], Sequence[float]]] = {
    "average of 60": lambda window: [sum(window) / 60],
    "averages of 5": lambda window: [sum(window[k : k + 5]) / 5 for k in range(0, 60, 5)],
    "lowest and highest": lambda window: [min(window), max(window)],
}
WAYS: dict[str, Callable[[int], int]] = {
    "each in its own way": lambda unit: unit,
    "one of four ways": lambda unit: unit % 4,
    "all alike": lambda unit: 0,
}


def hidden(seed: int) -> Panel:
    """How many injected spikes three attenuators of windows of 60 hide, by how high the spikes are."""
    noise = Chance(seed).stream("windows")
    windows = [[noise.gauss(0.0, 1.0) for _ in range(60)] for _ in range(300)]
    heights = [float(height) for height in range(2, 25)]
    marks = []
    for name, apply in ATTENUATORS.items():
        points = []
        for height in heights:
            one = Attenuator(name, apply).measure(windows, spiked(height), lambda y: abs(y) >= ALARM)
            points.append((height, one.missed or 0.0))
        marks.append(Mark(points, name))
    return Panel(
        f"Spikes hidden from an alarm at {ALARM:g} sd",
        marks,
        x="height of the spike (sd)",
        y="share",
        y_range=(0.0, 1.0),
        levels=[(0.05, "acceptable")],
    )


def spiked(height: float) -> Callable[[Sequence[float]], Sequence[float]]:
    """What puts a spike on the last of a window."""
    return lambda window: [*window[:-1], window[-1] + height]


def added() -> Panel:
    """The variety of what is done about two bits of decisions, by how many are told and what they make of it."""
    decisions = ["north", "east", "south", "west"] * 50
    marks = []
    for name, way in WAYS.items():
        told = [(float(n), Amplifier(name, done(way, n)).measure(decisions)) for n in (1, 2, 4, 8, 16, 32)]
        marks.append(Mark([(units, one.h_out) for units, one in told], name))
    return Panel("Acts made of 2 bits of decisions", marks, x="units told", y="bits", log_x=True)


def done(way: Callable[[int], int], units: int) -> Callable[[str], list[tuple[str, int]]]:
    """What so many units do about a plan."""
    return lambda plan: [(plan, way(unit)) for unit in range(units)]


def absorbed(seed: int) -> tuple[Panel, bool]:
    """Six hundred disturbances, by who has absorbed them; from 300 on system 1 can deal with half as many as before.

    Also whether the classes added up at every moment.
    """
    chance, ledger, good = Chance(seed), VarietyLedger(), True
    beyond = ((0.5, Absorber.CONTROL), (0.8, Absorber.COORDINATION), (0.9, Absorber.ALGEDONIC))
    ends: list[tuple[float, str, Absorber | None]] = []
    layers: dict[Absorber | None, list[float]] = {one: [] for one in [*Absorber, None]}
    xs = [float(now) for now in range(0, 800, 10)]
    for now in range(800):
        if now < 600:
            id = f"d{now}"
            ledger = ledger.enter(id, "late", float(now))
            own = chance.uniform("own", now) < (0.8 if now < 300 else 0.4)
            luck = chance.uniform("who", now)
            after = next((absorber for share, absorber in beyond if luck < share), None)
            ends.append((now + (5.0 if own else 60.0), id, Absorber.OPERATION if own else after))
        for at, id, absorber in ends:
            if at == now and absorber is not None:
                left = ledger if absorber is Absorber.OPERATION else ledger.cross(id, "resources")
                ledger = left.close(id, absorber, float(now))
        ledger = ledger.expire(now - 120.0)
        good &= sum(ledger.balance.values()) == len(ledger.entries)
        if now % 10 == 0:
            for absorber, count in ledger.balance.items():
                layers[absorber].append(float(count))
    named = [(one.value if one else "open", counts) for one, counts in layers.items() if any(counts)]
    panel = Panel(
        "Disturbances, by who absorbed them",
        stacked(named, xs),
        x="second",
        y="number",
        moments=[(300.0, "half the responses")],
        height=260,
    )
    return panel, good


def main() -> int:
    """Play, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("build/vsm"))
    options = parser.parse_args()
    panel, good = law()
    print(save(options.out / "variety.svg", [panel, samples(options.seed)]))
    print(save(options.out / "attenuators.svg", [hidden(options.seed), added()]))
    balance, whole = absorbed(options.seed)
    print(save(options.out / "absorbed.svg", [balance]))
    return 0 if good and whole else 1


if __name__ == "__main__":
    raise SystemExit(main())
