"""`cybernetic stop`: ask a running system to stop in order, and wait until it is gone."""

import argparse
import select
from typing import Any

from cybernetic.apps.control.client import Client, ControlError, Found, find
from cybernetic.apps.control.report import positive, reported
from cybernetic.core import real
from cybernetic.nodes import runs

PAUSE = 0.05


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser("stop", help="stop a running system in order")
    one.add_argument("--system", metavar="NAME", help="which, if several are running")
    one.add_argument(
        "--timeout", type=positive, default=30.0, metavar="S", help="seconds to wait for it (default: 30)"
    )
    one.set_defaults(command=run)


@reported
def run(options: argparse.Namespace) -> int:
    """Ask, and wait; returns the exit status."""
    found = find(options.system)
    with Client(found.path) as client:
        client.ask("stop")
    _until_gone(found, options.timeout)
    print(f"{found.name} has stopped")
    return 0


def _until_gone(found: Found, seconds: float) -> None:
    """Wait until no process of the run is left. Raises `ControlError` after `seconds`."""
    end = real() + seconds
    while any(run.path == found.path.parent for run in runs()):
        if real() >= end:
            raise ControlError(f"expected {found.name} to stop within {seconds:g} s, got: it still runs")
        select.select([], [], [], PAUSE)
