"""What makes the processes of a host fails: what is made anew then is what is wanted, once."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cybernetic import Agent, DynamicSupervisor, StartFailed, Supervisor, System, child
from cybernetic.nodes import HostFailed
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.host.port import HostEnded, News, NodeEnded, NodeOrder
from cybernetic.nodes.link import network
from tests.nodes.cluster.mesh import inside, until


class Failing(MemoryHost):
    """A host that can fail, and takes its time to be opened.

    Attributes:
        takes: seconds until it is open.
        refuses: how many times more it cannot be opened.
        made: the names of all nodes that were ordered.
        ready: whether orders reach anybody.
    """

    ready = False

    def __init__(self, takes: float = 0.0, refuses: int = 0) -> None:
        super().__init__()
        self.takes, self.refuses = takes, refuses
        self.made: list[str] = []

    async def open(self, told: Callable[[News], object]) -> None:
        if self.refuses:
            self.refuses -= 1
            await asyncio.sleep(self.takes)
            raise HostFailed("expected a host, got: none yet")
        await super().open(told)
        self.ready = False
        await asyncio.sleep(self.takes)
        self.ready = True

    def create(self, order: NodeOrder) -> None:
        self.made.append(order.name)
        if self.ready:
            super().create(order)

    def fail(self) -> None:
        """End all nodes, and itself."""
        told, nodes = self._told, dict(self._nodes)
        assert told is not None
        self._nodes.clear()
        self._told = None
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None
        for pair in list(network().pairs):
            pair.cut()
        for key, (task, _) in nodes.items():
            task.cancel()
            told(NodeEnded(*key, "its host failed"))
        told(HostEnded("for the test"))


class Quiet(Agent):
    """Does nothing."""


class Alone(Supervisor):
    """Three children, each in a process of its own, and one on a node."""

    def children(self) -> Any:
        for n in range(3):
            yield child(Quiet, id=n, name=f"alone {n}", isolate=True)
        yield child(Quiet, id="there", name="there", node="worker-1")


@pytest.mark.parametrize("refuses", [0, 2])
async def test_no_process_is_made_for_a_start_that_failed_while_there_was_no_host(refuses: int) -> None:
    host = Failing(takes=0.3)
    async with System(nodes=1, host_port=host) as system:
        top = await system.start(Alone)
        names = ["there", *(f"alone {n}" for n in range(3))]
        before = [system.whereis(name) for name in names]
        assert None not in before
        host.made.clear()
        host.refuses = refuses
        host.fail()

        def back() -> bool:
            now = [system.whereis(name) for name in names]
            return None not in now and not set(now) & set(before)

        await until(back)
        assert system.alive(top)
        await asyncio.sleep(10)
        assert len(host.made) == len(host._nodes) == 4, host.made


async def test_a_tree_does_not_start_where_no_process_can_be_made_for_its_child() -> None:
    async with System(host_port=Failing(refuses=1)) as system:
        with pytest.raises(StartFailed, match="HostFailed: expected a host, got: none yet"):
            await system.start(Alone)


async def test_a_host_that_could_not_be_opened_is_opened_when_it_is_wanted_again() -> None:
    host = Failing(refuses=1)
    async with System(host_port=host) as system:
        nursery = await system.start(DynamicSupervisor, type="temporary")
        spec = child(Quiet, isolate=True, restart="temporary")
        with pytest.raises(Exception, match="got: none yet"):
            await nursery.call(DynamicSupervisor.start_child, spec)
        ref = await nursery.call(DynamicSupervisor.start_child, spec)
        assert ref is not None
        assert ref.node == "main.Quiet.1"


async def test_a_host_that_fails_while_it_is_opened_anew_is_opened_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host = Failing()
    async with System(nodes=1, host_port=host) as system:
        listen = inside(system).listen
        failed: list[bool] = []

        async def slowly(*args: Any) -> Any:
            if not failed:
                failed.append(True)
                asyncio.get_running_loop().call_soon(host.fail)
                await asyncio.sleep(0.1)
            return await listen(*args)

        monkeypatch.setattr(inside(system), "listen", slowly)
        host.made.clear()
        host.fail()
        await until(lambda: host.made and system._door.pids)  # type: ignore[union-attr]
        await asyncio.sleep(10)
        assert [node.name for node in system.nodes] == ["main", "worker-1"]
        assert host.made == ["worker-1"]


class Slow(Agent):
    """Takes its time to end."""

    async def terminate(self, reason: Any) -> None:
        await asyncio.sleep(3)


async def test_a_node_that_ends_while_all_is_stopped_is_not_made_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    host = Failing()
    async with System(nodes=2, host_port=host) as system:
        await system.start(Slow)
        host.made.clear()
        stopping = asyncio.ensure_future(system.stop())
        await asyncio.sleep(1)
        host.kill("worker-1", 1)
        await stopping
    assert host.made == []
    assert "the process of worker-1 has ended" not in caplog.text


async def test_only_the_first_node_of_a_host_tells_of_links(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with System(nodes=3, host_port=MemoryHost()):
        pass
    told = [text for text in caplog.messages if " is linked with " in text or " has lost " in text]
    assert len(told) == 6
    assert all(text.startswith("main ") for text in told)
