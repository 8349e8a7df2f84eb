"""Epochs: what a unit may spend, and spends, while it is cut off from the one who grants.

`python -m benchmarks.vsm.bargain.epochs [--out FOLDER]` plays seven epochs of a minute, prints them and draws them.
The unit is granted 60 dollars in each but in the third to fifth, in which its allocator cannot be reached.
Status 1 if the level's books, when all has been told, differ from what was paid.
"""

import argparse
from pathlib import Path

from benchmarks.vsm.plot import Mark, Panel, Point, save
from cybernetic.vsm.bargain import Allocator, Budget, BudgetExhausted, Cost, Purse, Vector

MINUTE, EPOCHS, CUT = 60.0, 7, range(2, 5)
BUDGET, WANTED, FLOOR, CALL = Budget(usd=100, per=MINUTE), Vector(usd=60), Vector(usd=10), Cost(usd=2.5)


def play() -> tuple[list[Point], list[Point], list[Point], bool]:
    """What the unit may spend in all and what it has spent, (seconds, dollars of the epoch); what the level counts,
    (epoch, dollars); and whether the level's books are right in the end.
    """
    level = Allocator(Purse.root("acme", BUDGET), {"support": FLOOR})
    unit, may, spent = Purse("support", MINUTE, FLOOR), list[Point](), list[Point]()
    for epoch in range(EPOCHS):
        start, connected = epoch * MINUTE, epoch not in CUT
        if connected:
            level, contract = level.issue("support", WANTED, start)
            unit, accepted = unit.accept(contract)
            level = level.accepted(accepted)
        for k in range(30):
            unit = _call(unit, f"{epoch}-{k}", start + 2.0 * k)
            ledger = unit.ledger(epoch)
            may.append((start + 2.0 * k, ledger.grant.amount("usd")))
            spent.append((start + 2.0 * k, ledger.spent.amount("usd")))
    end = EPOCHS * MINUTE
    unit, level = unit.told(end), level.told(end)
    for epoch in unit.over:
        level = level.reported(unit.report(epoch))
    counted = [(epoch, level.report(epoch).spent.amount("usd")) for epoch in range(EPOCHS)]
    paid = [unit.ledger(epoch).spent.amount("usd") for epoch in range(EPOCHS)]
    return may, spent, [(k * MINUTE + 30.0, usd) for k, usd in counted], [usd for _, usd in counted] == paid


def _call(unit: Purse, key: str, now: float) -> Purse:
    try:
        unit, epoch = unit.reserve(key, CALL, now, now + 1.0)
    except BudgetExhausted:
        return unit
    return unit.settle(epoch, key, CALL)


def main() -> int:
    """Play, print, draw."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--out", type=Path, default=Path("build/vsm"))
    args = arguments.parse_args()
    may, spent, counted, right = play()
    print("spent by epoch: " + ", ".join(f"{usd:g}" for _, usd in counted))
    marks = [
        Mark(may, "may spend", "steps"),
        Mark(spent, "spent", "steps"),
        Mark(counted, "counted above", "dots"),
    ]
    cut, back = CUT.start * MINUTE, CUT.stop * MINUTE
    panel = Panel(
        "A unit that is cut off spends its floor, and what it spent is counted when it is heard of again",
        marks,
        "seconds",
        "dollars in the epoch",
        moments=((cut, "cut off"), (back, "heard of again")),
        y_range=(0.0, 70.0),
        height=260,
    )
    print("Picture:", save(args.out / "epochs.svg", [panel], width=860))
    return 0 if right else 1


if __name__ == "__main__":
    raise SystemExit(main())
