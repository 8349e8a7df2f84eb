"""What passes between the auditor, the ports of units, and system 3."""

from dataclasses import dataclass
from typing import Any

from cybernetic.vsm.ports.receipts import Receipt
from cybernetic.wire import travels


@travels(name="vsm.Completed")
@dataclass(frozen=True, slots=True)
class Completed:
    """A unit reported a task of a kind as done well."""

    task: str
    kind: str
    path: str


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


@travels(name="vsm.Quarantine")
@dataclass(frozen=True, slots=True)
class Quarantine:
    """System 3 takes a port out of use, or (`lifted`) lets it be used again."""

    port: str
    reason: str
    lifted: bool = False
