"""How a delivery ends, whatever happens to it: acknowledged or given back, and never neither."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable
from enum import Enum
from typing import Protocol

from cybernetic.gateways.broker.messages import Delivery
from cybernetic.gateways.consumer.attempt import AGAIN
from cybernetic.gateways.consumer.conclusion import UNFORESEEN
from cybernetic.gateways.consumer.round import STRANGE
from cybernetic.gateways.consumer.turn import Gone
from cybernetic.gateways.shelf import Shelf
from cybernetic.state import NoRoom, StoreError

_log = logging.getLogger("cybernetic.gateways")

MOST = 10_000  # messages of which it is known how often something unforeseen happened to them


class End(Enum):
    """What becomes of a delivery."""

    DONE = "acknowledge it"
    BACK = "give it back"


class Rest(Protocol):
    """Parks a delivery as it came."""

    def __call__(self, delivery: Delivery, word: str, why: str) -> Awaitable[None]:
        """Park it; `word` is the reason in a word."""


class Endings:
    """Ends deliveries: what could not be written goes back after a while; what nobody foresaw, too, a few times.

    Then it is parked as it came: whatever a message does to us, its queue goes on.

    Args:
        shelf: told when the store fails.
        rest: parks a delivery.
        most: times that something unforeseen may happen to a message; 1 where none may be overtaken.
    """

    def __init__(self, shelf: Shelf, rest: Rest, most: int = STRANGE) -> None:
        self._shelf, self._rest, self._most = shelf, rest, most
        self._strange: OrderedDict[tuple[str, str, int], int] = OrderedDict()

    async def of(self, delivery: Delivery, work: Awaitable[object]) -> End:
        """How a delivery ends whose `work` is done."""
        try:
            await work
        except Gone:
            return End.BACK
        except (StoreError, NoRoom) as error:
            _log.error("%s %r: nothing is acknowledged: %s", delivery.queue, delivery.message.id, error)
            self._shelf.failed(error)
        except Exception as error:
            if await self._parked(delivery, error):
                return End.DONE
        else:
            return End.DONE
        await asyncio.sleep(AGAIN)
        return End.BACK

    async def _parked(self, delivery: Delivery, error: Exception) -> bool:
        """Count what nobody foresaw; whether the message rests now."""
        message = delivery.message
        key = delivery.queue, message.id, hash(message.body)
        times = self._strange[key] = self._strange.pop(key, 0) + 1
        if times == 1:
            _log.error("%s %r: nobody foresaw this", delivery.queue, message.id, exc_info=error)
        while len(self._strange) > MOST:
            self._strange.popitem(last=False)
        if times < self._most:
            return False
        try:
            await self._rest(delivery, UNFORESEEN, f"{type(error).__name__}: {error}")
        except Exception as another:
            _log.error("%s %r: it cannot be parked: %s", delivery.queue, message.id, another)
            self._shelf.failed(another)
            return False
        del self._strange[key]
        return True
