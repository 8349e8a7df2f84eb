"""Replicas of a large map: how long they hold the loop, and how long they take to agree after they were apart.

`python -m benchmarks.state.replica [--keys N] [--folder FOLDER]` prints two tables: for each phase of a replica's life
its seconds and the longest and the 99th percentile of the loop's turns in it, in processor time; all replicas are on
one loop, so a turn may hold steps of several. Then the seconds from a heal to agreement for more and more changes made
apart, whose ratio to the number of changes should stay as it is.

The network is a function call. The collector of garbage is apart: the turns are without it, and the last column has
its longest run. A full collection holds the loop in proportion to all objects there are, whoever made them.
"""

import argparse
import asyncio
import gc
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cybernetic import Kill, System
from cybernetic.state import LWW, AWMap, Peer, Replica, ReplicaOptions

AT_ONCE = 100  # keys of one change, which is one turn: two thirds of it are the edit's own
CHANGES = 100  # of each size
TOGETHER = 16  # changes that are asked for at once
APART = (1_000, 10_000, 100_000)

Row = tuple[str, float, float, float, float]


class Wire:
    """A network of function calls that can be cut."""

    def __init__(self) -> None:
        self.here: dict[str, Any] = {}
        self.cut = False

    def port(self, name: str) -> Callable[[], "Port"]:
        """What makes the port of the replica `name`."""
        return lambda: Port(self, name)


class Port:
    """One replica's end of a `Wire`."""

    def __init__(self, wire: Wire, name: str) -> None:
        self._wire, self._name = wire, name

    async def open(self, agent: Any, name: str) -> None:
        """Be there."""
        self._wire.here[self._name] = agent.ref

    def others(self) -> Collection[Peer]:
        """The other names."""
        return [name for name in self._wire.here if name != self._name]

    def send(self, to: Peer, frame: bytes) -> None:
        """Hand a frame over."""
        agent = self._wire.here.get(str(to))
        if agent is not None and not self._wire.cut:
            agent.cast(Replica.hear, frame, self._name)

    async def close(self) -> None:
        """Be gone."""
        self._wire.here.pop(self._name, None)


class Turns:
    """How much time of the processor each turn of the loop took, without other programs and the collector."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._collected = self._longest = 0.0
        self._begun = 0.0
        gc.callbacks.append(self._collects)
        self._task = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        before = time.thread_time() - self._collected
        while True:
            await asyncio.sleep(0)
            now = time.thread_time() - self._collected
            self.seconds.append(now - before)
            before = now

    def _collects(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._begun = time.thread_time()
            return
        took = time.thread_time() - self._begun
        self._collected += took
        self._longest = max(self._longest, took)

    def end(self) -> tuple[float, float, float]:
        """The longest turn, the 99th percentile, and the longest collection."""
        self._task.cancel()
        gc.callbacks.remove(self._collects)
        ordered = sorted(self.seconds)
        return ordered[-1], ordered[int(len(ordered) * 0.99)], self._longest


def put(value: Any, by: Any, first: int, many: int) -> Any:
    """Write some keys."""
    delta = AWMap[str]()
    for n in range(first, first + many):
        key = f"key-{n}"
        one = value.put(key, value.at(key, LWW).set(by.replica, by.stamp(), n))
        value, delta = value.join(one), delta.join(one)
    return delta


def put_at_once(value: Any, by: Any, first: int, many: int) -> Any:
    """Write some keys by one delta."""
    return value.writes(by.replica, LWW, {f"key-{n}": (by.stamp(), n) for n in range(first, first + many)})


def remove(value: Any, by: Any, first: int, many: int) -> Any:
    """Remove some keys."""
    return value.remove(by.replica, *[f"key-{n}" for n in range(first, first + many)])


@asynccontextmanager
async def replicas() -> AsyncIterator[tuple[System, Wire]]:
    """A system and a network; what is started there is stopped at the end."""
    async with System(watchdog=None) as system:
        yield system, Wire()


async def write(ref: Any, first: int, keys: int, edit: Any = put) -> None:
    """Make many changes."""
    for n in range(first, first + keys, AT_ONCE):
        await ref.within(60).call(Replica.change, edit, n, min(AT_ONCE, first + keys - n))


async def change(ref: Any, keys: int, many: int) -> None:
    """Make some changes of so many keys each, here and there."""
    for n in range(CHANGES):
        await ref.within(60).call(Replica.change, put_at_once, n * 997 % max(1, keys - many), many)


async def together(ref: Any, keys: int) -> None:
    """Ask for some changes at once, as many callers do."""
    change = ref.within(60)
    places = [n * 997 % max(1, keys - AT_ONCE) for n in range(TOGETHER)]
    await asyncio.gather(*[change.call(Replica.change, put_at_once, first, AT_ONCE) for first in places])


async def agree(*refs: Any) -> None:
    """Until all know the same."""
    while True:
        values = [await ref.call(Replica.value) for ref in refs]
        if all(value.context == values[0].context for value in values):
            return
        await asyncio.sleep(0.01)


async def timed(name: str, work: Awaitable[Any]) -> Row:
    """How long something took, and the turns of the loop meanwhile."""
    turns, begun = Turns(), time.perf_counter()
    await work
    seconds = time.perf_counter() - begun
    return (name, seconds, *turns.end())


async def killed(system: System, ref: Any) -> None:
    """End a replica at once; what it held is let go of after that."""
    ref.exit(Kill())
    await system.wait(ref)
    await asyncio.sleep(0.5)


async def life(folder: Path, keys: int) -> AsyncIterator[Row]:
    """The phases of a replica's life."""
    options = ReplicaOptions(tidy=1.0, gone=3.0, gone_unkept=3.0)

    def start(name: str) -> Any:
        return system.start(Replica, AWMap, "it", folder / name, options, wire.port(name))

    async with replicas() as (system, wire):
        one = await start("one")
        yield await timed("written, with snapshots", write(one, 0, keys))
        for many in AT_ONCE, AT_ONCE // 10, 1:
            yield await timed(f"{CHANGES} changes of {many} keys by one delta", change(one, keys, many))
        yield await timed(f"{TOGETHER} of {AT_ONCE} keys asked for at once", together(one, keys))
        two = await start("two")
        yield await timed("sent whole to a new one", agree(one, two))
        yield await timed("digest and snapshot of the new one", asyncio.sleep(5))
        wire.cut = True
        await write(one, 0, keys // 2, remove)
        yield await timed("half removed, the other given up on, marks dropped", asyncio.sleep(6))
        wire.cut = False
        yield await timed("the other learns the whole anew", agree(one, two))
        yield await timed("killed", killed(system, two))
        wire.here.pop("two")
        yield await timed("loaded after a kill", start("two"))


async def healing(changes: int) -> float:
    """Seconds to agreement after so many changes were made apart."""
    async with replicas() as (system, wire):
        one, two = [
            await system.start(Replica, AWMap, "it", None, None, wire.port(name)) for name in ("one", "two")
        ]
        await asyncio.sleep(0.2)
        wire.cut = True
        await write(one, 0, changes // 2)
        await write(two, changes // 2, changes // 2)
        wire.cut = False
        begun = time.perf_counter()
        await agree(one, two)
        return time.perf_counter() - begun


async def _lines(folder: Path, keys: int) -> AsyncIterator[str]:
    yield f"| {keys:,} keys | s | longest turn ms | 99 % ms | longest collection ms |"
    yield "|---|---|---|---|---|"
    async for name, seconds, longest, most, collection in life(folder, keys):
        yield f"| {name} | {seconds:.2f} | {longest * 1e3:.1f} | {most * 1e3:.1f} | {collection * 1e3:.0f} |"
    yield ""
    yield "| changes apart | s to agreement | us a change |"
    yield "|---|---|---|"
    for changes in _some(keys):
        seconds = await healing(changes)
        yield f"| {changes:,} | {seconds:.2f} | {seconds / changes * 1e6:.0f} |"


def _some(keys: int) -> Iterator[int]:
    return (changes for changes in APART if changes <= keys)


async def _print(folder: Path, keys: int) -> None:
    async for line in _lines(folder, keys):
        print(line, flush=True)


def main() -> None:
    """Measure, and print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--keys", type=int, default=100_000)
    arguments.add_argument("--folder", type=Path, default=None, help="on the disk to measure")
    args = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        asyncio.run(_print(Path(folder), args.keys))


if __name__ == "__main__":
    main()
