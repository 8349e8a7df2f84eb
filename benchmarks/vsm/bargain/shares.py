"""How a budget is shared out: every unit's share as the budget grows, between floors and caps.

`python -m benchmarks.vsm.bargain.shares [--out FOLDER]` prints a few divisions and draws the whole curve.
"""

import argparse
from pathlib import Path

from benchmarks.vsm.plot import Mark, Panel, save, stacked
from cybernetic.vsm.bargain import Claim, allocate

CLAIMS = {
    "support: weight 4, cap 30": Claim(4.0, cap=30.0),
    "catalogue: weight 2": Claim(2.0),
    "orders: weight .5, floor 20": Claim(0.5, floor=20.0),
    "audit: weight 1, floor 3": Claim(1.0, floor=3.0),
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--out", type=Path, default=Path("build/vsm"))
    args = arguments.parse_args()
    print("| budget |" + "|".join(CLAIMS) + "|\n|---|" + "---|" * len(CLAIMS))
    for budget in (23.0, 40.0, 60.0, 100.0, 200.0):
        shares = allocate(budget, CLAIMS)
        print(f"| {budget:g} | " + " | ".join(f"{shares[name]:.2f}" for name in CLAIMS) + " |")
    budgets = [23.0 + k for k in range(120)]
    curves = [allocate(budget, CLAIMS) for budget in budgets]
    layers = [(name, [shares[name] for shares in curves]) for name in CLAIMS]
    lines = [Mark(list(zip(budgets, ys, strict=True)), name) for name, ys in layers]
    panels = [
        Panel("Who gets how much of a budget", stacked(layers, budgets), "budget", "shares, stacked"),
        Panel("One level for all, but for floors and caps", lines, "budget", "share"),
    ]
    print("Picture:", save(args.out / "shares.svg", panels, width=860))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
