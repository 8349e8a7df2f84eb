"""A division as a program of its own, met over a broker: `python -m cybernetic.apps.demo.real.abroad DIVISION FOLDER`.

The broker's address is the first line of its input, so that no list of processes shows it; it ends with its input.
"""

import asyncio
import logging
import os
import sys
from functools import partial

from cybernetic.apps.broker import broker_at
from cybernetic.apps.demo.real.company import DATA, NAME, PER, Branch
from cybernetic.gateways import Post, outlet_of, pain_outlet_of
from cybernetic.nodes import System
from cybernetic.vsm import Abroad, Cost, junction_of

BEATS = (0.5, 3.0)  # seconds between heartbeats, and without


async def live(division: str, folder: str, url: str, gone: asyncio.Event) -> None:
    """Be that division until `gone`."""
    path = f"{NAME}/{division}"
    async with System() as system:
        broker, painful = broker_at(url), broker_at(url)
        await system.start(partial(Post, broker, painful, folder, path, {NAME: junction_of(path)}, *BEATS))
        way, pain = outlet_of(NAME), pain_outlet_of(NAME)
        await system.start(partial(Abroad, Branch, path, way, PER, Cost(usd=1.0), pain=pain))
        await gone.wait()


async def main() -> None:
    """As the arguments say."""
    division, folder = sys.argv[1:]
    url, gone = sys.stdin.readline().strip(), asyncio.Event()

    def heard() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            gone.set()

    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), heard)
    await live(division, folder, url, gone)


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    if DATA not in os.environ:
        sys.exit(f"expected the variable {DATA}, got: none")
    asyncio.run(main())
