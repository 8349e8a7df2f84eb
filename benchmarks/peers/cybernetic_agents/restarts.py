"""Restart: a child crashes, its successor announces itself and is called."""

import contextlib
from collections.abc import Callable
from typing import Any

from benchmarks import harness
from benchmarks.harness import Bench, now
from benchmarks.peers.cybernetic_agents.row import Done, Row, future
from cybernetic import Agent, Ref, Shutdown, Supervisor, System, child


class Worker(Agent):
    """Announces itself when it starts; ends when told."""

    def __init__(self, client: "Ref[Client]") -> None:
        client.cast(Client.up, self.ref)

    def ping(self) -> str:
        return "pong"

    def crash(self) -> None:
        raise RuntimeError("crash")

    def leave(self) -> None:
        self.stop(Shutdown())


class Boss(Supervisor):
    """Has `kids` workers, and never gives up."""

    max_restarts = 10**9

    def __init__(self, kids: int, client: "Ref[Client]") -> None:
        self.kids, self.client = kids, client

    def children(self) -> Any:
        return [child(Worker, self.client, id=i) for i in range(self.kids)]


class Client(Agent):
    """Ends the worker that came up last, again and again, and measures how long its successor takes."""

    def __init__(self, n: int, how: Callable[[Worker], None], done: Done) -> None:
        self.n, self.how, self.done = n, how, done
        self.each: list[float] = []
        self.began: float | None = None
        self.worker: Ref[Worker] | None = None

    async def up(self, worker: Ref[Worker]) -> None:
        self.worker = worker
        if self.began is not None:
            await worker.call(Worker.ping)
            self.each.append(now() - self.began)
            self.go()

    def go(self) -> None:
        if len(self.each) == self.n or self.worker is None:
            self.done.set_result(self.each)
            return
        self.began = now()
        self.worker.cast(self.how)


async def _restarts(
    system: System, kids: int, crashes: int, how: Callable[[Worker], None] = Worker.crash
) -> list[float]:
    """The durations from the crash of one child to the answer of its successor."""
    done = future()
    client = system.spawn(Client, crashes, how, done)
    boss = await system.start(Boss, kids, client, type="temporary")
    client.cast(Client.go)
    each: list[float] = await done
    await boss.stop(Shutdown())
    await client.stop()
    return each


def _print(bench: Bench, row: str, each: list[float], **more: object) -> None:
    bench.rate(row, "restarts", len(each), sum(each), **more)
    bench.latency(row, each, **more)


async def _fresh(
    bench: Bench,
    system: System,
    row: str,
    how: Callable[[Worker], None],
    context: contextlib.AbstractContextManager[None],
) -> None:
    """A hundred restarts on each of twenty new supervisors."""
    await _restarts(system, 1, 100, how)
    with context:
        each = [took for _ in range(bench.n(20, 2)) for took in await _restarts(system, 1, 100, how)]
    _print(bench, row, each)


async def fresh(bench: Bench, system: System) -> None:
    await _fresh(bench, system, "f_restart", Worker.crash, contextlib.nullcontext())


async def reason(bench: Bench, system: System) -> None:
    await _fresh(bench, system, "f_restart_reason", Worker.leave, contextlib.nullcontext())


async def reports(bench: Bench, system: System) -> None:
    await _fresh(bench, system, "f_restart_reports", Worker.crash, harness.reports())


async def sustained(bench: Bench, system: System) -> None:
    n = bench.n(20_000)
    _print(bench, "f_restart_sustained", await harness.twice(n, lambda n: _restarts(system, 1, n)))


def _among(row: str, base: int) -> Row:
    async def among(bench: Bench, system: System) -> None:
        kids, crashes = bench.n(base, 100), bench.n(200, 20)
        await _restarts(system, kids // 10, crashes // 10)
        _print(bench, row, await _restarts(system, kids, crashes), siblings=kids)

    return among


AMONG = (_among("f_restart_among_1k", 1000), _among("f_restart_among_100k", 100_000))
