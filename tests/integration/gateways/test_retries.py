"""Retries on a broker of its own: they come when they should, and no full queue and no foreign header loses them."""

import asyncio
import time
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from typing import Any

from cybernetic.gateways import (
    AmqpBroker,
    Consumer,
    Gateway,
    Queue,
    Retries,
    Retry,
    Topology,
    consume,
    parked,
)
from cybernetic.runtime import LocalSystem
from tests.integration.gateways.foreign import deleted, numbered, publish
from tests.integration.gateways.rabbit import RabbitMQ
from tests.support import run_real, soak

SPREAD, ADDED = 0.1, 0.2  # shares of a step: of chance in the delay, and of waiting beside it
MACHINE = 0.15  # seconds that a busy machine may take for a turn of the broker and of this process


class Diary:
    """When each message was handled."""

    def __init__(self) -> None:
        self.at: dict[str, list[float]] = defaultdict(list)

    def count(self, id: str) -> int:
        return len(self.at[id])


class Fails(Consumer):
    """Fails always."""

    def __init__(self, diary: Diary) -> None:
        self.diary = diary

    async def handle(self, delivery: Any, tx: Any) -> None:
        self.diary.at[delivery.message.id].append(time.monotonic())
        raise ValueError("never")


class FailsOnce(Consumer):
    """Fails the first time, slowly."""

    def __init__(self, done: "Counter[str]") -> None:
        self.done = done

    async def handle(self, delivery: Any, tx: Any) -> Any:
        await asyncio.sleep(0.01)
        if delivery.attempt == 1:
            return Retry("once")
        self.done[delivery.message.id] += 1
        return None


async def until(condition: Any, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def test_what_always_fails_is_seen_six_times_at_its_steps_and_rests_then(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    queue, diary, retries = Queue("timed"), Diary(), Retries(5, first=0.5, most=1.0)
    steps = [retries.delay(n) for n in range(5)]

    async def test() -> None:
        async with LocalSystem() as system:
            work = [consume(Fails, diary, queue=queue, retries=retries)]
            await system.start(partial(Gateway, AmqpBroker(rabbit.url), tmp_path / "in.sqlite", None, work))
            session = await AmqpBroker(rabbit.url).connect()
            await session.declare(Topology(queues=(queue,)))
            await asyncio.to_thread(publish, rabbit, queue.name, numbered(range(20), "t"))
            async with asyncio.timeout(20):
                while (await session.state("timed.parked")).messages < 20:
                    await asyncio.sleep(0.1)
            rest = await parked(session, queue.name)
            assert {one.id for one in rest} == set(diary.at) == {f"t{n}" for n in range(20)}
            assert {one.ticket.retries for one in rest} == {5}
            await session.close()

    run_real(test())
    assert {len(at) for at in diary.at.values()} == {6}
    gaps = [[at[n + 1] - at[n] for at in diary.at.values()] for n in range(5)]
    for step, of_step in zip(steps, gaps, strict=True):
        assert min(of_step) >= step * (1 - SPREAD)
        assert max(of_step) <= step * (1 + SPREAD + ADDED) + MACHINE
        # spread by chance, but less than it was drawn: in a queue nobody goes before who stands in front of him
        assert max(of_step) - min(of_step) > step * SPREAD / 10
    deleted(rabbit, queue.name)


def test_a_full_work_queue_loses_no_retry(rabbit: RabbitMQ, tmp_path: Path) -> None:
    """More comes back from the delay queues than the work queue takes, while a foreign client keeps it full."""
    numbers = range(soak(40, 400))

    async def test(kind: Any) -> None:
        queue, done = Queue(f"full.{kind}", kind, max_length=4), Counter[str]()
        async with LocalSystem() as system:
            retries = Retries(5, first=0.2, most=0.2)
            work = [consume(FailsOnce, done, queue=queue, prefetch=1, retries=retries)]
            await system.start(partial(Gateway, AmqpBroker(rabbit.url), tmp_path / kind, None, work))
            session = await AmqpBroker(rabbit.url).connect()
            await session.declare(Topology(queues=(queue,)))
            await asyncio.to_thread(publish, rabbit, queue.name, numbered(numbers))
            await until(lambda: len(done) == len(numbers), seconds=soak(20, 200))
            assert set(done.values()) == {1}
            assert await parked(session, queue.name) == []
            await session.close()

    async def both() -> None:
        await asyncio.gather(test("classic"), test("quorum"))

    asyncio.run(both())
    deleted(rabbit, "full.classic", "full.quorum")
