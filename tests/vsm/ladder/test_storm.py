"""Storms of noise, events and critical pains together: none of them is late, and none is lost in the others."""

from dataclasses import replace
from itertools import product

import pytest

from cybernetic.vsm.ladder import (
    Cause,
    Cleared,
    Clocks,
    Effect,
    Folded,
    Ladder,
    Move,
    Owned,
    Paged,
    Paging,
    Pain,
    Raised,
    Rungs,
    Severity,
    Stage,
    StormRule,
    time_to_human,
)
from tests.support import soak

LEVELS = (Clocks(1.0, 5.0), Clocks(2.0, 10.0))
NOISE = [Pain(f"acme/{n}", "quality", Cause.LIMITS) for n in range(2)]
EVENTS = [Pain(f"acme/{n}", "life", Cause.EXIT) for n in range(5)]
VAULT = Pain("acme/vault", "money", Cause.INVARIANT, severity=Severity.CRITICAL)
SAFE = replace(VAULT, path="acme/safe")


class Storms:
    """A ladder under a storm rule, and all that it asked for."""

    def __init__(self, levels: tuple[Clocks, ...] = LEVELS, rule: StormRule | None = None) -> None:
        self.ladder = Ladder("acme", Rungs(levels, Paging(sinks=2)), storm=rule or StormRule())
        self.told: list[Effect] = []
        self.now = 0.0

    def feel(self, *pains: Pain) -> tuple[Effect, ...]:
        """Feel all of them now."""
        return tuple(effect for pain in pains for effect in self._do(self.ladder.feel(pain, self.now)))

    def until(self, then: float) -> "Storms":
        """Let time pass, each clock in its turn."""
        while self.ladder.due <= then:
            self.now = self.ladder.due
            self._do(self.ladder.tick(self.now))
        self.now = then
        return self

    def ack(self, pain: Pain, level: int) -> tuple[Effect, ...]:
        """Somebody takes it over."""
        return self._do(self.ladder.ack(pain.key, level, "somebody", self.now))

    def clear(self, pain: Pain) -> tuple[Effect, ...]:
        """It is gone."""
        return self._do(self.ladder.clear(pain.key, self.now))

    @property
    def storm(self) -> "Pain":
        """The storm that is open."""
        (found,) = (one.pain for one in self.ladder.climbs.values() if one.pain.cause is Cause.STORM)
        return found

    def _do(self, move: Move) -> tuple[Effect, ...]:
        self.ladder, effects = move
        self.told += effects
        return effects


def pages(effects: tuple[Effect, ...] | list[Effect]) -> list[Paged]:
    return [effect for effect in effects if isinstance(effect, Paged)]


@pytest.mark.parametrize("before", [2.0, 3.0, 5.0, 9.0])
def test_events_do_not_wait_for_the_data_of_an_index_that_is_in_the_same_storm(before: float) -> None:
    world = Storms()
    world.feel(NOISE[0])
    world.until(before).feel(*EVENTS)
    assert pages(world.until(100.0).told)[0].at <= before + time_to_human(LEVELS, acknowledged=False)


def test_every_order_of_noise_and_events_is_with_the_human_within_the_bound() -> None:
    """All ways in which up to four pains of either kind begin, at a few times, with nobody who answers."""
    times, count = (0.0, 0.5, 1.0, 3.5), soak(3, 4)
    levels = (Clocks(1.0, 4.0), Clocks(1.0, 4.0))
    bound = time_to_human(levels, acknowledged=False)
    kinds = [*NOISE, *EVENTS[:2]]
    for size, begun in product((2, 3), product(product(kinds, times), repeat=count)):
        world = Storms(levels, StormRule(size, 10.0))
        for pain, at in sorted(begun, key=lambda one: one[1]):
            world.until(at).feel(pain)
        events = [at for pain, at in begun if pain.cause is Cause.EXIT]
        if events:
            first = pages(world.until(60.0).told)
            assert first, begun
            assert first[0].at <= min(events) + bound, begun


def test_a_storm_stands_where_the_furthest_of_its_pains_stands() -> None:
    world = Storms(rule=StormRule(3, 10.0))
    world.feel(EVENTS[0])
    world.until(1.5).feel(EVENTS[1])
    world.until(2.0).feel(EVENTS[2])
    climb = world.ladder.climbs[world.storm.key]
    assert (climb.level, climb.due) == (1, 3.0)
    assert pages(world.until(3.0).told)


def test_a_storm_of_indices_alone_waits_for_further_data() -> None:
    world = Storms(rule=StormRule(2, 10.0))
    world.feel(*NOISE)
    assert world.ladder.climbs[world.storm.key].filtered
    assert not pages(world.until(100.0).told)


def test_indices_that_gather_after_their_elders_were_taken_over_wait_for_further_data_too() -> None:
    world = Storms(rule=StormRule(2, 10.0))
    world.feel(NOISE[0])
    world.ack(NOISE[0], 0)
    world.feel(NOISE[1])
    assert world.ladder.climbs[world.storm.key].filtered


@pytest.mark.parametrize("answered", [False, True])
def test_a_critical_pain_that_joins_a_storm_already_with_the_human_calls_him(answered: bool) -> None:
    world = Storms()
    world.feel(*EVENTS)
    world.until(3.0)
    assert len(pages(world.told)) == 1
    if answered:
        world.ack(world.storm, 2)
    effects = world.feel(VAULT)
    assert [effect.level for effect in effects if isinstance(effect, Raised)] == [0, 1]
    assert len(pages(effects)) == 1


def test_while_the_human_is_called_for_one_critical_pain_another_joins_and_after_he_answered_it_calls_again() -> (
    None
):
    world = Storms()
    world.feel(*EVENTS, VAULT)
    assert [type(effect) for effect in world.feel(SAFE)] == [Folded]
    world.ack(VAULT, 2)
    assert not world.feel(SAFE), "it is known"
    world.clear(SAFE)
    assert len(pages(world.feel(SAFE))) == 1, "it had gone, and is there again"


def test_a_member_that_turns_critical_calls_the_human_who_has_the_storm_in_hand() -> None:
    world = Storms()
    world.feel(*EVENTS, VAULT)
    world.ack(VAULT, 2)
    worse = replace(EVENTS[3], severity=Severity.CRITICAL)
    assert len(pages(world.feel(worse))) == 1
    world.ack(VAULT, 2)
    assert not world.feel(worse, worse)


def test_a_critical_pain_on_its_own_that_is_felt_again_calls_nobody_anew() -> None:
    world = Storms()
    world.feel(VAULT)
    world.ack(VAULT, 2)
    assert not world.feel(VAULT)


def test_who_answers_for_one_pain_of_a_storm_answers_for_the_storm() -> None:
    world = Storms()
    world.feel(*EVENTS)
    owned = [effect for effect in world.ack(EVENTS[2], 0) if isinstance(effect, Owned)]
    assert [effect.key for effect in owned] == [world.storm.key]
    assert world.ladder.climbs[world.storm.key].stage is Stage.OWNED


def test_a_page_of_an_earlier_attempt_that_could_not_be_delivered_changes_nothing() -> None:
    world = Storms()
    world.feel(EVENTS[0])
    world.until(3.0).until(63.0)
    assert [page.attempt for page in pages(world.told)] == [1, 2]
    assert world.ladder.sink_failed(EVENTS[0].key, 0, 1, world.now)[1] == ()
    assert pages(list(world.ladder.sink_failed(EVENTS[0].key, 0, 2, world.now)[1]))


def test_pains_exactly_a_window_apart_are_a_storm_and_it_is_as_old_as_the_first() -> None:
    world = Storms(rule=StormRule(2, 0.5))
    first = replace(EVENTS[0], since=-3.0)
    world.feel(first)
    world.until(0.5).feel(EVENTS[1])
    assert world.storm.since == -3.0


def test_pains_a_little_more_than_a_window_apart_are_no_storm() -> None:
    world = Storms(rule=StormRule(2, 0.5))
    world.feel(EVENTS[0])
    world.until(0.625).feel(EVENTS[1])
    assert set(world.ladder.climbs) == {EVENTS[0].key, EVENTS[1].key}


SILENT = Pain("acme/0", "operation silent", Cause.HEARTBEAT)
GONE = Pain("acme/0", "life", Cause.EXIT)


def test_the_first_sign_of_an_absence_that_is_over_twice_closes_nothing_else() -> None:
    world = Storms()
    world.feel(SILENT, GONE)
    for _ in range(2):
        assert world.clear(SILENT) == ()
    assert GONE.key in world.ladder.folded
    assert pages(world.until(3.0).told)
    assert [type(effect) for effect in world.clear(GONE)] == [Cleared]
    assert not world.ladder.climbs


def test_the_first_sign_that_comes_again_must_go_again() -> None:
    world = Storms()
    world.feel(SILENT, GONE)
    world.clear(SILENT)
    assert world.feel(SILENT) == ()
    assert world.clear(GONE) == ()
    assert [type(effect) for effect in world.clear(SILENT)] == [Cleared]


def test_a_sign_that_is_over_goes_into_no_storm_and_a_further_sign_does_not_bring_it_back() -> None:
    world = Storms(rule=StormRule(3, 10.0))
    world.feel(SILENT, GONE)
    world.clear(SILENT)
    world.feel(replace(SILENT, index="unit silent"))
    world.feel(*EVENTS[1:3])
    for pain in (GONE, *EVENTS[1:3]):
        assert world.clear(pain) == ()
    assert [type(effect) for effect in world.clear(replace(SILENT, index="unit silent"))] == [Cleared]
    assert not world.ladder.climbs


def test_a_critical_pain_calls_again_where_the_last_call_is_old_or_nobody_took_it() -> None:
    for unheard in (False, True):
        world = Storms()
        world.feel(*EVENTS, VAULT)
        if unheard:
            for sink in (0, 1):
                world._do(world.ladder.sink_failed(world.storm.key, sink, 1, world.now))
        else:
            world.until(250.0)
        due, (climb,) = world.ladder.due, world.ladder.climbs.values()
        (page,) = pages(world.feel(replace(EVENTS[1], severity=Severity.CRITICAL)))
        assert (page.sink, page.attempt) == (0, climb.attempt)
        assert world.ladder.due == due, "the last page is not put off"
        assert not pages(world.feel(replace(EVENTS[2], severity=Severity.CRITICAL))), "he was called just now"


def test_a_critical_pain_is_no_noise_however_lately_the_same_was_told() -> None:
    for before in (Severity.NOTICE, Severity.ALERT):
        world = Storms()
        world.feel(replace(NOISE[0], severity=before))
        world.clear(NOISE[0])
        assert pages(world.feel(replace(NOISE[0], severity=Severity.CRITICAL)))


def test_a_page_for_a_critical_pain_that_is_over_does_not_stand_for_another() -> None:
    world = Storms()
    world.feel(*EVENTS, VAULT)
    world.clear(VAULT)
    assert len(pages(world.feel(SAFE))) == 1
