"""The demonstration: a shop of agents is killed, part by part, and heals before your eyes."""

import asyncio
import logging
import sys

from rich.console import Console

from cybernetic.apps.demo.scenes import play
from cybernetic.apps.demo.view import Picture, Plain

__all__ = ("demo",)


def demo(seed: int = 7, kills: int = 40, fast: bool = False, plain: bool = False) -> int:
    """Play it on this terminal; where there is none, as plain lines without pauses.

    `seed` is where chance begins, `kills` how many agents the storm kills. Returns the exit status: 0 if the tree
    had its shape again at the end, else 1; 130 after Ctrl-C.
    """
    logging.getLogger("cybernetic").addHandler(logging.NullHandler())
    logging.getLogger("cybernetic").propagate = False  # the picture shows what happens
    console = Console()
    live = console.is_terminal and not plain
    view = Picture(console) if live else Plain(console)
    pace = 0.02 if fast or not console.is_terminal else 1.0
    try:
        with view:
            healed = asyncio.run(play(view, seed, kills, pace))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0 if healed else 1
