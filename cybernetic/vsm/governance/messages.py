"""What system 5 says, and what it is asked."""

from dataclasses import dataclass

from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.decisions.verdicts import Escalate
from cybernetic.wire import travels


@travels(name="vsm.PolicyUpdate")
@dataclass(frozen=True, slots=True)
class PolicyUpdate:
    """The policies in force since a `revision`; whoever knows a later one keeps that."""

    revision: int
    policies: tuple[Policy, ...]


@travels(name="vsm.PolicyKnown")
@dataclass(frozen=True, slots=True)
class PolicyKnown:
    """The part at `path` acts under `revision`."""

    path: str
    revision: int


@travels(name="vsm.Referral")
@dataclass(frozen=True, slots=True)
class Referral:
    """An action of a task that somebody else is to decide, as the policy says.

    `id` is its own: whoever refers it again under the same one, because nobody answered, asks once. `revision` is that
    of the policies that say so.
    """

    task: str
    action: Action
    asked: Escalate
    id: str = ""
    revision: int = 0


@travels(name="vsm.Acting")
@dataclass(frozen=True, slots=True)
class Acting:
    """The part at `path` acts under `revision` of the policies, and has heard of none since it began."""

    path: str
    revision: int


@travels(name="vsm.Release")
@dataclass(frozen=True, slots=True)
class Release:
    """System 5 lets a unit that does well have what the level keeps back, for the rest of the epoch."""

    unit: str
    why: str
