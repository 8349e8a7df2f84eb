"""Who was away so long that the others did not wait brings nothing removed back, and loses nothing it wrote."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.crdt import MV, AWMap, AWSet, Context, GCounter, PNCounter
from tests.crdt.world import TYPES, Op, World, ops, shown
from tests.support import soak

each_type = pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
AWAY = 2

Did = list[tuple[int, Op]]
WRITE = Op(0, 0, 0, Op(0, 0, 0, Op(0, 0, 0)))
did = st.lists(st.tuples(st.integers(0, 2), ops), max_size=soak(20, 40))


def meanwhile(world: World[Any], before: Did, after: Did, *, tidy: bool) -> None:
    """Changes with all together, then with the last one away; the others forget without it where `tidy`."""
    for who, op in before:
        world.change(who, op)
    world.heal()
    for who, op in after:
        world.change(who, op)
        if who != AWAY:
            world.ask(1 - who, who)
            if tidy:
                stable = world.states[0].context.meet(world.states[1].context).without([world.names[AWAY]])
                world.states[who] = world.states[who].forget(stable)


@each_type
@pytest.mark.parametrize("leaves", [None, 2])
@given(before=did, after=did)
@example(before=[(1, WRITE)], after=[(0, WRITE)])  # one replaces the other, and forgets it
@settings(max_examples=soak(25, 1000))
def test_who_returns_brings_what_it_wrote_and_nothing_that_was_removed(
    kind: type[Any], leaves: int | None, before: Did, after: Did
) -> None:
    tidy, untidy = World(kind), World(kind)
    meanwhile(tidy, before, after, tidy=True)
    meanwhile(untidy, before, after, tidy=False)
    back, whole = tidy.states[AWAY], tidy.states[0]
    if leaves is None:
        back = back.retire(whole).join(whole)
    else:
        for piece in back.slices(leaves):
            back = back.retire(whole, piece)
        for piece in whole.slices(leaves):  # as `Copy.merge` does
            store = back.store.join(piece.store, back.context, whole.context)
            back = back.from_store(store, back.context.join(piece.context))
    tidy.states[AWAY] = back
    tidy.heal()
    untidy.heal()
    assert list(map(shown, tidy.states)) == list(map(shown, untidy.states))


def test_a_delta_of_long_ago_does_not_bring_back_what_was_removed_and_forgotten() -> None:
    plan = AWMap[str]()
    late = [
        plan.put("a", plan.at("a", MV).set("ann", 1)),
        plan.put("b", AWSet[int]().add("bob", 1, 2)),
        plan.put("c", PNCounter().increment("cat", 4)),
    ]
    for delta in late:
        plan = plan.join(delta)
    plan = plan.join(plan.remove("dan", "a", "b", "c"))
    plan = plan.forget(plan.context)
    assert plan.store.trie.size == 0
    for delta in late:
        plan = plan.join(delta)
    assert (len(plan), plan.store.trie.size) == (0, 0)


def test_a_delta_of_long_ago_does_not_come_up_beside_the_write_that_replaced_it() -> None:
    """Even where the leaf has forgotten what it replaced: a register is no larger for who once wrote it."""
    empty = MV[int]()
    first = empty.set("ann", 1)
    second = empty.join(first).set("bob", 2)
    now = empty.join(first).join(second)
    tidy = now.forget(now.context)
    assert [replica for replica, _ in tidy.store.seen] == ["bob"]
    assert tidy.join(first).values == first.join(tidy).values == (2,)
    assert tidy.join(second).join(tidy.set("cat", 3)).values == (3,)


def test_who_returns_to_a_register_that_was_cleared_and_forgotten_does_not_bring_its_value_back() -> None:
    """The whole value may have gone, as a place in a set or a map may."""
    away = MV[int]().set("ann", 1)
    here = away.join(away.clear("bob"))
    here = here.forget(here.context)
    assert not here.store.seen
    assert away.retire(here).join(here).values == ()
    wrote = away.join(away.set("ann", 2))
    assert wrote.retire(here).join(here).values == (2,)


def test_what_not_all_know_to_be_removed_is_not_forgotten() -> None:
    other = AWMap[str]()
    for delta in (
        other.put("a", other.at("a", MV).set("ann", 1)),
        other.put("b", AWSet[int]().add("bob", 1, 2)),
        other.put("c", PNCounter().increment("cat", 4)),
    ):
        other = other.join(delta)
    removed = other.join(other.remove("dan", "a", "b", "c"))
    assert removed.forget(other.context) == removed
    assert len(other.join(removed.forget(other.context).since(other.context))) == 0


@pytest.mark.parametrize("gaps", [[("ann", 2)], [("ann", 1), ("ann", 3)], [("bob", 1), ("ann", 2)]])
def test_nothing_is_forgotten_by_a_context_with_gaps(gaps: list[tuple[str, int]]) -> None:
    value = AWSet[int]()
    value = value.join(value.add("ann", 1)).join(value.add("bob", 2))
    with pytest.raises(OptionError, match="stable: expected of each replica the changes from the first on"):
        value.forget(Context.of(gaps))
    with pytest.raises(OptionError, match="stable"):
        GCounter().forget(Context.of(gaps))
    assert value.forget(Context.of([("ann", 1)])) == value
