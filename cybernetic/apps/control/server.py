"""The control socket of a running system: who may ask, what may be asked, and how much."""

import asyncio
import logging
import os
import socket
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cybernetic.apps.config.nearest import hint
from cybernetic.apps.control.ask import ask
from cybernetic.apps.control.lines import ANSWER_BYTES, REQUEST_BYTES, REQUESTS, Malformed, line, parse
from cybernetic.apps.control.room import seen
from cybernetic.apps.control.survey import Survey, describe, nodes
from cybernetic.core import CyberneticError, OptionError, wall

CONNECTIONS = 32
IDLE_SECONDS = 30.0
WRITE_SECONDS = 30.0
LAG_SECONDS = 0.25

_log = logging.getLogger("cybernetic.control")


class ControlServer:
    """Answers what other processes of this user ask of a system, from `async with` to the end of the block.

    Args:
        system: which is running.
        path: of the socket; in a directory of this user with mode 0700.
        name: what the run is called.
        stop: called when somebody asks the system to stop; must not wait.

    Raises:
        OptionError: the directory is open to others.
        OSError: there can be no socket at `path`.
    """

    def __init__(self, system: Any, path: Path, *, name: str, stop: Callable[[], object]) -> None:
        self._system, self._path, self._name, self._stop = system, path, name, stop
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lag = 0.0
        self._since = 0.0
        self._beat: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        folder = self._path.parent.lstat()
        if stat.S_IMODE(folder.st_mode) & 0o077 or folder.st_uid != os.getuid():
            raise OptionError("path", "a place in a directory of this user with mode 0700", str(self._path))
        self._since = wall()
        self._server = await asyncio.start_unix_server(self._come, self._path, limit=REQUEST_BYTES)
        self._path.chmod(0o600)
        self._next_beat()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._beat is not None:
            self._beat.cancel()
        if self._server is not None:
            self._server.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    def _next_beat(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + LAG_SECONDS
        self._beat = loop.call_at(due, self._late, due)

    def _late(self, due: float) -> None:
        """How late the loop came to this."""
        self._lag = max(0.0, asyncio.get_running_loop().time() - due)
        self._next_beat()

    # Connections.

    def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= 2 * CONNECTIONS:  # even those to be turned away are too many
            writer.transport.abort()
            return
        crowded = len(self._tasks) >= CONNECTIONS
        work = self._turn_away(writer) if crowded else self._serve(reader, writer)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _turn_away(self, writer: asyncio.StreamWriter) -> None:
        error = f"expected at most {CONNECTIONS} connections, got: one more; try again"
        with _closing(writer):
            await _write(writer, {"error": error})

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: question and answer, until it closes, says nothing for long, or says nonsense."""
        with _closing(writer):
            if not may_ask(peer_user(writer), os.getuid()):
                await _write(writer, {"error": "expected the user who runs this system, got: another"})
                return
            while True:
                async with asyncio.timeout(IDLE_SECONDS):
                    try:
                        text = await reader.readline()
                    except ValueError:
                        raise Malformed(f"expected at most {REQUEST_BYTES} bytes a line, got: more") from None
                if not text:
                    return
                await _write(writer, await self._answer(parse(text)))

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"ok": await self._do(request)}
        except CyberneticError as error:
            return {"error": f"{type(error).__name__}: {error}"}
        except Exception as error:
            _log.exception("a request at the control socket failed")
            return {"error": f"it failed: {type(error).__name__}: {error}"}

    async def _do(self, request: dict[str, Any]) -> Any:
        match request.get("do"):
            case "describe":
                return describe(self._system, self._name, self._since)
            case "tree":
                return await Survey(self._system).take() | {"nodes": nodes(self._system)}
            case "top":
                found = await self._system.busiest(request.get("by", "length"), request.get("n", 20))
                return found._asdict() | {"lag": self._lag, "nodes": nodes(self._system)}
            case "room":
                return await seen(self._system, request)
            case "call":
                return await ask(self._system, request)
            case "stop":
                asyncio.get_running_loop().call_soon(self._stop)
                return None
            case other:
                near = hint(other, REQUESTS) if isinstance(other, str) else ""
                raise OptionError("do", f"one of {', '.join(REQUESTS)}{near}", other)


def may_ask(user: int | None, own: int) -> bool:
    """Whether a user may ask; where the system does not tell who asks (None), the directory's mode decides."""
    return user is None or user == own


def peer_user(writer: asyncio.StreamWriter) -> int | None:
    """The user at the other end, as the kernel says; None where it does not."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    size = struct.calcsize("3i")
    found = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, option, size)
    user: int = struct.unpack("3i", found)[1]
    return user


class _closing:  # noqa: N801
    """Whatever happens to a connection: nonsense is answered, then it is closed; nothing else hears of it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if isinstance(error, Malformed):
            self._writer.write(line({"error": str(error)}))
        if error is None or isinstance(error, Malformed):
            self._writer.close()
        else:
            self._writer.transport.abort()
        return isinstance(error, Malformed | OSError | TimeoutError)


async def _write(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    """Send an answer; who does not take it in time is cut off by `TimeoutError`."""
    text = line(answer)
    if len(text) > ANSWER_BYTES:
        text = line({"error": f"expected an answer of at most {ANSWER_BYTES} bytes, got: {len(text)}"})
    writer.transport.set_write_buffer_limits(high=0)  # so that `drain` waits until all is out
    writer.write(text)
    async with asyncio.timeout(WRITE_SECONDS):
        await writer.drain()
