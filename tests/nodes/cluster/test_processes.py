"""The nodes that a system makes: what it does with news of their processes, when it ends or makes anew which."""

import asyncio
import sys
from functools import partial
from typing import Any

import pytest

from cybernetic import ChildNotStarted, DynamicSupervisor, Limits, child
from cybernetic.nodes import HostEnded, HostFailed, NodeEnded, NodeOrder, NodeUp
from cybernetic.nodes.host.driver_memory import MemoryHost
from tests.nodes.cluster.mesh import Holder, inside, names, one, pairs, until


class Watched(MemoryHost):
    """Notes what it is asked for; `deaf`: it ends nothing by force."""

    def __init__(self, deaf: bool = False) -> None:
        super().__init__()
        self.made: list[tuple[str, int]] = []
        self.killed: list[tuple[str, int]] = []
        self.news: list[Any] = []
        self.deaf = deaf

    async def open(self, told: Any) -> None:
        def both(news: Any) -> None:
            self.news.append(news)
            told(news)

        await super().open(both)

    def create(self, order: NodeOrder) -> None:
        self.made.append((order.name, order.incarnation))
        super().create(order)

    def kill(self, name: str, incarnation: int) -> None:
        self.killed.append((name, incarnation))
        if not self.deaf:
            super().kill(name, incarnation)

    def fail(self) -> None:
        """End as a host that has been killed does: its nodes go with it, and it is closed."""
        told, scratch = self._told, self._scratch
        assert told is not None
        assert scratch is not None
        for key, (task, _) in list(self._nodes.items()):
            task.cancel()
            self._ended(key, task, "the host has gone")
        scratch.cleanup()
        self._told = self._scratch = None
        told(HostEnded("by a test"))


class Failing(Watched):
    """Its nodes end as soon as they are made."""

    def create(self, order: NodeOrder) -> None:
        self.made.append((order.name, order.incarnation))
        assert len(self.made) < 1000
        loop, ended = asyncio.get_running_loop(), NodeEnded(order.name, order.incarnation, "it cannot")
        loop.call_soon(self._told, ended)  # type: ignore[arg-type]


async def test_what_a_process_said_before_its_end_is_heard_after_the_news_of_it() -> None:
    async with one("a", nodes=1) as system:
        near, far = system.spawn(Holder), await _start(system, node="worker-1")
        (pair,) = pairs("a", "worker-1")
        await asyncio.sleep(0.1)
        pair.delay = 0.4
        gone = asyncio.ensure_future(system.wait(far))
        far.cast(Holder.say, near, 1, 2, 3)
        await asyncio.sleep(0.5)  # it has been told to, and its words are on their way
        assert await near.call(Holder.seen) == []
        _door(system).told(NodeEnded("worker-1", 1, "by a test"))
        await asyncio.sleep(0.5)
        assert await near.call(Holder.seen) == [1, 2, 3]
        assert not gone.done()
        await asyncio.sleep(0.7)
        assert gone.done()


async def test_a_node_whose_process_has_ended_is_lost_though_its_link_looks_well() -> None:
    async with one("a", nodes=1) as system:
        far = await _start(system, node="worker-1")
        (pair,) = pairs("a", "worker-1")
        pair.partition = True
        gone = asyncio.ensure_future(system.wait(far))
        await asyncio.sleep(0.1)
        begin = asyncio.get_running_loop().time()
        _door(system).told(NodeEnded("worker-1", 1, "by a test"))
        await asyncio.wait_for(gone, 20)
        assert asyncio.get_running_loop().time() - begin < 2


async def test_a_node_that_cannot_be_heard_is_ended() -> None:
    host = Watched()
    async with one("a", nodes=1, host_port=host) as system:
        (pair,) = pairs("a", "worker-1")
        pair.partition = True
        took = await until(lambda: host.killed)
        assert host.killed == [("worker-1", 1)]
        assert 9 < took < 13
        await until(lambda: names(system) == ["a", "worker-1"])
        assert host.made == [("worker-1", 1), ("worker-1", 2)]


async def test_a_node_that_has_taken_leave_gets_a_second_before_it_is_ended() -> None:
    host = Watched(deaf=True)
    async with one("a", nodes=1, host_port=host) as system:
        (member,) = inside(system).members
        _door(system).peer_lost(member, left=True)
        await asyncio.sleep(0.9)
        assert host.killed == []
        await asyncio.sleep(0.3)
        assert host.killed == [("worker-1", 1)]
        _door(system).peer_lost(member._replace(incarnation="7.other"), left=False)  # not the one that runs
        _door(system).peer_lost(member._replace(name="of another host"), left=False)
        assert host.killed == [("worker-1", 1)]


async def test_news_of_an_earlier_process_are_not_about_this_one() -> None:
    host = Watched()
    async with one("a", nodes=1, host_port=host) as system:
        door, before = _door(system), dict(_door(system).pids)
        door.told(NodeEnded("worker-1", 0, "long ago"))
        door.told(NodeUp("worker-1", 7, 12345, ""))
        door.told(NodeEnded("nobody", 1, "never was"))
        await asyncio.sleep(5)
        assert door.pids == before
        assert host.made == [("worker-1", 1)]
        assert names(system) == ["a", "worker-1"]


async def test_a_node_that_ends_at_once_is_made_anew_ever_more_slowly() -> None:
    host = Failing()
    with pytest.raises(HostFailed, match=r"all nodes to be up in 30 s, missing: \['worker-1'\]"):
        async with one("a", nodes=1, host_port=host):
            pass
    assert 8 < len(host.made) < 20
    assert host.made == [("worker-1", n + 1) for n in range(len(host.made))]


async def test_a_node_that_has_lived_is_made_anew_at_once() -> None:
    host = Watched()
    async with one("a", nodes=1, host_port=host) as system:
        for number in (1, 2, 3):
            await asyncio.sleep(5)
            host.kill("worker-1", number)
            assert await until(partial(_more_than, number, host.made)) < 0.1
            assert host.made[number:] == [("worker-1", number + 1)]
        await until(lambda: names(system) == ["a", "worker-1"])


async def test_when_the_host_has_failed_it_is_opened_anew_and_so_are_its_nodes() -> None:
    host = Watched()
    async with one("a", nodes=2, host_port=host) as system:
        await asyncio.sleep(2)
        host.fail()
        assert _door(system).pids == {}
        await asyncio.sleep(0.1)
        await until(lambda: len(_door(system).pids) == 2)
        await until(lambda: names(system) == ["a", "worker-1", "worker-2"])
        assert {name for name, number in host.made if number > 1} == {"worker-1", "worker-2"}
        assert await (await _start(system, node="worker-2")).call(Holder.seen) == []


async def test_a_process_that_cannot_be_made_for_an_agent_fails_its_start_at_once() -> None:
    async with one("a", host_port=Watched()) as system:
        begin = asyncio.get_running_loop().time()
        with pytest.raises(ChildNotStarted, match="limits of a process are not offered"):
            await _start(system, isolate=Limits(cpu_seconds=1))
        assert asyncio.get_running_loop().time() - begin < 1


async def test_the_process_of_one_agent_ends_with_it_and_is_not_made_anew() -> None:
    host = Watched()
    async with one("a", host_port=host) as system:
        ref = await _start(system, isolate=True)
        assert len(host.made) == 1
        await ref.stop()
        await until(lambda: any(isinstance(news, NodeEnded) for news in host.news), 3.0)
        await asyncio.sleep(5)
        assert len(host.made) == 1
        assert names(system) == ["a"]
        assert _door(system).pids == {}


async def test_a_node_ends_by_itself_when_the_one_that_wanted_it_is_out_of_reach() -> None:
    host = Watched(deaf=True)
    async with one("a", nodes=1, host_port=host):
        (pair,) = pairs("a", "worker-1")
        pair.cut()
        await until(lambda: any(isinstance(news, NodeEnded) for news in host.news), 5.0)
        host.deaf = False


async def test_modules_are_imported_by_every_node_before_it_is_linked() -> None:
    name = "tests.nodes.cluster.imported"
    sys.modules.pop(name, None)
    async with one("a", nodes=1, modules=[name]):
        assert name in sys.modules


async def test_a_start_that_is_being_prepared_ends_with_the_system() -> None:
    async with one("a", nodes=1) as system:
        inside(system).answers["isolate"] = _never
        start = asyncio.ensure_future(_start(system, isolate=True))
        await asyncio.sleep(0.1)
    await asyncio.wait([start], timeout=1)
    assert start.done()
    assert start.exception() is not None


def _more_than(count: int, made: list[Any]) -> bool:
    return len(made) > count


async def _never(*_: Any) -> str:
    await asyncio.Event().wait()
    return ""


def _door(system: Any) -> Any:
    return system._door


async def _start(system: Any, **options: Any) -> Any:
    nursery = await system.start(DynamicSupervisor, type="temporary")
    return await nursery.call(DynamicSupervisor.start_child, child(Holder, restart="temporary", **options))
