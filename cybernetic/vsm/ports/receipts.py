"""What a port leaves behind: the value, what it took, and the proof that it happened."""

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.wire import travels

V = TypeVar("V")


@travels(name="vsm.Outcomes")
class Came(Enum):
    """How a use of a port ended. What is unknown may have happened."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@travels(name="vsm.Receipt")
@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof of one use of a port, made by the porter of a unit and by nobody else.

    Attributes:
        id: its own: path of the unit and a number.
        task: the id of the task it was made in.
        path: of the unit.
        port: the name of the port.
        call: a digest of what was asked, result: one of what came (empty where nothing did).
        cost: what it took.
        came: how it ended.
        began, ended: seconds (see `timing.now`).
        revision: of the policies it was allowed under.
        shared: the id of the receipt of the call that was really made, where that was another's (`Port.shared`); empty:
            this is that of the call itself.
    """

    id: str
    task: str
    path: str
    port: str
    call: str
    result: str
    cost: Vector
    came: Came
    began: float
    ended: float
    revision: int
    shared: str = ""


@dataclass(frozen=True, slots=True)
class Used(Generic[V]):
    """What `Operation.use` gives: the `value`, its `receipt`, and what it took."""

    value: V
    receipt: Receipt
    cost: Vector = NOTHING
