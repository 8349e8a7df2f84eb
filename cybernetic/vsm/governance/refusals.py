"""What system 5 refuses."""

from cybernetic.core import Refusal
from cybernetic.wire import travels


@travels(name="vsm.PolicyRefused")
class PolicyRefused(Refusal):
    """A change of the policies, or an answer, cannot be: `why` says what was expected, and what came."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@travels(name="vsm.NoSuchQuestion")
class NoSuchQuestion(Refusal):
    """An answer came to a question that was never put, or so long ago that it is forgotten."""

    def __init__(self, id: str) -> None:
        super().__init__(f"id: expected that of a question that was put, got: {id!r}")
        self.id = id
