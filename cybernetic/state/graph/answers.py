"""What a graph answers and tells: values that may travel, and the refusal of what cannot be."""

from dataclasses import dataclass, replace

from cybernetic.core import Refusal
from cybernetic.state.graph.facts import Fact
from cybernetic.state.graph.terms import Value
from cybernetic.state.replica.telling import halved
from cybernetic.wire import travels

Found = dict[str, Value]
"""An answer: what stands for each variable, by its name."""


@travels(name="state.GraphRefused")
class GraphRefused(Refusal):
    """What was asked of a graph, or told to it, cannot be: `why` says what was expected, and what came."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@travels(name="state.Answers")
@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a query, each once, in no particular order; `complete` unless there are more than the limit."""

    rows: tuple[Found, ...]
    complete: bool


@travels(name="state.Around")
@dataclass(frozen=True, slots=True)
class Around:
    """What is around a thing: facts with the step, from 1, in which each is met, the nearest first.

    `complete` unless there are more than the limit.
    """

    facts: tuple[tuple[int, Fact], ...]
    complete: bool


@travels(name="state.Watching")
@dataclass(frozen=True, slots=True)
class Watching:
    """A query is watched: `rows` are its answers now, and `token` is in every `Changed` about it."""

    token: str
    rows: tuple[Found, ...]


@travels(name="state.Changed")
@dataclass(frozen=True, slots=True)
class Changed:
    """The answers of a watched query that have come and gone, as it is sent to who watches.

    `ended` is None; or why the query is watched no more: it has changed too much at once, or at too high a price, or an
    answer is too large to travel to who watches. What has changed then is not told: watch again to learn it.
    """

    token: str
    added: tuple[Found, ...]
    removed: tuple[Found, ...]
    ended: str | None = None

    def halves(self) -> "tuple[Changed, ...]":
        """Two that tell together what this does; none, if it tells of one answer."""
        return tuple(
            [
                replace(self, added=added, removed=removed)
                for added, removed in halved(self.added, self.removed)
            ]
        )


@travels(name="state.GraphStatus")
@dataclass(frozen=True, slots=True)
class GraphStatus:
    """How a graph does: `facts` that show, `watches` on it, and the id of its `replica`."""

    facts: int
    watches: int
    replica: str
