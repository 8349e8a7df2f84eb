"""What the answers of a running system look like as text: records in, lines out."""

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

TOP_COLUMNS = ("agent", "class", "status", "length", "reductions", "held")


def since(moment: float) -> str:
    """A moment (seconds since the epoch) in local time, to the second."""
    return datetime.datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M:%S")


def who(name: str, about: Mapping[str, Any]) -> str:
    """A system as one of several: what it is called, its process, since when it runs."""
    return clean(f"{name}, pid {about['pid']}, since {since(about['since'])}")


def clean(text: object) -> str:
    """A text without what would move a terminal's cursor: unprintable characters are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def tree_text(found: Mapping[str, Any]) -> str:
    """The trees of a system, one agent a line, and below them what is in no tree."""
    lines = [text for record in found["trees"] for text in _branch(record, "", "")]
    if found["apart"]:
        lines += ["", "in no tree:"]
        lines += [f"  {text}" for record in found["apart"] for text in _branch(record, "", "")]
    if found["cut"]:
        lines += ["", "(there are more than are shown)"]
    lines = lines or ["(no agents)"]
    if found["nodes"]:
        lines += ["", "nodes:", *(f"  {node_text(node)}" for node in found["nodes"])]
    return "\n".join(lines)


def _branch(record: Mapping[str, Any], first: str, rest: str) -> Iterator[str]:
    yield first + agent_text(record)
    children = record["children"] or ()
    for number, child in enumerate(children, 1):
        last = number == len(children)
        yield from _branch(child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))


def node_text(node: Mapping[str, Any]) -> str:
    """One node as one line: name, what kind unless agents may be placed there, host, process, what it offers."""
    parts = [node["name"]]
    if node["kind"] != "node":
        parts.append(f"({node['kind']})")
    parts.append(f"on {node['host']}")
    if node["pid"] is not None:
        parts.append(f"pid {node['pid']}")
    parts += [f"{name}={json.dumps(value)}" for name, value in node["capabilities"].items()]
    return clean(" ".join(parts) + ("  <- asked" if node["here"] else ""))


def agent_text(record: Mapping[str, Any]) -> str:
    """One record of a tree as one line: id, name, class, address, and what is unusual about it."""
    parts = [] if record["id"] is None else [record["id"]]
    if record["name"] is not None and record["name"] not in parts:
        parts.append(f"'{record['name']}'")
    if record["class"] is not None and record["class"] not in parts:
        parts.append(record["class"])
    if record["ref"] is not None:
        parts.append(record["ref"])
    notes = [] if record["restart"] in (None, "permanent") else [record["restart"]]
    notes += [] if record["status"] in ("idle", "elsewhere") else [record["status"]]
    return clean(" ".join(parts) + (f" ({', '.join(notes)})" if notes else ""))


def top_rows(agents: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """The agents of a `top` answer as cells, in the order of `TOP_COLUMNS`."""
    return [
        (
            clean(agent["ref"] if agent["name"] is None else f"{agent['ref']} '{agent['name']}'"),
            clean(agent["class"]),
            str(agent["status"]),
            *(str(agent[column]) for column in TOP_COLUMNS[3:]),
        )
        for agent in agents
    ]


def top_head(answer: Mapping[str, Any]) -> str:
    """How the system does as a whole, in one line."""
    numbers, silent = answer["statistics"], answer["silent"]
    asked = [node for node in answer["nodes"] if node["here"] or node["kind"] != "door"]
    nodes = f" on {len(asked) - len(silent)} nodes" if asked else ""
    unheard = f"; no answer in a second: {', '.join(silent)}" if silent else ""
    return (
        f"{numbers['agents']} agents{nodes}, {numbers['started']} started, {numbers['ended']} ended, "
        f"{numbers['dead_letters']} dead letters; loop lag {answer['lag'] * 1000:.1f} ms{clean(unheard)}"
    )


def top_text(answer: Mapping[str, Any]) -> str:
    """A `top` answer as plain lines: the head, then a table with columns as wide as they must be."""
    rows = [TOP_COLUMNS, *top_rows(answer["agents"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(TOP_COLUMNS))]
    body = ["  ".join(_padded(row, widths)).rstrip() for row in rows]
    return "\n".join([top_head(answer), *body])


def _padded(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Text to the left, numbers to the right."""
    for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.rjust(width) if column >= 3 else cell.ljust(width)


def answer_text(answer: object) -> str:
    """What a call answered: a text as it is, anything else as JSON; nothing for None."""
    if answer is None:
        return ""
    return clean(answer) if isinstance(answer, str) else json.dumps(answer, ensure_ascii=True)
