"""The price of a change in a large value is that of the change; and what is large is worked on in short steps."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from cybernetic.crdt import LWW, MV, AWMap, AWSet, Context, Digests, Lattice, Stamp, digest
from cybernetic.crdt.branch import Branch
from cybernetic.crdt.leaf import Leaf
from tests.support import soak

SIZE = soak(6_000, 100_000)
SLICE = 50


def calls(act: Callable[[], object]) -> int:
    """How many Python and C functions `act` calls: a measure of work that no other process disturbs."""
    count = 0

    def counted(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def large_map(size: int) -> AWMap[str]:
    leaves: Any = {("mv", f"key-{n}"): Leaf((("ann", n),), (("ann", n, n),)) for n in range(1, size + 1)}
    return AWMap[str].from_store(Branch.of(leaves), Context({"ann": (1, size + 1)}))


def large_set(size: int) -> AWSet[int]:
    return AWSet[int]().add("ann", *range(size))


def map_change(value: Any) -> Any:
    return value.put("key-7", value.at("key-7", MV).set("bob", "new"))


def set_change(value: Any) -> Any:
    return value.add("bob", 7, -1).join(value.remove("bob", 8))


@pytest.mark.parametrize(("make", "change"), [(large_map, map_change), (large_set, set_change)])
def test_a_change_costs_the_same_in_a_large_value(make: Any, change: Any) -> None:
    small, large = make(100), make(SIZE)
    for act in (
        lambda value: change(value),
        lambda value: value.join(change(value)),
        lambda value: value.join(change(value)).since(value.context),
        lambda value: value.since(value.context),
        lambda value: value.join(change(value)).forget(Context(), change(value)),
        lambda value: len(value) + (7 in value) + bool(value),
    ):
        price, more = calls(partial(act, small)), calls(partial(act, large))
        assert more < 3 * price + 300


def test_what_is_large_is_joined_tidied_and_summed_in_steps_that_are_short() -> None:
    whole = large_map(SIZE)
    whole = whole.join(whole.remove("bob", *[f"key-{n}" for n in range(1, SIZE, 2)]))
    pieces = iter(whole.slices(SLICE))
    joined: Any = AWMap()
    tidied, most = whole, 0
    steps = 0

    def step() -> None:
        nonlocal joined, tidied
        piece = next(pieces, None)
        if piece is None:
            raise StopIteration
        joined = joined.join(piece)
        tidied = tidied.forget(whole.context, piece)

    while True:
        try:
            most = max(most, calls(step))
        except StopIteration:
            break
        steps += 1
    assert steps > SIZE / SLICE
    assert most < 400 * SLICE
    assert joined == whole
    assert tidied == whole.forget(whole.context)
    assert tidied.store.trie.size == SIZE // 2
    assert digest(whole) == digest(tidied)


def test_the_digest_of_what_is_large_is_made_in_steps_and_after_a_change_of_a_few_parts() -> None:
    digests, whole = Digests(), large_map(SIZE)
    steps = digests.steps(whole)
    while (price := calls(lambda: next(steps, 0))) > 5:
        assert price < 5000
    assert calls(lambda: digests.of(whole)) < 10
    changed = whole.join(map_change(whole))
    assert calls(lambda: digests.of(changed)) < 5000
    assert digests.of(changed) == digest(changed) != digest(whole)


@pytest.mark.parametrize(
    ("content", "most"),
    [([[n, "word"] for n in range(1000)], 2), ({n: [n] for n in range(1000)}, 2), ("x" * 1_000_000, 5)],
)
def test_where_much_is_in_each_place_pieces_and_steps_have_few_of_them(content: Any, most: int) -> None:
    stamp = Stamp(1_700_000_000_000, 0, "ann")
    rich = AWMap().writes("ann", LWW, dict.fromkeys(range(40), (stamp, content)))
    pieces = [len(piece) for piece in rich.slices(50)]
    assert sum(pieces) == 40
    assert max(pieces) <= most
    assert [len(piece) for piece in rich.split(1)] == [1] * 40
    assert not rich.few(50)
    assert len(list(Digests().steps(rich))) >= 40 // most
    poor = AWMap().writes("ann", LWW, {n: (stamp, [n, "word"]) for n in range(40)})
    assert [len(piece) for piece in poor.slices(50)] == [40, 0]
    assert list(Digests().steps(poor)) == []


def test_the_digest_of_a_large_map_inside_another_is_made_in_steps_too() -> None:
    digests, inner = Digests(), large_map(SIZE)
    outer = AWMap[str]()
    outer = outer.join(outer.put("inside", inner))
    steps = digests.steps(outer)
    while (price := calls(lambda: next(steps, 0))) > 5:
        assert price < 5000
    assert digests.of(outer) == digest(outer) != 0


def test_a_search_in_a_large_value_gives_back_the_loop_though_it_finds_little() -> None:
    """Who lacks one early change of many is searched for in all leaves: in steps."""
    whole = large_map(SIZE)
    known = Context({"ann": (2, SIZE + 1)})
    deltas = list(whole.split(SLICE, known))
    assert [len(delta) for delta in deltas if delta] == [1]
    found = iter(whole.split(SLICE, known))
    assert max(calls(lambda: next(found, None)) for _ in deltas) < 100 * SLICE


def test_a_search_in_a_large_map_inside_another_finds_all_there_is() -> None:
    inner = large_map(SIZE)
    outer = AWMap[str]()
    outer = outer.join(outer.put("inside", inner))
    lacking = range(1, SIZE, SIZE // 7)
    known = outer.context.minus(Context.of([("ann", n) for n in lacking]))
    found = AWMap[str]()
    deltas = list(outer.split(SLICE, known))
    for delta in deltas:
        found = found.join(delta)
    search = iter(outer.split(SLICE, known))
    assert max(calls(lambda: next(search, None)) for _ in deltas) < 200 * SLICE
    assert set(found.at("inside", AWMap)) == {f"key-{n}" for n in lacking}


def test_two_that_changed_the_same_keys_meet_at_a_price_in_proportion() -> None:
    base = large_map(2000)
    ours: Lattice = base.join(base.remove("bob", *[f"key-{n}" for n in range(1, 1001)]))
    theirs = base
    for n in range(500, 1500):
        theirs = theirs.join(theirs.put(f"key-{n}", theirs.at(f"key-{n}", MV).set("cat", -n)))
    both = ours.join(theirs)
    assert both == theirs.join(ours)  # type: ignore[arg-type]
    assert len(both) == 2000 - 499  # type: ignore[arg-type]
