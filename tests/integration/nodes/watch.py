"""A host of processes under watch: what it told, which processes it has, which ports they listen on."""

import asyncio
import os
from pathlib import Path
from typing import Any

from cybernetic.nodes.host.driver_process import children
from cybernetic.nodes.host.port import NodeEnded, NodeOrder, NodeUp
from cybernetic.nodes.host.process import ProcessHost

WAITS = "cybernetic.testing.hosts:waits"


class Watch:
    def __init__(self) -> None:
        self.host, self.news = ProcessHost("test"), []  # type: tuple[ProcessHost, list[Any]]

    async def __aenter__(self) -> "Watch":
        await self.host.open(self.news.append)
        self.warden = next(pid for pid in children(os.getpid()) if b"driver_thespian" in command(pid))
        (self.admin,) = children(self.warden)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.host.close()

    async def node(self, name: str, **options: Any) -> NodeUp:
        self.host.create(NodeOrder(name, 1, WAITS, **options))
        await self.until(lambda: any(n.name == name for n in self.of(NodeUp)))
        found: NodeUp = next(n for n in self.of(NodeUp) if n.name == name)
        return found

    def of(self, kind: Any) -> list[Any]:
        return [each for each in self.news if isinstance(each, kind)]

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(10):
            while not true():
                await asyncio.sleep(0.005)

    def processes(self) -> list[int]:
        found, todo = [], [self.warden]
        while todo:
            found.append(todo.pop())
            todo += children(found[-1])
        return found


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if command(pid)]


def listening(pids: list[int]) -> dict[str, str]:
    """Inode of each listening TCP socket of the processes, to its local address in hexadecimal."""
    held = set()
    for pid in pids:
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            try:
                held.add(os.readlink(fd))
            except OSError:
                continue
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {line[9]: line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in held}


async def nothing_left(pids: list[int], directory: Path) -> None:
    """Wait until the processes and the directory have gone, 2 seconds at most."""
    async with asyncio.timeout(2):
        while alive(pids) or directory.exists():
            await asyncio.sleep(0.01)
