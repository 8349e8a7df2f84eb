"""The benchmarks' own arithmetic: ratios, goals, the table, and the order in which peers run."""

from typing import Any

import pytest

from benchmarks.goals import ASYNCIO, BEAM, SUBJECT, Goal, figures, judge, ratio
from benchmarks.run import Plan
from benchmarks.table import summary


def row(peer: str, metric: str, value: float | None, round: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "peer": peer,
        "version": "1",
        "workload": "d_call",
        "metric": metric,
        "value": value,
        "unit": "1/s",
        "n": 10,
        "round": round,
    } | more


@pytest.mark.parametrize(
    ("ours", "theirs", "more", "times"), [(200.0, 100.0, True, 2.0), (200.0, 100.0, False, 0.5)]
)
def test_a_ratio_above_one_is_always_better(ours: float, theirs: float, more: bool, times: float) -> None:
    assert ratio(ours, theirs, more) == times


def test_a_goal_is_judged_by_the_medians() -> None:
    rows = [
        row(peer, "calls", value, number)
        for peer, values in ((SUBJECT, (80.0, 90.0, 10.0)), (BEAM, (100.0, 100.0, 100.0)))
        for number, value in enumerate(values)
    ]
    verdict = judge(Goal(("d_call", "calls"), BEAM, least=0.8), figures(rows), SUBJECT)
    assert (verdict.reached, verdict.median, verdict.low) == (True, 0.8, 0.1)


def test_a_latency_is_better_when_it_is_less() -> None:
    rows = [row(SUBJECT, "p50", 2.0), row(BEAM, "p50", 1.0)]
    verdict = judge(Goal(("d_call", "p50"), BEAM, least=0.8), figures(rows), SUBJECT)
    assert (verdict.reached, verdict.median) == (False, 0.5)


def test_what_was_not_measured_is_neither_reached_nor_missed() -> None:
    assert judge(Goal(("d_call", "calls"), BEAM, least=1.0), figures([]), SUBJECT).reached is None


def test_the_summary_shows_medians_ratios_goals_and_failures() -> None:
    rows = [
        row(SUBJECT, "calls", 50.0),
        row(BEAM, "calls", 100.0),
        row(ASYNCIO, "error", None, why="it broke"),
    ]
    text = summary(rows)
    assert "| d_call | call | calls/s | 10 | 50 |" in text
    assert "0.50" in text
    assert "d_call calls against beam" in text
    assert "it broke" in text


def test_rounds_interleave_the_peers_and_each_begins_with_another() -> None:
    plan = Plan({"one": None, "two": None}, ("a", "b"), rounds=2, scale=1.0, limit=1.0)  # type: ignore[dict-item]
    assert list(plan.steps()) == [
        (1, "a", "one"),
        (1, "a", "two"),
        (1, "b", "one"),
        (1, "b", "two"),
        (2, "a", "two"),
        (2, "a", "one"),
        (2, "b", "two"),
        (2, "b", "one"),
    ]
