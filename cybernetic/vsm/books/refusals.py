"""What the books refuse."""

from cybernetic.core import Refusal
from cybernetic.wire import travels


@travels(name="vsm.BooksRefused")
class BooksRefused(Refusal):
    """What was asked of the books, or told to them, cannot be: `why` says what was expected, and what came."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
