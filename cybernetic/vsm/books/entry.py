"""What stands in the log: one thing that happened, and where the log begins and ends."""

from dataclasses import dataclass, replace
from typing import Any, Self

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.channels.note import Note, Why
from cybernetic.vsm.checks import word
from cybernetic.wire import travels


@travels(name="vsm.Entry")
@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: `Entry("finding", path="shop/support", body=finding, at=now(), root=note.root)`.

    Raises `OptionError`.

    Attributes:
        kind: what it is, in a word: "decision", "finding", "intervention", "policy".
        path: of the level or unit it is about.
        body: what there is to say of it: a value that travels.
        at: when it happened, seconds (see `timing.now`).
        root: the id of what it all began with; "" where that is not known.
        cause: the id of what it happened because of; None where it began with this.
        wall: when it was noted, seconds since the epoch (of the loop's clock where time is simulated); the books fill
            it in.
        number: its place in the log, from 1 on, without a gap; the books fill it in, 0 before.
    """

    kind: str
    path: str
    body: Any = None
    at: float = 0.0
    root: str = ""
    cause: str | None = None
    wall: float = 0.0
    number: int = 0

    def __post_init__(self) -> None:
        word("kind", self.kind)
        word("path", self.path)
        number("at", self.at)
        number("wall", self.wall)
        whole("number", self.number)
        if not isinstance(self.root, str):
            raise OptionError("root", "an id", self.root)
        if self.cause is not None:
            word("cause", self.cause)

    def because(self, why: Note | Why | None) -> Self:
        """The same, of what happened because of that; None: nobody knows why."""
        return self if why is None else replace(self, root=why.root, cause=why.id)


@travels(name="vsm.Extent")
@dataclass(frozen=True, slots=True)
class Extent:
    """Which entries a log has: those numbered `first` to `last`. `gone` is how many older ones it has let go.

    An empty log: `first` is one above `last`.
    """

    first: int
    last: int

    @property
    def gone(self) -> int:
        """How many entries were let go, the oldest first, to keep no more than the log was told to."""
        return self.first - 1

    @property
    def count(self) -> int:
        """How many there are."""
        return self.last - self.first + 1


@travels(name="vsm.Unreadable")
@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for the body of an entry that this version of the program cannot read; `why` says what it ran into."""

    why: str
