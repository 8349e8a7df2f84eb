"""A program that publishes and consumes until it is killed. Arguments: URL, folder, and name.

It waits for a line that says what to do, "send" or "drain": so one is there when the one before is killed.

It says the number of each message that is kept; "drain" only finishes what was begun, at least what stands in the file
"kept", and ends."""

import asyncio
import contextlib
import sqlite3
import sys
from functools import partial
from pathlib import Path

from cybernetic.gateways import AmqpBroker, Gateway, Publisher, consume
from cybernetic.runtime import LocalSystem
from tests.integration.gateways.accounts import TABLE, Count, Shop

LAST = "CREATE TABLE IF NOT EXISTS begun (number INTEGER NOT NULL)"


def next_number(file: Path) -> int:
    """Behind everything that an earlier run may have begun to send."""
    with sqlite3.connect(file) as connection:
        connection.execute(LAST)
        (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM begun").fetchone()
        connection.execute("INSERT INTO begun VALUES (?)", (last + 100_000,))
    connection.close()
    return int(last)


async def main() -> None:
    url, folder, name, mode = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.stdin.readline().strip()
    if not mode:
        return
    shop = Shop(name, folder)
    number = next_number(folder / "begun.sqlite")
    work = consume(Count, queue=shop.queue)
    async with LocalSystem() as system:
        file = folder / "in.sqlite"
        await system.start(
            partial(Gateway, AmqpBroker(url), file, shop.topology, [work], name="both", schema=[TABLE])
        )
        publisher = system.named("both.publisher", Publisher)

        async def send() -> None:
            nonlocal number
            while True:
                number += 1
                mine = number
                await publisher.within(None).call(Publisher.post, shop.message(mine))
                print(mine, flush=True)  # from here on it must take effect

        async def drain() -> None:
            kept = {int(line) for line in (folder / "kept").read_text().split()}
            with contextlib.suppress(TimeoutError):  # what is missing then, the test says
                async with asyncio.timeout(120):
                    while not kept <= set(shop.effects()):
                        await asyncio.sleep(0.2)
            before = -1
            while before != (before := sum(shop.effects().values())) or await publisher.within(None).call(
                Publisher.waiting
            ):
                await asyncio.sleep(1)

        await (drain() if mode == "drain" else asyncio.gather(*(send() for _ in range(10))))


if __name__ == "__main__":
    asyncio.run(main())
