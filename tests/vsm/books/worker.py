"""The process that writes into books until it is killed: `python worker.py <folder>`; a line for each answer."""

import asyncio
import os
import sys

from cybernetic import System
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry

WRITERS = 5


async def main(folder: str) -> None:
    async with System() as system:
        books = await system.start(Books, folder, "shop", 1000)

        async def write(writer: str) -> None:
            n = await books.call(Books.load, writer) or 0
            while True:
                n += 1
                await books.call(Books.save, writer, n, n)
                number = await books.call(Books.note, Entry("saved", "shop", (writer, n)))
                os.write(1, f"{writer} {n} {number}\n".encode())

        await asyncio.gather(*(write(f"writer {n}") for n in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
