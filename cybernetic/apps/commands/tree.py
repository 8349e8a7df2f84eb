"""`cybernetic tree`: who keeps whom alive in a running system."""

import argparse
import json
from typing import Any

from cybernetic.apps.control.client import Client, find
from cybernetic.apps.control.report import reported
from cybernetic.apps.control.views import tree_text

SECONDS = 60.0


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser("tree", help="show the supervision trees of a running system")
    one.add_argument("--system", metavar="NAME", help="which, if several are running")
    one.add_argument("--json", action="store_true", help="records instead of a picture")
    one.set_defaults(command=run)


@reported
def run(options: argparse.Namespace) -> int:
    """Print the trees; returns the exit status."""
    with Client(find(options.system).path, SECONDS) as client:
        found = client.ask("tree")
    print(json.dumps(found, indent=2) if options.json else tree_text(found))
    return 0
