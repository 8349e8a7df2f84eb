"""What a unit asks at its ports, and the leave it is given."""

from dataclasses import dataclass

from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.verdicts import Escalate
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.ports.receipts import Receipt


@dataclass(frozen=True, slots=True)
class Ask:
    """What a unit wants to do: in which `task`, through which `port`, what it is (`action`) and its digest (`call`).

    `upper` is the most it may take; `fence` the token of a lease that must hold; `life` names that of the operation:
    one that has crashed and begins anew is in no loop yet. `same` is equal for calls that may be one (`Port.shared`);
    empty: this one is made whatever others do.
    """

    task: str
    port: str
    action: Action
    call: str
    upper: Vector
    fence: int | None = None
    life: str = ""
    same: str = ""


Allowed = tuple[str, Escalate] | None
"""Of a call that a policy left to somebody who allowed it: the name of the policy, and what was asked."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Leave to make one call now through `port`. `id` is its reservation, settled in `epoch`; `allowed` tells by whose
    word; `took` is what tries of it took that were refused.
    """

    id: str
    ask: Ask
    port: Port
    epoch: int
    began: float
    revision: int
    allowed: Allowed = None
    took: Vector = NOTHING

    @property
    def shared(self) -> bool:
        """Whether the call may be one with others."""
        return self.port.shared is not None and bool(self.ask.same)


@dataclass(frozen=True, slots=True)
class Had:
    """No leave is needed: another unit has made the call. The receipt, and the `answer` as it travels."""

    receipt: Receipt
    answer: bytes
