"""A ladder that was written down by a clock that was ahead goes on from where it was: nothing stands still."""

from collections.abc import Callable
from dataclasses import fields, replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import OptionError
from cybernetic.vsm.ladder import (
    Cause,
    Clocks,
    Effect,
    Feeling,
    Ladder,
    Move,
    Noticed,
    Paged,
    Paging,
    Pain,
    Rungs,
    Sensitivity,
    Severity,
    StormRule,
    arouse,
)
from tests.vsm.ladder.world import PAIN, RUNGS

PAINS = [Pain(f"acme/{n}", "life", Cause.EXIT) for n in range(4)] + [
    Pain("acme/0", "quality", Cause.LIMITS),
    Pain("acme/1", "life", Cause.EXIT, Severity.CRITICAL),
    Pain("acme/2", "pace", Cause.LIMITS, Severity.NOTICE),
]
PAGING = Paging(sinks=2, ack=4.0, recovery=8.0, attempts=2)
FIRST = Ladder("acme", Rungs((Clocks(1.0, 4.0), Clocks(2.0, 8.0)), PAGING), 5.0, StormRule(4, 2.0))

Act = Callable[[Ladder, float], Move]
ACTS = st.one_of(
    st.sampled_from(PAINS).map(lambda pain: lambda ladder, now: ladder.feel(pain, now)),
    st.sampled_from(PAINS).map(lambda pain: lambda ladder, now: ladder.clear(pain.key, now)),
    st.tuples(st.sampled_from(PAINS), st.integers(0, 2)).map(
        lambda ack: lambda ladder, now: ladder.ack(ack[0].key, ack[1], "somebody", now)
    ),
)
LIFE = st.lists(st.tuples(st.sampled_from([0.0, 0.25, 1.0, 3.0]), ACTS), max_size=30)


def lived(ladder: Ladder, now: float, life: list[tuple[float, Act]]) -> tuple[Ladder, list[Effect]]:
    """A ladder after that, from `now` on, and what it asked for."""
    told: list[Effect] = []
    for passed, act in life:
        until = now + passed
        while ladder.due <= until:
            now = max(now, ladder.due)
            ladder, effects = ladder.tick(now)
            told += effects
        now = until
        ladder, effects = act(ladder, now)
        told += effects
    return ladder, told


def by(back: float, effect: Effect) -> Effect:
    """The same by a clock that is so far behind."""
    times = {
        one.name: getattr(effect, one.name) - back for one in fields(effect) if one.name in ("at", "until")
    }
    return replace(effect, **times)


@given(LIFE, LIFE, st.sampled_from([0.25, 7.0, 86_400.0, 2.0**31]))
def test_it_does_the_same_in_the_same_time(
    before: list[tuple[float, Act]], after: list[tuple[float, Act]], back: float
) -> None:
    ladder, _ = lived(FIRST, 0.0, [*before, (0.0, lambda one, now: one.tick(now))])
    left, expected = lived(ladder, ladder.at, after)
    reopened, told = lived(ladder.reopened(ladder.at - back), ladder.at - back, after)
    assert told == [by(back, effect) for effect in expected]
    assert reopened.due == left.due - back


@given(st.floats(0.0, 1e9), st.floats(0.0, 1e9))
def test_nothing_is_later_than_now_whatever_is_lost_in_rounding(felt: float, now: float) -> None:
    ladder, _ = FIRST.feel(PAINS[0], felt)
    after, _ = ladder.reopened(now).feel(PAINS[0], now)
    assert after.climbs[PAINS[0].key].at == now
    assert after.due <= now + 1.0 or now > felt


def test_by_a_clock_that_has_gone_on_it_stays_as_it_is() -> None:
    ladder, _ = Ladder("acme", RUNGS).feel(PAIN, 100.0)
    assert ladder.reopened(100.0) is ladder
    assert ladder.reopened(101.0) is ladder
    assert Ladder("acme", RUNGS).reopened(-100.0) == Ladder("acme", RUNGS)


def test_a_pain_comes_to_the_human_in_the_time_that_was_left() -> None:
    ladder, _ = Ladder("acme", RUNGS).feel(PAIN, 1_000_000.0)
    ladder, told = ladder.reopened(7.0), []
    while not any(isinstance(effect, Paged) for effect in told):
        ladder, effects = ladder.tick(ladder.due)
        told += effects
    assert ladder.at == 7.0 + sum(clocks.ack for clocks in RUNGS.levels)


def test_a_notice_is_told_again_when_what_was_left_of_its_refractory_time_is_over() -> None:
    notice = PAINS[-1]
    ladder, _ = Ladder("acme", RUNGS, refractory=60.0).feel(notice, 1_000_000.0)
    ladder, _ = ladder.tick(1_000_020.0)
    ladder = ladder.reopened(7.0)
    assert ladder.feel(notice, 46.0)[1] == ()
    assert ladder.feel(notice, 47.0)[1] == (Noticed(notice.key, 47.0),)


def test_a_threshold_sinks_from_where_it_was() -> None:
    known = Sensitivity(step=10.0, budget=1.0).signalled(1_000_000.0)
    reopened = known.reopened(7.0)
    assert reopened.threshold(7.0) == known.threshold(1_000_000.0)
    assert reopened.threshold(7.0 + 43_200.0) == known.threshold(1_000_000.0 + 43_200.0)
    assert arouse(False, reopened, 50.0, 7.0)[0] is Feeling.ONSET
    assert known.reopened(2_000_000.0) == known


@pytest.mark.parametrize("what", [Ladder("acme", RUNGS), Sensitivity()])
def test_what_is_no_time_is_refused_by_name(what: Ladder | Sensitivity) -> None:
    with pytest.raises(OptionError, match=r"^now: "):
        what.reopened("soon")  # type: ignore[arg-type]
