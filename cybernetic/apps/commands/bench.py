"""`cybernetic bench`: a quick measurement of this library on this machine, in this process or between two nodes."""

import argparse
import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from cybernetic.apps.control.report import positive, reported
from cybernetic.core import Kill, real
from cybernetic.nodes import System
from cybernetic.runtime import Address, Agent
from cybernetic.supervision import DynamicSupervisor, Supervisor, child

BATCH = 1000
NODE = "worker-1"
WHAT = {
    "casts": "",
    "calls": " (one after the other)",
    "spawns": " (by a supervisor)",
    "restarts": " (from the kill to the answer of the next)",
}
NOTE = "`python -m benchmarks` in a checkout measures with care, and compares with Erlang and others"

Work = Callable[[int], Awaitable[object]]


class Sink(Agent):
    """Counts what comes."""

    def __init__(self) -> None:
        self.count = 0

    def hit(self) -> None:
        """One more."""
        self.count += 1

    def total(self) -> int:
        """How many came."""
        return self.count


class Bench(Supervisor):
    """What is measured: an agent to talk to, on `node`, and one that starts others."""

    max_restarts = 1_000_000_000  # killing is what it is for

    def __init__(self, node: str | None) -> None:
        self._node = node

    def children(self) -> list[Any]:
        """Both."""
        return [
            child(Sink, id="sink", name="sink", node=self._node),
            child(DynamicSupervisor, id="nursery", name="nursery"),
        ]


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser("bench", help="measure quickly how fast it is here", description=f"{NOTE}.")
    one.add_argument(
        "--seconds", type=positive, default=1.0, metavar="S", help="seconds for each line (default: 1)"
    )
    one.add_argument("--nodes", action="store_true", help="between two processes instead of in one")
    one.set_defaults(command=run)


@reported
def run(options: argparse.Namespace) -> int:
    """Measure and print; returns the exit status."""
    logging.getLogger("cybernetic").setLevel(logging.CRITICAL + 1)  # that agents are killed is no news here
    asyncio.run(_measure(options.seconds, NODE if options.nodes else None))
    print(NOTE)
    return 0


async def _measure(seconds: float, node: str | None) -> None:
    async with System(nodes=1 if node else 0, tune_gc=True, watchdog=None) as system:
        await system.start(Bench, node)
        print("between two nodes" if node else "in one process", flush=True)
        sink = system.named("sink", Sink)
        nursery = system.named("nursery", DynamicSupervisor)
        for what, batch, work in (
            ("casts", BATCH, lambda count: _casts(sink, count)),
            ("calls", BATCH // 10, lambda count: _calls(sink, count)),
            ("spawns", BATCH // 10, lambda count: _spawns(nursery, node, count)),
            ("restarts", BATCH // 100, lambda count: _restarts(system, sink, count)),
        ):
            rate = await _rate(work, batch, seconds)
            print(f"{rate:>12,.0f} {what} per second{WHAT[what]}", flush=True)


async def _rate(work: Work, batch: int, seconds: float) -> float:
    """How many of `work` are done in a second, begun in batches until `seconds` have passed."""
    await work(batch)  # the first ones pay for what is made once
    done, begin = 0, real()
    while (passed := real() - begin) < seconds or not done:
        await work(batch)
        done += batch
    return done / passed if passed else 0.0


async def _casts(sink: Address[Sink], count: int) -> None:
    for _ in range(count):
        sink.cast(Sink.hit)
    await sink.within(None).call(Sink.total)


async def _calls(sink: Address[Sink], count: int) -> None:
    for _ in range(count):
        await sink.call(Sink.total)


async def _spawns(nursery: Address[DynamicSupervisor], node: str | None, count: int) -> None:
    spec = child(Sink, node=node, restart="temporary")
    refs: list[Any] = [
        await nursery.within(None).call(DynamicSupervisor.start_child, spec) for _ in range(count)
    ]
    for ref in refs:
        ref.exit(Kill())


async def _restarts(system: System, sink: Address[Sink], count: int) -> None:
    """Kill it, and wait until the one that takes its place answers."""
    for _ in range(count):
        before = system.whereis("sink")
        if before is None:
            await asyncio.sleep(0)
            continue
        before.exit(Kill())
        await system.wait(before)
        while system.whereis("sink") in (None, before):
            await asyncio.sleep(0)
        await sink.within(None).call(Sink.total)
