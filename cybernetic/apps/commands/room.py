"""`cybernetic room`: the operations room of a viable system in a running system, once or until `q` is pressed."""

import argparse
import select
from datetime import datetime
from typing import Any

from rich.console import Console

from cybernetic.apps.control.client import Client, find
from cybernetic.apps.control.report import positive, reported
from cybernetic.apps.screen import opened, shows, signs
from cybernetic.core import wall
from cybernetic.observe import Panorama, Recollection, draw, lines

LEAST = (80, 12)


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser("room", help="the operations room of a viable system (q ends it)")
    one.add_argument("path", nargs="?", metavar="PATH", help="of it; needed where there are several")
    one.add_argument("--system", metavar="NAME", help="in which system, if several are running")
    one.add_argument("--once", action="store_true", help="one look only, as lines of text")
    one.add_argument("--interval", type=positive, default=1.0, metavar="S", help="seconds (default: 1)")
    one.set_defaults(command=run)


@reported
def run(options: argparse.Namespace) -> int:
    """Show one look or many; returns the exit status."""
    live = shows(Console()) and not options.once
    with Client(find(options.system).path) as client:
        watch = _Watch(client, options)
        if live:
            _show(watch, options.interval)
        else:
            _print(watch, options)
    return 0


class _Watch:
    """Looks again and again, and remembers."""

    def __init__(self, client: Client, options: argparse.Namespace) -> None:
        self._client, self._path = client, options.path
        self.memory = Recollection()
        self.seen = Panorama(0.0)

    def look(self) -> None:
        told = self._client.ask("room", path=self._path, since=self.memory.since or None)
        self.seen = self.memory.after(Panorama.of(told))

    def clock(self, at: float) -> str:
        """A moment on the system's clock, as the wall has it."""
        return datetime.fromtimestamp(wall() + at - self.seen.at).strftime("%H:%M:%S")


def _print(watch: _Watch, options: argparse.Namespace) -> None:
    console = Console()
    while True:
        watch.look()
        told = lines(watch.seen, look=signs(console), trends=watch.memory.trends, clock=watch.clock)
        print("\n".join(told), flush=True)
        if options.once:
            return
        select.select([], [], [], options.interval)
        print()


def _show(watch: _Watch, interval: float) -> None:
    """The whole screen; `q` and Ctrl-C end it, and the terminal is as it was."""
    console = Console()
    with opened(console) as terminal:
        try:
            while True:
                watch.look()
                width, height = (max(size, least) for size, least in zip(terminal.size, LEAST, strict=True))
                trends, clock = watch.memory.trends, watch.clock
                terminal.show(
                    draw(watch.seen, width, height, look=signs(console), trends=trends, clock=clock)
                )
                keys, _ = terminal.wait(interval)
                if any(key in ("q", "Q", "") for key in keys):
                    return
        except KeyboardInterrupt:
            return
