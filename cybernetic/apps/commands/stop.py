"""`cybernetic stop`: ask a running system to stop in order, and wait until it is gone."""

import argparse
import select
import sys
from typing import Any

from cybernetic.apps.control.client import Client, ControlError, Found, find
from cybernetic.apps.control.report import positive, reported
from cybernetic.apps.control.views import who
from cybernetic.core import real
from cybernetic.nodes import runs

PAUSE = 0.05


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser(
        "stop",
        help="stop a running system in order",
        description="Stop a running system in order. Without --system it asks before it stops the only one there is; "
        "where there is no terminal to ask at, --system or --yes is needed.",
    )
    one.add_argument("--system", metavar="NAME", help="which one; then it does not ask")
    one.add_argument("--yes", action="store_true", help="do not ask")
    one.add_argument(
        "--timeout", type=positive, default=30.0, metavar="S", help="seconds to wait for it (default: 30)"
    )
    one.set_defaults(command=run)


@reported
def run(options: argparse.Namespace) -> int:
    """Ask the person, then the system, and wait; returns the exit status: 1 if the person would not."""
    found = find(options.system)
    with Client(found.path) as client:
        if options.system is None and not options.yes and not _wanted(found, client):
            print(f"{found.name} goes on")
            return 1
        client.ask("stop")
    _until_gone(found, options.timeout)
    print(f"{found.name} has stopped")
    return 0


def _wanted(found: Found, client: Client) -> bool:
    """Whether the person at the terminal wants this one to stop. Raises `ControlError` where there is none."""
    about = who(found.name, client.ask("describe"))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ControlError(
            f"expected --system NAME, or --yes to stop the only one there is, which is {about}"
        )
    print(f"stop {about}? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _until_gone(found: Found, seconds: float) -> None:
    """Wait until no process of the run is left. Raises `ControlError` after `seconds`."""
    end = real() + seconds
    while any(run.path == found.path.parent for run in runs()):
        if real() >= end:
            raise ControlError(f"expected {found.name} to stop within {seconds:g} s, got: it still runs")
        select.select([], [], [], PAUSE)
