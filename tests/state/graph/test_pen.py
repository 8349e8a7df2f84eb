"""A pen: what it writes, change after change, is what as many pens of one change each would have written."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.state import Context, Stamp
from cybernetic.state.graph.book import Book
from cybernetic.state.graph.entries import State, key_for, past_key, standing
from cybernetic.state.graph.facts import Assertion, Fact
from cybernetic.state.graph.outliving import outlived
from cybernetic.state.graph.pen import Pen
from cybernetic.state.replica.editing import check_dots
from tests.support import soak

SOURCES = ("ann", "bob")
ANN = Fact("ann", "knows", "bob")
KEY = key_for(ANN, "clerk")
facts = st.builds(Fact, st.sampled_from("ab"), st.just("is"), st.sampled_from([1, 1.0, "x"]))
steps = st.one_of(
    st.tuples(st.just("add"), facts, st.sampled_from(SOURCES), st.sampled_from([0.5, 1.0]), st.just(0)),
    st.tuples(st.just("restore"), facts, st.sampled_from(SOURCES), st.just(1.0), st.integers(1, 99)),
    st.tuples(st.just("again"), facts, st.sampled_from(SOURCES), st.just(1.0), st.integers(1, 99)),
    st.tuples(st.just("drop"), facts, st.sampled_from(SOURCES), st.just(1.0), st.just(0)),
    st.tuples(st.just("remove"), facts, st.sampled_from(SOURCES), st.just(1.0), st.just(0)),
    st.tuples(st.just("erase"), facts, st.sampled_from(SOURCES), st.just(1.0), st.just(0)),
    st.tuples(st.just("ask"), facts, st.sampled_from(SOURCES), st.just(1.0), st.just(0)),
)


class Ticks:
    """Stamps, one after another."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> Stamp:
        self.count += 1
        return Stamp(50, self.count, "here")


def write(pen: Pen, step: Any) -> object:
    """Do a step; what the pen says of it."""
    what, fact, who, confidence, millis = step
    match what:
        case "add":
            return pen.add(fact, who, None, confidence)
        case "restore":
            return pen.restore(Assertion(fact, who, Stamp(millis, 0, "there"), None, confidence))
        case "again":
            return pen.say_again(Assertion(fact, who, Stamp(millis, 0, "there"), None, confidence))
        case "drop":
            pen.drop_outlived([key_for(fact, who)])
        case "remove":
            return pen.remove([key_for(fact, who)], "removed", "me")
        case "erase":
            pen.erase([key_for(fact, who)])
    return len(pen.state)


@settings(max_examples=soak(100, 3000))
@given(st.lists(steps, max_size=12), st.lists(steps, max_size=12))
def test_one_pen_writes_what_many_would(before: list[Any], work: list[Any]) -> None:
    first = Pen(State(), "here", Ticks())
    for step in before:
        write(first, step)
    base = first.state
    one, ticks = Pen(base, "here", Ticks()), Ticks()
    state = base
    for step in work:
        many = Pen(state, "here", ticks)
        changes = one.changes
        assert write(one, step) == write(many, step)
        assert one.changes - changes == many.changes
        if step[0] in ("add", "restore", "again"):
            assert bool(many.changes) == bool(many.delta)
        state = state.join(many.delta)
    assert one.state.store == state.store
    assert one.state.context == state.context
    assert base.join(one.delta).store == state.store
    check_dots(one.delta, base.context, "here")


def test_a_pen_that_wrote_nothing_has_no_delta() -> None:
    pen = Pen(State(), "here", Ticks())
    assert pen.remove([key_for(Fact("a", "is", "b"), "ann")], "removed") == []
    pen.erase([])
    assert (pen.changes, bool(pen.delta), pen.delta.context) == (0, False, Context())


def put_in_elsewhere() -> tuple[State, State, State]:
    """What "a" said, the same put in at "b", which does not know "a", and "a" after it took it back."""
    there = Pen(State(), "a", Ticks())
    said = there.add(ANN, "clerk")
    before, here = there.state, Pen(State(), "b", Ticks())
    assert here.restore(said, (("a", 1),)) == "new"
    there.remove([KEY], "removed")
    there.erase([past_key(said)])
    return before, here.state, there.state


def test_what_was_put_in_and_had_ended_is_taken_out_once_that_is_known_and_by_nobody_before() -> None:
    before, here, after = put_in_elsewhere()
    both = here.join(before)
    for known, stands in ((here, True), (both, True), (here.join(after), False), (both.join(after), False)):
        assert bool(outlived(known, KEY)) != stands
        pen = Pen(known, "b", Ticks())
        pen.drop_outlived([KEY])
        assert bool(pen.delta) != stands
        assert (standing(pen.state, KEY) is not None) == stands


def test_what_was_said_besides_stays() -> None:
    _, here, after = put_in_elsewhere()
    other = Pen(State(), "c", lambda: Stamp(1, 0, "c"))
    said = other.add(ANN, "clerk", None, 0.5)
    pen = Pen(here.join(after).join(other.state), "b", Ticks())
    pen.drop_outlived([KEY])
    check_dots(pen.delta, here.join(after).join(other.state).context, "b")
    assert standing(pen.state, KEY) == said
    assert not outlived(pen.state, KEY)


def test_what_had_ended_is_found_when_nothing_but_what_is_known_changes() -> None:
    _, here, after = put_in_elsewhere()
    book = Book("b")
    list(book.follow(here, [KEY], 0.0))
    list(book.look())
    assert list(book.outlived()) == []
    knows = here.join(here.from_store(None, after.context))
    list(book.follow(knows, [], 0.0))
    for _ in range(2):
        list(book.look())
        assert list(book.outlived()) == [KEY]
    pen = Pen(knows, "b", Ticks())
    pen.drop_outlived([KEY])
    list(book.follow(pen.state, [KEY], 0.0))
    assert list(book.outlived()) == []
