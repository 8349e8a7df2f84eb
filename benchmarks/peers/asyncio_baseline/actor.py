"""An actor as one writes it by hand: a Task that takes messages from a Queue."""

import asyncio
from collections.abc import Iterable
from typing import Any

STOP = object()


class Actor:
    """Runs `receive` for every message, until it is told `STOP` or raises. `limit` bounds the queue."""

    __slots__ = ("queue", "task")

    def __init__(self, limit: int = 0) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue(limit)
        self.task = asyncio.create_task(self.run())

    def tell(self, message: Any) -> None:
        self.queue.put_nowait(message)

    async def run(self) -> None:
        get = self.queue.get
        while True:
            message = await get()
            if message is STOP:
                return
            await self.receive(message)

    async def receive(self, message: Any) -> None:
        raise NotImplementedError


class Counter(Actor):
    """Counts `n` messages down, then says so."""

    __slots__ = ("done", "left")

    def __init__(self, n: int, done: asyncio.Event, limit: int = 0) -> None:
        super().__init__(limit)
        self.left, self.done = n, done

    async def receive(self, message: Any) -> None:
        self.left -= 1
        if not self.left:
            self.done.set()


class Server(Actor):
    """Answers "pong"; fails when told "crash", and ends when told "leave"."""

    async def receive(self, message: Any) -> None:
        asked, reply = message
        if asked == "crash":
            raise RuntimeError("crash")
        if asked == "leave":
            self.queue.put_nowait(STOP)
        elif not reply.done():
            reply.set_result("pong")


async def ask(actor: Actor, question: Any, seconds: float = 5.0) -> Any:
    """A call: the message carries a future for the answer."""
    reply = asyncio.get_running_loop().create_future()
    actor.tell((question, reply))
    async with asyncio.timeout(seconds):
        return await reply


async def stop(actors: Iterable[Actor]) -> None:
    """End them all, and wait until they have."""
    actors = list(actors)
    for actor in actors:
        actor.tell(STOP)
    await asyncio.gather(*[actor.task for actor in actors])
