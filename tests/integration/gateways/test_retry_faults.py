"""Broker and program are killed while messages wait in the delay queues: each has its effect once, or rests once.

Run as a program it consumes until it is killed. Arguments: URL, folder. It waits for a line on its standard input, so
that one is there when the one before is killed; it notes each try in the file "tries"."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from cybernetic.gateways import (
    AmqpBroker,
    Consumer,
    Gateway,
    Queue,
    Retries,
    Session,
    Topology,
    consume,
    delay_queue,
    parked,
    parking_queue,
)
from cybernetic.runtime import LocalSystem
from tests.architecture.tree import ROOT
from tests.integration.gateways.accounts import TABLE, Shop
from tests.integration.gateways.foreign import numbered, publish
from tests.integration.gateways.rabbit import RabbitMQ

COUNT, RETRIES, STEP = 50, 2, 2.0  # seconds of each delay: both wait in one queue
QUEUE = Queue("rounds.work")
NEWEST = Queue(
    "rounds.newest"
)  # RabbitMQ 3.10 that is killed never elects a leader for its newest quorum queue again
HOPELESS = 5  # each fifth fails always


class Late(Consumer):
    """Fails as long as it has retries, and has its effect then; or fails always."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle(self, delivery: Any, tx: Any) -> None:
        note = os.open(self.folder / "tries", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(note, b"%s %d\n" % (delivery.body, delivery.attempt))
        os.close(note)
        number = int(delivery.body)
        if delivery.attempt <= RETRIES or number % HOPELESS == 0:
            raise ValueError("not yet")
        tx.execute("INSERT INTO effects VALUES (?)", (number,))


async def main() -> None:
    url, folder = sys.argv[1], Path(sys.argv[2])
    if not sys.stdin.readline():
        return
    work = consume(Late, folder, queue=QUEUE, retries=Retries(RETRIES, first=STEP, most=STEP))
    async with LocalSystem() as system:
        await system.start(
            partial(Gateway, AmqpBroker(url), folder / "in.sqlite", None, [work], schema=[TABLE])
        )
        await asyncio.Event().wait()


def started(rabbit: RabbitMQ, folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.integration.gateways.test_retry_faults", rabbit.url, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True)


def begin(program: "subprocess.Popen[str]") -> None:
    assert program.stdin is not None
    program.stdin.write("go\n")
    program.stdin.flush()


def kill(program: "subprocess.Popen[str]") -> None:
    with program:
        program.kill()


def tries(folder: Path) -> Counter[tuple[int, ...]]:
    lines = (folder / "tries").read_text().splitlines() if (folder / "tries").exists() else []
    return Counter(tuple(map(int, line.split())) for line in lines)


async def all_wait(session: Session, folder: Path, attempt: int) -> None:
    """Return when each was tried so often, and all wait in the delay queue."""
    async with asyncio.timeout(30):
        while len([one for one in tries(folder) if one[1] == attempt]) < COUNT:
            await asyncio.sleep(0.02)
        while (await session.state(delay_queue(QUEUE.name, STEP))).messages < COUNT:
            await asyncio.sleep(0.02)


def test_messages_that_wait_for_a_retry_outlive_broker_and_program(rabbit: RabbitMQ, tmp_path: Path) -> None:
    programs = [started(rabbit, tmp_path) for _ in range(3)]
    numbers, hopeless = set(range(COUNT)), set(range(0, COUNT, HOPELESS))

    async def test() -> None:
        session = await AmqpBroker(rabbit.url).connect()
        await session.declare(Topology(queues=(QUEUE,)))
        await asyncio.to_thread(publish, rabbit, QUEUE.name, numbered(numbers))
        begin(programs[0])
        await all_wait(session, tmp_path, 1)
        await session.declare(Topology(queues=(NEWEST,)))
        kill(programs[0])
        await asyncio.to_thread(rabbit.kill9)
        await asyncio.to_thread(rabbit.start)
        session, beside = await AmqpBroker(rabbit.url).connect(), await AmqpBroker(rabbit.url).connect()
        deleting = asyncio.create_task(beside.delete(queue=NEWEST.name))  # takes 5 s: it has no leader
        begin(programs[1])
        await all_wait(session, tmp_path, 2)
        kill(programs[1])
        begin(programs[2])
        parking = parking_queue(QUEUE.name)
        async with asyncio.timeout(30):
            while (await session.state(parking)).messages < len(hopeless) or set(
                Shop("rounds", tmp_path).effects()
            ) != numbers - hopeless:
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)  # if anything comes twice, it is there by now
        effects = Shop("rounds", tmp_path).effects()
        assert (set(effects), max(effects.values())) == (numbers - hopeless, 1)
        rest = await parked(session, QUEUE.name)
        assert sorted(int(one.id) for one in rest) == sorted(hopeless)
        assert {one.ticket.retries for one in rest} == {RETRIES}
        for name in (QUEUE.name, delay_queue(QUEUE.name, STEP)):
            assert (await session.state(name)).messages == 0
        await deleting
        await beside.close()
        await session.close()

    try:
        asyncio.run(test())
    finally:
        for program in programs:
            kill(program)
    seen = tries(
        tmp_path
    )  # one whose acknowledgement was lost may be tried once more, and goes one way all the same
    assert set(seen) == {(n, attempt) for n in numbers for attempt in range(1, RETRIES + 2)}
    assert max(seen.values()) <= 2


if __name__ == "__main__":
    asyncio.run(main())
