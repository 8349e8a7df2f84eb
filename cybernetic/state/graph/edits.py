"""The changes of a graph as edits of its replica: what the agent decides, written down where the value is.

`ended` gives the latest stamp of what has ended under a key, as `Book.ended`.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from cybernetic.state.graph.book import WRITER_GRACE
from cybernetic.state.graph.entries import Dots, Key, State
from cybernetic.state.graph.facts import Assertion
from cybernetic.state.graph.outliving import Ended
from cybernetic.state.graph.pen import Pen
from cybernetic.state.graph.records import UNSTAMPED
from cybernetic.state.replica.writer import Writer

Edit: TypeAlias = Callable[[State, Writer, list[Any]], State]
"""Makes a delta; puts what it has made into the list."""


def adding(assertion: Assertion, surplus: Sequence[Key], ended: Ended) -> Edit:
    """Assert a fact; `surplus` are places of its past that are too many."""

    def edit(state: State, by: Writer, made: list[Any]) -> State:
        pen = Pen(state, by.replica, by.stamp, by.now(), ended)
        fact, who, _, cause, confidence, until = assertion
        made.append(pen.add(fact, who, cause, confidence, until))
        pen.erase(surplus)
        return pen.delta

    return edit


def removing(keys: Sequence[Key], who: str, why: str | None, ended: Ended) -> Edit:
    """Take assertions back."""

    def edit(state: State, by: Writer, made: list[Any]) -> State:
        pen = Pen(state, by.replica, by.stamp, by.now(), ended)
        made.extend(pen.remove(keys, "removed", who, why))
        return pen.delta

    return edit


def loading(imports: Sequence[tuple[Assertion, Dots]], again: bool, ended: Ended) -> Edit:
    """Put in assertions made elsewhere or earlier, each with the changes it came with; made is what came of each.

    What has ended since stays out, and what comes in goes as soon as it is known that it had. Those without a stamp, or
    all that are to be said `again`, are said here and now.
    """

    def edit(state: State, by: Writer, made: list[Any]) -> State:
        pen = Pen(state, by.replica, by.stamp, by.now(), ended)
        for one, dots in imports:
            if one.at == UNSTAMPED:
                came = pen.say(one)
            else:
                came = pen.say_again(one) if again else pen.restore(one, dots)
            made.append((one, came))
        return pen.delta

    return edit


def dropping(keys: Sequence[Key], ended: Ended) -> Edit:
    """Take out what was put in and had ended elsewhere by then."""

    def edit(state: State, by: Writer, made: list[Any]) -> State:
        pen = Pen(state, by.replica, by.stamp, by.now(), ended)
        pen.drop_outlived(keys)
        return pen.delta

    return edit


def sweeping(spent: Sequence[Key], outdated: Sequence[Key], latest: float) -> Edit:
    """Take out what has expired by `latest`, unless it was renewed meanwhile, and what is too old of the past."""

    def edit(state: State, by: Writer, made: list[Any]) -> State:
        pen = Pen(state, by.replica, by.stamp, by.now())
        pen.drop_expired(spent, latest - WRITER_GRACE)
        pen.erase(outdated)
        return pen.delta

    return edit


def steps(edits: Callable[[Sequence[Any]], Edit], work: Sequence[Any], size: int) -> list[Edit]:
    """Edits of at most `size` parts of the work each."""
    return [edits(work[at : at + size]) for at in range(0, len(work), size)]
