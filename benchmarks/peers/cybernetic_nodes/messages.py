"""Workload i: casts and calls to an agent on another node."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.harness import CALLERS, Bench, now, twice
from benchmarks.peers.cybernetic_nodes.agents import NODE, RECEIVER, App, Caller, Receiver, Sender
from cybernetic import Ref, System


@asynccontextmanager
async def two_nodes() -> AsyncIterator[tuple[System, Ref[Receiver]]]:
    """A system with one more node, and the receiver there."""
    async with System(nodes=[NODE]) as system:
        await system.start(App)
        receiver = system.whereis(RECEIVER, Receiver)
        if receiver is None:
            raise LookupError(f"expected an agent {RECEIVER!r} once its supervisor is up, got none")
        yield system, receiver


async def cast(bench: Bench) -> None:
    """A thousand at a time: the receiver asks for more."""
    await _streamed(bench, "i_cast", bounded=True)


async def cast_burst(bench: Bench) -> None:
    """As fast as the link takes them."""
    await _streamed(bench, "i_cast_burst", bounded=False)


async def _streamed(bench: Bench, row: str, bounded: bool) -> None:
    n = bench.n(300_000)
    async with two_nodes() as (system, receiver):
        sender = system.spawn(Sender, receiver)

        async def once(n: int) -> float:
            took: float = await sender.within(None).call(Sender.go, n, bounded)
            return took

        bench.rate(row, "msgs", n, await twice(n, once))


async def call(bench: Bench) -> None:
    await _called(bench, "i_call", 1)


async def call_16(bench: Bench) -> None:
    await _called(bench, "i_call_16", CALLERS)


async def _called(bench: Bench, row: str, callers: int) -> None:
    async with two_nodes() as (system, receiver):
        asking = [system.spawn(Caller) for _ in range(callers)]

        async def once(n: int) -> tuple[float, list[float]]:
            began = now()
            took = await asyncio.gather(
                *(caller.within(None).call(Caller.go, receiver, n) for caller in asking)
            )
            return now() - began, [one for each in took for one in each]

        seconds, each = await twice(max(1, bench.n(20_000) // callers), once)
    bench.rate(row, "calls", len(each), seconds, callers=callers)
    bench.latency(row, each, callers=callers)


ROWS = (cast, cast_burst, call, call_16)
