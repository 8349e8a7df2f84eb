"""`cybernetic config`: write a file to begin with, find its mistakes, show which value holds and why."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cybernetic.apps.config.flags import add_file
from cybernetic.apps.config.layers import FILE, find_file, from_file
from cybernetic.apps.config.load import ConfigError, load, merge
from cybernetic.apps.config.write import shown, template
from cybernetic.apps.run import say


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser("config", help=f"write, check or show the configuration ({FILE})")
    parts = one.add_subparsers(required=True, metavar="init|check|show")
    init = parts.add_parser("init", help=f"write a commented {FILE} here")
    init.add_argument("--force", action="store_true", help="replace the one that is there")
    init.set_defaults(command=_init)
    check = parts.add_parser("check", help="list every mistake in a file")
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help=f"default: the nearest {FILE}")
    check.set_defaults(command=_check)
    show = parts.add_parser("show", help="show every value and where it came from")
    add_file(show)
    show.set_defaults(command=_show)


def _init(options: argparse.Namespace) -> int:
    path = Path.cwd() / FILE
    try:
        with open(path, "w" if options.force else "x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError:
        say(f"expected no {FILE} here, got: one (--force replaces it)")
        return 1
    except OSError as error:
        say(f"expected {path} to be written, got: {error.strerror}")
        return 1
    print(f"{path} is written: every option stands in it, commented out")
    return 0


def _check(options: argparse.Namespace) -> int:
    path = options.file or find_file(Path.cwd())
    if path is None:
        say(f"expected a {FILE} here or above, got: none (`cybernetic config init` writes one)")
        return 1
    try:
        merge([from_file(path)], path)
    except ConfigError as error:
        return _problems(error)
    print(f"{path} is in order")
    return 0


def _show(options: argparse.Namespace) -> int:
    try:
        loaded = load(options.config)
    except ConfigError as error:
        return _problems(error)
    console = Console()
    rows = shown(loaded)
    if not console.is_terminal:
        for row in rows:
            print("\t".join(row).rstrip())
        return 0
    table = Table("key", "value", "source", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)
    return 0


def _problems(error: ConfigError) -> int:
    for problem in error.problems:
        say(problem)
    return 1
