"""What replicas decide, decided on values alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.crdt import context as contexts_module
from cybernetic.state import Context
from cybernetic.state.replica.plan import (
    Absent,
    Due,
    Member,
    covers,
    diverged,
    due,
    few_runs,
    first_runs,
    gone,
    heard_of,
    other_start,
    portion,
    settled,
    snapshot_due,
    stable,
    told,
)

dots = st.sets(st.tuples(st.sampled_from("abc"), st.integers(1, 6)), max_size=12)
contexts = dots.map(Context.of)


@given(contexts, contexts, contexts)
def test_who_lacks_a_forgotten_removal_is_due_the_whole(
    theirs: Context, ours: Context, floor: Context
) -> None:
    what = due(theirs, ours, floor)
    assert (what is Due.WHOLE) == bool(set(floor) - set(theirs))
    assert what is not Due.NOTHING or set(ours) <= set(theirs)
    assert what is not Due.LACKING or set(ours) - set(theirs)
    partly = due(theirs, ours, floor, refusing=True)
    assert partly is (Due.SHOWN if what is Due.WHOLE else what), "a whole is learned altogether or not at all"


@given(contexts, contexts, contexts)
def test_who_is_not_sent_a_place_is_not_told_of_what_was_there_before(
    lacks: Context, spared: Context, left_out: Context
) -> None:
    rest = set(told(Due.LACKING, lacks, spared, left_out))
    last = {
        replica: max(n for one, n in (*spared, *left_out) if one == replica)
        for replica, _ in (*spared, *left_out)
    }
    assert rest == {(replica, n) for replica, n in lacks if n > last.get(replica, 0)}
    assert not told(Due.SHOWN, lacks, spared, left_out), (
        "else it could lack a removal and know all of its like"
    )
    assert set(told(Due.WHOLE, lacks, spared, left_out)) == set(lacks) - set(left_out)


members = st.dictionaries(
    st.sampled_from("stuv"),
    st.builds(Member, st.integers(1, 3), st.sampled_from("abc"), contexts, st.floats(0, 100), st.booleans()),
)


@given(contexts, members, st.sets(st.sampled_from("abc")))
def test_what_is_stable_everyone_who_is_waited_for_knows(own: Context, who: Any, absent: set[str]) -> None:
    known = stable(own, who, absent)
    assert known <= own
    assert all(known <= member.context for member in who.values())
    assert not {replica for replica, _ in known} & absent
    assert all(known.knows_up_to(replica, n) for replica, n in known)
    everywhere = set(own).intersection(*[set(member.context) for member in who.values()])
    assert all((replica, n) in known for replica, n in everywhere if n == 1 and replica not in absent)


@given(members, st.floats(0, 200), st.floats(1, 50), st.floats(1, 50))
def test_who_was_silent_too_long_is_gone(who: Any, now: float, kept: float, unkept: float) -> None:
    left = gone(who, now, kept, unkept)
    for site, member in who.items():
        assert (site in left) == (now - member.heard > (kept if member.kept else unkept))


@given(
    members,
    st.lists(st.tuples(st.sampled_from("stuvw"), st.sampled_from("abc"), st.floats(0, 300), st.booleans())),
    st.floats(0, 200),
)
def test_hearsay_adds_and_refreshes_but_takes_nothing_away(who: Any, told: Any, now: float) -> None:
    after = heard_of(who, told, "w", now - 10, now)
    assert who.keys() <= after.keys()
    assert "w" not in after
    for site, member in after.items():
        before = who.get(site)
        assert member.heard <= max(now, before.heard if before else now)
        assert before is None or (member.context == before.context and member.heard >= before.heard)
        assert before is not None or not member.context


def test_more_than_five_thousand_runs_are_not_few() -> None:
    assert few_runs(Context({"a": tuple(range(1, 19_997, 2)), "b": (1, 5)}))
    assert not few_runs(Context({"a": tuple(range(1, 20_001, 2)), "b": (1, 5)}))


@given(contexts)
def test_the_first_runs_are_what_is_known_without_a_gap(context: Context) -> None:
    first = first_runs(context)
    assert first.unbroken
    assert first <= context
    assert all(((replica, 1) in first) == ((replica, 1) in context) for replica in "abc")


def test_what_is_stable_is_found_without_a_look_at_all_that_is_known_in_many_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []
    real = contexts_module.meet

    def met(ours: Any, theirs: Any) -> Any:
        sizes.append(len(ours) + len(theirs))
        return real(ours, theirs)

    monkeypatch.setattr(contexts_module, "meet", met)
    ours, theirs = Context({"a": tuple(range(1, 200, 2))}), Context({"a": (1, 2, *range(4, 204, 2))})
    assert stable(ours, {"s": Member(1, "b", theirs, 0.0)}, ()) == Context({"a": (1, 2)})
    assert max(sizes) == 4


def test_a_start_of_a_site_is_believed_if_it_follows_all_that_were_known() -> None:
    who = {"s": Member(3, "m", Context(), 0.0)}
    absent = {"p": Absent("t", True, 0.0), "q": Absent("t", True, 0.0)}
    assert other_start(who, absent, "s", "m", ("l",)) is None
    assert other_start(who, absent, "s", "n", ("l", "m")) is None
    assert other_start(who, absent, "s", "l", ("k",)) == (3, "m")
    assert other_start(who, absent, "s", "z", ("l",)) == (3, "m")
    assert other_start(who, absent, "t", "q", ("p",)) is None
    assert other_start(who, absent, "t", "r", ("p",)) == (1, "q")
    assert other_start(who, absent, "u", "r", ()) is None


@given(contexts, members, st.sets(st.sampled_from("abc")))
def test_what_is_covered_is_all_that_anybody_knows(own: Context, who: Any, replicas: set[str]) -> None:
    known = {dot for member in who.values() for dot in member.context if dot[0] in replicas}
    assert covers(own, who.values(), replicas) == (known <= set(own))


def test_who_was_given_up_on_is_forgotten_when_all_know_the_same_of_it_for_good() -> None:
    some, more = Context.of([("z", 1)]), Context.of([("z", 1), ("z", 2)])
    absent = {"z": Absent("s", True, 0.0), "y": Absent("t", False, 0.0)}
    back = {"s": Member(2, "z2", some, 0.0), "r": Member(1, "b", some, 0.0)}
    assert settled(some, back, "own", absent, -1.0) == ["z"]
    assert settled(more, back, "own", absent, -1.0) == []
    assert settled(some, {**back, "r": Member(1, "b", more, 0.0)}, "own", absent, -1.0) == []
    assert settled(some, {"r": back["r"]}, "own", absent, -1.0) == [], "it may return"
    assert settled(some, {"r": back["r"]}, "s", absent, -1.0) == ["z"], "it has, as who asks"
    assert settled(some, {"r": back["r"]}, "own", absent, 1.0) == ["y"]


def test_only_who_knows_the_same_can_differ() -> None:
    one, other = Context.of([("a", 1)]), Context.of([("a", 2)])
    assert diverged(one, b"1", one, b"2")
    assert not diverged(one, b"1", one, b"1")
    assert not diverged(one, b"1", other, b"2")
    assert not diverged(one, None, one, b"2")


@given(contexts, st.integers(1, 9))
def test_what_is_told_in_portions_is_told_in_the_end(context: Context, most: int) -> None:
    left, times = context, 0
    while left:
        part, rest = portion(left, most)
        assert part.join(rest) == left
        assert not part.meet(rest)
        assert sum(len(bounds) for bounds in part.runs.values()) <= 2 * most
        left, times = rest, times + 1
    assert times <= sum(len(bounds) for bounds in context.runs.values()) / 2


def test_a_snapshot_is_due_when_the_journal_is_as_large() -> None:
    assert not snapshot_due(100_000, 0)
    assert snapshot_due(300_000, 0)
    assert not snapshot_due(300_000, 1_000_000)
    assert snapshot_due(1_000_001, 1_000_000)
