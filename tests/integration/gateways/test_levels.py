"""Two levels in two processes over a broker: what is said, how death is told, and one-way relays."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from cybernetic.core import CallFailed, NoConnection
from cybernetic.gateways import AmqpBroker, Binding, Outpost, Queue, ToAgent, Topology, ToTopic, consume
from cybernetic.naming import Published, Topics
from tests.architecture.tree import ROOT
from tests.gateways.bridge.levels import Parent, heard, is_heard, level, until
from tests.integration.gateways.foreign import channel
from tests.integration.gateways.rabbit import RabbitMQ
from tests.integration.gateways.till import BEATS, PRICES
from tests.support import run_real

ABROAD = Topics("abroad")
ASKED, TOLD = Queue("till.asked"), Queue("till.told")
BOUND = Topology(
    (PRICES,), (ASKED, TOLD), tuple(Binding(PRICES.name, one.name, "out.#") for one in (ASKED, TOLD))
)


class Boss(Parent):
    """Hears the level below, and what is published there, by both ways that there are."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []
        self.published: list[Any] = []

    def setup(self) -> None:
        ABROAD.subscribe(self, "*")

    def ask(self, value: Any) -> None:
        self.asked.append(value)

    def receive(self, message: Any) -> None:
        if isinstance(message, Published):
            self.published.append((message.topic, message.message))
        else:
            super().receive(message)

    def relayed(self) -> tuple[list[Any], list[Any]]:
        return self.asked, self.published


@contextmanager
def till(rabbit: RabbitMQ, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The other level, in a process that is killed in the end."""
    command = [sys.executable, "-m", "tests.integration.gateways.till", rabbit.url, str(folder)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


async def lives(outpost: Any) -> bool:
    try:
        return await outpost.call(Outpost.dropped) == 0
    except CallFailed:
        return False


def test_levels_in_two_processes_talk_and_lose_each_other_only_when_one_is_killed(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    gateway = {
        "topology": BOUND,
        "consume": [
            consume(ToAgent, "parent", Boss.ask, queue=ASKED),
            consume(ToTopic, ABROAD, "out.", queue=TOLD),
        ],
    }
    below, above = tmp_path / "below", tmp_path / "above"
    below.mkdir()
    above.mkdir()
    options: dict[str, Any] = {"signed": True, "parent": Boss, "beats": BEATS, "gateway": gateway}

    async def test() -> None:
        shop = level(AmqpBroker(rabbit.url), above, "shop", "shop/till", beside=[ABROAD.child()], **options)
        async with shop as (_, boss, down):

            async def lost() -> bool:
                return bool(await boss.call(Parent.lost))

            async def all_relayed() -> bool:
                asked, told = await boss.call(Boss.relayed)
                return len(asked) >= 21 and len(told) >= 21

            with till(rabbit, below) as process:
                await until(partial(is_heard, down))
                await boss.call(Parent.watch, "to shop/till")
                said = [*range(20), "slow"]
                for value in said:
                    down.send(value)
                assert await heard(boss, 21) == [("answer", value) for value in said]
                await until(all_relayed)
                asked, told = await boss.call(Boss.relayed)
                assert sorted(asked, key=str) == sorted(said, key=str)
                assert sorted(told, key=str) == sorted([("prices.eur", value) for value in said], key=str)
                assert await boss.call(Parent.lost) == []  # slow is not dead
                process.kill()
                begun = time.monotonic()
                await until(lost)
                assert time.monotonic() - begun < 5 * BEATS[1]
                assert await boss.call(Parent.lost) == [NoConnection("shop/till")]
            await until(partial(lives, down))
            down.send("for later")
            with till(rabbit, below):
                assert (await heard(boss, 22))[-1] == ("answer", "for later")
                await until(partial(is_heard, down))

    run_real(test())
    with channel(rabbit) as there:
        for queue in (
            "level.shop",
            "level.shop/till",
            "level.shop.beats",
            "level.shop/till.beats",
            ASKED.name,
            TOLD.name,
        ):
            there.queue_delete(queue)
