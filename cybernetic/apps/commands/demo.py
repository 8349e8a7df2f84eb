"""`cybernetic demo`: watch a tree being killed, and heal."""

import argparse
from typing import Any

from cybernetic.apps.demo import demo


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser("demo", help="watch a supervision tree being killed and healing")
    one.add_argument("--seed", type=int, default=7, metavar="N", help="where chance begins (default: 7)")
    one.add_argument("--kills", type=_whole, default=40, metavar="N", help="kills in the storm (default: 40)")
    one.add_argument("--fast", action="store_true", help="without pauses to watch")
    one.add_argument("--plain", action="store_true", help="lines of text instead of a picture")
    one.set_defaults(command=lambda options: demo(options.seed, options.kills, options.fast, options.plain))


def _whole(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a whole number >= 0, got: {text!r}")
    return int(text)
