"""The other process of workload i: counts what it is told, answers questions, ends with its connection."""

import asyncio
import sys
from typing import Any

from benchmarks.peers.asyncio_baseline.framed import COUNT, MORE, PING, Framed


async def main(path: str) -> None:
    seen = 0

    def heard(end: Framed, frame: list[Any]) -> None:
        nonlocal seen
        kind, number, _ = frame
        if kind == PING:
            end.send(PING, number, "pong")
        elif kind == COUNT:
            end.send(COUNT, number, seen)
            seen = 0
        else:
            seen += 1
            if kind == MORE:
                end.send(MORE, 0, None)

    _, end = await asyncio.get_running_loop().create_unix_connection(lambda: Framed(heard), path)
    await end.closed


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
