"""What paces and holds, seen at work: a rate that is found, turns of two that want all, a key that is handed on, a
fence that turns away who slept, an owner that flaps, and an error that swings.

`python -m benchmarks.vsm.damping.pictures [--out FOLDER]` draws the pictures of docs/mathematics.md from the parts
themselves; nothing is left to chance.
"""

import argparse
from math import pi, sin
from pathlib import Path

from benchmarks.vsm.plot import Mark, Panel, Point, save
from cybernetic.vsm.damping import (
    Aimd,
    FairQueue,
    Fence,
    FlapDamper,
    Flapping,
    Lease,
    LeaseLost,
    LeaseTable,
    Pacer,
    SwingCounter,
    swing_limit,
)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--out", type=Path, default=Path("build/vsm"))
    out = arguments.parse_args().out
    print("Pictures:", draw_turns(out), draw_holds(out), draw_fence(out), draw_swings(out))
    return 0


def draw_turns(out: Path) -> Path:
    """A rate that is not known, found by AIMD and kept by a pacer; and whose turn it is, by a fair queue."""
    rates, refusals = climb(limit=2.0, until=300.0)
    marks = [
        Mark(rates, "rate of the pacer", "steps"),
        Mark(refusals, "refused", "dots"),
        Mark([(0.0, 2.0), (300.0, 2.0)], "the limit", colour="#999", dashed=True),
    ]
    pace = Panel("A limit that is found", marks, "second", "calls a second")
    served = [Mark(points, flow, "steps") for flow, points in turns().items()]
    return save(out / "pacing-turns.svg", [pace, Panel("Whose turn it is", served, "second", "calls served")])


def climb(limit: float, until: float) -> tuple[list[Point], list[Point]]:
    """The rate over time, and the refusals of a provider that lets `limit` calls a second through, three at once."""
    aimd = Aimd(0.6, ceiling=10.0, floor=0.05, rise=0.02)
    pacer, bucket, filled, now = Pacer(aimd.rate), 3.0, 0.0, 0.0
    rates: list[Point] = [(0.0, aimd.rate)]
    refusals: list[Point] = []
    while now < until:
        pacer, now = pacer.grant(now)
        bucket, filled = min(3.0, bucket + (now - filled) * limit), now
        if bucket >= 1.0:
            bucket, aimd = bucket - 1.0, aimd.succeeded(now)
        else:
            refusals.append((now, aimd.rate))
            aimd = aimd.refused(now, retry_after=2.0)
            pacer = pacer.hold(now, aimd.barrier)
        pacer = pacer.at_rate(aimd.rate, now)
        rates.append((now, aimd.rate))
    return rates, refusals


def turns() -> dict[str, list[Point]]:
    """Calls served to three flows at one a second: two want forty at once, the third comes at second 20."""
    queue: FairQueue[int] = FairQueue()
    for n in range(40):
        queue = queue.put("weight 1, floods", n)
        queue = queue.put("weight 2, floods", n, weight=2.0)
    served: dict[str, list[Point]] = {}
    pacer, now = Pacer(1.0), 0.0
    for second in range(60):
        if second == 20:
            for n in range(10):
                queue = queue.put("weight 1, comes at 20", n)
        queue, head = queue.pop()
        pacer, now = pacer.grant(now)
        points = served.setdefault(head.flow, [(now, 0.0)])
        points.append((now, points[-1][1] + 1.0))
    return served


def draw_holds(out: Path) -> Path:
    """Who holds a key, second by second; and the penalty of one whose owner flaps."""
    held = [
        Mark([(second, place) for second, lease in tenure() if lease and lease.holder == who], who, "dots")
        for place, who in enumerate(("a", "b", "c"), start=1)
    ]
    lapse = [(20.0, "a falls silent"), (44.0, "b gives it back")]
    leases = Panel("One key: who holds it", held, "second", moments=lapse, y_range=(0.5, 3.5), height=190)
    damper = FlapDamper(half_life=60.0, suppress=2.0, release=0.75, longest=120.0)
    free, kept = penalties(damper)
    levels = [(damper.suppress, "held above"), (damper.release, "free below")]
    marks = [Mark(free, "free", "dots"), Mark(kept, "held", "dots")]
    flaps = Panel("What its flips are held against a key", marks, "second", "penalty", levels=levels)
    return save(out / "leases-and-flaps.svg", [leases, flaps])


def tenure() -> list[tuple[float, Lease | None]]:
    """Three want one key; the first renews until it falls silent, the second gives it back."""
    table, seen = LeaseTable(ttl=15.0), []
    for second in range(71):
        now = float(second)
        table, _ = table.turn(now)
        for who, since in (("a", 0), ("b", 5), ("c", 10)):
            if second == since:
                table, _ = table.request("the key", who, now)
        lease = table.holding("the key", now)
        if lease and now >= lease.renew_at and (lease.holder != "a" or now <= 20.0):
            table, lease = table.renew("the key", lease.token, now)
        if lease and second == 44:
            table, lease = table.release("the key", lease.token, now)
        seen.append((now, lease))
    return seen


def draw_fence(out: Path) -> Path:
    """Three that write with what they believe to be their lease; one of them sleeps through it."""
    passed, away, highest = writes()
    marks = [
        Mark(highest, "highest so far", "steps", colour="#999"),
        Mark(passed, "let through", "dots"),
        Mark(away, "turned away", "dots"),
    ]
    moments = [(5.0, "a falls asleep"), (15.0, "it lapses: b"), (26.0, "a wakes up"), (34.0, "a asks anew")]
    panel = Panel(
        "A fence: the tokens of what is written",
        marks,
        "second",
        "token",
        moments=moments,
        y_range=(0.5, 3.5),
    )
    return save(out / "fence.svg", [panel])


def writes() -> tuple[list[Point], list[Point], list[Point]]:
    """What a fence lets through and what not, when (second, token); and the highest token that it has seen."""
    table, fence = LeaseTable(ttl=15.0), Fence("the key")
    passed: list[Point] = []
    away: list[Point] = []
    highest: list[Point] = []
    known: dict[str, Lease] = {}
    for second in range(50):
        now = float(second)
        table, granted = table.turn(now)
        asking = {0: "a", 3: "b", 34: "a"}.get(second)
        if asking:
            table, lease = table.request("the key", asking, now)
            granted = (lease,) if lease else granted
        known |= {lease.holder: lease for lease in granted}
        if second == 33:
            table, _ = table.release("the key", known.pop("b").token, now)
        for who, lease in known.items():
            if who == "a" and 5 <= second < 26:
                continue
            try:
                fence = fence.passed(lease.token)
                passed.append((now, float(lease.token)))
            except LeaseLost:
                away.append((now, float(lease.token)))
        highest.append((now, float(fence.highest)))
    return passed, away, highest


def penalties(damper: FlapDamper) -> tuple[list[Point], list[Point]]:
    """The penalty each second while free, and while held: three flips that end, then one every ten seconds."""
    flips = {20, 40, 60, *range(240, 420, 10)}
    free: list[Point] = []
    kept: list[Point] = []
    state = Flapping()
    for second in range(600):
        now = float(second)
        state = damper.flip(state, now) if second in flips else damper.at(state, now)
        (free if state.held_since is None else kept).append((now, state.penalty))
    return free, kept


def draw_swings(out: Path) -> Path:
    """An error whose swings grow, the integral of each half period, and when they are called an oscillation."""
    errors = [(k * 0.5, k / 400.0 * 1.5 * sin(2 * pi * k / 40.0)) for k in range(401)]
    counter = SwingCounter(swing_limit(0.5, 20.0), count=5, within=60.0)
    areas, called = [], []
    for now, error in errors:
        counter = counter.saw(error, now)
        areas.append((now, counter.area))
        called += [now] if counter.oscillating(now) else []
    first = [(called[0], "called an oscillation")]
    top = Panel("An error that swings", [Mark(errors)], "second", "error", levels=[(0.0, "")], moments=first)
    low = Panel(
        "its integral since the last zero",
        [
            Mark(areas),
            Mark(
                [(0.0, counter.limit), (200.0, counter.limit)], "more is a swing", colour="#999", dashed=True
            ),
        ],
        "second",
        moments=first,
    )
    return save(out / "swings.svg", [top, low])


if __name__ == "__main__":
    raise SystemExit(main())
