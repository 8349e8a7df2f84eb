"""Processes of their own: what loops, stops or faults in one is ended and begun anew, and the rest never notices."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic import (
    CallFailed,
    ChildNotStarted,
    DynamicSupervisor,
    Limits,
    NoConnection,
    System,
    attach,
    child,
)
from cybernetic.nodes import NodeLagging, NodeLost
from tests.integration.nodes.isolated import Bounded, Cage, Nursery, Wild
from tests.integration.nodes.watch import PATIENCE, gone, over


async def _again(system: System, name: str, before: int) -> None:
    """Wait until an agent of that name answers from another process."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                if await system.named(name, Wild).within(0.5).call(Wild.pid) != before:
                    return
            except Exception:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("how", [Wild.spin, Wild.stop_itself, Wild.fault], ids=lambda how: how.__name__)
async def test_an_isolated_process_that_does_not_answer_is_ended_and_the_rest_never_notices(how: Any) -> None:
    async with System(nodes=1) as system:
        await system.start(Cage)
        alone, shared, home = (system.named(name, Wild) for name in ("alone", "shared", "home"))
        before = await alone.call(Wild.pid)
        assert before not in (await shared.call(Wild.pid), await home.call(Wild.pid))
        ref = system.whereis("alone", Wild)
        assert ref is not None
        others = [system.whereis(name) for name in ("shared", "home")]
        end = asyncio.ensure_future(system.wait(ref))
        loop = asyncio.get_running_loop()
        begin = loop.time()
        alone.cast(how)
        for _ in range(5):
            assert [await shared.call(Wild.work), await home.call(Wild.work)] == ["worked"] * 2
            await asyncio.sleep(0.02)
        assert await end == NoConnection()
        assert loop.time() - begin < 9.0  # usually 2; where others live too it takes 10
        await _again(system, "alone", before)
        assert [system.whereis(name) for name in ("shared", "home")] == others
        await gone(lambda: not over(before))


async def test_a_handler_of_two_seconds_on_a_shared_node_kills_nobody() -> None:
    told: list[Any] = []
    ends = [attach(NodeLagging, told.append), attach(NodeLost, told.append)]
    async with System(nodes=1) as system:
        await system.start(Cage)
        shared = system.named("shared", Wild)
        before = await shared.call(Wild.pid)
        assert await shared.within(PATIENCE).call(Wild.hold, 2.0) == "done"
        assert await shared.call(Wild.pid) == before
        assert {type(event) for event in told} == {NodeLagging}
        late = [bool(event.seconds) for event in told if event.node == "worker-1"]
        assert late[:2] == [True, False]  # and again, or of another, where the machine is busy
        for end in ends:
            end()


async def test_a_shared_node_that_is_silent_for_long_is_ended_and_made_anew() -> None:
    async with System(nodes=1, node_dead_after=2.0, lag_after=0.5) as system:
        await system.start(Cage)
        shared = system.named("shared", Wild)
        before = await shared.call(Wild.pid)
        with pytest.raises(CallFailed) as failed:
            await shared.within(PATIENCE).call(Wild.spin)
        assert failed.value.reason == NoConnection()
        await _again(system, "shared", before)


async def test_limits_are_held() -> None:
    async with System(nodes=1) as system:
        await system.start(Bounded)
        bounded = system.named("bounded", Wild)
        assert await bounded.call(Wild.limits) == (2**30, 60)
        before = await bounded.call(Wild.pid)
        with pytest.raises(CallFailed) as failed:
            await bounded.call(Wild.grab, 2**30)
        assert getattr(failed.value.reason, "type", None) == "MemoryError"
        await _again(system, "bounded", before)


async def test_a_limit_that_the_machine_does_not_offer_is_refused() -> None:
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        pytest.skip("this machine has cgroups of version 2, so it may well offer the limit")
    async with System(nodes=1) as system:
        nursery = await system.start(Nursery, type="temporary")
        limited = child(Wild, isolate=Limits(memory=2**28), restart="temporary")
        with pytest.raises(ChildNotStarted, match=r"memory.*not offered|not offered.*memory"):
            await nursery.call(DynamicSupervisor.start_child, limited)


async def test_the_process_ends_with_its_agent() -> None:
    async with System(nodes=1) as system:
        nursery = await system.start(Nursery, type="temporary")
        ref = await nursery.call(
            DynamicSupervisor.start_child, child(Wild, isolate=True, restart="temporary")
        )
        assert ref is not None
        pid = await ref.call(Wild.pid)
        assert ref.node in [node.name for node in system.nodes]
        await ref.stop()
        async with asyncio.timeout(PATIENCE):
            while Path(f"/proc/{pid}").exists() or ref.node in [node.name for node in system.nodes]:
                await asyncio.sleep(0.02)
