"""Putting something into the outbox, however long that takes: pressure holds the one who sends."""

import asyncio

from cybernetic.core import CallError
from cybernetic.gateways.errors import NotWritten
from cybernetic.gateways.publisher.publisher import Publisher
from cybernetic.gateways.publisher.rows import Item
from cybernetic.runtime import Named
from cybernetic.state import NoRoom
from cybernetic.supervision import Backoff

AGAIN = Backoff(0.1, 5.0)


async def post(publisher: Named[Publisher], item: Item) -> None:
    """Return when `item` is in the outbox; one that is full or cannot be written, or a restart, is waited for.

    An item may get there twice, where the publisher ended before it answered; its id is the same. Raises `NotSent`:
    it is nothing that can be sent, now or later.
    """
    tries = 0
    while True:
        try:
            await publisher.within(30.0).call(Publisher.post, item)
        except (NoRoom, NotWritten, CallError):
            await asyncio.sleep(AGAIN.delay(tries))
            tries += 1
        else:
            return
