"""What a unit asks at its ports, and the leave it is given."""

from dataclasses import dataclass

from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.ports.port import Port


@dataclass(frozen=True, slots=True)
class Ask:
    """What a unit wants to do: in which `task`, through which `port`, what it is (`action`) and its digest (`call`).

    `upper` is the most it may take; `fence` the token of a lease that must hold; `life` names that of the operation:
    one that has crashed and begins anew is in no loop yet.
    """

    task: str
    port: str
    action: Action
    call: str
    upper: Vector
    fence: int | None = None
    life: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """Leave to make one call now through `port`. `id` is its reservation, `epoch` where that is settled."""

    id: str
    ask: Ask
    port: Port
    epoch: int
    began: float
    revision: int
