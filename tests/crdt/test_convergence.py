"""Whatever the network does, replicas agree once all are told; and the laws of a lattice, for every type."""

from typing import Any

import pytest
from hypothesis import given, settings

from cybernetic.crdt import Digests, Lattice, digest
from tests.crdt.world import TYPES, Step, World, schedules, shown
from tests.support import soak

KINDS: list[type[Lattice]] = list(TYPES)
LENGTH = soak(30, 60)
each_type = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
few = settings(max_examples=soak(25, 2000))


def run(kind: type[Any], steps: list[Step], size: int = 3) -> World[Any]:
    world: World[Any] = World(kind, size)
    for step in steps:
        step(world)
    return world


@each_type
@given(steps=schedules(LENGTH))
@few
def test_joining_is_commutative_associative_and_idempotent(kind: type[Lattice], steps: list[Step]) -> None:
    a, b, c = run(kind, steps).states
    assert a.join(b) == b.join(a)
    assert a.join(b).join(c) == a.join(b.join(c))
    assert a.join(a) == a
    assert a.join(b).join(b) == a.join(b)
    assert a.join(kind()) == a == kind().join(a)


@each_type
@given(steps=schedules(LENGTH))
@few
def test_deltas_are_no_exception_to_the_laws(kind: type[Lattice], steps: list[Step]) -> None:
    world = run(kind, steps)
    a, b, c = (*world.told[-3:], kind(), kind(), kind())[:3]
    assert a.join(b) == b.join(a)
    assert a.join(b).join(c) == a.join(b.join(c)) == c.join(b).join(a)
    assert a.join(a) == a


@each_type
@given(steps=schedules(LENGTH))
@few
def test_all_deltas_in_any_order_are_as_good_as_the_full_states(
    kind: type[Lattice], steps: list[Step]
) -> None:
    world = run(kind, steps)
    whole, forwards, backwards = kind(), kind(), kind()
    for state in world.states:
        whole = whole.join(state)
    for delta in world.told:
        forwards = forwards.join(delta)
    for delta in reversed(world.told):
        backwards = backwards.join(delta).join(delta)
    assert forwards == whole == backwards


@each_type
@given(steps=schedules(LENGTH))
@few
def test_replicas_agree_when_the_network_heals(kind: type[Lattice], steps: list[Step]) -> None:
    world = run(kind, steps, 5)
    whole = kind()
    for state in world.states:
        whole = whole.join(state)
    world.heal()
    for state in world.states:
        assert state == whole
        assert shown(state) == shown(whole)
        assert digest(state) == digest(whole)


@each_type
@given(steps=schedules(LENGTH, forgetting=True))
@few
def test_forgetting_what_all_know_changes_nothing_that_shows(kind: type[Lattice], steps: list[Step]) -> None:
    """The same steps in two worlds, of which one never forgets: they show the same at every step."""
    tidy: World[Any] = World(kind)
    untidy: World[Any] = World(kind)
    untidy.forget = lambda who: None  # type: ignore[method-assign]
    for step in steps:
        step(tidy)
        step(untidy)
        assert list(map(shown, tidy.states)) == list(map(shown, untidy.states))
    tidy.heal()
    untidy.heal()
    assert set(map(digest, tidy.states)) == set(map(digest, untidy.states))
    assert len(set(map(digest, tidy.states))) == 1


@each_type
@given(steps=schedules(LENGTH))
@few
def test_pieces_together_bring_what_the_whole_brings(kind: type[Lattice], steps: list[Step]) -> None:
    ours, theirs, _ = run(kind, steps).states
    healed = ours.join(theirs)
    for leaves in (1, 2, 100):
        by_slices, by_parts = ours, ours
        for piece in theirs.slices(leaves):
            by_slices = by_slices.join(piece)
        for piece in reversed([*theirs.split(leaves, ours.context)]):
            by_parts = by_parts.join(piece)
        assert by_slices == healed
        assert shown(by_parts) == shown(healed)
        assert by_parts.join(theirs.since(by_parts.context)) == healed


@each_type
@given(steps=schedules(LENGTH))
@few
def test_a_digest_is_the_same_by_steps_after_changes_or_all_at_once(
    kind: type[Lattice], steps: list[Step]
) -> None:
    """Equal states have equal digests, whatever was remembered on the way; and different ones different ones."""
    world: World[Any] = World(kind)
    remembers = Digests()
    for step in steps:
        step(world)
        digests = {}
        for state in world.states:
            digests[remembers.of(state)] = state
            by_steps = Digests()
            for _ in by_steps.steps(state):
                continue
            assert remembers.of(state) == by_steps.of(state) == Digests().of(state)
        for state in world.states:
            assert shown(digests[digest(state)]) == shown(state)


@each_type
@given(steps=schedules(LENGTH))
@few
def test_what_was_asked_for_is_all_that_is_lacking(kind: type[Lattice], steps: list[Step]) -> None:
    ours, theirs, _ = run(kind, steps).states
    delta = theirs.since(ours.context)
    assert ours.join(delta) == ours.join(theirs)
    assert not theirs.since(theirs.context)
    assert not ours.join(delta).context.minus(ours.context.join(theirs.context))
    if theirs.context <= ours.context:
        assert not delta
