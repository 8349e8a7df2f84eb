"""The directory: nodes that have heard the same agree, who loses a name is told once, and the dead are forgotten."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.crdt import Context, Stamp, digest
from cybernetic.nodes.directory import directory as decisions
from cybernetic.nodes.directory.directory import Directory
from cybernetic.nodes.directory.entries import (
    Changed,
    Claim,
    Closed,
    Effect,
    Entered,
    Left,
    Lost,
    Seat,
    Source,
    Tell,
)
from cybernetic.nodes.directory.parts import Digest
from cybernetic.wire import DamagedMessage

NODES = ("a", "b", "c")
NAMES = st.sampled_from(["x", "y"])
KEYS = st.sampled_from([b"g", b"h"])
SERIALS = st.integers(1, 3)
STAMPS = st.integers(0, 3)
SERVICE = "teams"


def claim(name: str, node: str, millis: int, serial: int = 1, incarnation: str = "1") -> Claim:
    return Claim(name, (node, incarnation), Stamp(millis, 0, node), serial, "C")


def told(effects: list[Effect]) -> list[Effect]:
    """What follows, without what other nodes are told."""
    return [effect for effect in effects if not isinstance(effect, Tell)]


def deltas(effects: list[Effect]) -> list[Any]:
    return [effect.delta for effect in effects if isinstance(effect, Tell)]


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), NAMES),
        st.tuples(st.just("release"), NAMES),
        st.tuples(st.just("enter"), KEYS, SERIALS),
        st.tuples(st.just("leave"), KEYS, SERIALS),
        st.tuples(st.sampled_from(["open", "close"])),
    ),
    max_size=12,
)


@given(ACTS, st.data())
def test_changes_that_come_in_any_order_and_several_times_are_understood_all_the_same(
    acts: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    here, there = Directory("a", "1"), Directory("b", "1")
    made: list[Any] = []
    for serial, (what, *rest) in enumerate(acts, 1):
        if what == "claim":
            made += deltas(here.claim(rest[0], Stamp(serial, 0, "a"), serial, "C"))
        elif what == "release":
            holder = here.holder(rest[0])
            made += deltas(here.release(rest[0], holder.serial if holder else 1))
        elif what == "enter":
            made += deltas(here.enter(SERVICE, *rest, "C"))
        elif what == "leave":
            made += deltas(here.leave(SERVICE, *rest))
        else:
            made += deltas(getattr(here, what)(SERVICE))
    order = data.draw(
        st.permutations(made + data.draw(st.lists(st.sampled_from(made)) if made else st.just([])))
    )
    seats: Counter[Seat] = Counter()
    for delta in order:
        for effect in there.learn(here.me, delta):
            if isinstance(effect, Entered | Left):
                seats[effect.seat] += 1 if isinstance(effect, Entered) else -1
    assert digest(there.part(here.me)) == digest(here.own)
    assert sorted(there.holders()) == sorted(here.holders())
    assert Counter(there.seats(SERVICE)) == +seats
    assert there.missing(here.me, here.version) is None
    assert len(there.part(here.me)) == there.part(here.me).store.trie.size


@given(*[st.builds(claim, st.just("x"), st.sampled_from(NODES), STAMPS, SERIALS, st.sampled_from("12"))] * 3)
def test_claims_are_in_a_total_order(a: Claim, b: Claim, c: Claim) -> None:
    assert (a.rank > b.rank) + (b.rank > a.rank) == (a != b)
    assert a.rank > c.rank or not (a.rank > b.rank > c.rank)


def test_the_later_wins_then_the_greater_node_then_the_greater_serial() -> None:
    assert claim("x", "a", 2).rank > claim("x", "b", 1, 2).rank
    assert claim("x", "b", 1).rank > claim("x", "a", 1, 2).rank
    assert claim("x", "a", 1, 2).rank > claim("x", "a", 1, 1).rank


def apart(*claims: Claim) -> dict[str, list[Any]]:
    """What nodes tell that have heard nothing of each other, each with these claims of its own."""
    made: dict[Source, Directory] = {}
    found: dict[str, list[Any]] = {}
    for each in claims:
        node = made.setdefault(each.source, Directory(*each.source))
        found.setdefault(each.source[0], []).extend(
            deltas(node.claim(each.name, each.stamp, each.serial, each.path))
        )
    return found


def test_ex_4_who_loses_is_told_to_whom_and_the_claim_is_taken_back() -> None:
    node = Directory("a", "1")
    own, later = claim("x", "a", 1), claim("x", "b", 2)
    assert told(node.claim("x", own.stamp, 1, "C")) == [Changed("x", own)]
    (delta,) = apart(later)["b"]
    effects = node.learn(later.source, delta)
    assert told(effects) == [Changed("x", later), Lost(own, later)]
    assert len(deltas(effects)) == 1
    assert told(node.learn(later.source, delta)) == []
    assert node.release("x", 1) == []
    assert len(node.own) == 0
    assert node.lost(later.source) == [Changed("x", None)]


def test_an_earlier_claim_waits_behind_until_the_later_is_gone() -> None:
    node, other = Directory("c", "1"), Directory("b", "1")
    early = claim("x", "a", 1)
    late = deltas(other.claim("x", Stamp(2, 0, "b"), 1, "C"))
    node.learn(other.me, *late)
    assert node.learn(early.source, *apart(early)["a"]) == []
    assert node.learn(other.me, *deltas(other.release("x", 1))) == [Changed("x", early)]
    assert node.lost(early.source) == [Changed("x", None)]
    assert node.holder("x") is None


def test_a_claim_that_a_known_one_beats_is_lost_at_once() -> None:
    node = Directory("a", "1")
    later, own = claim("x", "b", 2), claim("x", "a", 1)
    node.learn(later.source, *apart(later)["b"])
    effects = node.claim("x", own.stamp, 1, "C")
    assert told(effects) == [Lost(own, later)]
    assert len(deltas(effects)) == 2
    assert node.holder("x") == later


def test_the_release_of_a_former_holder_does_not_touch_the_latter() -> None:
    node = Directory("b", "1")
    node.claim("x", Stamp(1, 0, "b"), 1, "C")
    node.claim("x", Stamp(2, 0, "b"), 2, "C")
    assert node.release("x", 1) == []
    assert node.holder("x") == claim("x", "b", 2, 2)


def test_news_of_an_old_incarnation_does_not_touch_a_newer() -> None:
    node = Directory("a", "1")
    old, new = claim("x", "b", 2), claim("x", "b", 3, incarnation="2")
    node.learn(old.source, *apart(old)["b"])
    node.learn(new.source, *apart(new)["b"])
    assert node.lost(old.source) == []
    assert node.holder("x") == new


def test_an_incarnation_that_comes_back_brings_its_entries_back() -> None:
    node, other = Directory("a", "1"), Directory("b", "1")
    other.claim("x", Stamp(1, 0, "b"), 1, "C")
    other.open(SERVICE)
    other.enter(SERVICE, b"g", 1, "C")
    for piece in other.own.in_order():
        node.learn(other.me, piece)
    seats = node.seats(SERVICE)
    gone = node.lost(other.me)
    assert len(gone) == 3
    assert [effect for effect in gone if effect not in (Changed("x", None), Closed(SERVICE))] == [
        *map(Left, seats)
    ]
    assert (node.holders(), node.seats(SERVICE), node.served(SERVICE)) == ([], [], False)
    other.enter(SERVICE, b"g", 2, "C")
    for piece in other.own.in_order():
        node.learn(other.me, piece)
    assert node.holders() == other.holders()
    assert node.seats(SERVICE)[:1] == seats
    assert [seat.serial for seat in node.seats(SERVICE)] == [1, 2]
    assert node.served(SERVICE)


def test_the_last_that_runs_a_service_closes_it() -> None:
    node = Directory("a", "1")
    others = [Directory(name, "1") for name in "bc"]
    for other in others:
        assert told(node.learn(other.me, *deltas(other.open(SERVICE)))) == []
    assert node.learn(others[0].me, *deltas(others[0].close(SERVICE))) == []
    assert node.learn(others[1].me, *deltas(others[1].close(SERVICE))) == [Closed(SERVICE)]


@pytest.mark.parametrize("known", [(1,), (2, 1), (0, 2), (1, 3, 3, 4), ("1", 2), (-1, 2)])
def test_what_is_lacking_is_said_in_numbers(known: Any) -> None:
    node = Directory("a", "1")
    with pytest.raises(DamagedMessage, match="numbers of changes"):
        node.since(known)


def test_whoever_lacks_a_change_in_the_middle_is_told_it_and_no_more() -> None:
    node, other = Directory("a", "1"), Directory("b", "1")
    made = [deltas(node.claim(f"n{n}", Stamp(n, 0, "a"), n, "C")) for n in range(1, 101)]
    for n, (delta,) in enumerate(made):
        if n != 50:
            other.learn(node.me, delta)
    missing = other.missing(node.me, node.version)
    assert missing == (1, 51, 52, 101)
    delta = node.since(missing)
    assert [*delta] == ["n51"]
    assert other.learn(node.me, delta) == [Changed("n51", claim("n51", "a", 51, 51))]
    assert other.missing(node.me, node.version) is None
    assert other.part(node.me).context == Context({"a": (1, 101)})


def test_marks_that_come_in_pieces_of_a_whole_are_forgotten_with_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decisions, "MOST_MARKS", 2)
    node, other = Directory("a", "1"), Directory("b", "1")
    for n in range(1, 12):
        node.claim(f"n{n}", Stamp(n, 0, "a"), n, "C")
    whole = node.own
    for n in range(1, 9):
        whole = whole.join(deltas(node.release(f"n{n}", n))[0])
    for piece in whole.in_order(1):
        other.learn(node.me, piece)
    assert sorted(other.holders()) == sorted(node.holders())
    assert other.part(node.me).store.trie.size == 3
    assert not other._marks


def test_a_digest_tells_parts_apart_in_which_as_much_stands() -> None:
    node = Directory("a", "1")
    parts = [node.own]
    for n in range(1, 4):
        node.claim("x", Stamp(n, 0, "a"), n, "C")
        parts.append(node.own)
    node.enter(SERVICE, b"g", 1, "C")
    parts.append(node.own)
    node.leave(SERVICE, b"g", 1)
    numbers = [Digest().of(part) for part in parts]
    assert len(set(numbers)) == len(parts)
    assert Digest().of(node.own) == numbers[3], "what has been removed does not count"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=40), st.sampled_from([1, 3, 1000]))
def test_names_taken_one_after_another_are_in_the_part_and_in_what_is_told_alike(
    acts: Any, most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decisions, "MOST_FRESH", most)
        one, part = Directory("a", "1"), Directory("a", "1").own
        for n, (takes, name) in enumerate(acts, 1):
            held = one.holder(f"n{name}")
            if takes:
                effects = one.claim(f"n{name}", Stamp(n, 0, "a"), n, "C")
            else:
                effects = one.release(f"n{name}", 0 if held is None else held.serial)
            for delta in deltas(effects):
                assert len(delta.context) == 1
                part = part.join(delta)
            assert len(one._fresh) <= most
        assert one.part(one.me) == part
        assert (one.own, one.version) == (part, len(part.context))
        assert not one._fresh
