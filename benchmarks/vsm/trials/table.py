"""A trial in Markdown: the medians of all arms, ours against each of them, and what is claimed."""

from collections.abc import Iterator
from math import isinf

from benchmarks.vsm.trials.compare import Verdict, compare
from benchmarks.vsm.trials.trial import Column, Found, Trial

JUDGED = {True: "holds", False: "DOES NOT HOLD", None: "too few seeds to say"}


def report(trial: Trial, found: Found) -> str:
    """All there is to say about one trial."""
    parts = [f"## {trial.title}", f"Medians of {found.seeds} paired seeds.", medians(trial, found)]
    if found.seeds > 1 and trial.compared:
        parts += [
            f"{trial.ours} less each of the others: median paired difference, 95 % bootstrap interval.",
            differences(trial, found),
        ]
    parts += ["\n".join(claims(trial, found))] if trial.claims else []
    return "\n\n".join(parts)


def medians(trial: Trial, found: Found) -> str:
    """The table of all arms."""
    rows = [
        [arm, *(shown(found.middle(arm, column.name), column.digits) for column in trial.columns)]
        for arm in trial.arms
    ]
    return markdown(["arm", *(column.head for column in trial.columns)], rows)


def differences(trial: Trial, found: Found) -> str:
    """Ours against each other arm, in the columns in which one can be better."""
    columns = [column for column in trial.columns if column.better]
    rows = [[arm, *(_difference(trial, found, arm, column) for column in columns)] for arm in trial.compared]
    return markdown(["against", *(column.head for column in columns)], rows)


def claims(trial: Trial, found: Found) -> Iterator[str]:
    """A line for each claim."""
    for claim in trial.claims:
        yield f"- {JUDGED[claim.judge(found)]}: {claim.words}"


def _difference(trial: Trial, found: Found, arm: str, column: Column) -> str:
    assert column.better
    ours, theirs = found.values(trial.ours, column.name), found.values(arm, column.name)
    it = compare(ours, theirs, column.better)
    ends = f"{shown(it.low, column.digits, True)} to {shown(it.high, column.digits, True)}"
    word = it.verdict.value.upper() if it.verdict is Verdict.LOSS else it.verdict.value
    return f"{word} {shown(it.middle, column.digits, True)} ({ends})"


def shown(value: float, digits: int, signed: bool = False) -> str:
    """A figure as it stands in a table; one that never came is "never"."""
    if isinf(value):
        return ("-" if value < 0 else "+") + "∞" if signed else "never"
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    return f"{0.0:.{digits}f}" if float(text.replace(",", "")) == 0 else text


def markdown(heads: list[str], rows: list[list[str]]) -> str:
    """A table whose columns are as wide as they need to be; all but the first stand to the right."""
    widths = [max(len(row[k]) for row in [heads, *rows]) for k in range(len(heads))]
    lines = [
        _line(heads, widths),
        "|" + "|".join("-" * (width + 1) + _edge(k) for k, width in enumerate(widths)) + "|",
    ]
    return "\n".join([*lines, *(_line(row, widths) for row in rows)])


def _edge(place: int) -> str:
    return ":" if place else "-"


def _line(cells: list[str], widths: list[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]) + " |"
