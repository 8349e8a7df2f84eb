"""The process that writes until it is killed: `python worker.py <store> <first number>`; a line for each commit."""

import asyncio
import os
import sys
from itertools import count

from cybernetic.state import Batch, Inbox, Journal, Outbox, Store

WRITERS = 20


async def main(path: str, first: int) -> None:
    async with await Store.open(path) as store:
        outbox, inbox, journal = await Outbox.open(store), await Inbox.open(store), await Journal.open(store)
        await store.write(
            lambda connection: connection.execute("CREATE TABLE IF NOT EXISTS effect (n PRIMARY KEY)")
        )
        numbers = count(first)

        async def write() -> None:
            for n in numbers:
                batch = Batch(store, outbox=outbox, inbox=inbox, journal=journal)
                batch.once(str(n), b"%d" % n)
                batch.execute("INSERT INTO effect VALUES (?)", (n,))
                batch.send("exchange", "key", b"%d" % n)
                batch.note(f"stream {n % 3}", b"%d" % n)
                done = await store.commit(batch)
                os.write(1, f"effect {n}\n".encode())
                if n % 2:
                    await outbox.confirm(done.numbers)
                    os.write(1, f"confirmed {n}\n".encode())
                if n % 500 == 0:
                    await journal.trim("stream 0", before=done.positions[0] - 100)

        await asyncio.gather(*(write() for _ in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
