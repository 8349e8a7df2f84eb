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
