"""What is beyond the limit of a message costs the one who sends it an error, and nobody a node."""

import asyncio
import logging
from typing import Any

import pytest

from cybernetic import Agent, CallFailed, CannotTravel, Crash, DynamicSupervisor, System, child
from cybernetic.nodes.host.driver_memory import MemoryHost

LARGE = 17 << 20


class Giver(Agent):
    """Answers with what is too large."""

    def bytes(self) -> Any:
        return b"x" * LARGE

    def many(self) -> Any:
        return [b"x" * 1000] * (LARGE // 1000)

    def error(self) -> None:
        raise ValueError("x" * LARGE)

    def take(self, data: Any) -> int:
        return len(data)


async def start(system: System, name: str) -> Any:
    nursery = await system.start(DynamicSupervisor, type="temporary")
    spec = child(Giver, name=name, node="worker-1", restart="temporary")
    return await nursery.call(DynamicSupervisor.start_child, spec)


async def test_an_answer_too_large_to_travel_fails_its_call_and_costs_nobody_else_anything() -> None:
    async with System(nodes=1, host_port=MemoryHost()) as system:
        giver = await start(system, "giver")
        before = {node.name: node.incarnation for node in system.nodes}
        for method in (Giver.bytes, Giver.many):
            with pytest.raises(
                CallFailed, match="answer: expected at most 16777216 bytes encoded, got: at least"
            ):
                await giver.call(method)
        with pytest.raises(CannotTravel, match="arguments: expected at most 16777216 bytes encoded"):
            await giver.call(Giver.take, b"x" * LARGE)
        with pytest.raises(CannotTravel, match="arguments: expected at most 16777216 bytes encoded"):
            giver.cast(Giver.take, b"x" * LARGE)
        assert await giver.call(Giver.take, b"x" * 1000) == 1000
        assert {node.name: node.incarnation for node in system.nodes} == before


async def test_an_end_whose_text_is_too_large_to_travel_is_told_with_the_beginning_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL, "cybernetic")
    async with System(nodes=1, host_port=MemoryHost()) as system:
        giver = await start(system, "giver")
        end = asyncio.ensure_future(system.wait(giver))
        await asyncio.sleep(0.1)
        with pytest.raises(CallFailed, match="ValueError: xxxx"):
            await giver.call(Giver.error)
        reason = await end
        assert reason == Crash("ValueError", "x" * 2000)
        assert [node.name for node in system.nodes] == ["main", "worker-1"]
