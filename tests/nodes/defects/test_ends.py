"""Ends of processes: how they are said, and what they leave."""

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Agent, DynamicSupervisor, System, child
from cybernetic.nodes.cluster import Cluster, describe
from cybernetic.nodes.door import Child, Door
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.host.port import News, NodeEnded, NodeOrder
from cybernetic.nodes.host.process import Wire
from cybernetic.nodes.link import LinkSettings, Secret, UnixAddress, parse_address
from cybernetic.nodes.worker import Orders
from cybernetic.supervision import Limits
from cybernetic.wire import Codec


class Cell(Agent):
    """Runs in a process of its own."""

    def leave(self) -> None:
        self.stop()


async def cell_of(system: System) -> Any:
    nursery = await system.start(DynamicSupervisor, type="temporary")
    spec = child(Cell, name="cell", isolate=True, restart="temporary")
    return await nursery.call(DynamicSupervisor.start_child, spec)


def ends(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [
        (record.levelname, record.getMessage().rpartition("ended: ")[2])
        for record in caplog.records
        if "the process of main.cell.1 has ended" in record.getMessage()
    ]


async def test_why_the_process_of_an_isolated_agent_ended_is_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "cybernetic.nodes")
    host = MemoryHost()
    async with System(host_port=host) as system:
        await cell_of(system)
        (key,) = host._nodes
        task = host._nodes[key][0]
        host._ended(key, task, "it used up its limit of processor time (SIGXCPU)")
        task.cancel()
        await asyncio.wait([task])
        assert ends(caplog) == [("WARNING", "it used up its limit of processor time (SIGXCPU)")]


async def test_an_end_in_order_is_none(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cybernetic.nodes")
    async with System(host_port=MemoryHost()) as system:
        cell = await cell_of(system)
        cell.cast(Cell.leave)
        await asyncio.sleep(2)
        assert ends(caplog) == [("INFO", "its program ended")]
        await cell_of(system)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


class Paper(MemoryHost):
    """A host that only notes what it is told."""

    in_memory = False

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.orders: list[NodeOrder] = []
        self._directory = directory

    @property
    def directory(self) -> Path:
        return self._directory

    async def open(self, told: Callable[[News], object]) -> None:
        self._told = told

    def create(self, order: NodeOrder) -> None:
        self.orders.append(order)


async def test_no_two_nodes_share_a_socket_and_that_of_one_that_was_killed_is_taken_away(
    tmp_path: Path,
) -> None:
    async with System() as system:
        secret, links = Secret.fresh(), LinkSettings()
        cluster = Cluster(system._running(), describe("main", host="here", kind="node"), secret, links)
        host = Paper(tmp_path)
        door = Door(cluster, host, Orders("main", "", secret, "here", {}, links))
        await door._ready()
        tail = "the same twenty-four characters"
        for name in (f"a-{tail}", f"b-{tail}"):
            node = door._children[name] = Child(name, "node", Limits())
            door._make(node)
        paths = []
        for order in host.orders:
            address = parse_address(Codec().decode(order.settings)["listen"])
            assert isinstance(address, UnixAddress)
            paths.append(Path(address.path))
        assert paths[0] != paths[1]
        for path in paths:
            path.touch()
        door.told(NodeEnded(f"a-{tail}", 1, "it was ended by SIGKILL"))
        assert [path.exists() for path in paths] == [False, True]
        door.closing()
        await cluster.close()


async def test_what_watches_over_a_program_hears_of_its_end_though_a_forked_child_lives() -> None:
    ours, theirs = socket.socketpair()
    wire = Wire(lambda *_: None, lambda: None)
    await asyncio.get_running_loop().create_unix_connection(lambda: wire, sock=ours)
    with theirs, socket.socket(fileno=ours.dup().detach()):  # as a forked child has it
        wire.close()
        await asyncio.sleep(0)
        theirs.setblocking(False)
        assert theirs.recv(1) == b""
