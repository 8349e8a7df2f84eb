"""A host of processes under watch: what it told, which processes it has, which ports they listen on."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cybernetic.nodes.host.port import NodeEnded, NodeOrder, NodeUp
from cybernetic.nodes.host.process import ProcessHost
from cybernetic.nodes.host.processes import children

WAITS = "cybernetic.testing.hosts:waits"
PATIENCE = 60.0  # seconds after which nothing comes any more
GONE = 20.0  # seconds after which it has not gone by itself: usually 2, but less than what waits for itself takes


class Watch:
    """A host that is open within `async with`."""

    def __init__(self, name: str = "test") -> None:
        self.host = ProcessHost(name)
        self.news: list[Any] = []

    async def __aenter__(self) -> "Watch":
        before = children(os.getpid())
        await self.host.open(self.news.append)
        (self.warden,) = set(children(os.getpid())) - set(before)
        await self.until(lambda: len(children(self.warden)) == 1)  # who has made the admin may still be there
        (self.admin,) = children(self.warden)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.host.close()

    async def node(self, name: str, program: str = WAITS, **options: Any) -> NodeUp:
        """Make a node, and wait until it is up."""
        self.host.create(NodeOrder(name, 1, program, **options))
        await self.until(lambda: any(n.name == name for n in self.of(NodeUp)))
        found: NodeUp = next(n for n in self.of(NodeUp) if n.name == name)
        return found

    async def ended(self) -> str:
        """Wait for the end of a node; how it ended."""
        await self.until(lambda: self.of(NodeEnded))
        return str(self.of(NodeEnded)[-1].how)

    def of(self, kind: Any) -> list[Any]:
        return [each for each in self.news if isinstance(each, kind)]

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not true():
                await asyncio.sleep(0.005)

    async def ports(self, count: int) -> set[str]:
        """Wait until so many sockets of its processes listen; their inodes."""
        await self.until(lambda: len(listening(self.processes())) >= count)
        return set(listening(self.processes()))

    def processes(self) -> list[int]:
        """The warden and all below it."""
        found, todo = [], [self.warden]
        while todo:
            found.append(todo.pop())
            todo += children(found[-1])
        return found


def command(pid: int) -> bytes:
    """The words a process was started with; none when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def alive(pids: list[int]) -> list[int]:
    """Those that have not ended."""
    return [pid for pid in pids if command(pid)]


def over(pid: int) -> bool:
    """Whether a process has let go of all it held: it is gone, or waits for its parent as a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def listening(pids: list[int]) -> dict[str, str]:
    """Inode of each listening TCP socket of the processes, to its local address in hexadecimal."""
    held = {what for pid in pids for what in held_by(pid)}
    return {inode: at for inode, at in all_listening().items() if f"socket:[{inode}]" in held}


def all_listening() -> dict[str, str]:
    """Inode of each TCP socket of this machine that listens, to its local address in hexadecimal."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {line[9]: line[1] for line in lines if line[3] == "0A"}


def port(address: str) -> int:
    """The port in an address in hexadecimal."""
    return int(address.split(":")[1], 16)


def held_by(pid: int) -> list[str]:
    """What the descriptors of a process stand for: "socket:[INODE]", paths; none when it has ended."""
    held = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                held.append(os.readlink(descriptor))
    return held


async def nothing_left(pids: list[int], directory: Path) -> None:
    """Wait until the processes and the directory have gone."""
    await gone(lambda: alive(pids) or directory.exists())


async def closed(ports: set[str]) -> None:
    """Wait until none of these sockets listens: the last of a process to go may be its sockets."""
    await gone(lambda: ports & set(all_listening()))


async def gone(there: Callable[[], object]) -> None:
    """Wait until something is not there any more."""
    async with asyncio.timeout(GONE):
        while there():
            await asyncio.sleep(0.01)
