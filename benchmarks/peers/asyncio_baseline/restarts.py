"""Restart: an actor that watches its children's tasks and makes a new child when one ends."""

import asyncio
import contextlib
import logging
from functools import partial
from typing import Any

from benchmarks import harness
from benchmarks.harness import Bench, now
from benchmarks.peers.asyncio_baseline.actor import STOP, Actor, Server, ask

log = logging.getLogger("baseline")


class Worker(Server):
    """Announces itself when it runs."""

    __slots__ = ("up",)

    def __init__(self, up: "asyncio.Queue[Worker]") -> None:
        self.up = up
        super().__init__()

    async def run(self) -> None:
        self.up.put_nowait(self)
        await super().run()


class Boss(Actor):
    """Its messages are the tasks of children that have ended."""

    __slots__ = ("children", "ending", "up")

    def __init__(self, kids: int, up: asyncio.Queue[Worker]) -> None:
        super().__init__()
        self.up, self.ending, self.children = up, False, set[Worker]()
        for _ in range(kids):
            self.add()

    def add(self) -> None:
        worker = Worker(self.up)
        self.children.add(worker)
        worker.task.add_done_callback(partial(self.ended, worker))

    def ended(self, worker: Worker, _: "asyncio.Task[None]") -> None:
        if not self.ending:
            self.tell(worker)

    async def receive(self, message: Any) -> None:
        self.children.remove(message)
        error = message.task.exception()
        if error is not None:
            log.error("child ended", exc_info=error)
        self.add()

    async def end(self) -> None:
        self.ending = True
        tasks = [child.task for child in self.children]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.tell(STOP)
        await self.task


async def _restarts(kids: int, crashes: int, how: str = "crash") -> list[float]:
    """The durations from the crash of one child to the answer of its successor."""
    loop, up, each = asyncio.get_running_loop(), asyncio.Queue[Worker](), []
    boss = Boss(kids, up)
    for _ in range(kids):
        worker = await up.get()
    for _ in range(crashes):
        began = now()
        worker.tell((how, loop.create_future()))
        worker = await up.get()
        await ask(worker, "ping")
        each.append(now() - began)
    await boss.end()
    return each


def _print(bench: Bench, row: str, each: list[float], **more: object) -> None:
    bench.rate(row, "restarts", len(each), sum(each), **more)
    bench.latency(row, each, **more)


async def _fresh(bench: Bench, row: str, how: str, context: contextlib.AbstractContextManager[None]) -> None:
    """A hundred restarts on each of twenty new supervisors."""
    await _restarts(1, 100, how)
    with context:
        each = [took for _ in range(bench.n(20, 2)) for took in await _restarts(1, 100, how)]
    _print(bench, row, each)


async def fresh(bench: Bench) -> None:
    await _fresh(bench, "f_restart", "crash", contextlib.nullcontext())


async def reason(bench: Bench) -> None:
    await _fresh(bench, "f_restart_reason", "leave", contextlib.nullcontext())


async def reports(bench: Bench) -> None:
    await _fresh(bench, "f_restart_reports", "crash", harness.reports())


async def sustained(bench: Bench) -> None:
    n = bench.n(20_000)
    _print(bench, "f_restart_sustained", await harness.twice(n, lambda n: _restarts(1, n)))


def _among(row: str, base: int) -> harness.Row:
    async def among(bench: Bench) -> None:
        kids, crashes = bench.n(base, 100), bench.n(200, 20)
        await _restarts(kids // 10, crashes // 10)
        _print(bench, row, await _restarts(kids, crashes), siblings=kids)

    return among


AMONG = (_among("f_restart_among_1k", 1000), _among("f_restart_among_100k", 100_000))
