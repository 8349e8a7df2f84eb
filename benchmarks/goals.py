"""The goals, as data, and what measured figures say about them.

A ratio tells how many times as good the first figure is as the second: more per second, or less time or
memory. So more is always better, and 1.0 is even. Gateways are measured elsewhere.
"""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SUBJECT, BEAM, ASYNCIO, THESPIAN = "cybernetic", "beam", "asyncio", "thespian"

Figure = tuple[str, str]  # workload and metric: ("d_call", "p50")
Rounds = Mapping[int, float]  # the value of a figure in each round
Figures = Mapping[Figure, Mapping[str, Rounds]]  # by figure and peer


@dataclass(frozen=True)
class Goal:
    """What this library is to reach: a ratio of at least `least`, or a value of at most `most`.

    The ratio is that of its `figure` to the same one of `peer`, or to the figure `than`.
    """

    figure: Figure
    peer: str = SUBJECT
    least: float | None = None
    most: float | None = None
    than: Figure | None = None


@dataclass(frozen=True)
class Verdict:
    """A goal and what came of it: what was compared by medians, and in the lowest and the highest round.

    None where it was not measured.
    """

    goal: Goal
    median: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None if that was not measured."""
        if self.median is None:
            return None
        if self.goal.most is not None:
            return self.median <= self.goal.most
        return self.goal.least is not None and self.median >= self.goal.least


def _ratios(peer: str, least: float, *figures: Figure) -> Iterable[Goal]:
    return (Goal(figure, peer, least=least) for figure in figures)


GOALS: tuple[Goal, ...] = (
    *_ratios(
        BEAM,
        1.0,
        ("b_pingpong", "roundtrips"),
        ("c_ring", "hops"),
        ("h_fan_in", "msgs"),
        ("e_spawn", "spawns"),
        ("f_restart", "restarts"),
        ("f_restart_reason", "restarts"),
        ("g_tree_100k", "start"),
        ("g_tree_100k", "stop"),
    ),
    *_ratios(BEAM, 0.8, ("d_call", "calls"), ("d_call_inside", "calls"), ("h_fan_out", "msgs")),
    *_ratios(BEAM, 0.5, ("a_cast", "msgs"), ("a_cast_burst", "msgs")),
    *_ratios(
        BEAM,
        5.0,
        ("f_restart_sustained", "restarts"),
        ("f_restart_among_1k", "restarts"),
        ("f_restart_among_100k", "restarts"),
    ),
    # flat in the number of siblings
    Goal(("f_restart_among_1k", "p50"), least=0.67, than=("f_restart", "p50")),
    Goal(("f_restart_among_100k", "p50"), least=0.67, than=("f_restart", "p50")),
    Goal(("e_memory", "drained"), most=1000.0),
    *_ratios(
        ASYNCIO,
        3.0,
        ("a_cast", "msgs"),
        ("a_cast_burst", "msgs"),
        ("b_pingpong", "roundtrips"),
        ("c_ring", "hops"),
        ("d_call", "calls"),
        ("d_call_inside", "calls"),
        ("e_spawn", "spawns"),
    ),
    *_ratios(ASYNCIO, 1.0, ("h_fan_in", "msgs")),
    # node to node
    *_ratios(BEAM, 1.0, ("i_cast", "msgs"), ("i_cast_burst", "msgs")),
    *_ratios(BEAM, 0.769, ("i_call", "p50")),  # at most 1.3 times as long
    *_ratios(
        THESPIAN,
        10.0,
        ("i_cast", "msgs"),
        ("i_cast_burst", "msgs"),
        ("i_call", "calls"),
        ("i_call_16", "calls"),
    ),
)


def figures(rows: Iterable[Mapping[str, Any]]) -> Figures:
    """The values of `rows` (lines of JSON, read) by figure, peer and round; failures are left out."""
    found: dict[Figure, dict[str, dict[int, float]]] = {}
    for row in rows:
        if row["value"] is not None:
            peers = found.setdefault((row["workload"], row["metric"]), {})
            peers.setdefault(row["peer"], {})[row["round"]] = row["value"]
    return found


def ratio(ours: float, theirs: float, more_is_better: bool) -> float:
    """How many times as good `ours` is as `theirs`. Infinite where the divisor is zero."""
    above, below = (ours, theirs) if more_is_better else (theirs, ours)
    return above / below if below else float("inf")


def more_is_better(figure: Figure) -> bool:
    """Whether a figure is a rate; the others are times and memory."""
    return figure[1] not in ("p50", "p99", "start", "stop", "idle", "drained", "node", "helpers", "set")


def judge(goal: Goal, measured: Figures, subject: str = SUBJECT) -> Verdict:
    """Compare by the medians of all rounds; `low` and `high` compare within a round and show the noise."""
    ours = measured.get(goal.figure, {}).get(subject, {})
    if goal.most is not None:
        return (
            Verdict(goal, statistics.median(ours.values()), *_ends(ours.values())) if ours else Verdict(goal)
        )
    peer = subject if goal.peer == SUBJECT else goal.peer
    theirs = measured.get(goal.than or goal.figure, {}).get(peer, {})
    both = ours.keys() & theirs.keys()
    if not both:
        return Verdict(goal)
    better = more_is_better(goal.figure)
    middle = ratio(statistics.median(ours.values()), statistics.median(theirs.values()), better)
    return Verdict(goal, middle, *_ends([ratio(ours[k], theirs[k], better) for k in both]))


def _ends(values: Iterable[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return ordered[0], ordered[-1]
