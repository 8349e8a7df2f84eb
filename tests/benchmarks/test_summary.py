"""The benchmarks' own arithmetic: ratios, goals, the table, and the order in which peers run."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.goals import ASYNCIO, BEAM, GOALS, SUBJECT, Goal, figures, judge, ratio
from benchmarks.harness import FAMILIES, WORKLOADS
from benchmarks.launch import PEERS
from benchmarks.run import Plan
from benchmarks.table import summary


def told(workload: str, round: int, scale: float) -> list[str]:
    """A command that is never run."""
    return [workload, str(round), str(scale)]


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
    plan = Plan({"one": told, "two": told}, {"one": "ab", "two": "ab"}, ("a", "b"), 2, scale=1.0, limit=1.0)
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


def test_a_peer_runs_only_the_workloads_it_has() -> None:
    plan = Plan({"one": told, "two": told}, {"one": "a", "two": "ai"}, ("a", "i"), 1, scale=1.0, limit=1.0)
    assert list(plan.steps()) == [(1, "a", "one"), (1, "a", "two"), (1, "i", "two")]


def test_every_workload_stands_in_one_family_and_some_peer_has_it() -> None:
    assert sorted("".join(FAMILIES.values())) == sorted(WORKLOADS)
    assert {letter for peer in PEERS.values() for letter in peer.workloads} == set(WORKLOADS)


@pytest.mark.parametrize("workload", ["a", "i", "j"])
def test_the_library_is_measured_by_the_package_of_the_family(workload: str, tmp_path: Path) -> None:
    package = "cybernetic_agents" if workload == "a" else "cybernetic_nodes"
    assert f"benchmarks.peers.{package}" in PEERS[SUBJECT].make(tmp_path)(workload, 1, 1.0)


def test_a_call_between_nodes_may_take_thirty_percent_longer_than_on_beam() -> None:
    goal = next(goal for goal in GOALS if goal.figure == ("i_call", "p50"))
    for micros, reached in ((130.0, True), (131.0, False)):
        rows = [
            row(peer, "p50", value, workload="i_call") for peer, value in ((SUBJECT, micros), (BEAM, 100.0))
        ]
        assert judge(goal, figures(rows)).reached is reached
