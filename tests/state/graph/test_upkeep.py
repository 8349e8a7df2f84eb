"""What is kept of a graph, or on its way into it, no longer than it has to be."""

import pytest

from cybernetic.state import LWW, Hlc, Stamp
from cybernetic.state.graph.answers import GraphRefused
from cybernetic.state.graph.book import Book
from cybernetic.state.graph.edits import sweeping
from cybernetic.state.graph.entries import MOST_DOTS, State, before, put_in, touched
from cybernetic.state.graph.exports import MOST, Exports
from cybernetic.state.graph.facts import Assertion, Fact
from cybernetic.state.graph.past import AT_ONCE, MOST_PAST
from cybernetic.state.graph.pen import Pen
from cybernetic.state.replica.writer import Writer
from tests.state.graph.worlds import NOW, Site, drawn

ANN = Fact("ann", "knows", "bob")


@pytest.mark.parametrize("first", ["heard", "made"])
def test_what_was_said_and_taken_back_at_once_is_on_its_way_no_more(first: str) -> None:
    site = Site("one")
    assert site.book.foresee(ANN, "me")
    if first == "made":
        site.book.landed(ANN, "me")
    pen = site.pen()
    pen.add(ANN, "me")
    pen.remove([(*ANN, "me")], "removed")
    site.write(pen)
    if first == "heard":
        assert site.book.keys(ANN) == [(*ANN, "me")]  # it may be what was removed elsewhere
        site.book.landed(ANN, "me")
    assert not site.book._coming
    assert site.book.keys(ANN) == []


def test_what_has_expired_beneath_a_later_word_is_taken_out_as_well() -> None:
    one, two = Site("one"), Site("two")
    delta = one.add(*ANN, until=NOW + 10)
    two.now += 1
    list(one.take(two.add(*ANN)))
    list(two.take(delta))
    for site in (one, two):
        site.now = NOW + 1000
        assert list(site.book.expire(site.now)) == []
        assert drawn(site.book.spent()) == [(*ANN, "me")]
        fresh = Book(site.name)
        list(fresh.follow(site.state, touched(site.state), site.now))
        assert drawn(fresh.spent()) == [(*ANN, "me")]
        writer = Writer(site.name, Hlc(site.name, lambda: site.now), lambda: site.now)  # noqa: B023
        list(site.take(sweeping([(*ANN, "me")], (), site.now)(site.state, writer, [])))
        assert [period.how for period in site.book.history(ANN)] == ["expired", None]
        assert site.shown() == {ANN}


def test_the_past_that_is_too_much_is_told_whoever_made_it_and_an_edit_takes_out_some() -> None:
    site = Site("one")
    pen = site.pen()
    for n in range(100):
        pen.restore(Assertion(ANN, "me", Stamp(int(NOW) * 1000 + n, 0, "other")))
    site.write(pen)
    crowd = list(site.book.crowding())
    assert len(crowd) == 99 - MOST_PAST
    assert site.book.surplus(ANN) == tuple(crowd[:AT_ONCE])
    pen = site.pen()
    pen.erase(crowd)
    site.write(pen)
    assert list(site.book.crowding()) == []
    assert len(site.book.history(ANN)) == MOST_PAST + 1


@pytest.mark.parametrize("part", [None, 5, b"me", ("me",)])
def test_a_key_whose_source_is_none_ends_no_book(part: object) -> None:
    site = Site("one")
    key = (*ANN, part)
    list(site.take(site.state.put(key, site.state.at(key, LWW).set("other", site.tick(), None))))
    assert site.shown() == set()
    site.add(*ANN)
    assert site.shown() == {ANN}


def test_of_whoever_names_more_changes_than_there_may_be_no_more_count() -> None:
    named = tuple((f"r{n}", n + 1) for n in range(1000))
    assert before(put_in(None, 1.0, None, named)) == named[:MOST_DOTS]


@pytest.mark.parametrize("cause", [None, "another"])
def test_what_is_said_again_when_it_has_expired_had_expired(cause: str | None) -> None:
    site = Site("one")
    site.add(*ANN, until=NOW + 10)
    site.now = NOW + 20
    list(site.book.expire(site.now))
    pen = Pen(site.state, site.name, site.tick, site.now)
    pen.add(ANN, "me", cause)
    site.write(pen)
    assert [period.how for period in site.book.history(ANN)] == ["expired", None]


async def test_no_more_exports_are_open_than_there_may_be() -> None:
    exports = Exports()
    cursors = [exports.begin(State(), NOW) for _ in range(MOST + 3)]
    for cursor in cursors[:3]:
        with pytest.raises(GraphRefused, match="expected the one given last"):
            await exports.page(cursor)
    for cursor in cursors[3:]:
        assert await exports.page(cursor) == ([], None)
