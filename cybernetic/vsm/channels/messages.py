"""What the parts of a level say about themselves on any channel."""

from dataclasses import dataclass

from cybernetic.wire import travels


@travels(name="vsm.Beat")
@dataclass(frozen=True, slots=True)
class Beat:
    """A loop has completed a turn: whose (`role`, at `path`), and within how many seconds the next is due."""

    role: str
    path: str
    period: float


@travels(name="vsm.AtWork")
@dataclass(frozen=True, slots=True)
class AtWork:
    """Whose loop is due (`role`, at `path`) still does what came before, and comes on with it: so it does not hang."""

    role: str
    path: str
