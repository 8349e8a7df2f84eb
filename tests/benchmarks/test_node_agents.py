"""The agents measured node to node do what they are timed for; what is read of processes is true."""

import asyncio
import os
import sys
from typing import Any

import pytest

from benchmarks.peers.cybernetic_nodes.agents import Caller, Receiver, Sender, Watcher
from benchmarks.peers.cybernetic_nodes.processes import descendants, memory_of
from cybernetic import CallFailed, System


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("n", [1, 1000, 2500])
async def test_a_stream_ends_when_all_have_arrived(n: int, bounded: bool) -> None:
    async with System(check_transfer=True) as system:
        receiver = system.spawn(Receiver)
        sender = system.spawn(Sender, receiver)
        for _ in range(2):
            assert await sender.call(Sender.go, n, bounded) > 0.0
        assert await receiver.call(Receiver.count) == 0


class Deaf(Receiver):
    """A receiver that loses a message in a hundred."""

    def tell(self, body: bytes) -> None:
        if self.lost % 100:
            super().tell(body)
        self.lost += 1

    lost = 0


async def test_a_stream_that_lost_a_message_is_no_figure() -> None:
    async with System() as system:
        sender = system.spawn(Sender, system.spawn(Deaf))
        with pytest.raises(CallFailed):
            await sender.call(Sender.go, 200, False)


async def test_callers_time_each_of_their_calls() -> None:
    async with System(check_transfer=True) as system:
        receiver, caller = system.spawn(Receiver), system.spawn(Caller)
        assert len(await caller.call(Caller.go, receiver, 7)) == 7


async def test_a_watcher_notes_the_end() -> None:
    told: Any = asyncio.get_running_loop().create_future()
    async with System() as system:
        receiver = system.spawn(Receiver)
        await system.start(Watcher, receiver, told)
        assert not told.done()
        await receiver.stop()
        assert await told > 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_processes_are_found_below_their_parents_and_have_memory() -> None:
    assert os.getpid() in descendants(os.getppid())
    assert os.getppid() not in descendants(os.getpid())
    assert memory_of(os.getpid()) > 1_000_000
