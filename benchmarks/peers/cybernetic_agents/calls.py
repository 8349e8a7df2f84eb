"""Calls: a question with a deadline of five seconds, asked by a coroutine and from inside a handler."""

from collections.abc import Callable
from typing import Any

from benchmarks.harness import Bench, now, twice
from cybernetic import Agent, Ref, System


class Server(Agent):
    """Answers, from a plain handler and from an async one."""

    def ping(self) -> str:
        return "pong"

    async def ping_async(self) -> str:
        return "pong"


class Caller(Agent):
    """Asks while it handles a message."""

    async def go(self, server: Ref[Server], n: int) -> tuple[float, list[float]]:
        return await _calls(server, Server.ping, n)


async def _calls(server: Ref[Server], method: Callable[[Any], Any], n: int) -> tuple[float, list[float]]:
    """How long `n` calls took, together and each."""
    each = []
    began = now()
    for _ in range(n):
        asked = now()
        await server.call(method)
        each.append(now() - asked)
    return now() - began, each


def _print(bench: Bench, row: str, n: int, took: tuple[float, list[float]]) -> None:
    seconds, each = took
    bench.rate(row, "calls", n, seconds)
    bench.latency(row, each)


async def outside(bench: Bench, system: System) -> None:
    await _asked_by_a_coroutine(bench, system, "d_call", Server.ping)


async def asynchronous(bench: Bench, system: System) -> None:
    await _asked_by_a_coroutine(bench, system, "d_call_async", Server.ping_async)


async def _asked_by_a_coroutine(bench: Bench, system: System, row: str, method: Callable[[Any], Any]) -> None:
    async def once(n: int) -> tuple[float, list[float]]:
        server = system.spawn(Server)
        took = await _calls(server, method, n)
        await server.stop()
        return took

    n = bench.n(200_000)
    _print(bench, row, n, await twice(n, once))


async def inside(bench: Bench, system: System) -> None:
    async def once(n: int) -> tuple[float, list[float]]:
        server, caller = system.spawn(Server), system.spawn(Caller)
        took = await caller.within(None).call(Caller.go, server, n)
        await server.stop()
        await caller.stop()
        return took

    n = bench.n(200_000)
    _print(bench, "d_call_inside", n, await twice(n, once))
