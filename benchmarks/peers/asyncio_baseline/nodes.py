"""Process to process over a Unix socket: a stream of messages, and questions with a deadline of five seconds."""

import asyncio
import itertools
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.harness import BODY, BURST, CALLERS, Bench, now, twice
from benchmarks.peers.asyncio_baseline.framed import COUNT, MORE, PING, TELL, Framed


class Other:
    """The other process, as this one sees it."""

    def __init__(self) -> None:
        self.end: asyncio.Future[Framed] = asyncio.get_running_loop().create_future()
        self.more = asyncio.Event()
        self.waiting: dict[int, asyncio.Future[Any]] = {}
        self.numbers = itertools.count(1)

    def connected(self) -> Framed:
        end = Framed(self.heard)
        self.end.set_result(end)
        return end

    def heard(self, _: Framed, frame: list[Any]) -> None:
        kind, number, body = frame
        if kind == MORE:
            self.more.set()
        else:
            self.waiting.pop(number).set_result(body)

    async def ask(self, kind: int, body: object, limit: float = 5.0) -> Any:
        number = next(self.numbers)
        answer = self.waiting[number] = asyncio.get_running_loop().create_future()
        self.end.result().send(kind, number, body)
        async with asyncio.timeout(limit):
            return await answer

    async def tell(self, n: int) -> None:
        """Tell it `n` times, waiting where the transport has enough."""
        end = self.end.result()
        for _ in range(n):
            end.send(TELL, 0, BODY)
            if not end.writable.is_set():
                await end.writable.wait()

    async def counted(self, n: int) -> None:
        seen = await self.ask(COUNT, None, 60.0)
        assert seen == n, f"expected {n} messages to arrive, got {seen}"


@asynccontextmanager
async def other() -> AsyncIterator[Other]:
    """Another process, connected."""
    with tempfile.TemporaryDirectory() as folder:
        path, there = str(Path(folder) / "s"), Other()
        server = await asyncio.get_running_loop().create_unix_server(there.connected, path)
        module = "benchmarks.peers.asyncio_baseline.receiver"
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, path)
        try:
            end = await asyncio.wait_for(asyncio.shield(there.end), 30)
            yield there
            end.transport.close()
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            server.close()


async def cast(bench: Bench) -> None:
    """A thousand at a time: the receiver asks for more."""

    async def once(n: int) -> float:
        began = now()
        for left in range(n, 0, -BURST):
            there.more.clear()
            await there.tell(min(left, BURST) - 1)
            there.end.result().send(MORE, 0, BODY)
            await there.more.wait()
        await there.counted(n)
        return now() - began

    n = bench.n(300_000)
    async with other() as there:
        bench.rate("i_cast", "msgs", n, await twice(n, once))


async def cast_burst(bench: Bench) -> None:
    """As fast as the transport takes them."""

    async def once(n: int) -> float:
        began = now()
        await there.tell(n)
        await there.counted(n)
        return now() - began

    n = bench.n(300_000)
    async with other() as there:
        bench.rate("i_cast_burst", "msgs", n, await twice(n, once))


async def call(bench: Bench) -> None:
    await _called(bench, "i_call", 1)


async def call_16(bench: Bench) -> None:
    await _called(bench, "i_call_16", CALLERS)


async def _called(bench: Bench, row: str, callers: int) -> None:
    async def calls(n: int) -> list[float]:
        each = []
        for _ in range(n):
            asked = now()
            await there.ask(PING, BODY)
            each.append(now() - asked)
        return each

    async def once(n: int) -> tuple[float, list[float]]:
        began = now()
        took = await asyncio.gather(*(calls(n) for _ in range(callers)))
        return now() - began, [one for each in took for one in each]

    n = max(1, bench.n(20_000) // callers)
    async with other() as there:
        seconds, each = await twice(n, once)
    bench.rate(row, "calls", len(each), seconds, callers=callers)
    bench.latency(row, each, callers=callers)


ROWS = (cast, cast_burst, call, call_16)
