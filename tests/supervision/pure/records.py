"""Children as the tests of this folder make them, and a Hypothesis strategy for several in start order."""

from typing import Any, cast

from hypothesis import strategies as st

from cybernetic.supervision.children import Record, State
from cybernetic.supervision.spec import RESTARTS, child


class Agent:
    """A worker."""


class Tree:
    """A supervisor."""

    agent_type = "supervisor"


def record(id: Any, state: State = "stopped", restart: Any = "permanent", **options: Any) -> Record:
    """A record of a child, at an address of its own unless it is stopped."""
    cls = cast("type[Agent]", options.pop("cls", Agent))
    spec = child(cls, id=id, restart=restart, **options)
    return Record(spec, None if state == "stopped" else object(), state)


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    """One to eight children with ids from 0. A temporary one runs, for it is dropped when it ends."""
    kept = []
    for id in range(draw(st.integers(1, 8))):
        restart = draw(st.sampled_from(RESTARTS))
        states: list[State] = ["running"] if restart == "temporary" else ["running", "restarting", "stopped"]
        significant = restart != "permanent" and draw(st.booleans())
        cls = draw(st.sampled_from([Agent, Tree]))
        kept.append(record(id, draw(st.sampled_from(states)), restart, significant=significant, cls=cls))
    return kept
