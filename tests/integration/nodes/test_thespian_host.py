"""Nodes as processes: the contract, and what must be left when one of the processes is killed: nothing."""

import asyncio
import os
import pickle
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cybernetic.nodes.host.driver_process import children
from cybernetic.nodes.host.port import HostEnded, NodeEnded, NodeOrder, NodeUp
from cybernetic.nodes.host.process import ProcessHost
from cybernetic.supervision import Limits
from cybernetic.testing.hosts import HostContract

WAITS = "cybernetic.testing.hosts:waits"


class TestProcessHost(HostContract):
    def host(self) -> Any:
        return ProcessHost("test")

    def order(self, name: str, incarnation: int, program: str, settings: bytes = b"") -> NodeOrder:
        return NodeOrder(name, incarnation, program, settings)


class Watch:
    def __init__(self) -> None:
        self.host, self.news = ProcessHost("test"), []  # type: tuple[ProcessHost, list[Any]]

    async def __aenter__(self) -> "Watch":
        await self.host.open(self.news.append)
        self.warden = next(pid for pid in children(os.getpid()) if b"driver_thespian" in _command(pid))
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


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if _command(pid)]


def _listening(pids: list[int]) -> dict[str, str]:
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


async def _nothing_left(watch: Watch, pids: list[int], directory: Path) -> None:
    async with asyncio.timeout(2):
        while _alive(pids) or directory.exists():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("victim", ["warden", "admin", "sup"])
async def test_the_host_failing_is_told_and_leaves_nothing_and_may_be_opened_again(victim: str) -> None:
    async with Watch() as watch:
        up = await watch.node("one")
        pids, directory = watch.processes(), watch.host.directory
        sup = next(pid for pid in children(watch.admin) if up.pid in children(pid))
        os.kill({"warden": watch.warden, "admin": watch.admin, "sup": sup}[victim], signal.SIGKILL)
        await watch.until(lambda: watch.of(HostEnded))
        assert [type(each) for each in watch.news] == [NodeUp, NodeEnded, HostEnded]
        await _nothing_left(watch, pids, directory)
        watch.news.clear()
        await watch.host.open(watch.news.append)
        assert (await watch.node("one")).pid not in pids


async def test_the_logger_is_made_again_and_nothing_else_ends() -> None:
    async with Watch() as watch:
        up = await watch.node("one")
        (logger,) = (pid for pid in children(watch.admin) if up.pid not in children(pid))
        os.kill(logger, signal.SIGKILL)
        await watch.until(lambda: len(set(children(watch.admin)) - {logger}) == 2)
        await watch.node("two")
        assert not watch.of(NodeEnded)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGBUS])
async def test_a_node_that_a_signal_ends_is_told_of_once_with_its_signal(number: signal.Signals) -> None:
    async with Watch() as watch:
        os.kill((await watch.node("one")).pid, number)
        await watch.until(lambda: watch.of(NodeEnded))
        await asyncio.sleep(0.7)
        (ended,) = watch.of(NodeEnded)
        assert number.name in ended.how


async def test_a_stopped_node_is_killed_and_ctrl_c_is_not_for_nodes() -> None:
    async with Watch() as watch:
        up = await watch.node("one")
        os.kill(up.pid, signal.SIGINT)
        os.kill(up.pid, signal.SIGSTOP)
        watch.host.kill("one", 1)
        await watch.until(lambda: watch.of(NodeEnded))
        assert watch.of(NodeEnded)[0].how == "it was killed on request"


async def test_only_loopback_listens_and_unsigned_or_endless_frames_change_nothing(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "executed"),)

    async with Watch() as watch:
        await watch.node("one")
        listening = _listening(watch.processes())
        assert len(listening) >= 4
        assert {address.split(":")[0] for address in listening.values()} == {"0100007F"}
        data = pickle.dumps(Evil())
        for address in listening.values():
            port = int(address.split(":")[1], 16)
            for attack in (b"%d>" % len(data) + data, b"99999999999>x", b"-5>x", b"no length at all" * 10):
                with socket.create_connection(("127.0.0.1", port), timeout=2) as caller:
                    caller.sendall(attack)
                    await asyncio.sleep(0.02)
        await watch.node("two")
        assert not (tmp_path / "executed").exists()
        assert not watch.of(NodeEnded)
        for pid in watch.processes():
            assert b"key" not in _command(pid)


async def test_a_node_starts_under_limits_and_one_that_is_not_offered_is_refused() -> None:
    async with Watch() as watch:
        await watch.node("small", limits=Limits(address_space=2**31, cpu_seconds=5))
        if not Path("/sys/fs/cgroup/cgroup.controllers").exists():
            watch.host.create(NodeOrder("grouped", 1, WAITS, limits=Limits(memory=2**26)))
            await watch.until(lambda: watch.of(NodeEnded))
            assert "not offered here" in watch.of(NodeEnded)[0].how


PARENT = """
import asyncio, sys
from cybernetic.nodes.host.process import ProcessHost
from cybernetic.nodes.host.port import NodeOrder, NodeUp
async def main():
    host = ProcessHost("killed")
    def told(news):
        print(host.directory, flush=True)
    await host.open(told)
    host.create(NodeOrder("one", 1, "cybernetic.testing.hosts:waits"))
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_a_killed_user_process_takes_everything_along() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        directory = Path(parent.stdout.readline().strip())
        watch = Watch()
        (watch.warden,) = children(parent.pid)
        pids = watch.processes()
        assert len(pids) == 5
        parent.kill()
        await _nothing_left(watch, pids, directory)
