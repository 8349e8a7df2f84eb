"""Why a replica ends by itself, and what it says to those who want to change something just then."""

from dataclasses import dataclass

from cybernetic.core import Reason, Refusal
from cybernetic.wire import travels


@travels(name="state.ReplicaOver")
@dataclass(frozen=True, slots=True)
class ReplicaOver(Reason):
    """It was said of a replica that it never acts again: what rights to spend it had are others', and it gets none.

    So it ends, and its supervisor starts it anew, with another id and all that it knew. `value` is the name of what is
    replicated, `replica` the id.
    """

    value: str
    replica: str

    def __str__(self) -> str:
        return f"replica {self.replica!r} of {self.value!r}: it was said to be over"


@travels(name="state.ReplicaEnding")
class ReplicaEnding(Refusal):
    """A change came when the replica was about to end (`ReplicaOver`), and was not made.

    Call again: the next start takes it, which is there as soon as the supervisor has started it.
    """

    def __init__(self, replica: str) -> None:
        super().__init__(
            f"replica {replica!r}: expected a change before it was said to be over, got: one after that;"
            " it was not made: call again, the next start takes it"
        )
        self.replica = replica
