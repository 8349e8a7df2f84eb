"""Many pains at once: each open once, storms told as one page, news of pleasure, and quiet after the end."""

from dataclasses import replace
from math import inf, nan
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cybernetic.core import OptionError
from cybernetic.vsm.ladder import (
    Cause,
    Cleared,
    Clocks,
    Folded,
    Ladder,
    Noticed,
    Paged,
    Paging,
    Pain,
    PainKey,
    Pleased,
    Pleasure,
    Raised,
    Rungs,
    Severity,
    Stage,
    StormRule,
    time_to_human,
)
from cybernetic.vsm.ladder.climb import again, begin, tick
from tests.vsm.ladder.world import CLOCKS, NOISY, PAIN, RUNGS, Acts, World


def test_the_same_pain_is_one_signal_however_often_it_is_felt() -> None:
    ladder, told = Ladder("acme", RUNGS).feel(PAIN, 0.0)
    for at in range(50):
        ladder, effects = ladder.feel(PAIN, at / 100)
        told += effects
    assert told == (Raised(PAIN.key, 0, Severity.ALERT, 0.0),)


def test_a_noisy_pain_is_not_told_again_during_its_refractory_time_but_an_event_is() -> None:
    for pain, told in ((NOISY, False), (PAIN, True)):
        ladder, _ = Ladder("acme", RUNGS, refractory=60.0).feel(pain, 0.0)
        ladder, _ = ladder.clear(pain.key, 1.0)
        ladder, effects = ladder.feel(pain, 60.9)
        assert bool(effects) is told
        ladder, effects = ladder.feel(pain, 61.0)
        assert bool(effects) is not told


def test_a_notice_quiets_what_is_noticed_again_and_no_alert() -> None:
    notice = replace(NOISY, severity=Severity.NOTICE)
    ladder, effects = Ladder("acme", RUNGS, refractory=60.0).feel(notice, 0.0)
    assert effects == (Noticed(NOISY.key, 0.0),)
    assert ladder.feel(notice, 59.9)[1] == ()
    assert ladder.feel(notice, 60.0)[1] == (Noticed(NOISY.key, 60.0),)
    ladder, effects = ladder.feel(NOISY, 1.0)
    assert effects == (Raised(NOISY.key, 0, Severity.ALERT, 1.0),)
    ladder, _ = ladder.clear(NOISY.key, 2.0)
    for pain in (notice, NOISY):
        assert ladder.feel(pain, 61.9)[1] == ()
        assert len(ladder.feel(pain, 62.0)[1]) == 1


def test_what_is_cleared_again_or_was_never_felt_hushes_nothing() -> None:
    ladder, _ = Ladder("acme", RUNGS, refractory=60.0).clear(NOISY.key, 1.0)
    ladder, effects = ladder.feel(NOISY, 2.0)
    assert effects == (Raised(NOISY.key, 0, Severity.ALERT, 2.0),)
    ladder, _ = ladder.clear(NOISY.key, 3.0)
    ladder, _ = ladder.clear(NOISY.key, 59.0)
    assert ladder.feel(NOISY, 62.9)[1] == ()
    assert len(ladder.feel(NOISY, 63.0)[1]) == 1


@pytest.mark.parametrize(("name", "value"), [("rungs", None), ("storm", 5), ("refractory", nan)])
def test_what_is_no_part_of_a_ladder_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        Ladder("acme", **{name: value})


def test_a_storm_of_two_hundred_failures_is_one_page() -> None:
    world = World((Acts.SILENT,) * 3)
    for unit in range(200):
        pain = Pain(f"acme/support/unit-{unit}", "life", Cause.EXIT)
        world.later(unit / 40, lambda now, pain=pain: world.ladder.feel(pain, now))
    world.run(Pain("acme/support/first", "life", Cause.EXIT))
    firsts = [effect for effect in world.told if isinstance(effect, Paged) and effect.attempt == 1]
    assert len(firsts) == 1
    assert firsts[0].key == PainKey("acme", "storm 1", "storm")
    assert firsts[0].at == time_to_human(CLOCKS, acknowledged=False)
    assert len(world.raised) == 4 + 3  # four before it was known to be a storm, then one per level


def test_a_storm_ends_with_its_last_pain_and_another_may_follow() -> None:
    ladder = Ladder("acme", RUNGS)
    pains = [Pain(f"acme/{unit}", "life", Cause.EXIT) for unit in range(12)]
    for pain in pains[:6]:
        ladder, _ = ladder.feel(pain, 0.0)
    for pain in pains[:5]:
        ladder, effects = ladder.clear(pain.key, 1.0)
        assert not any(isinstance(effect, Cleared) for effect in effects)
    ladder, effects = ladder.clear(pains[5].key, 2.0)
    assert [type(effect) for effect in effects] == [Cleared]
    assert not ladder.climbs
    for pain in pains[6:]:
        ladder, effects = ladder.feel(pain, 100.0)
    assert [key.index for key in ladder.climbs] == ["storm 2"]
    ladder, _ = ladder.clear(next(iter(ladder.climbs)), 101.0)
    assert not ladder.climbs
    assert not ladder.folded


def test_what_begins_long_after_a_storm_does_not_hide_in_it() -> None:
    ladder = Ladder("acme", RUNGS)
    for unit in range(6):
        ladder, _ = ladder.feel(Pain(f"acme/{unit}", "life", Cause.EXIT), 0.0)
    ladder, effects = ladder.feel(PAIN, 60.0)
    assert effects == (Raised(PAIN.key, 0, Severity.ALERT, 60.0),)


def test_what_begins_after_a_storm_went_unanswered_is_heard_on_its_own() -> None:
    rungs = Rungs((Clocks(0.5, 5.0),), Paging(ack=1.0, attempts=1))
    ladder = Ladder("acme", rungs)
    for unit in range(6):
        ladder, _ = ladder.feel(Pain(f"acme/{unit}", "life", Cause.EXIT), 0.0)
    while ladder.due < inf:
        ladder, _ = ladder.tick(ladder.due)
    assert [climb.stage for climb in ladder.climbs.values()] == [Stage.UNANSWERED]
    ladder, _ = ladder.feel(PAIN, 2.0)
    assert PAIN.key not in ladder.folded or ladder.climbs[ladder.folded[PAIN.key]].due < inf


def test_a_pain_somebody_works_on_stays_out_of_the_storm() -> None:
    ladder, _ = Ladder("acme", RUNGS).feel(PAIN, 0.0)
    ladder, _ = ladder.ack(PAIN.key, 0, "support", 0.0)
    for unit in range(6):
        ladder, _ = ladder.feel(Pain(f"acme/{unit}", "life", Cause.EXIT), 0.1)
    assert ladder.climbs[PAIN.key].stage is Stage.OWNED
    assert PAIN.key not in ladder.folded


def test_a_critical_pain_in_a_storm_reaches_the_human_at_once() -> None:
    ladder = Ladder("acme", RUNGS)
    for unit in range(6):
        ladder, _ = ladder.feel(Pain(f"acme/{unit}", "life", Cause.EXIT), 0.0)
    critical = replace(PAIN, cause=Cause.INVARIANT, severity=Severity.CRITICAL)
    ladder, effects = ladder.feel(critical, 0.5)
    assert any(isinstance(effect, Paged) for effect in effects)


def test_a_storm_of_noisy_pains_waits_like_each_of_them_would() -> None:
    noisy = [Pain(f"acme/{unit}", "quality", Cause.LIMITS) for unit in range(8)]
    world = World((Acts.SILENT,) * 3)
    for at in (0.0, 5.0, 10.0, 15.0, 20.0):
        for pain in noisy if at else noisy[1:]:
            world.later(at, lambda now, pain=pain: world.ladder.feel(pain, now))
    world.run(noisy[0])
    assert world.at(Paged)[0] == 15.0


def test_one_event_in_a_storm_of_noisy_pains_ends_its_waiting() -> None:
    world = World((Acts.SILENT,) * 3)
    for unit in range(8):
        pain = Pain(f"acme/{unit}", "quality", Cause.LIMITS)
        world.later(0.0, lambda now, pain=pain: world.ladder.feel(pain, now))
    world.later(7.5, lambda now: world.ladder.feel(PAIN, now))
    world.run(NOISY)
    assert world.at(Paged)[0] <= 7.5 + 7.0


def test_an_event_does_not_wait_for_the_recovery_time_of_what_it_joins() -> None:
    rungs = Rungs((Clocks(1.0, 100.0),))
    climb, _ = begin(NOISY, rungs, 0.0)
    climb, effects = tick(climb, rungs, 1.0)
    assert (effects, climb.due) == ((), 100.0)
    climb, effects = again(climb, rungs, PAIN, 5.0, datum=False)
    assert (effects, climb.due) == ((), 6.0)
    assert [type(effect) for effect in tick(climb, rungs, 6.0)[1]] == [Paged]


def test_pleasure_is_told_to_every_level_once_and_has_no_clock() -> None:
    pleasure = Pleasure("acme/orders", "sales")
    ladder, effects = Ladder("acme", RUNGS).feel(pleasure, 0.0)
    assert effects == tuple(Pleased(pleasure.key, level, 0.0) for level in range(3))
    assert ladder.due == inf
    assert ladder.feel(pleasure, 1.0)[1] == ()
    ladder, effects = ladder.feel(pleasure, 50.0)
    assert effects == ()
    assert ladder.feel(pleasure, 109.0)[1] == ()  # it lasts
    assert ladder.feel(pleasure, 110.0)[1] != ()  # it had been away


PAINS = [Pain(f"acme/{n}", "life", Cause.EXIT) for n in range(6)] + [
    Pain(f"acme/{n}", "quality", Cause.LIMITS) for n in range(4)
]
LEVELS = (Clocks(1.0, 4.0), Clocks(2.0, 8.0))
WORLDS = (  # storms shorter than an index is waited for, and longer
    (LEVELS, StormRule(4, 2.0)),
    ((Clocks(1.0, 1.0), Clocks(1.0, 1.0)), StormRule(4, 10.0)),
    ((Clocks(1.0, 4.0),), StormRule(3, 6.0)),
)
TIMES = st.sampled_from([0.0, 0.25, 1.0, 3.0])


class Ladders(RuleBasedStateMachine):
    """Pains come and go in any order; nothing is ever told twice, forgotten, or late."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.critical: set[PainKey] = set()
        self.open: dict[PainKey, float] = {}
        self.paged: set[PainKey] = set()

    @initialize(world=st.sampled_from(WORLDS))
    def begin(self, world: tuple[tuple[Clocks, ...], StormRule]) -> None:
        self.levels, storm = world
        paging = Paging(sinks=2, ack=4.0, recovery=8.0, attempts=2)
        self.ladder = Ladder("acme", Rungs(self.levels, paging), 5.0, storm)

    def take(self, move: tuple) -> None:
        self.ladder, effects = move
        self.effects = effects
        for effect in effects:
            if isinstance(effect, Paged):
                members = [key for key, storm in self.ladder.folded.items() if storm == effect.key]
                self.paged.update([effect.key, *members])
            if isinstance(effect, Folded) and effect.storm in self.paged:
                self.paged.update(effect.keys)

    @rule(pain=st.sampled_from(PAINS), critical=st.booleans())
    def feel(self, pain: Pain, critical: bool) -> None:
        if critical:
            pain = replace(pain, severity=Severity.CRITICAL)
        known = pain.key in self.critical
        self.take(self.ladder.feel(pain, self.now))
        if critical and not known and pain.key in (*self.ladder.climbs, *self.ladder.folded):
            self.critical.add(pain.key)
            assert self.called(pain.key), "a critical pain is with the human at once"
        if pain.key in self.ladder.climbs or pain.key in self.ladder.folded:
            self.open.setdefault(pain.key, self.now)
        else:
            assert self.ladder.quiet[pain.key] > self.now

    def called(self, key: PainKey) -> bool:
        """Whether the human is being called for it: by a page now, or by one that nobody has answered yet."""
        climb = self.ladder.climbs[self.ladder.folded.get(key, key)]
        paged = any(isinstance(effect, Paged) for effect in self.effects)
        return paged or (climb.stage is Stage.PAGED and climb.pain.severity is Severity.CRITICAL)

    @rule(pain=st.sampled_from(PAINS))
    def clear(self, pain: Pain) -> None:
        self.take(self.ladder.clear(pain.key, self.now))
        self.open.pop(pain.key, None)
        self.paged.discard(pain.key)
        self.critical.discard(pain.key)

    @rule(pain=st.sampled_from(PAINS), level=st.integers(0, 2))
    def ack(self, pain: Pain, level: int) -> None:
        self.take(self.ladder.ack(pain.key, level, "somebody", self.now))

    @rule(pain=st.sampled_from(PAINS), sink=st.integers(0, 1), attempt=st.integers(1, 2))
    def sink_failed(self, pain: Pain, sink: int, attempt: int) -> None:
        key = self.ladder.folded.get(pain.key, pain.key)
        self.take(self.ladder.sink_failed(key, sink, attempt, self.now))

    @rule(passed=TIMES)
    def wait(self, passed: float) -> None:
        until = self.now + passed
        while self.ladder.due <= until:
            self.now = max(self.now, self.ladder.due)
            self.take(self.ladder.tick(self.now))
        self.now = until

    @invariant()
    def each_open_pain_is_there_exactly_once(self) -> None:
        storms = set(self.ladder.folded.values())
        alone = self.ladder.climbs.keys() - storms
        assert not alone & self.ladder.folded.keys()
        assert alone | self.ladder.folded.keys() == self.open.keys()
        assert storms <= self.ladder.climbs.keys()

    @invariant()
    def no_clock_is_overdue(self) -> None:
        assert self.ladder.due >= self.now

    @invariant()
    def an_event_is_with_the_human_within_the_bound(self) -> None:
        bound = time_to_human(self.levels)
        for key, since in self.open.items():
            if key.cause == Cause.EXIT.value and self.now - since > bound:
                assert key in self.paged, (key, since, self.now)


TestLadders = Ladders.TestCase
