"""A pen: what it writes, change after change, is what as many pens of one change each would have written."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.state import Context, Stamp
from cybernetic.state.graph.entries import State, key_for
from cybernetic.state.graph.facts import Assertion, Fact
from cybernetic.state.graph.pen import Pen
from cybernetic.state.replica.editing import check_dots
from tests.support import soak

SOURCES = ("ann", "bob")
facts = st.builds(Fact, st.sampled_from("ab"), st.just("is"), st.sampled_from([1, 1.0, "x"]))
steps = st.one_of(
    st.tuples(st.just("add"), facts, st.sampled_from(SOURCES), st.sampled_from([0.5, 1.0]), st.just(0)),
    st.tuples(st.just("restore"), facts, st.sampled_from(SOURCES), st.just(1.0), st.integers(1, 99)),
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
        if step[0] in ("add", "restore"):
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
