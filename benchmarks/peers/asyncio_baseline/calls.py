"""Calls: a question with a deadline of five seconds, asked by a coroutine and from inside an actor."""

import asyncio
from typing import Any

from benchmarks.harness import Bench, now, twice
from benchmarks.peers.asyncio_baseline.actor import Actor, Server, ask, stop


class Caller(Actor):
    """Asks while it handles a message."""

    async def receive(self, message: Any) -> None:
        server, n, reply = message
        reply.set_result(await _calls(server, n))


async def _calls(server: Actor, n: int) -> tuple[float, list[float]]:
    """How long `n` calls took, together and each."""
    each = []
    began = now()
    for _ in range(n):
        asked = now()
        await ask(server, "ping")
        each.append(now() - asked)
    return now() - began, each


async def outside(bench: Bench) -> None:
    async def once(n: int) -> tuple[float, list[float]]:
        server = Server()
        took = await _calls(server, n)
        await stop([server])
        return took

    n = bench.n(50_000)
    seconds, each = await twice(n, once)
    bench.rate("d_call", "calls", n, seconds)
    bench.latency("d_call", each)


async def inside(bench: Bench) -> None:
    async def once(n: int) -> Any:
        server, caller = Server(), Caller()
        reply = asyncio.get_running_loop().create_future()
        caller.tell((server, n, reply))
        took = await reply
        await stop([server, caller])
        return took

    n = bench.n(50_000)
    seconds, each = await twice(n, once)
    bench.rate("d_call_inside", "calls", n, seconds)
    bench.latency("d_call_inside", each)
