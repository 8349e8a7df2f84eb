"""What a level is: what it is for, who is inside, and what it does not give up."""

from dataclasses import dataclass

from cybernetic.vsm.decisions.policy import Policy, Tier
from cybernetic.wire import travels


@travels(name="vsm.Identity")
@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a level, which system 5 keeps.

    Attributes:
        path: of the level.
        purpose: what it is for, in a sentence.
        boundary: paths of its units: who is inside.
        invariants: names of the policies of tier `INVARIANT`: what holds whatever else is changed.
    """

    path: str
    purpose: str = ""
    boundary: tuple[str, ...] = ()
    invariants: tuple[str, ...] = ()

    def inside(self, path: str) -> bool:
        """Whether somebody at `path` belongs to the level: one of its units, or within one."""
        return any(path == unit or path.startswith(f"{unit}/") for unit in self.boundary)

    def given_up(self, name: str, policy: Policy | None) -> bool:
        """Whether putting `policy` (None: nothing) in the place of the policy `name` gives up an invariant."""
        return name in self.invariants and (policy is None or policy.tier is not Tier.INVARIANT)
