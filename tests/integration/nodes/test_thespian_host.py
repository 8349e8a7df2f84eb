"""Nodes as processes: the contract, and what must be left when one of the processes is killed: nothing."""

import asyncio
import os
import pickle
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from cybernetic.nodes.host.port import HostEnded, NodeEnded, NodeOrder, NodeUp
from cybernetic.nodes.host.process import ProcessHost
from cybernetic.nodes.host.processes import children
from cybernetic.supervision import Limits
from cybernetic.testing.hosts import HostContract
from tests.integration.nodes.watch import PATIENCE, WAITS, Watch, command, listening, nothing_left


class TestProcessHost(HostContract):
    seconds = PATIENCE

    def host(self) -> Any:
        return ProcessHost("test")

    def order(self, name: str, incarnation: int, program: str, settings: bytes = b"") -> NodeOrder:
        return NodeOrder(name, incarnation, program, settings)


@pytest.mark.parametrize("victim", ["warden", "admin", "sup"])
async def test_the_host_failing_is_told_and_leaves_nothing_and_may_be_opened_again(victim: str) -> None:
    async with Watch() as watch:
        up = await watch.node("one")
        pids, directory = watch.processes(), watch.host.directory
        sup = next(pid for pid in children(watch.admin) if up.pid in children(pid))
        os.kill({"warden": watch.warden, "admin": watch.admin, "sup": sup}[victim], signal.SIGKILL)
        await watch.until(lambda: watch.of(HostEnded))
        assert [type(each) for each in watch.news] == [NodeUp, NodeEnded, HostEnded]
        await nothing_left(pids, directory)
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
        await watch.ports(4)
        listening_ = listening(watch.processes())
        assert {address.split(":")[0] for address in listening_.values()} == {"0100007F"}
        data = pickle.dumps(Evil())
        for address in listening_.values():
            port = int(address.split(":")[1], 16)
            for attack in (b"%d>" % len(data) + data, b"99999999999>x", b"-5>x", b"no length at all" * 10):
                with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as caller:
                    caller.sendall(attack)
                    await asyncio.sleep(0.02)
        await watch.node("two")
        assert not (tmp_path / "executed").exists()
        assert not watch.of(NodeEnded)
        for pid in watch.processes():
            assert b"key" not in command(pid)


async def test_a_node_starts_under_limits_and_one_that_is_not_offered_is_refused() -> None:
    async with Watch() as watch:
        await watch.node("small", limits=Limits(address_space=2**31, cpu_seconds=60))
        if not Path("/sys/fs/cgroup/cgroup.controllers").exists():
            watch.host.create(NodeOrder("grouped", 1, WAITS, limits=Limits(memory=2**26)))
            await watch.until(lambda: watch.of(NodeEnded))
            assert "not offered here" in watch.of(NodeEnded)[0].how
