"""Ashby's law in a picture: what is left of sixteen disturbances, by how many responses there are.

    python -m benchmarks.vsm.variety.pictures [--out build/vsm]

Ends with status 1 if anything left differs from what the law says.
"""

import argparse
from math import log2
from pathlib import Path

from benchmarks.vsm.plot import Mark, Panel, save
from cybernetic.core import Chance
from cybernetic.vsm.variety import cyclic_game, entropy, joint_counts, miller_madow, regulate

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


def main() -> int:
    """Play, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("build/vsm"))
    options = parser.parse_args()
    panel, good = law()
    print(save(options.out / "variety.svg", [panel, samples(options.seed)]))
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
