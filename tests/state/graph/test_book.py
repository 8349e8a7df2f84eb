"""What a graph shows while facts are asserted, removed, expire and meet on other replicas."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.state import LWW, AWMap, Hlc, Stamp
from cybernetic.state.graph.book import AGAIN, EXPIRING, GRACE, WRITER_GRACE, Book
from cybernetic.state.graph.edits import sweeping
from cybernetic.state.graph.entries import State, standing, touched
from cybernetic.state.graph.facts import Fact
from cybernetic.state.graph.past import MOST_PAST
from cybernetic.state.replica.writer import Writer
from tests.state.graph.worlds import NOW, Site, drawn, facts

ANN = Fact("ann", "knows", "bob")


def test_several_sources_assert_one_fact_and_it_shows_until_the_last_takes_it_back() -> None:
    site = Site("one")
    site.add(*ANN, who="camera", cause="frame 7", confidence=0.5)
    site.add(*ANN, who="clerk")
    first, second = site.book.assertions(ANN)
    assert (first.who, first.cause, first.confidence, first.until) == ("camera", "frame 7", 0.5, None)
    assert (second.who, second.cause, second.confidence) == ("clerk", None, 1.0)
    assert first.at < second.at
    site.remove(*ANN, who="camera")
    assert site.shown() == {ANN}
    site.remove(*ANN, who="clerk")
    assert site.shown() == set()
    assert site.book.assertions(ANN) == []


def test_the_history_of_a_fact_tells_each_period_and_how_it_ended() -> None:
    site = Site("one")
    site.add(*ANN, who="clerk", confidence=0.5)
    site.now += 10
    site.add(*ANN, who="clerk", confidence=0.9, cause="a letter")
    site.now += 10
    site.remove(*ANN, by="boss")
    site.now += 10
    site.add(*ANN, who="clerk", until=site.now + 5)
    told = [
        (one.assertion.confidence, one.how, one.by, one.end and one.end.millis)
        for one in site.book.history(ANN)
    ]
    start = int(NOW * 1000)
    assert told == [
        (0.5, "replaced", "clerk", start + 10_000),
        (0.9, "removed", "boss", start + 20_000),
        (1.0, None, None, None),
    ]
    assert site.book.history(Fact("ann", "knows", "eve")) == []


def test_it_tells_when_others_spoke_last_and_not_of_what_only_expires() -> None:
    one, other = Site("one"), Site("other")
    said = other.add(*ANN, who="clerk", until=NOW + 5)
    assert other.book.hear() is None
    one.add(*ANN, who="nurse")
    list(one.take(said))
    assert (one.book.hear(), one.book.hear()) == (NOW, None)
    one.now += 10
    list(one.book.expire(one.now))
    assert one.book.hear() is None
    other.now += 3
    list(one.take(other.remove(*ANN, who="clerk")))
    assert one.book.hear() == NOW + 3


def test_saying_it_again_changes_nothing_and_renewing_it_leaves_no_past() -> None:
    site = Site("one")
    site.add(*ANN, who="clerk", cause="a letter")
    assert not site.add(*ANN, who="clerk", cause="a letter")
    site.add(*ANN, who="clerk", cause="a letter", until=NOW + 60)
    assert [one.until for one in site.book.assertions(ANN)] == [NOW + 60]
    assert len(site.book.history(ANN)) == 1


def test_the_past_of_a_fact_is_bounded() -> None:
    site = Site("one")
    for n in range(3 * MOST_PAST):
        site.add(*ANN, cause=f"reason {n}")
        pen = site.pen()
        pen.erase(site.book.surplus(ANN))
        site.write(pen)
    assert [one.assertion.cause for one in site.book.history(ANN)] == [
        f"reason {n}" for n in range(2 * MOST_PAST - 1, 3 * MOST_PAST)
    ]
    site.now += 100
    pen = site.pen()
    assert not drawn(site.book.outdated(50))
    list(site.book.expire(site.now))
    pen.erase(drawn(site.book.outdated(50)))
    site.write(pen)
    assert len(site.book.history(ANN)) == 1


def test_an_expired_fact_is_answered_no_more_and_removed_first_by_its_writer() -> None:
    one, two = Site("one"), Site("two")
    delta = one.add(*ANN, until=NOW + 10)
    list(two.take(delta))
    assert two.book.due() == NOW + 10
    for site in (one, two):
        site.now = NOW + 9.9
        assert list(site.book.expire(site.now)) == []
        site.now = NOW + 10
        assert list(site.book.expire(site.now)) == [(ANN, False)]
        assert site.shown() == set()
        assert site.book.assertions(ANN) == []
        assert drawn(site.book.spent()) == []
        list(site.book.expire(NOW + 10 + WRITER_GRACE))
    assert drawn(one.book.spent()) == [(*ANN, "me")]
    assert drawn(two.book.spent()) == []
    list(two.book.expire(NOW + 10 + GRACE))
    assert drawn(two.book.spent()) == [(*ANN, "me")]
    delta = one.remove(*ANN, how="expired", by="one")
    assert standing(one.state, (*ANN, "me")) is None
    list(two.take(delta))
    assert drawn(two.book.spent()) == []
    assert [period.how for period in two.book.history(ANN)] == ["expired"]


def test_a_renewal_survives_the_removal_of_what_had_expired() -> None:
    one, two = Site("one"), Site("two")
    list(two.take(one.add(*ANN, until=NOW + 10)))
    for site in (one, two):
        site.now = NOW + 200
        list(site.book.expire(site.now))
    removal = one.remove(*ANN, how="expired", by="one")
    renewal = two.add(*ANN, until=NOW + 500)
    list(one.take(renewal))
    list(two.take(removal))
    assert one.state == two.state
    assert one.shown() == two.shown() == {ANN}


def test_what_arrives_expired_never_shows() -> None:
    one, two = Site("one"), Site("two")
    delta = one.add(*ANN, until=NOW + 10)
    two.now = NOW + 20
    assert list(two.take(delta)) == []
    assert two.shown() == set()
    two.now += GRACE
    list(two.book.expire(two.now))
    assert drawn(two.book.spent()) == [(*ANN, "me")]


def test_the_removal_of_what_expired_spares_what_was_renewed_meanwhile() -> None:
    site = Site("one")
    site.add(*ANN, until=NOW + 10)
    site.add("ann", "likes", "tea", until=NOW + 10)
    site.now = NOW + 100
    list(site.book.expire(site.now))
    spent = drawn(site.book.spent())
    assert len(spent) == 2
    site.add(*ANN, until=NOW + 500)
    delta = sweeping(spent, (), site.now)(
        site.state, Writer("one", Hlc("one", lambda: site.now), lambda: site.now), []
    )
    list(site.take(delta))
    assert standing(site.state, (*ANN, "me")) is not None
    assert standing(site.state, ("ann", "likes", "tea", "me")) is None


def test_what_a_source_said_at_once_in_two_places_ends_with_what_it_says_next() -> None:
    one, two = Site("one"), Site("two")
    delta = one.add(*ANN, cause="here")
    list(one.take(two.add(*ANN, cause="there")))
    list(two.take(delta))
    assert one.book.assertions(ANN) == two.book.assertions(ANN)
    one.add(*ANN, cause="here")
    told = [(period.assertion.cause, period.how) for period in one.book.history(ANN)]
    assert told == [("here", "replaced"), ("there", "replaced"), ("here", None)]


def test_many_renewals_do_not_pile_up() -> None:
    site = Site("one")
    for n in range(1000):
        site.add(*ANN, until=NOW + 100 + n)
    assert site.book._ends.size < 500
    list(site.book.expire(NOW + 1098))
    assert site.shown() == {ANN}
    list(site.book.expire(NOW + 1099))
    assert site.shown() == set()


def test_many_sources_of_one_fact_cost_no_more_each() -> None:
    site = Site("one")
    pen = site.pen()
    for n in range(300):
        pen.add(ANN, f"source {n}", until=NOW + 10 + n % 3)
    assert list(site.take(pen.delta)) == [(ANN, True)]
    assert len(site.book.assertions(ANN)) == 300
    site.now = NOW + 11
    assert list(site.book.expire(site.now)) == [None] * (200 // EXPIRING)
    assert len(site.book.assertions(ANN)) == 100
    site.now = NOW + 12
    assert drawn(site.book.expire(site.now)) == [(ANN, False)]
    list(site.book.expire(NOW + 100))
    assert len(drawn(site.book.spent())) == 300
    assert drawn(site.book.spent()) == []
    list(site.book.expire(NOW + 100 + AGAIN))
    assert len(drawn(site.book.spent())) == 300, "what stays all the same is told again"


def test_many_that_expire_at_once_are_let_go_with_breaths() -> None:
    site = Site("one")
    pen = site.pen()
    for n in range(2 * EXPIRING):
        pen.add(Fact("s", "p", n), "me", until=NOW + 10)
    site.write(pen)
    told = list(site.book.expire(NOW + 10))
    assert (told.count(None), len(told)) == (2, 2 * EXPIRING + 2)
    assert site.shown() == set()


def test_the_memory_of_what_is_past_does_not_outgrow_it() -> None:
    site = Site("one")
    for n in range(500):
        site.add(*ANN, cause=f"reason {n}")
        pen = site.pen()
        pen.erase(site.book.surplus(ANN))
        site.write(pen)
    assert len(site.book.history(ANN)) <= MOST_PAST + 2
    assert site.book._ages.size < 500


def test_what_a_clock_ahead_let_expire_shows_again_when_it_is_set_back_and_expires_in_its_time() -> None:
    site = Site("one")
    eve = Fact("ann", "knows", "eve")
    site.add(*ANN, until=NOW + 50)
    site.add(*eve, until=NOW + 5)
    ahead = list(site.book.expire(NOW + 55))
    assert {change[0] for change in ahead if change} == {ANN, eve}
    assert list(site.book.expire(NOW + 10)) == [(ANN, True)]
    assert site.shown() == {ANN}
    assert site.book.due() == NOW + 50
    assert [one.until for one in site.book.assertions(ANN)] == [NOW + 50]
    assert list(site.book.expire(NOW + 49)) == []
    assert list(site.book.expire(NOW + 50)) == [(ANN, False)]
    list(site.book.expire(NOW + 50 + WRITER_GRACE))
    assert {*drawn(site.book.spent())} == {(*ANN, "me"), (*eve, "me")}


def test_what_is_said_after_a_clock_was_set_back_holds_by_the_clock_as_it_is() -> None:
    site = Site("one")
    list(site.book.expire(NOW + 3600))
    site.add(*ANN, until=NOW + 600)
    assert site.shown() == {ANN}
    assert [one.until for one in site.book.assertions(ANN)] == [NOW + 600]


def test_a_clock_that_was_ahead_brings_nothing_back_that_was_removed_or_said_anew_meanwhile() -> None:
    site = Site("one")
    eve = Fact("ann", "knows", "eve")
    site.add(*ANN, until=NOW + 50)
    site.add(*eve, until=NOW + 50)
    site.now = NOW + 55
    list(site.book.expire(site.now))
    pen = site.pen()
    pen.remove([(*ANN, "me")], "expired")
    site.write(pen)
    site.add(*eve, until=NOW + 20)
    site.now = NOW + 30
    assert list(site.book.expire(site.now)) == []
    assert site.shown() == set()


def test_a_clock_that_goes_to_and_fro_costs_no_more_each_time() -> None:
    site = Site("one")
    site.add(*ANN, until=NOW + 50)
    for _ in range(1000):
        assert list(site.book.expire(NOW + 55)) == [(ANN, False)]
        assert list(site.book.expire(NOW)) == [(ANN, True)]
    assert max(one.size for one in (site.book._ends, site.book._passed, site.book._removals)) < 500


def test_what_is_on_its_way_is_known_until_it_has_come() -> None:
    site = Site("one")
    site.book.foresee(ANN, "me")
    assert site.book.keys(ANN) == [(*ANN, "me")]
    assert site.book.assertions(ANN) == []
    site.add(*ANN, who="you")
    site.remove(*ANN, who="you")
    assert site.shown() == set()
    site.add(*ANN)
    assert site.shown() == {ANN}
    site.book.foresee(ANN, "me")
    assert not site.book._coming, "it has come already"


def test_a_clock_that_is_behind_still_replaces_what_it_has_seen() -> None:
    one, two = Site("one"), Site("two")
    one.now += 50
    list(two.take(one.add(*ANN, confidence=0.1)))
    two.add(*ANN, confidence=0.2)
    assert [found.confidence for found in two.book.assertions(ANN)] == [0.2]
    assert len(two.book.history(ANN)) == 2


def test_a_change_costs_what_it_changes_however_much_there_is() -> None:
    site = Site("one")
    pen = site.pen()
    for n in range(2000):
        pen.add(Fact(f"thing {n}", "is", n), "me")
    site.write(pen)
    pen = site.pen()
    pen.add(ANN, "me")
    assert len(list(touched(pen.delta))) == 1
    assert list(site.take(pen.delta)) == [(ANN, True)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (("ann", "knows", "bob", "me"), 5),
        (("ann", "knows", "bob", "me"), (None, 7.0, None)),
        (("ann", "knows", "bob", "me"), (None, 1.0, "soon")),
        (("ann", "knows", None, "me"), None),
        (("ann", "knows", b"bob", "me"), None),
        (("ann", "knows", "bob", ""), None),
        (("ann", "", "bob", "me"), None),
        ((5, "knows", "bob", "me"), None),
        (("ann", "knows", "bob", "me", 1, 2, 3), (None, 1.0, None, "removed", "me", None)),
        (("ann", "knows", "bob", "me", 1, 2, "n"), (None, 1.0, None, "vanished", "me", None)),
        (("ann", "knows", "bob", "me", 1, 2, "n"), 7),
        ("ann", None),
        (("ann", "knows"), None),
    ],
)
def test_what_is_no_fact_does_no_harm_and_never_shows(key: Any, value: Any) -> None:
    site = Site("one")
    site.add("ann", "likes", "eve")
    foreign: Any = AWMap().put(key, LWW().set("two", Stamp(1, 2, "two"), value))
    assert list(site.take(foreign)) == []
    assert site.shown() == {("ann", "likes", "eve")}
    assert site.book.history(ANN) == []
    site.add(*ANN)
    assert site.shown() == {("ann", "likes", "eve"), ANN}


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "expiring", "remove", "send", "send", "wait"]),
        st.integers(0, 2),
        facts,
        st.sampled_from(["me", "you"]),
        st.integers(0, 20),
    ),
    max_size=40,
)


@given(ACTIONS, st.randoms(use_true_random=False))
def test_replicas_that_have_heard_of_all_changes_show_the_same_whatever_way_they_came(
    actions: Any, chance: Any
) -> None:
    sites = [Site(name) for name in ("one", "two", "three")]
    sent: list[list[State]] = [[], [], []]
    for action, at, fact, who, n in actions:
        site = sites[at]
        match action:
            case "add":
                delta = site.add(*fact, who=who, confidence=n / 20)
            case "expiring":
                delta = site.add(*fact, who=who, until=site.now + n)
            case "remove":
                delta = site.remove(*fact, who=chance.choice([who, None]))
            case "send":
                for other in sites:
                    for delta in chance.sample(sent[at], len(sent[at]) // 2):
                        list(other.take(delta))
                continue
            case _:
                for each in sites:
                    each.now += n - 5  # clocks are set back too
                    list(each.book.expire(each.now))
                continue
        sent[at].append(delta)
    for site in sites:
        deltas = [delta for one in sent for delta in one]
        chance.shuffle(deltas)
        for delta in deltas:
            list(site.take(delta))
    one = sites[0]
    for other in sites:
        anew = Book()
        list(anew.follow(other.state, touched(other.state), other.now))
        assert other.state == one.state
        assert other.shown() == one.shown() == set(anew.triples.match(None, None, None))
        for fact in one.shown():
            told = Fact(fact[0], fact[1], fact[2] if type(fact[2]) is not tuple else fact[2][1])
            assert other.book.assertions(told) == one.book.assertions(told)
            assert other.book.history(told) == one.book.history(told) == anew.history(told)
