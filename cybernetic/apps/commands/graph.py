"""`cybernetic graph`: ask the graph of facts of a running system, write it to a file, read one into it."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cybernetic.apps.control.client import Client, find
from cybernetic.apps.control.report import count, positive, reported
from cybernetic.apps.control.views import clean
from cybernetic.apps.run import say
from cybernetic.core import CyberneticError
from cybernetic.state import read_graphml, read_lines, write_graphml, write_lines

FORMATS = ("lines", "graphml")
MARGIN = 10.0  # seconds the system may take on top of the call itself
PIECE = 1 << 16  # bytes read at once
RECORDS, BYTES = 200, 500_000  # sent at once: below what a graph and the control socket take

Ask = Callable[..., Any]
"""Calls a method of the graph by name, with arguments."""


class FileError(CyberneticError):
    """A file could not be read or written; the text says why."""


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
    into = _part(parts, "import", "read assertions; doing it again changes nothing", _import)
    into.add_argument("file", metavar="FILE", help="- is standard input")
    into.add_argument(
        "--who", default="import", metavar="NAME", help="source of those that name none (default: import)"
    )
    for part in (out, into):
        part.add_argument("--format", choices=FORMATS, help="default: graphml for *.graphml, else JSON Lines")


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
            return client.ask("call", options.timeout + MARGIN, seconds=options.timeout, **request)

    return ask


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
    write = write_graphml if _format(options) == "graphml" else write_lines
    counted = _Counted(_pages(ask))
    with _written(options.file) as file:
        for text in write(counted):
            file.write(text)
    if options.file != "-":
        say(f"{counted.count} assertions written to {options.file}")
    return 0


def _pages(ask: Ask) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = ask("page", cursor)
        yield from page["records"]
        cursor = page["next"]
        if cursor is None:
            return


def _import(ask: Ask, options: argparse.Namespace) -> int:
    read = _read_graphml if _format(options) == "graphml" else _read_lines
    told = changed = 0
    with _opened(options.file) as file:
        for batch in batches(read(file)):
            try:
                changed += ask("load", batch, options.who)
            except CyberneticError:
                say(f"the first {told} assertions are in; of the {len(batch)} that follow, this is said:")
                raise
            told += len(batch)
    say(f"{told} assertions read, {changed} of them new")
    return 0


def batches(records: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The records in groups that one call may carry."""
    batch: list[dict[str, Any]] = []
    size = 0
    for record in records:
        length = len(json.dumps(record))
        if batch and (len(batch) == RECORDS or size + length > BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch


class _Counted:
    """The same records, counted."""

    def __init__(self, records: Iterable[dict[str, Any]]) -> None:
        self._records, self.count = records, 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for record in self._records:
            self.count += 1
            yield record


def _format(options: argparse.Namespace) -> str:
    return options.format or ("graphml" if options.file.endswith(".graphml") else "lines")


def _read_lines(file: BinaryIO) -> Iterator[dict[str, Any]]:
    return read_lines(line.decode(errors="replace") for line in file)


def _read_graphml(file: BinaryIO) -> Iterator[dict[str, Any]]:
    return read_graphml(iter(lambda: file.read(PIECE), b""))


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as file:
            yield file
    except OSError as error:
        raise FileError(f"expected a file that can be read, got: {error}") from None


@contextmanager
def _written(name: str) -> Iterator[TextIO]:
    """The file to write to, which takes its name when all of it is there."""
    if name == "-":
        yield sys.stdout
        return
    part = Path(f"{name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            yield file
        os.replace(part, name)
    except OSError as error:
        raise FileError(f"expected a file that can be written, got: {error}") from None
    finally:
        part.unlink(missing_ok=True)
