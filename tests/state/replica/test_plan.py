"""What replicas decide, decided on values alone."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.state import Context
from cybernetic.state.replica.plan import (
    Due,
    Member,
    claimed,
    diverged,
    due,
    gone,
    heard_of,
    newer,
    snapshot_due,
    stable,
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


@given(contexts, st.integers(0, 8))
def test_who_knows_very_many_runs_claims_the_first_ones(context: Context, most: int) -> None:
    said = claimed(context, most)
    assert said <= context
    assert said == context or len(context) > most
    assert all((replica, 1) not in context or (replica, 1) in said for replica in "abc")


def test_of_two_starts_of_one_site_the_later_counts_and_of_copies_the_greater_id() -> None:
    who = {"s": Member(3, "m", Context(), 0.0)}
    assert newer(who, "s", 2, "z") == who["s"]
    assert newer(who, "s", 3, "a") == who["s"]
    assert newer(who, "s", 3, "m") is None
    assert newer(who, "s", 3, "n") is None
    assert newer(who, "s", 4, "a") is None
    assert newer(who, "t", 1, "a") is None


def test_only_who_knows_the_same_can_differ() -> None:
    one, other = Context.of([("a", 1)]), Context.of([("a", 2)])
    assert diverged(one, b"1", one, b"2")
    assert not diverged(one, b"1", one, b"1")
    assert not diverged(one, b"1", other, b"2")
    assert not diverged(one, None, one, b"2")


def test_a_snapshot_is_due_when_the_journal_is_as_large() -> None:
    assert not snapshot_due(100_000, 0)
    assert snapshot_due(300_000, 0)
    assert not snapshot_due(300_000, 1_000_000)
    assert snapshot_due(1_000_001, 1_000_000)
