"""A panorama made up for pictures: a company of three divisions, a third of the way through a bad hour."""

from cybernetic.observe import (
    Alarm,
    Figure,
    Flow,
    Forecast,
    Grip,
    Holding,
    LevelView,
    Money,
    Pace,
    Panorama,
    Proposal,
    Said,
)

UNITS = {
    "support": ("answer-1", "answer-2", "triage-1", "triage-2"),
    "catalogue": ("checker", "translator", "writer-1", "writer-2"),
    "orders": ("fraud", "packer", "payments", "tracker"),
}
AT = 1540.0


def company() -> Panorama:
    """The whole."""
    top = LevelView(
        "acme",
        flows=tuple(
            Flow(f"acme/{name}", come, load)
            for name, come, load in (("catalogue", 402, 3), ("orders", 518, 9), ("support", 511, 21))
        ),
        paces=(Pace("provider", 0.95, 14),),
        money=(
            Money(
                "usd",
                250.0,
                240.0,
                3.5,
                0.4,
                97.25,
                3600.0,
                (
                    ("acme/catalogue", 60.0, 58.5),
                    ("acme/orders", 80.0, 20.25),
                    ("acme/support", 100.0, 18.5),
                ),
            ),
        ),
        forecasts=(
            Forecast("acme/catalogue", 5.25, 3.0, 8.0),
            Forecast("acme/orders", 24.0, 19.5, 28.25, skill=0.81),
            Forecast("acme/support", 9.0, muted=True),
        ),
        proposals=(
            Proposal(
                "demand of orders",
                "agreed",
                "weights {'acme/orders': 0.401234, 'acme/support': 0.35}",
                1500.0,
            ),
        ),
        standings=tuple((f"acme/{name}", "unaudited") for name in UNITS),
        silent=("intelligence",),
        log=(
            Said(
                1500.0, "acme", "shift", "shares move: orders 0.40, support 0.35; demand of orders", 7, "acme"
            ),
        ),
    )
    return Panorama(AT, (top, *(_division(name) for name in UNITS)))


def _division(name: str) -> LevelView:
    path = f"acme/{name}"
    units = tuple(f"{path}/{unit}" for unit in UNITS[name])
    standing = {"support": "discrepant", "catalogue": "clean", "orders": "unaudited"}[name]
    hurts = name == "support"
    return LevelView(
        path,
        flows=tuple(Flow(unit, 100 + number, number * 3) for number, unit in enumerate(units)),
        figures=tuple(
            one
            for unit in units
            for one in (
                Figure(unit, "quality", 0.93, 0.97, 1.0, "steady"),
                Figure(unit, "cycle_time", 31.0, 8.5, 7.75, "step", False, cost=True, out=hurts),
            )
        ),
        leases=(Holding("ticket/4711", units[0], 1572.0),) if hurts else (),
        alarms=(
            Alarm(
                f"{path}/answer-1",
                "management",
                "heartbeat",
                "raised",
                (f"{path}/answer-1", path, "acme", "human"),
                2,
                since=1500.0,
                at=1536.0,
                due=1546.0,
            ),
            Alarm(
                f"{path}/answer-2",
                "cycle_time",
                "limits",
                "owned",
                (f"{path}/answer-2", path, "acme", "human"),
                1,
                f"{path}:control",
                1490.0,
                1495.0,
                1600.0,
            ),
        )
        if hurts
        else (),
        standings=tuple((unit, standing) for unit in units),
        grips=(Grip(units[1], "suspend", "its lease ran dry", 1600.0),) if hurts else (),
        log=(
            Said(
                1531.0,
                path,
                "finding",
                "reported ok, verified wrong: 14% of the successes of answer-1; kb.search",
                1,
                path,
            ),
            Said(1533.0, path, "quarantine", "kb.search is taken out of use: audits found it", 2, path),
        )
        if hurts
        else (),
    )


TRENDS = {
    "waiting acme provider": (0, 1, 3, 2, 8, 11, 14, 14),
    "come acme/orders": (100, 110, 122, 135, 150, 168, 190),
    "come acme/catalogue": (100, 106, 111, 115, 118, 120),
}
