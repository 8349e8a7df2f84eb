"""A way to the broker that can be cut, stalled and mended: a TCP proxy on loopback."""

import asyncio
from types import TracebackType


class Proxy:
    """Passes bytes between whoever connects to `port` and `target` (a port of 127.0.0.1). An `async with` block."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, 0
        self.connections = 0  # made so far
        self._flows = asyncio.Event()
        self._flows.set()
        self._refusing = False
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.refuse()  # also those that come in this moment
        self.flow()
        while self._tasks:
            await asyncio.wait(self._tasks, timeout=0.1)
            self.cut()  # who was on the way to the target is there now
        await self._server.wait_closed()

    def cut(self) -> None:
        """Reset every connection there is; the next one is let through."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    def refuse(self, refuses: bool = True) -> None:
        """Reset every connection at once, those to come too, until `refuse(False)`."""
        self._refusing = refuses
        if refuses:
            self.cut()

    def stall(self) -> None:
        """Nothing passes, and nothing ends, until `flow`."""
        self._flows.clear()

    def flow(self) -> None:
        """Everything passes again, what was held too."""
        self._flows.set()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._refusing:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self.connections += 1
        self._open |= {writer, there_writer}
        await asyncio.gather(self._pass(reader, there_writer), self._pass(there_reader, writer))
        self._open -= {writer, there_writer}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
