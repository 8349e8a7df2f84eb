"""What passes between the auditor, the ports of units, and system 3."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cybernetic.vsm.bargain.contract import Report
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.ports.receipts import Receipt
from cybernetic.wire import travels


@travels(name="vsm.Completed")
@dataclass(frozen=True, slots=True)
class Completed:
    """A unit reported a task of a kind as done: well, or (`good` is False) that it could not be."""

    task: str
    kind: str
    path: str
    good: bool = True


@travels(name="vsm.Probe")
@dataclass(frozen=True, slots=True)
class Probe:
    """The auditor wants to see the evidence of a task."""

    task: str


@travels(name="vsm.Evidence")
@dataclass(frozen=True, slots=True)
class Evidence:
    """A task as it stands at the ports of the unit at `path`: the `Task`, the `Outcome` it reported, the receipts."""

    path: str
    task: Any
    outcome: Any
    receipts: tuple[Receipt, ...]


@travels(name="vsm.Inspect")
@dataclass(frozen=True, slots=True)
class Inspect:
    """The auditor wants to see how the ports of a unit stand, now."""


@travels(name="vsm.Inspected")
@dataclass(frozen=True, slots=True)
class Inspected:
    """How the ports of the unit at `path` stand, by their own books.

    Attributes:
        path: of the unit.
        spent, grant: in this epoch, what is spent and set aside, and what it may spend.
        tasks: how many it has reported done, by kind.
        seconds: at its ports, by kind of task.
        costs: of the first resource, by kind of task.
        revision: of the policies it acts under.
        last: the id of the last task that was counted; of a level those of its units, with a blank between.
    """

    path: str
    spent: Vector = NOTHING
    grant: Vector = NOTHING
    tasks: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    revision: int = 0
    last: str = ""


@travels(name="vsm.Audited")
@dataclass(frozen=True, slots=True)
class Audited:
    """What the audits of a level took in epochs that are over, and what they have `spent` in this one: the auditor's
    account to system 3. An `overrun` is what calls of theirs took beyond what was set aside, while that blocks the
    next.
    """

    reports: tuple[Report, ...]
    spent: Vector = NOTHING
    overrun: Vector = NOTHING


@travels(name="vsm.Discrepancy")
@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Audits found that the unit at `path` reports successes that are none: `audits` of it so far, `gap` the recent
    share of false ones, `ports` those they were done with, `tasks` those that are to be done again.
    """

    path: str
    audits: int
    gap: float
    ports: tuple[str, ...]
    tasks: tuple[str, ...]


@travels(name="vsm.Lifted")
@dataclass(frozen=True, slots=True)
class Lifted:
    """How often each port was put to use again, by name, so far: what was held against it before that is over."""

    times: Mapping[str, int]


@travels(name="vsm.Quarantine")
@dataclass(frozen=True, slots=True)
class Quarantine:
    """System 3 takes a port out of use, or (`lifted`) lets it be used again."""

    port: str
    reason: str
    lifted: bool = False
