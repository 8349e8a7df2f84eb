"""`cybernetic graph`: ask the graph of facts of a running system, write it to a file, read one into it."""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cybernetic.apps.commands.graph_files import FORMATS, batches, made, opened, progress, read, written
from cybernetic.apps.config.nearest import hint
from cybernetic.apps.control.client import Client, ControlError, find
from cybernetic.apps.control.report import count, positive, reported
from cybernetic.apps.control.views import clean
from cybernetic.apps.run import say
from cybernetic.core import CyberneticError

MARGIN = 10.0  # seconds the system may take on top of the call itself
NOT_ONE = (
    "OptionError: name:",
    "BadCall:",
)  # so begins what is said of an agent that is not there, or no graph

Ask = Callable[..., Any]
"""Calls a method of the graph by name, with arguments."""


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser("graph", help="facts of a running system: query, export, import")
    parts = one.add_subparsers(required=True, metavar="query|export|import")
    asks = _part(parts, "query", "what makes all patterns true at once", _query)
    asks.add_argument("patterns", nargs="+", metavar="PATTERN", help="such as '?who knows ann', '?who age 5'")
    asks.add_argument(
        "--limit", type=count, default=1000, metavar="N", help="answers at most (default: 1000)"
    )
    asks.add_argument("--json", action="store_true", help="answers, a line for each")
    out = _part(parts, "export", "write every assertion that stands", _export)
    out.add_argument("file", nargs="?", default="-", metavar="FILE", help="default: standard output")
    into = _part(
        parts, "import", "read assertions, such as an export; a wrong file is refused whole", _import
    )
    into.add_argument("file", metavar="FILE", help="- is standard input")
    into.add_argument(
        "--who", default="import", metavar="NAME", help="source of those that name none (default: import)"
    )
    into.add_argument(
        "--again",
        action="store_true",
        help="say again, as of now, what was removed or replaced since the export; else that stays so",
    )
    out.add_argument("--format", choices=FORMATS, help="default: graphml for *.graphml, else JSON Lines")
    into.add_argument("--format", choices=FORMATS, help="default: as the file begins")


def _part(parts: Any, name: str, text: str, work: Callable[[Ask, argparse.Namespace], int]) -> Any:
    one = parts.add_parser(name, help=text)
    one.add_argument("graph", metavar="GRAPH", help="the name of the agent that keeps it")
    one.add_argument("--timeout", type=positive, default=30.0, metavar="S", help="seconds a step may take")
    one.add_argument("--system", metavar="NAME", help="which, if several are running")

    @reported
    def command(options: argparse.Namespace) -> int:
        return work(asker(options), options)

    one.set_defaults(command=command)
    return one


def asker(options: argparse.Namespace) -> Ask:
    """What calls the graph that `options` name; each call has a connection of its own. Raises `ControlError`."""
    path = find(options.system).path

    def ask(method: str, *args: Any) -> Any:
        request = {"name": options.graph, "method": method, "args": list(args)}
        with Client(path) as client:
            try:
                return client.ask("call", options.timeout + MARGIN, seconds=options.timeout, **request)
            except ControlError as error:
                if not str(error).startswith(NOT_ONE):
                    raise
                names = _graphs(client.ask("tree", options.timeout))
            others = f"there are {', '.join(names)}" if names else "none is seen in `cybernetic tree`"
            raise ControlError(
                f"expected the name of a graph, got: {options.graph!r}{hint(options.graph, names)}; {others}"
            )

    return ask


def _graphs(seen: dict[str, Any]) -> list[str]:
    """The names of the graphs in the trees of a system."""
    found, waiting = [], [*seen["trees"], *seen["apart"]]
    while waiting:
        record = waiting.pop()
        waiting += record["children"] or ()
        if (record["class"] or "").endswith("Graph") and record["name"]:  # that of a world is one as well
            found.append(record["name"])
    return sorted(found)


def _query(ask: Ask, options: argparse.Namespace) -> int:
    found = ask("lookup", options.patterns, options.limit)
    rows = found["rows"]
    if options.json:
        for row in rows:
            print(json.dumps(row))
    elif not rows or not rows[0]:
        print("yes" if rows else "no answers")
    else:
        _print_table(rows)
    if not found["complete"]:
        say(f"there are more than these {len(rows)} answers; --limit N shows more")
    return 0


def _print_table(rows: list[dict[str, Any]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in sorted(rows, key=lambda row: [str(value) for value in row.values()]):
        table.add_row(*[Text(clean(_shown(value))) for value in row.values()])
    Console().print(table)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _export(ask: Ask, options: argparse.Namespace) -> int:
    format = options.format or ("graphml" if options.file.endswith(".graphml") else "lines")
    with made(options.file) as file:
        if options.file == "-":
            written(file, _pages(ask), format)
            return 0
        with progress("written") as told:
            count = written(file, _pages(ask, told), format)
    say(f"{_many(count)} written to {options.file}")
    return 0


def _pages(ask: Ask, told: Callable[[int], object] = lambda _: None) -> Iterator[dict[str, Any]]:
    cursor, count = None, 0
    while True:
        page = ask("page", cursor)
        yield from page["records"]
        cursor, count = page["next"], count + len(page["records"])
        told(count)
        if cursor is None:
            return


def _import(ask: Ask, options: argparse.Namespace) -> int:
    """Nothing is sent before all of the file is known to be right."""
    with opened(options.file) as file:
        total = sum(1 for _ in read(file, options.format))
        came = Counter(new=0, ended=0)
        done = 0
        try:
            with progress("read", total) as told:
                for batch in batches(read(file, options.format)):
                    came.update(ask("load", batch, options.who, options.again))
                    done += len(batch)
                    told(done)
        except (CyberneticError, KeyboardInterrupt):
            say(f"{done} of {_many(total)} are in; to read the file again does not read those twice")
            raise
    say(f"{_many(total)} read, {came['new']} of them new")
    if came["ended"]:
        again = "" if options.again else "; --again says again what was removed or replaced"
        say(f"{_many(came['ended'])} left out: ended since{again}")
    return 0


def _many(count: int) -> str:
    return f"{count} assertion{'' if count == 1 else 's'}"
