"""The changes of a graph as edits of its replica: what the agent decides, written down where the value is."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from cybernetic.state.graph.book import WRITER_GRACE
from cybernetic.state.graph.entries import Dot, Key, State, standing
from cybernetic.state.graph.facts import Assertion
from cybernetic.state.graph.pen import Pen, Restored
from cybernetic.state.graph.records import UNSTAMPED
from cybernetic.state.replica.writer import Writer

Edit: TypeAlias = Callable[[State, Writer, list[Any]], State]
"""Makes a delta; puts what it has made into the list."""


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


def loading(imports: Sequence[tuple[Assertion, Dot | None]], again: bool) -> Edit:
    """Put in assertions made elsewhere or earlier, each with the change it came with; made is what came of each.

    What has ended since stays out, or is said `again`, with a stamp of now. What comes in
    goes as soon as it is known that it had ended, unless it is to be said `again`.
    """

    def edit(state: State, by: Writer, made: list[Any]) -> State:
        pen = Pen(state, by.replica, by.stamp)
        for one, dot in imports:
            came: Restored = "ended" if one.at == UNSTAMPED else pen.restore(one, dot, again)
            if came == "ended" and (again or one.at == UNSTAMPED):
                before = pen.changes
                pen.add(one.fact, one.who, one.cause, one.confidence, one.until)
                came = "new" if pen.changes > before else "known"
            made.append((one, came))
        return pen.delta

    return edit


def dropping(keys: Sequence[Key]) -> Edit:
    """Take out what was put in and had ended elsewhere by then."""

    def edit(state: State, by: Writer, made: list[Any]) -> State:
        pen = Pen(state, by.replica, by.stamp)
        pen.drop_outlived(keys)
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
