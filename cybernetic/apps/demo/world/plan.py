"""What befalls the world in an hour: drawn from the seed, the same for every company."""

from dataclasses import dataclass
from typing import Self

from cybernetic.apps.demo.world.luck import Luck

HOUR = 3600.0
DIVISIONS = ("support", "catalogue", "orders")
AGENTS = {
    "support": ("triage-1", "triage-2", "answer-1", "answer-2"),
    "catalogue": ("writer-1", "writer-2", "translator", "checker"),
    "orders": ("fraud", "packer", "tracker", "payments"),
}
ALL = tuple(f"{division}/{agent}" for division in DIVISIONS for agent in AGENTS[division])

QUIET = 0.15  # of all hours nothing befalls
FIRST, SLOT, SPREAD = 240.0, 450.0, 120.0  # seconds: of the first incident, between two, and by chance
EARLY = ("lie", "ramp")  # these need time to show what they lead to: not among the last two
LASTS = {"campaign": 300.0, "viral": 240.0, "outage": 180.0, "ramp": 400.0}
KINDS = ("campaign", "loop", "lie", "hang", "ramp", "viral", "outage")


@dataclass(frozen=True, slots=True)
class Incident:
    """Something befalls the world.

    Attributes:
        kind: "campaign": letters to all customers are to be written; "loop": an agent repeats itself; "lie": the
            search tool is silently wrong; "hang": a division's management hangs, and restarts do not help; "ramp": the
            demand of one division doubles, another's falls; "viral": everybody wants one division's work; "outage":
            the provider is away.
        at, until: seconds of the hour. What somebody has to mend lasts until then: infinitely.
        target: the division or agent it befalls; empty: all.
        other: the division whose demand falls; empty: none.
    """

    kind: str
    at: float
    until: float
    target: str = ""
    other: str = ""

    def on(self, at: float) -> bool:
        """Whether it lasts at that second."""
        return self.at <= at < self.until


@dataclass(frozen=True, slots=True)
class Plan:
    """The incidents of an hour, in order; none in a quiet one."""

    seed: int
    incidents: tuple[Incident, ...] = ()

    @classmethod
    def draw(cls, seed: int) -> Self:
        """What the seed has in store."""
        luck = Luck(seed)
        if luck.uniform("quiet") < QUIET:
            return cls(seed)
        return cls(seed, tuple(_incident(luck, place, kind) for place, kind in enumerate(_order(luck))))

    @property
    def quiet(self) -> bool:
        """Whether nothing befalls."""
        return not self.incidents

    def of(self, kind: str) -> Incident | None:
        """The incident of that kind, if there is one."""
        return next((one for one in self.incidents if one.kind == kind), None)


def _order(luck: Luck) -> list[str]:
    """The first order of chance in which those that need time come early."""
    for draw in range(1000):
        order = luck.shuffled(KINDS, "order", draw)
        if not set(order[-2:]) & set(EARLY):
            return order
    return list(KINDS)


def _incident(luck: Luck, place: int, kind: str) -> Incident:
    at = round(FIRST + place * SLOT + luck.uniform("at", kind) * SPREAD, 1)
    until = at + LASTS[kind] if kind in LASTS and kind != "ramp" else float("inf")
    target = other = ""
    if kind in ("hang", "viral"):
        target = luck.choice(DIVISIONS, "target", kind)
    elif kind == "loop":
        target = luck.choice(ALL, "target", kind)
    elif kind == "ramp":
        target, other = luck.shuffled(DIVISIONS, "target", kind)[:2]
    return Incident(kind, at, until, target, other)
