"""What systems 3, 4 and 5 say to each other of the future."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from cybernetic.vsm.homeostat.balance import Balance
from cybernetic.vsm.homeostat.conversation import AdaptationProposal, ConversationState, Feasibility
from cybernetic.vsm.intelligence.premises import Premise
from cybernetic.wire import travels


@travels(name="vsm.Shift")
@dataclass(frozen=True, slots=True)
class Shift:
    """Weights for all units of a level, by path, until then (seconds); after it those that were declared."""

    weights: Mapping[str, float]
    until: float

    def holds(self, units: Collection[str], now: float) -> bool:
        """Whether it is for these units, and not over at `now`: that in the books may be for others."""
        return self.weights.keys() == set(units) and now < self.until


@travels(name="vsm.Proposed")
@dataclass(frozen=True, slots=True)
class Proposed:
    """System 4 proposes a shift; system 3 answers with `Considered`."""

    proposal: AdaptationProposal
    shift: Shift


@travels(name="vsm.Considered")
@dataclass(frozen=True, slots=True)
class Considered:
    """What system 3 says to a shift; where it counters, the `shift` that it could live with."""

    said: Feasibility
    shift: Shift | None = None


@travels(name="vsm.Settled")
@dataclass(frozen=True, slots=True)
class Settled:
    """A shift was agreed, or ruled: system 3 carries it out. None: the one in force is taken back, because of `why`."""

    id: str
    shift: Shift | None
    why: str = ""


@travels(name="vsm.Deadlock")
@dataclass(frozen=True, slots=True)
class Deadlock:
    """Systems 3 and 4 do not come to terms over a proposal; system 5 answers with a `Ruling`."""

    proposal: AdaptationProposal
    shift: Shift


@travels(name="vsm.Ruling")
@dataclass(frozen=True, slots=True)
class Ruling:
    """System 5 has ruled on a deadlock: whether what was proposed is done, and why."""

    do: bool
    why: str


@travels(name="vsm.Temper")
@dataclass(frozen=True, slots=True)
class Temper:
    """How systems 3 and 4 are to go about it: how `far` one lets a shift go (a factor, > 1), and what part of the
    demand one must meet beside so that it is `worth` to be proposed (> 0).
    """

    far: float
    worth: float


@travels(name="vsm.Spent")
@dataclass(frozen=True, slots=True)
class Spent:
    """What units have spent since system 3 began, of the first resource: on `change`, which is what those whose weight
    was raised took beyond their declared part, and on the `run` of the day. `source`: the id of the call that was the
    last of it.
    """

    change: float = 0.0
    run: float = 0.0
    source: str = ""


@travels(name="vsm.Reckon")
@dataclass(frozen=True, slots=True)
class Reckon:
    """System 4 asks system 3 what went into change; answered with `Spent`."""


@travels(name="vsm.Begun")
@dataclass(frozen=True, slots=True)
class Begun:
    """System 3 or 4 has only begun, and does not know what system 5 wants: it is said again."""


@travels(name="vsm.BalanceReport")
@dataclass(frozen=True, slots=True)
class BalanceReport:
    """How systems 3 and 4 have talked in a `period` (seconds) in which they had something to say."""

    balance: Balance
    period: float


@travels(name="vsm.Expectation")
@dataclass(frozen=True, slots=True)
class Expectation:
    """What system 4 expects of one stream, and how good its word has been.

    Attributes:
        expected: a tick, after the lead time: as likely to be exceeded as not.
        low, high: the 80 % interval of that.
        mase: the error beside that of "as now"; None: not judged yet.
        calibration: the part of the data that came within the 80 % interval; None: not judged yet.
        muted: whether nothing is proposed on its word.
    """

    expected: float
    low: float
    high: float
    mase: float | None
    calibration: float | None
    muted: bool


@travels(name="vsm.PortHealth")
@dataclass(frozen=True, slots=True)
class PortHealth:
    """How a port serves the units of a level: `calls` a tick of late, the part of them that went wrong (`bad`, 0 to 1:
    failed, unknown, refused for being too many), and how many a tick are expected to.
    """

    calls: float
    bad: float
    expected: Expectation


@travels(name="vsm.Talked")
@dataclass(frozen=True, slots=True)
class Talked:
    """A proposal of system 4 and what came of it: the `state` of the talk, what was agreed (`change`), and when."""

    proposal: AdaptationProposal
    state: ConversationState
    change: str
    at: float


@travels(name="vsm.Outlook")
@dataclass(frozen=True, slots=True)
class Outlook:
    """What system 4 of a level sees coming.

    Attributes:
        tick: seconds in which data are counted.
        ahead: seconds that it looks ahead.
        arrivals: by unit: tasks a tick.
        ports: how those serve that the level's own units use, by name.
        strange: the part of the latest tasks that was of a kind that had never come before.
        proposals: the latest, the oldest first; see `Talked`.
        premises: of the shift in force: what must hold for it to stand.
        out: ports that a unit of the world it shares says are out, by their names there; see `Outage`.
        found: paths of the units there that audits, of whatever level, hold to be discrepant.
        sources: of "arrivals" by unit, of "ports" by name, and of "strange" (under ""), the id of what it was measured
            at: the last task, or word of a unit on its ports, of the latest tick; "PATH tick 7" where nothing came in
            that, which is a datum as well. "strange" moves with each task. What was proposed has an id of its own.
    """

    tick: float
    ahead: float
    arrivals: Mapping[str, Expectation] = field(default_factory=dict)
    ports: Mapping[str, PortHealth] = field(default_factory=dict)
    strange: float = 0.0
    proposals: tuple[Talked, ...] = ()
    premises: tuple[Premise, ...] = ()
    out: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    sources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
