"""What systems 3, 4 and 5 say to each other of the future."""

from collections.abc import Mapping
from dataclasses import dataclass

from cybernetic.vsm.homeostat.balance import Balance
from cybernetic.vsm.homeostat.conversation import AdaptationProposal, Feasibility
from cybernetic.wire import travels


@travels(name="vsm.Shift")
@dataclass(frozen=True, slots=True)
class Shift:
    """Weights for all units of a level, by path, until then (seconds); after it those that were declared."""

    weights: Mapping[str, float]
    until: float


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


@travels(name="vsm.BalanceReport")
@dataclass(frozen=True, slots=True)
class BalanceReport:
    """How systems 3 and 4 have talked in a `period` (seconds) in which they had something to say."""

    balance: Balance
    period: float


@travels(name="vsm.Outlook")
@dataclass(frozen=True, slots=True)
class Outlook:
    """How good system 4's forecast of a unit's arrivals is.

    Attributes:
        expected: tasks a tick, after the lead time.
        mase: the error beside that of "as now"; None: not judged yet.
        calibration: the part of the data that came within the 80 % interval; None: not judged yet.
        muted: whether nothing is proposed on its word.
    """

    expected: float
    mase: float | None
    calibration: float | None
    muted: bool
