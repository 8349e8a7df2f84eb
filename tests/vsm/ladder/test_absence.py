"""All signs that a unit is not heard are one signal, until the last of them is over."""

from itertools import permutations

import pytest

from cybernetic.vsm.ladder import Cause, Cleared, Folded, Ladder, Paged, Pain, Raised, Stage

SIGNS = (
    Pain("firm/a", "management silent", Cause.HEARTBEAT),
    Pain("firm/a", "account missing", Cause.HEARTBEAT),
    Pain("firm/a", "exit", Cause.EXIT),
    Pain("firm/a", "restarts", Cause.EXHAUSTED),
)


def felt(*pains: Pain) -> tuple[Ladder, list[object]]:
    """A ladder on which they are felt, a second apart, and what came of it."""
    ladder, found = Ladder("firm"), list[object]()
    for at, pain in enumerate(pains):
        ladder, effects = ladder.feel(pain, float(at))
        found += effects
    return ladder, found


@pytest.mark.parametrize("signs", list(permutations(SIGNS, 2)))
def test_two_signs_are_one_signal_where_one_of_them_is_that_nothing_is_heard(signs: tuple[Pain, ...]) -> None:
    ladder, found = felt(*signs)
    one = any(sign.cause is Cause.HEARTBEAT for sign in signs)
    assert len(ladder.climbs) == (1 if one else 2)
    assert sum(isinstance(effect, Folded) for effect in found) == one
    assert sum(isinstance(effect, Raised) and effect.level == 0 for effect in found) == (1 if one else 2)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_it_is_over_when_the_last_sign_is_whatever_the_order(order: tuple[int, ...]) -> None:
    ladder, _ = felt(*SIGNS[:3])
    assert len(ladder.climbs) == 1
    for at, n in enumerate(order, 10):
        assert ladder.climbs
        ladder, effects = ladder.clear(SIGNS[n].key, float(at))
        assert sum(isinstance(effect, Cleared) for effect in effects) == (n == order[-1])
    assert (ladder.climbs, ladder.folded) == ({}, {})


def test_a_human_is_called_for_it_once() -> None:
    ladder, _ = felt(*SIGNS[:3])
    pages = 0
    while ladder.due < 30.0:
        ladder, effects = ladder.tick(max(2.0, ladder.due))
        pages += sum(isinstance(effect, Paged) for effect in effects)
    assert pages == 1


def test_other_units_and_the_parts_of_the_level_itself_are_missed_for_themselves() -> None:
    other = Pain("firm/b", "account missing", Cause.HEARTBEAT)
    parts = [Pain("firm", f"{role} silent", Cause.HEARTBEAT) for role in ("control", "policy")]
    ladder, _ = felt(SIGNS[0], other, *parts)
    assert len(ladder.climbs) == 4


def test_into_a_storm_they_go_together_and_it_is_over_when_all_are() -> None:
    others = [Pain(f"firm/{n}", "management silent", Cause.HEARTBEAT) for n in range(4)]
    ladder, _ = felt(*SIGNS[:2], *others)
    (storm,) = ladder.climbs
    assert storm.cause == Cause.STORM.value
    assert set(ladder.folded.values()) == {storm}
    for at, pain in enumerate([*SIGNS[:2], *others], 10):
        assert ladder.climbs
        ladder, _ = ladder.clear(pain.key, float(at))
    assert (ladder.climbs, ladder.folded) == ({}, {})


def test_a_sign_that_comes_long_after_a_storm_has_taken_the_first_goes_into_the_storm() -> None:
    others = [Pain(f"firm/{n}", "management silent", Cause.HEARTBEAT) for n in range(4)]
    ladder, _ = felt(SIGNS[0], *others)
    (storm,) = ladder.climbs
    ladder, effects = ladder.feel(SIGNS[2], 100.0)
    assert effects == (Folded((SIGNS[2].key,), storm, 100.0),)
    assert list(ladder.climbs) == [storm]


def test_a_sign_that_comes_when_nobody_has_answered_for_the_first_calls_a_human_anew() -> None:
    ladder, _ = felt(SIGNS[0])
    while ladder.climbs[SIGNS[0].key].stage is not Stage.UNANSWERED:
        ladder, _ = ladder.tick(ladder.due)
    ladder, effects = ladder.feel(SIGNS[1], ladder.at + 100.0)
    assert [type(effect) for effect in effects] == [Raised]
    _, effects = ladder.tick(ladder.due)
    assert [effect.key for effect in effects if isinstance(effect, Paged)] == [SIGNS[1].key]


def test_a_part_of_a_storm_that_comes_and_goes_is_not_told_each_time() -> None:
    noisy = [Pain(f"firm/{n}", "quality", Cause.LIMITS) for n in range(5)]
    ladder, _ = felt(*noisy)
    ladder, _ = ladder.clear(noisy[0].key, 30.0)
    assert ladder.feel(noisy[0], 89.9)[1] == ()
    assert ladder.feel(noisy[0], 90.0)[1] != ()
