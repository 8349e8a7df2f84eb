"""A queue that is gone, and that nobody consumes and nothing is sent to, is found missing all the same."""

import asyncio
from pathlib import Path

import pytest

from cybernetic.core import attach
from cybernetic.gateways import MemoryBroker, Queue, QueuesLost, Topology, consume
from tests.gateways.agents.plant import OUT, WORK, Book, Clerk, plant
from tests.gateways.agents.test_deleted import declarations


@pytest.mark.parametrize("queue", ["work.parked", "work.retry.4s", "out"])
async def test_a_queue_that_nothing_is_sent_to_is_declared_anew_within_a_minute_and_told_once(
    tmp_path: Path, queue: str
) -> None:
    lost: list[QueuesLost] = []
    detach = attach(QueuesLost, lost.append)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, Book(), queue=WORK)) as a:
        await asyncio.sleep(5.0)
        await a.outside.delete(queue=queue)
        await asyncio.sleep(62.0)
        assert (await a.outside.state(queue)).messages == 0
        assert await a.parked() == []
    detach()
    assert [one.queues for one in lost] == [(queue,)]


async def test_what_may_go_by_itself_is_not_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Queue("once", "classic", lossy=True, expires=20.0)
    async with plant(MemoryBroker(), tmp_path / "a", topology=Topology(queues=(OUT, once))) as a:
        at = declarations(monkeypatch)
        await asyncio.sleep(600.0)
        assert at == []
        await a.outside.delete(queue="out")
        await asyncio.sleep(62.0)
        assert len(at) == 1
