"""Retries on a broker of its own: they come when they should, and no full queue and no foreign header loses them."""

import asyncio
import time
from collections import Counter, defaultdict
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

from cybernetic.gateways import (
    AmqpBroker,
    Consumer,
    Gateway,
    Message,
    Publisher,
    Queue,
    Retries,
    Retry,
    Topology,
    consume,
    parked,
)
from cybernetic.runtime import LocalSystem
from tests.integration.gateways.accounts import ready, until
from tests.integration.gateways.foreign import deleted, numbered, publish
from tests.integration.gateways.rabbit import RabbitMQ
from tests.support import run_real, soak

SPREAD, ADDED = 0.1, 0.2  # shares of a step: of chance in the delay, and of waiting beside it
MACHINE = 0.15  # seconds that a machine may take for a turn of the broker and of this process
ROUNDING = 0.005  # seconds, of clocks that count milliseconds


class Diary:
    """When each message was handled."""

    def __init__(self) -> None:
        self.at: dict[str, list[float]] = defaultdict(list)


class Pulse:
    """Messages beside, one after another, for what the machine takes: a busy one is late with everything."""

    queue = Queue("timed.pulse", lossy=True, max_length=1, overflow="drop-head")

    def __init__(self) -> None:
        self.beats: list[tuple[float, float]] = []

    async def run(self, publisher: Any) -> None:
        """Publish as what is retried is published, with a little time between, and note how long each took."""
        while True:
            begun = time.monotonic()
            await publisher.within(None).call(Publisher.publish, Message(b"", "", self.queue.name))
            await asyncio.sleep(0.02)
            self.beats.append((begun, time.monotonic()))

    def of_a_turn(self, begun: float, ended: float) -> float:
        """How long what a message needs for a turn, three of these, took between two moments; one of them at worst."""
        took = [b - a for a, b in self.beats if a < ended and b > begun]
        return max(took) + 2 * fmean(took)


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


def test_what_always_fails_is_seen_six_times_at_its_steps_and_rests_then(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    drawn: dict[float, list[float]] = defaultdict(list)  # how long messages are to wait, by step

    class Drawing(Retries):
        def waiting(self, step: float, chance: float) -> float:
            drawn[step].append(super().waiting(step, chance))
            return drawn[step][-1]

    queue, diary, retries = Queue("timed"), Diary(), Drawing(5, first=0.5, most=1.0)
    pulse = Pulse()

    async def test() -> None:
        async with LocalSystem() as system:
            work = [consume(Fails, diary, queue=queue, retries=retries)]
            beside, file = Topology(queues=(pulse.queue,)), tmp_path / "in.sqlite"
            await system.start(partial(Gateway, AmqpBroker(rabbit.url), file, beside, work))
            session = await AmqpBroker(rabbit.url).connect()
            await session.declare(Topology(queues=(queue,)))
            beating = asyncio.create_task(pulse.run(system.named("amqp.publisher", Publisher)))
            await until(lambda: pulse.beats)
            await asyncio.to_thread(publish, rabbit, queue.name, numbered(range(20), "t"))

            async def all_rest() -> bool:
                return await ready(session, "timed.parked") >= 20

            await until(all_rest)
            beats = len(pulse.beats)
            await until(lambda: len(pulse.beats) > beats)
            beating.cancel()
            rest = await parked(session, queue.name)
            assert {one.id for one in rest} == set(diary.at) == {f"t{n}" for n in range(20)}
            assert {one.ticket.retries for one in rest} == {5}
            await session.close()

    run_real(test())
    assert {len(at) for at in diary.at.values()} == {6}
    turns: dict[float, list[tuple[float, float]]] = defaultdict(list)
    for at in diary.at.values():
        for n, turn in enumerate(pairwise(at)):
            turns[retries.delay(n)].append(turn)
    for step, of_step in turns.items():
        waits, took = sorted(drawn[step]), sorted(after - before for before, after in of_step)
        assert step * (1 - SPREAD) <= waits[0] < waits[-1] - step * SPREAD / 10  # spread by chance
        assert waits[-1] <= step * (1 + SPREAD)
        assert all(whole >= wait - ROUNDING for whole, wait in zip(took, waits, strict=True))
        late = [after - before - pulse.of_a_turn(before, after) for before, after in of_step]
        assert median(late) <= step * (1 + SPREAD + ADDED) + MACHINE
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
            await until(lambda: len(done) == len(numbers), seconds=soak(100, 200))
            assert set(done.values()) == {1}
            assert await parked(session, queue.name) == []
            await session.close()

    async def both() -> None:
        await asyncio.gather(test("classic"), test("quorum"))

    asyncio.run(both())
    deleted(rabbit, "full.classic", "full.quorum")
