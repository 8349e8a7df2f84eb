"""One pain on its way up: who may acknowledge, what critical means, what a noisy pain waits for, failing
sinks.
"""

from dataclasses import replace
from math import inf, nan

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.decisions import Allow, Deny, Escalate, Reception
from cybernetic.vsm.ladder import (
    AckRefused,
    Cause,
    Cleared,
    Clocks,
    Heard,
    Ladder,
    Noticed,
    Owned,
    Paged,
    Paging,
    Pain,
    Raised,
    Rungs,
    Severity,
    Unanswered,
    time_to_human,
)
from cybernetic.vsm.ladder.climb import acknowledge, again, begin
from tests.vsm.ladder.world import NOISY, PAIN, RUNGS, Acts, World

KEY = PAIN.key


def test_a_late_a_double_and_an_unauthorised_acknowledgement_are_told_and_change_nothing() -> None:
    ladder, _ = Ladder("acme", RUNGS).feel(PAIN, 0.0)
    ladder, effects = ladder.ack(KEY, 1, "acme", 0.1)
    assert effects == (AckRefused(KEY, 1, "acme", Reception.UNAUTHORISED, 0.1),)
    ladder, effects = ladder.ack(KEY, 0, "support", 0.2)
    assert effects == (Owned(KEY, 0, "support", 10.2, 0.2),)
    same, effects = ladder.ack(KEY, 0, "support", 0.3)
    assert effects == (AckRefused(KEY, 0, "support", Reception.DOUBLE, 0.3),)
    assert same.climbs == ladder.climbs
    ladder, _ = ladder.tick(10.2)
    _, effects = ladder.ack(KEY, 0, "support", 10.3)
    assert effects == (AckRefused(KEY, 0, "support", Reception.LATE, 10.3),)
    ladder, _ = ladder.clear(KEY, 11.0)
    _, effects = ladder.ack(KEY, 1, "acme", 11.0)
    assert effects == (AckRefused(KEY, 1, "acme", Reception.LATE, 11.0),)


def test_an_acknowledgement_at_the_deadline_comes_late_even_if_nobody_ticked() -> None:
    ladder, _ = Ladder("acme", RUNGS).feel(PAIN, 0.0)
    _, effects = ladder.ack(KEY, 0, "support", 1.0)
    assert effects == (
        Raised(KEY, 1, Severity.ALERT, 1.0),
        AckRefused(KEY, 0, "support", Reception.LATE, 1.0),
    )


def test_a_late_tick_gives_the_next_level_its_full_time() -> None:
    ladder, _ = Ladder("acme", RUNGS).feel(PAIN, 0.0)
    ladder, effects = ladder.tick(500.0)
    assert effects == (Raised(KEY, 1, Severity.ALERT, 500.0),)
    assert ladder.due == 502.0


def test_critical_pain_is_at_every_level_and_with_the_human_at_once() -> None:
    critical = replace(PAIN, severity=Severity.CRITICAL, cause=Cause.INVARIANT)
    ladder, effects = Ladder("acme", RUNGS).feel(critical, 0.0)
    assert [effect.level for effect in effects if isinstance(effect, Raised)] == [0, 1, 2]
    assert effects[-1] == Paged(critical.key, 0, 1, 0.0)
    ladder, effects = ladder.ack(critical.key, 1, "acme", 0.5)
    assert effects == (Heard(critical.key, 1, "acme", 0.5),)
    ladder, effects = ladder.ack(critical.key, 3, "owner", 1.0)
    assert effects == (Owned(critical.key, 3, "owner", 81.0, 1.0),)


def test_a_pain_that_becomes_critical_is_told_to_those_who_do_not_know_yet() -> None:
    ladder, _ = Ladder("acme", RUNGS).feel(PAIN, 0.0)
    ladder, _ = ladder.ack(KEY, 0, "support", 0.5)
    ladder, effects = ladder.feel(replace(PAIN, severity=Severity.CRITICAL), 1.0)
    assert effects == (
        Raised(KEY, 1, Severity.CRITICAL, 1.0),
        Raised(KEY, 2, Severity.CRITICAL, 1.0),
        Paged(KEY, 0, 1, 1.0),
    )


def test_a_pain_that_becomes_critical_after_all_pages_went_unanswered_is_paged_again() -> None:
    ladder = World((Acts.DEAD,) * 3).run().ladder
    assert ladder.due == inf
    ladder, effects = ladder.feel(replace(PAIN, severity=Severity.CRITICAL), 1e3)
    assert effects == (Paged(KEY, 0, 1, 1e3),)


def test_a_notice_stays_with_the_unit() -> None:
    ladder, effects = Ladder("acme", RUNGS).feel(replace(NOISY, severity=Severity.NOTICE), 0.0)
    assert effects == (Noticed(NOISY.key, 0.0),)
    assert not ladder.climbs
    assert ladder.feel(replace(NOISY, severity=Severity.NOTICE), 1.0)[1] == ()


@pytest.mark.parametrize("data_at", [(1.0, 2.0, 3.0), (1.0, 2.0, 30.0), (8.0, 9.0, 9.5)])
def test_a_noisy_pain_is_paged_only_after_three_more_data_and_the_owners_recovery_time(
    data_at: tuple[float, ...],
) -> None:
    world = World((Acts.SILENT,) * 3)
    for at in data_at:
        world.later(at, lambda now: world.ladder.feel(NOISY, now))
    world.run(NOISY)
    assert world.at(Paged)[0] == max(10.0, *data_at)


def test_a_noisy_pain_that_stands_no_longer_is_not_paged() -> None:
    world = World((Acts.SILENT,) * 3)
    for at in (1.0, 2.0):
        world.later(at, lambda now: world.ladder.feel(NOISY, now))
    world.run(NOISY)
    assert not world.at(Paged)
    assert world.ladder.feel(NOISY, 50.0)[1] == (Paged(NOISY.key, 0, 1, 50.0),)
    assert world.ladder.clear(NOISY.key, 50.0)[1] == (Cleared(NOISY.key, 2, 50.0),)


def test_a_waiting_noisy_pain_can_still_be_acknowledged() -> None:
    ladder = World((Acts.SILENT,) * 3).run(NOISY).ladder
    _, effects = ladder.ack(NOISY.key, 2, "acme", 60.0)
    assert effects == (Owned(NOISY.key, 2, "acme", 100.0, 60.0),)


def test_a_sink_that_fails_gives_way_to_the_next_and_then_the_page_is_repeated() -> None:
    ladder = World((Acts.DEAD,) * 3).run(until=7.0).ladder
    ladder, effects = ladder.sink_failed(KEY, 0, 1, 7.5)
    assert effects == (Paged(KEY, 1, 1, 7.5),)
    ladder, effects = ladder.sink_failed(KEY, 0, 1, 7.6)  # told twice
    assert effects == ()
    ladder, effects = ladder.sink_failed(KEY, 1, 1, 8.0)
    assert effects == ()
    ladder, effects = ladder.tick(ladder.due)
    assert effects == (Paged(KEY, 0, 2, 15.0),)
    ladder, effects = ladder.ack(KEY, 3, "owner", 16.0)
    assert isinstance(effects[0], Owned)


def test_with_every_sink_down_the_declared_verdict_comes_all_the_same() -> None:
    ladder = World((Acts.DEAD,) * 3).run(until=7.0).ladder
    told = []
    for _ in range(3):
        climb = ladder.climbs[KEY]
        for sink in (0, 1):
            ladder, _ = ladder.sink_failed(KEY, sink, climb.attempt, climb.at)
        ladder, effects = ladder.tick(ladder.due)
        told += effects
    assert told[-1] == Unanswered(KEY, Deny("nobody answered the page"), 63.0)
    _, effects = ladder.ack(KEY, 3, "owner", 64.0)
    assert effects == (AckRefused(KEY, 3, "owner", Reception.LATE, 64.0),)


def test_a_human_who_took_over_and_did_not_recover_is_paged_again() -> None:
    world = World((Acts.DEAD,) * 3, human=1.0).run(until=100.0)
    assert world.at(Paged) == [7.0, 88.0]


def test_each_escalation_has_its_own_deadline_and_then_what_is_declared_last_holds() -> None:
    escalated = Escalate("board", 3.0, Escalate("owner", 500.0, Allow()))
    ladder = Ladder("acme", Rungs((), Paging(ack=60.0, attempts=2, on_timeout=escalated)))
    ladder, effects = ladder.feel(PAIN, 0.0)
    told = [*effects]
    while ladder.due < inf:
        ladder, effects = ladder.tick(ladder.due)
        told += effects
    assert [effect.at for effect in told if isinstance(effect, Paged)] == [0.0, 60.0, 180.0, 183.0]
    assert told[-1] == Unanswered(KEY, Allow(), 683.0)


def test_without_levels_the_human_is_paged_at_once() -> None:
    rungs = Rungs(levels=(), paging=Paging())
    assert Ladder("top", rungs).feel(PAIN, 0.0)[1] == (Paged(KEY, 0, 1, 0.0),)
    ladder, effects = Ladder("top", rungs).feel(NOISY, 0.0)
    assert effects == ()
    for at in (1.0, 2.0, 3.0):
        ladder, effects = ladder.feel(NOISY, at)
    assert effects == (Paged(NOISY.key, 0, 1, 3.0),)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Clocks(ack=0.0), "ack"),
        (lambda: Clocks(ack=nan), "ack"),
        (lambda: Clocks(recovery=inf), "recovery"),
        (lambda: Clocks(recovery=-1.0), "recovery"),
        (lambda: Clocks(look=0.0), "look"),
        (lambda: Paging(sinks=0), "sinks"),
        (lambda: Paging(attempts=0), "attempts"),
        (lambda: Paging(backoff=0.5), "backoff"),
        (lambda: Paging(ack=60.0, longest=5.0), "longest"),
        (lambda: Paging(on_timeout="deny"), "on_timeout"),  # type: ignore[arg-type]
        (lambda: Paging().wait(0), "attempt"),
        (lambda: Rungs(levels=[Clocks()]), "levels"),  # type: ignore[arg-type]
        (lambda: Rungs(paging=None), "paging"),  # type: ignore[arg-type]
        (lambda: Rungs(stand=-1), "stand"),
        (lambda: time_to_human([Clocks()], detection=nan), "detection"),
        (lambda: time_to_human([Clocks(1e308, 1e308)]), "levels"),
        (lambda: time_to_human([Clocks(1e308, 1.0)] * 2), "levels"),
        (lambda: time_to_human([Clocks()], detection=1e308, hop=1e308), "levels"),
        (lambda: Pain("", "x", Cause.EXIT), "path"),
        (lambda: Pain("a", "", Cause.EXIT), "index"),
        (lambda: Pain("a", "x", "exit"), "cause"),  # type: ignore[arg-type]
        (lambda: Pain("a", "x", Cause.EXIT, severity=1), "severity"),  # type: ignore[arg-type]
        (lambda: Pain("a", "x", Cause.EXIT, intensity=nan), "intensity"),
        (lambda: Pain("a", "x", Cause.EXIT, since=inf), "since"),
        (lambda: Ladder(""), "path"),
        (lambda: Ladder("a", refractory=-1.0), "refractory"),
        (lambda: Ladder("a").feel("pain", 0.0), "signal"),  # type: ignore[arg-type]
        (lambda: Ladder("a").tick(nan), "now"),
        (lambda: Ladder("a").tick(1.0)[0].tick(0.5), "now"),
        (lambda: Ladder("a").feel(PAIN, 0.0)[0].ack(KEY, -1, "x", 0.0), "level"),
        (lambda: Ladder("a").feel(PAIN, 0.0)[0].ack(KEY, 0, "", 0.0), "by"),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name


def test_an_event_hurries_who_is_to_answer_and_not_who_has_taken_over() -> None:
    event = replace(NOISY, cause=Cause.EXIT)
    told, _ = begin(NOISY, RUNGS, 0.0)
    owned, _ = acknowledge(told, RUNGS, 0, "support", 0.5)
    for climb in (told, owned):
        after, effects = again(climb, RUNGS, event, 0.75)
        assert (after.due, after.filtered, effects) == (climb.due, False, ())
    waiting = replace(told, due=100.0)
    assert again(waiting, RUNGS, event, 0.75)[0].due == 1.75
