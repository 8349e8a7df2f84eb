"""One message ends its process whenever it is handled: after five times it rests, and all others have their effect.

Run as a program it consumes in a process of its own for each line on its standard input, until that message ends it or
the file "enough" is there, and says how it ended: so it is loaded once. Arguments: URL, folder."""

import asyncio
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from cybernetic.gateways import AmqpBroker, Consumer, Gateway, Queue, Topology, consume, parked, parking_queue
from cybernetic.runtime import LocalSystem
from tests.architecture.tree import ROOT
from tests.integration.gateways.accounts import TABLE, Shop, ready, until
from tests.integration.gateways.foreign import numbered, publish
from tests.integration.gateways.rabbit import RabbitMQ
from tests.integration.gateways.test_killed import tell

QUEUE = Queue("killer.work", single_active=True)
COUNT, DEADLY, LANES, KILLS, CODE = 12, 1, 4, 5, 9


class Deadly(Consumer):
    """Its effect is one row; one message ends the process instead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle(self, delivery: Any, tx: Any) -> None:
        number = int(delivery.body)
        await asyncio.sleep(0.05)  # others are being handled then
        if number == DEADLY:
            with (self.folder / "kills").open("a") as kills:
                kills.write("it\n")
            os._exit(CODE)
        tx.execute("INSERT INTO effects VALUES (?)", (number,))


async def main(url: str, folder: Path) -> None:
    work = consume(Deadly, folder, queue=QUEUE, order=lambda delivery: int(delivery.body) % LANES)
    async with LocalSystem() as system:
        await system.start(
            partial(Gateway, AmqpBroker(url), folder / "in.sqlite", None, [work], schema=[TABLE])
        )
        await until((folder / "enough").exists)


def lives() -> None:
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            signal.alarm(60)
            asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def test_what_ends_its_process_five_times_rests_and_the_others_have_their_effect(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.integration.gateways.test_killer", rabbit.url, str(tmp_path)]
    pipe = subprocess.PIPE

    async def test(program: "subprocess.Popen[str]") -> None:
        assert program.stdout is not None
        session = await AmqpBroker(rabbit.url).connect()
        await session.declare(Topology(queues=(QUEUE,)))
        await asyncio.to_thread(publish, rabbit, QUEUE.name, numbered(range(COUNT)))
        for _ in range(KILLS):
            tell(program, "go")
            assert int(await asyncio.to_thread(program.stdout.readline)) == CODE
        tell(program, "go")
        shop = Shop("killer", tmp_path)
        await until(lambda: set(shop.effects()) == set(range(COUNT)) - {DEADLY}, 30.0)
        await until(lambda: ready(session, parking_queue(QUEUE.name)), 30.0)
        (rests,) = await parked(session, QUEUE.name)
        assert (rests.id, rests.reason) == (str(DEADLY), "crashed its worker")
        assert max(shop.effects().values()) == 1
        assert (tmp_path / "kills").read_text().split() == ["it"] * KILLS
        (tmp_path / "enough").touch()
        assert int(await asyncio.to_thread(program.stdout.readline)) == 0
        assert (await session.state(QUEUE.name)).messages == 0
        await session.close()

    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as program:
        try:
            asyncio.run(test(program))
        finally:
            (tmp_path / "enough").touch()
            program.kill()


if __name__ == "__main__":
    lives()
