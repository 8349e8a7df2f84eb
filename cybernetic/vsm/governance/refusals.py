"""What system 5 refuses."""

from typing import Any

from cybernetic.core import OptionError, Refusal
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


def tried(change: Any, *args: Any) -> Any:
    """What a change of a value comes to. Raises `PolicyRefused` for an impossible one: that is nobody's crash."""
    try:
        return change(*args)
    except OptionError as error:
        raise PolicyRefused(str(error)) from error
