"""A level in a process of its own: it answers what "shop" says, publishes it under a topic too, and waits to be killed.

Arguments: URL and folder."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from cybernetic.gateways import AmqpBroker, Exchange, Outpost, Sender, TopicOut, Topology
from cybernetic.naming import Topics
from cybernetic.supervision import child
from tests.gateways.bridge.levels import Parent, level

BEATS = (0.3, 4.0)  # on a busy machine a level may stand still for a second or two
NEWS = Topics("news")
PRICES = Exchange("till.prices")


class Clerk(Parent):
    """Answers each message; "slow" takes longer than a level may be silent."""

    async def take(self, value: Any) -> None:
        if value == "slow":
            await asyncio.sleep(1.15 * BEATS[1])
        self.system.named("to shop", Outpost).send(("answer", value))
        NEWS.publish(self, "prices.eur", value)


async def main() -> None:
    url, folder = sys.argv[1:]
    beside = [
        NEWS.child(),
        child(TopicOut, NEWS, "prices.*", "amqp.publisher", Sender("shop/till"), PRICES.name, "out."),
    ]
    till = level(
        AmqpBroker(url),
        Path(folder),
        "shop/till",
        "shop",
        signed=True,
        parent=Clerk,
        method=Clerk.take,
        beats=BEATS,
        gateway={"topology": Topology((PRICES,))},
        beside=beside,
    )
    async with till:
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
