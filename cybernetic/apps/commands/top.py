"""`cybernetic top`: the busiest agents of a running system, on all its nodes, once or until `q` is pressed."""

import argparse
import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cybernetic.apps.control.client import Client, find
from cybernetic.apps.control.report import count, positive, reported
from cybernetic.apps.control.views import TOP_COLUMNS, top_head, top_rows, top_text
from cybernetic.nodes import ORDERS


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser("top", help="watch the busiest agents of a running system (q ends it)")
    one.add_argument("--system", metavar="NAME", help="which, if several are running")
    one.add_argument("--once", action="store_true", help="one look only")
    one.add_argument("--by", choices=ORDERS, default="length", help="what counts (default: length)")
    one.add_argument("-n", type=count, default=20, metavar="N", help="how many agents (default: 20)")
    one.add_argument("--interval", type=positive, default=1.0, metavar="S", help="seconds (default: 1)")
    one.set_defaults(command=run)


@reported
def run(options: argparse.Namespace) -> int:
    """Print one look or many; returns the exit status."""
    live = sys.stdout.isatty() and sys.stdin.isatty() and not options.once
    with Client(find(options.system).path) as client:
        if live:
            _watch(client, options)
        else:
            _print(client, options)
    return 0


def _look(client: Client, options: argparse.Namespace) -> Any:
    return client.ask("top", by=options.by, n=options.n)


def _print(client: Client, options: argparse.Namespace) -> None:
    while True:
        print(top_text(_look(client, options)), flush=True)
        if options.once:
            return
        select.select([], [], [], options.interval)
        print()


def _watch(client: Client, options: argparse.Namespace) -> None:
    """A table on the whole screen; `q` and Ctrl-C end it, and the terminal is as it was."""
    with _keys(), Live(console=Console(), screen=True, auto_refresh=False) as live:
        try:
            while True:
                live.update(_table(_look(client, options)), refresh=True)
                if _pressed(options.interval) in ("q", "Q", ""):
                    return
        except KeyboardInterrupt:
            return


def _pressed(seconds: float) -> str | None:
    """The key pressed within `seconds`; None without one, nothing at the end of the input."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return os.read(sys.stdin.fileno(), 1).decode("latin-1") if ready else None


@contextmanager
def _keys() -> Iterator[None]:
    """Keys arrive as they are pressed, and are not shown."""
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _table(answer: Any) -> Group:
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(TOP_COLUMNS):
        table.add_column(column, justify="right" if number >= 3 else "left", no_wrap=True)
    for row in top_rows(answer["agents"]):
        table.add_row(*map(Text, row))
    return Group(Text(top_head(answer)), Text(), table)
