"""Many agents: how fast they start and stop, and what each costs, idle and after a message."""

from collections.abc import Callable
from typing import Any

from benchmarks.harness import Bench, memory, now, twice
from benchmarks.peers.cybernetic_agents.row import Done, future
from cybernetic import Agent, Normal, Ref, System

BATCH = 1000  # messages under way at once while memory is measured, so that they do not count


class Count:
    """Settles `done` when it has been called `n` times."""

    def __init__(self, n: int) -> None:
        self.left, self.done = n, future()

    def __call__(self) -> None:
        self.left -= 1
        if not self.left:
            self.done.set_result(None)


class Idle(Agent):
    """Says when it is up, and for each message that it came."""

    def __init__(self, up: Callable[[], None]) -> None:
        self.up = up
        up()

    def tick(self, heard: Callable[[], None]) -> None:
        heard()

    def end(self) -> None:
        self.stop(Normal())


class Watcher(Agent):
    """Monitors many, and settles `done` when all have ended."""

    def __init__(self, done: Done) -> None:
        self.done, self.left = done, 0

    def watch(self, refs: list[Ref[Idle]]) -> None:
        self.left = len(refs)
        for ref in refs:
            self.monitor(ref)

    def receive(self, message: Any) -> None:
        self.left -= 1
        if not self.left:
            self.done.set_result(None)


async def spawn(bench: Bench, system: System) -> None:
    async def once(n: int) -> dict[str, float]:
        up, before = Count(n), memory()
        began = now()
        refs = [system.spawn(Idle, up) for _ in range(n)]
        await up.done
        spawned = now() - began
        idle = memory() - before
        for first in range(0, n, BATCH):
            batch = refs[first : first + BATCH]
            heard = Count(len(batch))
            for ref in batch:
                ref.cast(Idle.tick, heard)
            await heard.done
        drained = memory() - before
        done = future()
        watcher = system.spawn(Watcher, done)
        await watcher.within(None).call(Watcher.watch, refs)
        began = now()
        for ref in refs:
            ref.cast(Idle.end)
        await done
        stopped = now() - began
        await watcher.stop()
        return {"spawn": spawned, "stop": stopped, "idle": idle, "drained": drained}

    n = bench.n(100_000, 10_000)
    await once(1000)  # few: what a warm-up frees would be used again, and not seen in the memory
    got = await once(n)
    bench.rate("e_spawn", "spawns", n, got["spawn"])
    bench.rate("e_spawn", "stops", n, got["stop"])
    bench.emit("e_memory", "idle", got["idle"] / n, "B", n)
    bench.emit("e_memory", "drained", got["drained"] / n, "B", n)


async def start(bench: Bench, system: System) -> None:
    """One after the other, each waited for until it is set up."""

    async def once(n: int) -> float:
        up = Count(n)
        began = now()
        refs = [await system.start(Idle, up) for _ in range(n)]
        took = now() - began
        for ref in refs:
            await ref.stop()
        return took

    n = bench.n(20_000)
    bench.rate("e_start", "starts", n, await twice(n, once))
