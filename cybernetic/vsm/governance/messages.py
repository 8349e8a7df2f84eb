"""What system 5 says, and what it is asked."""

from dataclasses import dataclass

from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.decisions.verdicts import Escalate
from cybernetic.vsm.lives import UNTOLD, Edition
from cybernetic.wire import travels


@travels(name="vsm.PolicyUpdate")
@dataclass(frozen=True, slots=True)
class PolicyUpdate:
    """The policies in force since a `revision`; whoever knows a later one keeps that.

    Attributes:
        revision: of the level's policies, within its life.
        policies: those in force, the inherited ones first.
        life: of the system 5 that says so, higher for one that begins without books than for all before it.
        above: the edition of the policies of the level above that are among them; both 0: of those declared.
    """

    revision: int
    policies: tuple[Policy, ...]
    life: int = 0
    above: Edition = UNTOLD

    @property
    def edition(self) -> Edition:
        """By which it is compared with others."""
        return self.life, self.revision


@travels(name="vsm.PolicyKnown")
@dataclass(frozen=True, slots=True)
class PolicyKnown:
    """The part at `path` acts under `revision`, of a `life` of system 5."""

    path: str
    revision: int
    life: int = 0

    @property
    def edition(self) -> Edition:
        """Which policies those are."""
        return self.life, self.revision


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
    """The part at `path` acts under policies of this edition; `UNTOLD`: it knows only those that were declared."""

    path: str
    edition: Edition = UNTOLD


@travels(name="vsm.Release")
@dataclass(frozen=True, slots=True)
class Release:
    """System 5 lets a unit that does well have what the level keeps back, for the rest of the epoch."""

    unit: str
    why: str
