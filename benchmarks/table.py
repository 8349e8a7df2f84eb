"""The summary in Markdown: medians with their ratios, the goals, what was run and what failed."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.goals import (
    ASYNCIO,
    BEAM,
    GOALS,
    SUBJECT,
    THESPIAN,
    Figure,
    Figures,
    Verdict,
    figures,
    judge,
    more_is_better,
    ratio,
)

Row = Mapping[str, Any]

WHAT = {
    "a_cast": "cast, at most 1,000 under way",
    "a_cast_async": "cast to an async handler",
    "a_cast_burst": "cast, all at once",
    "a_cast_outside": "cast by a coroutine that is no agent",
    "a_send": "send, all at once (BEAM: `!` to a raw process)",
    "b_pingpong": "ping-pong",
    "c_ring": "ring of 1,000",
    "d_call": "call",
    "d_call_async": "call of an async handler",
    "d_call_inside": "call from inside a handler",
    "e_spawn": "spawn",
    "e_start": "start, waited for one by one",
    "e_memory": "memory of an agent",
    "f_restart": "restart after a crash",
    "f_restart_reason": "restart after an orderly end",
    "f_restart_reports": "restart after a crash, crash reports on",
    "f_restart_sustained": "restart, many on one supervisor",
    "f_restart_among_1k": "restart among 1,000 siblings",
    "f_restart_among_100k": "restart among 100,000 siblings",
    "g_tree_10k": "supervisor of 10,000",
    "g_tree_100k": "supervisor of 100,000",
    "g_dynamic_10k": "dynamic supervisor, 10,000 one by one",
    "g_dynamic_100k": "dynamic supervisor, 100,000 one by one",
    "h_fan_in": "fan-in from 100",
    "h_fan_out": "fan-out to 10,000",
    "i_cast": "cast to another node, a bounded stream",
    "i_cast_burst": "cast to another node, as fast as it goes",
    "i_call": "call to another node, one caller",
    "i_call_16": "call to another node, 16 callers",
    "j_start_1": "a system with one more node, until it is up",
    "j_start_4": "a system with four more nodes, until they are up",
    "j_memory": "memory of a node, of the processes that watch it, of all",
    "j_down": "from kill -9 of a node to Down",
    "j_restart": "from kill -9 of a node to the answer of an agent made anew",
}


def summary(rows: Sequence[Row]) -> str:
    """The whole report of a run."""
    measured = figures(rows)
    parts = [_medians(rows, measured)] if measured else []
    parts += [_goals(measured, peer) for peer in _peers(rows) if peer.startswith(SUBJECT)]
    parts += [_run(rows), _failures(rows)]
    return "\n\n".join(filter(None, parts))


def _medians(rows: Sequence[Row], measured: Figures) -> str:
    peers = _peers(rows)
    bases = [base for base in (BEAM, ASYNCIO, THESPIAN) if base in peers]
    ratios = [(peer, base) for peer in peers if peer.startswith(SUBJECT) for base in bases]
    units = {(row["workload"], row["metric"]): row["unit"] for row in rows}
    counts = {(row["workload"], row["metric"], row["peer"]): row for row in rows}
    lines = [("row", "what", "figure", "n", *peers, *(f"{peer} × {base}" for peer, base in ratios))]
    for figure in sorted(
        measured, key=lambda figure: list(WHAT).index(figure[0]) if figure[0] in WHAT else len(WHAT)
    ):
        medians = {peer: statistics.median(values.values()) for peer, values in measured[figure].items()}
        sizes = dict.fromkeys(_size(counts[*figure, peer]) for peer in peers if peer in medians)
        lines.append(
            (
                figure[0],
                WHAT.get(figure[0], ""),
                _name(figure, units[figure]),
                " / ".join(sizes),
                *(_short(medians[peer]) if peer in medians else "" for peer in peers),
                *(_compare(figure, medians, peer, base) for peer, base in ratios),
            )
        )
    title = "## Medians\n\nA ratio tells how many times as good: above 1.00 is faster, or smaller."
    return f"{title}\n\n" + _table(lines, left=3)


def _goals(measured: Figures, peer: str) -> str:
    verdicts = [judge(goal, measured, peer) for goal in GOALS]
    judged = [verdict.reached for verdict in verdicts]
    lines = [("goal", "wanted", "measured", "rounds", "")]
    lines += [
        (*_goal(verdict), "yes" if verdict.reached else "**no**")
        for verdict in verdicts
        if verdict.reached is not None
    ]
    counts = (
        f"{judged.count(True)} reached, {judged.count(False)} not reached, {judged.count(None)} not measured"
    )
    title = f"## Goals: {peer}\n\n{counts}"
    return f"{title}\n\n{_table(lines, left=1)}" if len(lines) > 1 else title


def _goal(verdict: Verdict) -> tuple[str, str, str, str]:
    goal = verdict.goal
    name = " ".join(goal.figure)
    if goal.most is not None:
        sign, wanted = "", f"≤ {goal.most:g}"
    else:
        sign, wanted = "×", f"≥ {goal.least:g} ×"
        name += f" against {' '.join(goal.than) if goal.than else goal.peer}"
    if verdict.median is None or verdict.low is None or verdict.high is None:
        return name, wanted, "", ""
    spread = f"{_short(verdict.low)} to {_short(verdict.high)}"
    return name, wanted, f"{_short(verdict.median)} {sign}".strip(), spread


def _run(rows: Sequence[Row]) -> str:
    versions = {row["peer"]: row["version"] for row in rows if row["version"]}
    lines = [f"- {peer}: {version}" for peer, version in versions.items()]
    return "## Measured\n\n" + "\n".join([f"- rounds: {len({row['round'] for row in rows})}", *lines])


def _failures(rows: Sequence[Row]) -> str:
    lines = [
        f"- {row['peer']}, {row['workload']}, round {row['round']}: {row.get('why', '')}"
        for row in rows
        if row["value"] is None
    ]
    return "## Failed\n\n" + "\n".join(lines) if lines else ""


def _peers(rows: Iterable[Row]) -> list[str]:
    """The peers in the table: this library first, then by name."""
    return sorted({row["peer"] for row in rows}, key=lambda peer: (not peer.startswith(SUBJECT), peer))


def _name(figure: Figure, unit: str) -> str:
    return f"{figure[1]}/s" if more_is_better(figure) else f"{figure[1]} {unit}"


def _size(row: Row) -> str:
    """How many were counted, and among how many if the row says so."""
    more = [f"{row[name]:,} {name}" for name in ("siblings", "receivers", "callers", "window") if name in row]
    return ", ".join([f"{row['n']:,}", *more])


def _compare(figure: Figure, medians: Mapping[str, float], peer: str, base: str) -> str:
    if peer in medians and base in medians:
        return f"{ratio(medians[peer], medians[base], more_is_better(figure)):.2f}"
    return ""


def _short(value: float) -> str:
    for least, unit in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= least:
            return f"{value / (1e6 if unit == 'M' else 1e3):.3g}{unit}"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _table(lines: Sequence[Sequence[str]], left: int) -> str:
    """Markdown; the first `left` columns are words, the others numbers."""

    def drawn() -> Iterator[str]:
        yield from (f"| {' | '.join(line)} |" for line in lines)

    head, *body = drawn()
    rule = "|" + "|".join("---" if column < left else "---:" for column in range(len(lines[0]))) + "|"
    return "\n".join([head, rule, *body])
