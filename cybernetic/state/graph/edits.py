"""The changes of a graph as edits of its replica: what the agent decides, written down where the value is."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from cybernetic.crdt import Stamp
from cybernetic.state.graph.book import WRITER_GRACE
from cybernetic.state.graph.entries import Key, State, standing
from cybernetic.state.graph.facts import Assertion
from cybernetic.state.graph.pen import Pen
from cybernetic.state.replica.writer import Writer

Edit: TypeAlias = Callable[[State, Writer, list[Any]], State]
"""Makes a delta; puts what it has made into the list."""

UNSTAMPED = Stamp(0, 0, "-")
"""The stamp of an assertion that is given one when it is written."""


def adding(assertion: Assertion, surplus: Sequence[Key]) -> Edit:
    """Assert a fact; `surplus` are places of its past that are too many."""

    def edit(state: State, by: Writer, made: list[Any]) -> State:
        pen = Pen(state, by.replica, by.stamp)
        fact, who, _, cause, confidence, until = assertion
        made.append(pen.add(fact, who, cause, confidence, until))
        pen.erase(surplus)
        return pen.delta

    return edit


def removing(keys: Sequence[Key], who: str, why: str | None) -> Edit:
    """Take assertions back."""

    def edit(state: State, by: Writer, made: list[Any]) -> State:
        pen = Pen(state, by.replica, by.stamp)
        made.extend(pen.remove(keys, "removed", who, why))
        return pen.delta

    return edit


def loading(assertions: Sequence[Assertion]) -> Edit:
    """Put in assertions made elsewhere; those that change something are made."""

    def edit(state: State, by: Writer, made: list[Any]) -> State:
        pen = Pen(state, by.replica, by.stamp)
        for one in assertions:
            if one.at != UNSTAMPED:
                changes = pen.restore(one)
            else:
                before = pen.changes
                pen.add(one.fact, one.who, one.cause, one.confidence, one.until)
                changes = pen.changes > before
            if changes:
                made.append(one)
        return pen.delta

    return edit


def sweeping(spent: Sequence[Key], outdated: Sequence[Key], latest: float) -> Edit:
    """Take out what has expired by `latest`, unless it was renewed meanwhile, and what is too old of the past."""

    def edit(state: State, by: Writer, made: list[Any]) -> State:
        pen = Pen(state, by.replica, by.stamp)
        pen.remove([key for key in spent if _expired(state, key, latest - WRITER_GRACE)], "expired")
        pen.erase(outdated)
        return pen.delta

    return edit


def steps(edits: Callable[[Sequence[Any]], Edit], work: Sequence[Any], size: int) -> list[Edit]:
    """Edits of at most `size` parts of the work each."""
    return [edits(work[at : at + size]) for at in range(0, len(work), size)]


def _expired(state: State, key: Key, latest: float) -> bool:
    found = standing(state, key)
    return found is not None and found.until is not None and found.until <= latest
