"""A replica in a process of its own that meets others over a broker. Arguments: URL and file.

It does what it reads, a line each: "add 1 2 3", or "all", which it answers with what it has."""

import asyncio
import sys
from functools import partial
from typing import Any

from cybernetic.crdt import AWSet
from cybernetic.gateways import AmqpBroker, BrokerPeers, Key, Keyring
from cybernetic.runtime import LocalSystem
from cybernetic.state import Replica

SECRET = b"a secret of all that meet in this"


def add(value: Any, by: Any, *elements: Any) -> Any:
    """Put elements into the set."""
    return value.add(by.replica, *elements)


async def replica(system: Any, url: str, file: str) -> Any:
    """A replica that is started in `system`."""
    peers = partial(BrokerPeers, AmqpBroker(url), Keyring([Key("k", SECRET, ("*",))]))
    started = await system.start(Replica, AWSet, "facts", file, None, peers)
    return started.within(60)


async def main() -> None:
    url, file = sys.argv[1:]
    async with LocalSystem() as system:
        mine = await replica(system, url, file)
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            order, *numbers = line.split()
            if order == "add":
                await mine.call(Replica.change, add, *map(int, numbers))
            print(*sorted(await mine.call(Replica.value)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
