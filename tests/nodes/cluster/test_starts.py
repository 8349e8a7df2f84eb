"""Children that are started on other nodes: what fails at once, and what is left of a start that nobody waits for."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    CallFailed,
    ChildNotStarted,
    Crash,
    DynamicSupervisor,
    NoConnection,
    NoNode,
    NoProc,
    Registry,
    Supervisor,
    child,
)
from tests.nodes.cluster.mesh import Holder, inside, names, one, pairs, until

book = Registry("book of starts")


class Hanging(Holder):
    """Never comes up; says so where it is told."""

    def __init__(self, elder: Any = None) -> None:
        super().__init__()
        if elder is not None:
            elder.cast(Holder.note, self.ref)

    async def setup(self) -> None:
        await asyncio.Event().wait()


async def test_a_name_that_other_nodes_cannot_know_is_refused() -> None:
    async with one("a", nodes=1) as system:
        for options in ({"node": "worker-1"}, {"isolate": True}):
            with pytest.raises(
                ChildNotStarted, match=r"name: expected a string .*got: book of starts\['x'\]"
            ):
                await _start(system, Holder, name=book.via("x"), **options)


async def test_a_start_on_a_node_that_is_lost_fails_at_once() -> None:
    async with one("a", nodes=1) as system:
        start = asyncio.ensure_future(_start(system, Hanging, node="worker-1"))
        await asyncio.sleep(1)
        assert not start.done()
        (pair,) = pairs("a", "worker-1")
        pair.cut()
        begin = asyncio.get_running_loop().time()
        with pytest.raises(ChildNotStarted) as failed:
            await asyncio.wait_for(start, 5)
        assert failed.value.reason == NoConnection()
        assert asyncio.get_running_loop().time() - begin < 0.1


async def test_a_start_given_up_is_undone_on_its_node() -> None:
    async with one("a", nodes=1) as system:
        elder = system.spawn(Holder)
        with pytest.raises(ChildNotStarted, match="StartTimeout"):
            await _start(system, Hanging, elder, node="worker-1", start_timeout=0.5)
        await asyncio.sleep(0.1)
        (half,) = await elder.call(Holder.seen)
        with pytest.raises(CallFailed) as failed:
            await half.call(Holder.seen)
        assert failed.value.reason == NoProc()
        peer = inside(system).peers["worker-1"]
        assert peer.starts == {}


async def test_a_start_given_up_while_the_news_of_it_is_on_its_way_is_undone_too() -> None:
    async with one("a", nodes=1) as system:
        (pair,) = pairs("a", "worker-1")
        pair.delay = 1.0
        with pytest.raises(ChildNotStarted, match="StartTimeout"):
            await _start(system, Holder, name="late", node="worker-1", start_timeout=1.5)
        pair.delay = 0.0
        await asyncio.sleep(3)
        assert system.whereis("late") is None
        assert inside(system).peers["worker-1"].starts == {}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CallFailed("it", "isolate", NoConnection()), NoNode),
        (CallFailed("it", "isolate", NoProc()), NoNode),
        (CallFailed("it", "isolate", Crash("Refused", "no room")), Crash),
    ],
    ids=["lost", "gone", "refused"],
)
async def test_a_process_that_cannot_be_asked_for_is_waited_for_if_its_maker_may_come_back(
    error: Exception, reason: type
) -> None:
    async def make(*_: Any) -> str:
        raise error

    async with one("a", nodes=1) as system:
        inside(system).make_isolated = make
        with pytest.raises(ChildNotStarted) as failed:
            await _start(system, Holder, isolate=True)
        assert type(failed.value.reason) is reason
        assert "isolate" in str(failed.value.reason) or "no room" in str(failed.value.reason)


async def test_a_process_that_was_lost_before_its_agent_could_be_started_is_a_node_less() -> None:
    async def make(*_: Any) -> str:
        return "lost meanwhile"

    async with one("a", nodes=1) as system:
        inside(system).make_isolated = make
        with pytest.raises(ChildNotStarted) as failed:
            await asyncio.wait_for(_start(system, Holder, isolate=True), 1)
        assert isinstance(failed.value.reason, NoNode)


async def test_an_agent_is_not_started_in_a_process_that_came_too_late() -> None:
    async with one("a", nodes=1) as system:
        real, elder = inside(system).make_isolated, system.spawn(Holder)

        async def make(*arguments: Any) -> Any:
            await asyncio.sleep(1)
            return await real(*arguments)

        inside(system).make_isolated = make
        with pytest.raises(ChildNotStarted, match="StartTimeout"):
            await _start(system, Hanging, elder, isolate=True, start_timeout=0.5)
        await asyncio.sleep(3)
        assert await elder.call(Holder.seen) == []
        await until(lambda: names(system) == ["a", "worker-1"])


async def test_a_process_is_made_by_the_system_of_its_host_whoever_asks() -> None:
    async with one("a", nodes=1) as system:
        far = await _start(system, DynamicSupervisor, node="worker-1")
        ref = await far.call(
            DynamicSupervisor.start_child, child(Holder, isolate=True, restart="temporary", id="cell")
        )
        assert ref is not None
        assert ref.node not in ("a", "worker-1")
        assert {node.name: node.kind for node in system.nodes}[ref.node] == "isolated"
        assert await ref.call(Holder.seen) == []
        await far.stop()
        await until(lambda: names(system) == ["a", "worker-1"])


class Waiting(Supervisor):
    """Has a child that no node fits yet."""

    def children(self) -> Any:
        return [child(Holder, id="gpu", name="gpu", requires=["gpu"])]


async def test_a_child_that_no_node_fits_is_started_when_one_comes_and_not_later() -> None:
    async with one("a") as first:
        await first.start(Waiting)
        await asyncio.sleep(1000)  # by now it is tried again rarely
        assert first.whereis("gpu") is None
        async with one("b", "a", capabilities={"gpu": True}):
            assert await until(lambda: first.whereis("gpu") is not None) < 0.1


async def _start(system: Any, cls: Any, *args: Any, **options: Any) -> Any:
    nursery = await system.start(DynamicSupervisor, type="temporary")
    return await nursery.call(
        DynamicSupervisor.start_child, child(cls, *args, restart="temporary", **options)
    )
