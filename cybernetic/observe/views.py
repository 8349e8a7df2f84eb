"""`Panorama`: what an operations room shows of a viable system at one moment. Plain data, to be drawn or sent."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from cybernetic.core import OptionError
from cybernetic.wire import travels

NEVER = "unaudited"  # what a unit is called whose work nobody looks at


@travels(name="observe.Flow")
@dataclass(frozen=True, slots=True)
class Flow:
    """The work of one unit: how much came, how much is there, how much has left it.

    Attributes:
        unit: its path.
        arrived: tasks that have come to it; None where only its load is known.
        load: tasks it was given and has not finished.
    """

    unit: str
    arrived: int | None = None
    load: int = 0

    @property
    def finished(self) -> int | None:
        """Tasks that have left it, well done or not; None where that is not known."""
        return None if self.arrived is None else max(0, self.arrived - self.load)


@travels(name="observe.Figure")
@dataclass(frozen=True, slots=True)
class Figure:
    """An index of a unit: what it achieves, what it could, what it might, and what its course is.

    Attributes:
        unit: its path.
        index: its name.
        actuality: achieved now; None where nothing was measured yet.
        capability: achievable now; None where that is not known yet.
        potentiality: achievable if constraints were lifted.
        regime: "steady", "transient", "step" or "slope"; "" while it is being learnt.
        better: whether the course is for the better; None where that means nothing.
        cost: less is better.
        out: whether it is outside of its limits.
        source: the id of the task it was measured at.
    """

    unit: str
    index: str
    actuality: float | None = None
    capability: float | None = None
    potentiality: float | None = None
    regime: str = ""
    better: bool | None = None
    cost: bool = False
    out: bool = False
    source: str = ""


@travels(name="observe.Pace")
@dataclass(frozen=True, slots=True)
class Pace:
    """A shared rate that system 2 paces: `rate` uses a second are let through, and `waiting` wait for their turn."""

    port: str
    rate: float
    waiting: int = 0


@travels(name="observe.Holding")
@dataclass(frozen=True, slots=True)
class Holding:
    """An exclusive lease: `holder` alone may touch `key` until then (seconds)."""

    key: str
    holder: str
    until: float


@travels(name="observe.Money")
@dataclass(frozen=True, slots=True)
class Money:
    """What a level may spend of one resource in this epoch, and what became of it.

    Attributes:
        resource: "usd", "tokens" and the like.
        granted: all of it.
        lent: set aside for units, which spend it themselves.
        spent: settled by the level itself, and by units for what they have reported.
        reserved: set aside for calls that are under way.
        taken: what the units say that they have spent or set aside so far.
        until: the end of the epoch, seconds; None: there is none.
        units: what each unit holds and has taken, by path: (held, taken).
    """

    resource: str
    granted: float
    lent: float = 0.0
    spent: float = 0.0
    reserved: float = 0.0
    taken: float = 0.0
    until: float | None = None
    units: tuple[tuple[str, float, float], ...] = ()

    @property
    def used(self) -> float:
        """What is gone of the grant, as far as anybody has said: never more than was granted."""
        return min(self.granted, self.spent + self.reserved + self.taken)


@travels(name="observe.Forecast")
@dataclass(frozen=True, slots=True)
class Forecast:
    """What system 4 expects to come to a unit, after its lead time, in tasks a tick.

    Attributes:
        unit: its path.
        expected: the mean.
        low, high: ends of the 80 % interval; None where there is none yet.
        skill: error beside that of "as now": below 1 is better; None: not judged yet.
        muted: nothing is proposed on its word.
    """

    unit: str
    expected: float
    low: float | None = None
    high: float | None = None
    skill: float | None = None
    muted: bool = False


@travels(name="observe.Proposal")
@dataclass(frozen=True, slots=True)
class Proposal:
    """What systems 3 and 4 have talked about: the `issue`, how the talk stands, what was agreed, and when (seconds)."""

    issue: str
    state: str
    change: str = ""
    at: float = 0.0


@travels(name="observe.Alarm")
@dataclass(frozen=True, slots=True)
class Alarm:
    """A pain that is open, and how far up the ladder it has come.

    Attributes:
        path: where it hurts.
        index: the index or event.
        cause: "limits", "heartbeat", "audit", ...
        stage: "raised", "owned", "paged", "unanswered".
        rungs: who stands on the ladder, from the unit up to the human.
        level: the number of the rung it has come to.
        holder: who has taken it over; "" for nobody.
        since: when it began, seconds.
        at: when its clock was set.
        due: when its clock lapses; None: no clock runs.
        critical: at all levels at once.
    """

    path: str
    index: str
    cause: str
    stage: str
    rungs: tuple[str, ...] = ()
    level: int = 0
    holder: str = ""
    since: float = 0.0
    at: float = 0.0
    due: float | None = None
    critical: bool = False


@travels(name="observe.Grip")
@dataclass(frozen=True, slots=True)
class Grip:
    """An intervention of system 3 that is in force: how far it goes, why, and until when (seconds)."""

    unit: str
    rung: str
    why: str
    until: float


@travels(name="observe.Said")
@dataclass(frozen=True, slots=True)
class Said:
    """A line of the log of a level.

    Attributes:
        at: when, seconds.
        path: what it is about.
        kind: in a word.
        text: in a line.
        number: its place in the log of `level`.
        level: whose log it is.
        root, cause: ids of what it began with, and of what it happened because of; "" where unknown.
    """

    at: float
    path: str
    kind: str
    text: str
    number: int = 0
    level: str = ""
    root: str = ""
    cause: str = ""


@travels(name="observe.LevelView")
@dataclass(frozen=True, slots=True)
class LevelView:
    """What is seen of one level of recursion.

    Attributes:
        path: of the level.
        flows: of its units.
        figures: the indices of its units.
        paces: the rates that are paced here.
        leases: the exclusive ones that are held.
        money: its budget, a resource each; empty where none is counted.
        forecasts: of its units.
        proposals: of system 4, the latest last.
        alarms: felt here and open.
        standings: what audits say of each unit: (path, "clean" and the like); `NEVER` where nothing looks.
        grips: interventions in force.
        silent: parts that gave no answer.
        log: the latest lines, the oldest first.
    """

    path: str
    flows: tuple[Flow, ...] = ()
    figures: tuple[Figure, ...] = ()
    paces: tuple[Pace, ...] = ()
    leases: tuple[Holding, ...] = ()
    money: tuple[Money, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    standings: tuple[tuple[str, str], ...] = ()
    grips: tuple[Grip, ...] = ()
    silent: tuple[str, ...] = ()
    log: tuple[Said, ...] = ()

    @property
    def units(self) -> tuple[str, ...]:
        """The paths of its units, in order."""
        return tuple(
            dict.fromkeys([*(flow.unit for flow in self.flows), *(path for path, _ in self.standings)])
        )

    def standing(self, unit: str) -> str:
        """What audits say of a unit."""
        return dict(self.standings).get(unit, NEVER)


@travels(name="observe.Panorama")
@dataclass(frozen=True, slots=True)
class Panorama:
    """What an operations room shows: every level, the highest first, as of `at` (seconds of the system's clock)."""

    at: float
    levels: tuple[LevelView, ...] = ()

    @property
    def top(self) -> LevelView:
        """The whole. Raises `IndexError` if nothing is seen."""
        return self.levels[0]

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Of all levels: those that are highest up the ladder first."""
        found = [alarm for level in self.levels for alarm in level.alarms]
        return tuple(
            sorted(found, key=lambda one: (-one.critical, -one.level, one.since, one.path, one.index))
        )

    @property
    def log(self) -> tuple[Said, ...]:
        """Of all levels, the oldest first."""
        said = [line for level in self.levels for line in level.log]
        return tuple(sorted(said, key=lambda one: (one.at, one.level, one.number)))

    def plain(self) -> dict[str, Any]:
        """The same as dictionaries, lists, numbers and texts: for JSON. `of` takes it back."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """The panorama that `plain` gave, be it through JSON. Raises `OptionError` for what is none."""
        try:
            return cls(float(plain["at"]), tuple(_level(one) for one in plain["levels"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OptionError("plain", "what Panorama.plain gives", error) from None


_PARTS: dict[str, Any] = {
    "flows": Flow,
    "figures": Figure,
    "paces": Pace,
    "leases": Holding,
    "money": Money,
    "forecasts": Forecast,
    "proposals": Proposal,
    "alarms": Alarm,
    "grips": Grip,
    "log": Said,
}


def _level(plain: Mapping[str, Any]) -> LevelView:
    parts = {name: tuple(_made(cls, one) for one in plain.get(name, ())) for name, cls in _PARTS.items()}
    standings = tuple((str(path), str(word)) for path, word in plain.get("standings", ()))
    return LevelView(
        plain["path"],
        standings=standings,
        silent=tuple(plain.get("silent", ())),
        **parts,
    )


def _made(cls: Any, plain: Mapping[str, Any]) -> Any:
    """One part; JSON has lists where it has tuples."""
    return cls(**{name: _tuples(value) for name, value in plain.items()})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list | tuple) else value
