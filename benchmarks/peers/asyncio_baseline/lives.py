"""Many actors: how fast they start and stop, and what each costs, idle and after a message."""

import asyncio
from typing import Any

from benchmarks.harness import Bench, memory, now, twice
from benchmarks.peers.asyncio_baseline.actor import Actor, Server, ask, stop

BATCH = 1000  # messages under way at once while memory is measured, so that they do not count


class Count:
    """Becomes done when it has been called `n` times."""

    def __init__(self, n: int) -> None:
        self.left, self.done = n, asyncio.Event()

    def __call__(self) -> None:
        self.left -= 1
        if not self.left:
            self.done.set()


class Idle(Actor):
    """Says when it is up, and for each message that it came."""

    __slots__ = ("up",)

    def __init__(self, up: Count) -> None:
        self.up = up
        super().__init__()

    async def run(self) -> None:
        self.up()
        await super().run()

    async def receive(self, message: Any) -> None:
        message()


async def spawn(bench: Bench) -> None:
    async def once(n: int) -> dict[str, float]:
        up, before = Count(n), memory()
        began = now()
        actors = [Idle(up) for _ in range(n)]
        await up.done.wait()
        spawned = now() - began
        idle = memory() - before
        for first in range(0, n, BATCH):
            batch = actors[first : first + BATCH]
            heard = Count(len(batch))
            for actor in batch:
                actor.tell(heard)
            await heard.done.wait()
        drained = memory() - before
        began = now()
        await stop(actors)
        return {"spawn": spawned, "stop": now() - began, "idle": idle, "drained": drained}

    n = bench.n(100_000, 10_000)
    await once(1000)  # few: what a warm-up frees would be used again, and not seen in the memory
    got = await once(n)
    bench.rate("e_spawn", "spawns", n, got["spawn"])
    bench.rate("e_spawn", "stops", n, got["stop"])
    bench.emit("e_memory", "idle", got["idle"] / n, "B", n)
    bench.emit("e_memory", "drained", got["drained"] / n, "B", n)


async def start(bench: Bench) -> None:
    """One after the other, each waited for until it answers."""

    async def once(n: int) -> float:
        actors = []
        began = now()
        for _ in range(n):
            actor = Server()
            await ask(actor, "ping")
            actors.append(actor)
        took = now() - began
        await stop(actors)
        return took

    n = bench.n(20_000)
    bench.rate("e_start", "starts", n, await twice(n, once))
