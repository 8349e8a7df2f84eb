"""Every behaviour of three levels, and every short history of a climb, tried one by one."""

from itertools import product
from math import inf

import pytest

from cybernetic.vsm.ladder import (
    Cleared,
    Climb,
    Owned,
    Paged,
    Raised,
    Stage,
    Unanswered,
    time_to_human,
)
from cybernetic.vsm.ladder.climb import Step, acknowledge, again, begin, clear, sink_failed, tick
from tests.support import soak
from tests.vsm.ladder.world import CLOCKS, NOISY, PAGING, PAIN, RUNGS, Acts, World, gave_up

ALL = list(product(Acts, repeat=3))
TIMINGS = [(0.0, 0.5), (0.999999, 0.999999), (0.5, 0.0)]
BOUND = time_to_human(CLOCKS)


def test_the_bound_adds_up_the_clocks() -> None:
    assert BOUND == 77.0
    assert time_to_human(CLOCKS, acknowledged=False) == 7.0
    assert time_to_human(CLOCKS, detection=0.75, hop=0.1, acknowledged=False) == pytest.approx(8.15)


@pytest.mark.parametrize("timing", TIMINGS)
def test_a_human_is_paged_within_the_bound_whatever_the_levels_do(timing: tuple[float, float]) -> None:
    for acts in ALL:
        world = World(acts, *timing).run()
        pages = world.at(Paged)
        if Acts.RECOVERS in acts:
            assert not pages, acts
        else:
            assert pages[0] <= BOUND, acts
            assert pages[0] == pytest.approx(expected_page(acts, timing[0]), abs=1e-9), acts


def expected_page(acts: tuple[Acts, ...], ack_after: float) -> float:
    """An acknowledged level costs its ack and its recovery, any other its ack alone."""
    return sum(
        clocks.ack * ack_after + clocks.recovery if act is Acts.DIES else clocks.ack
        for act, clocks in zip(acts, CLOCKS, strict=True)
    )


def test_nobody_acknowledging_costs_the_ack_times_and_no_more() -> None:
    for acts in product((Acts.SILENT, Acts.DEAD), repeat=3):
        assert World(acts).run().at(Paged)[0] == 7.0


@pytest.mark.parametrize("timing", TIMINGS)
def test_a_level_that_recovers_in_time_keeps_the_levels_above_out_of_it(timing: tuple[float, float]) -> None:
    for acts in ALL:
        world = World(acts, *timing).run()
        seen = acts.index(Acts.RECOVERS) + 1 if Acts.RECOVERS in acts else 3
        assert world.raised == list(range(seen)), acts
        assert len(world.at(Cleared)) == (Acts.RECOVERS in acts)


def test_a_recovery_that_comes_too_late_does_not_hold_the_signal() -> None:
    for acts in ALL:
        world = World(acts, recover_after=1.5).run()
        if acts[0] is Acts.RECOVERS:
            assert world.raised[:2] == [0, 1]


def test_silence_at_the_top_ends_in_what_was_declared_and_an_answer_does_not() -> None:
    for acts in ALL:
        if Acts.RECOVERS in acts:
            continue
        silent = World(acts).run()
        assert gave_up(silent)
        waits = sum(PAGING.wait(attempt) for attempt in (1, 2, 3))
        assert silent.at(Unanswered) == [pytest.approx(silent.at(Paged)[0] + waits)]
        answered = World(acts, human=7.9).run(until=100.0)
        assert not gave_up(answered)
        assert answered.at(Owned)[-1] == pytest.approx(answered.at(Paged)[0] + 7.9)


def test_pages_repeat_with_back_off() -> None:
    assert World((Acts.DEAD,) * 3).run().at(Paged) == [7.0, 15.0, 31.0]


# Every short history: at each point anything may happen, halfway to the next deadline or at it.


def moves(climb: Climb, start: float) -> list[tuple[str, float, Step]]:
    half = climb.at + (min(climb.due, climb.at + 100.0) - climb.at) / 2
    found = [
        ("again", half, again(climb, RUNGS, climb.pain, half)),
        ("clear", half, clear(climb, half)),
        ("sink", half, sink_failed(climb, RUNGS, climb.sink, climb.attempt, half)),
    ]
    for level in range(4):
        found.append((f"ack {level}", half, acknowledge(climb, RUNGS, level, "somebody", half)))
    if climb.due < inf:
        found.append(("due", climb.due, tick(climb, RUNGS, climb.due)))
        found.append(("ack at due", climb.due, acknowledge(climb, RUNGS, climb.level, "x", climb.due)))
    return found


def check(before: Climb, step: Step, now: float) -> None:
    after, effects = step
    assert after.level >= before.level
    assert after.at >= before.at
    assert after.due >= now or after == before
    if after.stage in (Stage.OWNED, Stage.PAGED):
        assert after.due < inf
    if after.due == inf and after.open and after.stage is not Stage.UNANSWERED:
        assert after.filtered  # it waits for data
        assert after.stood < RUNGS.stand
    assert (after.stage is Stage.OWNED) == (after.owner is not None) or not after.open
    if after.stage is not before.stage or after.level != before.level:
        silent = after.filtered and after.stage is Stage.RAISED and after.level == before.level
        assert effects or silent  # only waiting for data is a change nobody is told of
    raised = [effect.level for effect in effects if isinstance(effect, Raised)]
    assert raised in ([], [before.level + 1])


def explore(climb: Climb, start: float, depth: int) -> int:
    count = 1
    if depth:
        for _, now, step in moves(climb, start):
            check(climb, step, now)
            paged = any(isinstance(effect, Paged) for effect in step[1])
            if paged and not climb.filtered and climb.level < RUNGS.top:
                assert now - start <= BOUND
            if step[0].open and step[0] != climb:
                count += explore(step[0], start, depth - 1)
    return count


@pytest.mark.parametrize("pain", [PAIN, NOISY])
def test_every_short_history_keeps_the_rules(pain: object) -> None:
    climb, _ = begin(pain, RUNGS, 0.0)  # type: ignore[arg-type]
    assert explore(climb, 0.0, soak(5, 8)) > soak(300, 10_000)
