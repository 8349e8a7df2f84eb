"""The reading of the herd's table: what of it is certain in every run."""

from statistics import mean

import pytest

from benchmarks.vsm.damping.herd import RUNS, compared
from benchmarks.vsm.damping.herd_world import AGENTS, HORIZON, TICK, run


def test_who_is_not_damped_goes_to_and_fro_at_every_choice() -> None:
    found = run(1)
    assert found.switches == AGENTS // 2 + (HORIZON // TICK - 1) * AGENTS == 7170
    assert set(found.shares) == {0, AGENTS}
    assert len(found.seconds) == len(found.used) == HORIZON
    assert max(found.used) <= 1.0
    assert mean(found.used) == pytest.approx(
        0.9, abs=0.01
    )  # what one provider has no time for waits, and is served


def test_the_herd_is_found_after_twelve_choices_and_a_plan_ends_it() -> None:
    frozen, planned = run(1, auto=True, plan=False), run(1, auto=True)
    assert frozen.detected == planned.detected == 120.0
    assert planned.shares[13] == AGENTS // 2  # who has just moved stays where the plan sent it
    assert mean(planned.latencies(HORIZON // 2)) < 1.0 < mean(frozen.latencies(300))
    assert 15 < min(planned.shares[-60:]) <= max(planned.shares[-60:]) < 45


def test_a_figure_is_compared_with_the_errors_of_both_and_what_is_rounded_away_counts_as_none() -> None:
    values = [1.0, 3.0] * (RUNS // 2)
    found = compared(values, 5.0, 0.5)
    assert found.value == 2.0
    assert found.away == pytest.approx(-2.5 / (found.error * 2**0.5))
    assert compared(values, 2.4, 0.5).away == 0.0
    assert compared([7.0, 7.0], 7.0, 0.5).away == 0.0
    assert compared([7.0, 7.0], 9.0, 0.5).away == float("-inf")
