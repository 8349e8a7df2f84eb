"""Agents that flood each other do not starve the event loop: a timer and a socket are served on time (decision 1)."""

import asyncio
from typing import Any

from cybernetic import Address, Agent, System
from cybernetic.core import cpu, real

SLICE = 0.005  # seconds after which the run queue gives the loop back; measured as processor time: others may be busy


class Flooder(Agent):
    """Answers each message with another one, for ever: its mailbox is never empty."""

    def __init__(self) -> None:
        self.handled = 0

    def ping(self, other: Address["Flooder"]) -> None:
        self.handled += 1
        other.cast(Flooder.ping, self.ref)

    async def ping_async(self, other: Address["Flooder"]) -> None:
        self.handled += 1
        other.cast(Flooder.ping_async, self.ref)

    def count(self) -> int:
        return self.handled


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.readline():
        writer.write(data)
    writer.close()


async def _flood(system: System, method: Any) -> list[Any]:
    flooders = [await system.start(Flooder) for _ in range(2)]
    for _ in range(200):  # more than a turn for each
        flooders[0].cast(method, flooders[1])
        flooders[1].cast(method, flooders[0])
    return flooders


async def test_two_agents_that_flood_each_other_leave_time_for_a_timer_and_a_socket() -> None:
    async with System() as system, await asyncio.start_server(_echo, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            for method in (Flooder.ping, Flooder.ping_async):
                flooders = await _flood(system, method)
                spent = []
                for _ in range(5):
                    before = cpu()
                    await asyncio.sleep(0.01)
                    writer.write(b"hello\n")
                    assert await reader.readline() == b"hello\n"
                    spent.append(cpu() - before)
                handled = [await flooder.call(Flooder.count) for flooder in flooders]
                for flooder in flooders:
                    await flooder.stop()
                assert sorted(spent)[2] < 0.01 + 20 * SLICE, spent
                assert min(handled) > 100, handled
                assert max(handled) < 2 * min(handled) + 200, handled  # neither starves the other
        finally:
            writer.close()
            await writer.wait_closed()


async def test_the_loop_gets_its_turn_about_every_five_milliseconds() -> None:
    async with System() as system:
        flooders = await _flood(system, Flooder.ping)
        gaps = []
        for _ in range(40):
            before = cpu()
            await asyncio.sleep(0)
            gaps.append(cpu() - before)
        for flooder in flooders:
            await flooder.stop()
    assert sorted(gaps)[len(gaps) // 2] < 2 * SLICE, gaps
    assert sum(gaps) < len(gaps) * 3 * SLICE, gaps


async def test_calls_in_a_tight_loop_from_outside_leave_time_for_a_timer() -> None:
    """A call that is served without going through the loop does not keep the loop from its turn."""
    async with System() as system:
        agent = await system.start(Flooder)
        for _ in range(20):
            fired: list[float] = []
            before, end = cpu(), real() + 60
            asyncio.get_running_loop().call_later(
                0.02,
                lambda fired=fired, before=before: fired.append(cpu() - before),  # type: ignore[misc]
            )
            calls = 0
            while not fired and real() < end:
                await agent.call(Flooder.count)
                calls += 1
            assert fired
            assert fired[0] < 0.02 + 4 * SLICE
            if calls > 10:
                return
        raise AssertionError("expected this process to have the processor for once in 0.02 s")
