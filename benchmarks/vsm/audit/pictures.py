"""POSIWID in a picture: the shares of what a unit does drift from what it is for, and the gap grows.

python -m benchmarks.vsm.audit.pictures [--out build/vsm]
"""

import argparse
from pathlib import Path

from benchmarks.vsm.plot import Mark, Panel, save, stacked
from cybernetic.vsm.audit import posiwid

CHARTER = {"repairs": 0.7, "advice": 0.2, "reports": 0.1}
WEEKS = 40


def actual(week: int) -> dict[str, float]:
    """The hours of a week: from week 10 on reports take more and more of them, and from week 25 on sales begin."""
    drift, sales = max(0.0, min(1.0, (week - 10) / 20)), 8.0 if week >= 25 else 0.0
    hours = 100.0 - sales
    reports = hours * (0.1 + 0.4 * drift)
    return {
        "repairs": (hours - reports) * 7 / 9,
        "advice": (hours - reports) * 2 / 9,
        "reports": reports,
        "sales": sales,
    }


def main() -> int:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=Path("build/vsm"))
    out = parser.parse_args().out
    weeks = [actual(week) for week in range(WEEKS)]
    gaps = [posiwid(CHARTER, week) for week in weeks]
    xs = [float(week) for week in range(WEEKS)]
    layers = [(purpose, [week[purpose] / 100.0 for week in weeks]) for purpose in weeks[0]]
    moments = [(10.0, "reports grow"), (25.0, "sales")]
    parts = [
        Mark([(x, dict(gap.parts).get(purpose, 0.0)) for x, gap in zip(xs, gaps, strict=True)], purpose)
        for purpose in weeks[0]
    ]
    whole = Mark([(x, gap.bits) for x, gap in zip(xs, gaps, strict=True)], "the gap", colour="#333333")
    panels = [
        Panel("What a unit does", stacked(layers, xs), "", "share", moments=moments, y_range=(0.0, 1.0)),
        Panel("How far that is from its charter", [*parts, whole], "week", "bits", moments=moments),
    ]
    print(save(out / "posiwid.svg", panels))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
