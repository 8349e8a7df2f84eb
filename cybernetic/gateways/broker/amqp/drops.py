"""Counts what lossy queues drop. RabbitMQ tells nobody: so they dead-letter it into a queue that is read and emptied.

The queue `NAME.dropped` beside a queue that drops is bounded, takes no more when it is full, and goes when nobody has
used it for a day. So what is counted is never more than what was dropped, and may be less.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from cybernetic.gateways.broker.errors import BrokerError, ChannelClosed, Differs, NotDeclared
from cybernetic.gateways.broker.events import DROPPED, MessageDropped
from cybernetic.gateways.broker.memory.deaths import deaths
from cybernetic.gateways.broker.messages import Delivery, Message
from cybernetic.gateways.broker.port import Intake
from cybernetic.gateways.broker.topology import BESIDE, Queue

_log = logging.getLogger("cybernetic.gateways")

LENGTH, BYTES = 100_000, 64 << 20  # of what waits to be counted
UNUSED = 86_400.0  # seconds without a reader, until the queue goes
PREFETCH = 1000
MOST = 1000  # queues that a connection counts for, on a channel each: the others of its 2,047 channels are for work

OURS = "'x-dead-letter-"  # what the broker says of an argument that the user did not give

Refused = ChannelClosed | Differs | NotDeclared
REFUSED = (ChannelClosed, Differs, NotDeclared)


def beside(queue: Queue) -> Queue:
    """The queue in which is counted what `queue` drops. It lasts no longer than that."""
    return Queue(
        f"{queue.name}{BESIDE}",
        kind="classic",
        max_length=LENGTH,
        max_bytes=BYTES,
        expires=None if queue.exclusive else min(UNUSED, queue.expires or UNUSED),
        exclusive=queue.exclusive,
        auto_delete=queue.auto_delete,
    )


def counted(queue: Queue) -> Queue:
    """`queue` as it is declared so that what it drops is counted."""
    return replace(queue, dead_letter="", dead_letter_key=beside(queue).name)


def reason(message: Message, queue: str) -> str | None:
    """Why a message died in `queue` last; None where it did not."""
    for death in deaths(message.headers):
        if death.get("queue") == queue:
            return str(death.get("reason"))
    return None


class Tally:
    """Tells of each message that `queue` dropped, as they come through an intake.

    What is redelivered is not told: it may have been, before its acknowledgement was lost.
    """

    def __init__(self, broker: str, queue: str) -> None:
        self._broker, self._queue = broker, queue
        self._intake: Intake | None = None
        self._last = 0  # the tag up to which all is told
        self._due = False

    @property
    def ended(self) -> bool:
        """Whether it counts no more."""
        return self._intake is None or self._intake.ended.done()

    def begin(self, intake: Intake) -> None:
        """It comes through `intake`, some of it perhaps already."""
        self._intake = intake
        intake.ended.add_done_callback(self._over)
        if self._last:
            self._settle()

    async def close(self) -> None:
        """Count no more."""
        if self._intake is not None:
            await self._intake.close()

    def came(self, delivery: Delivery) -> None:
        """A message that was dropped."""
        why = None if delivery.redelivered else reason(delivery.message, self._queue)
        if why is not None and DROPPED.listeners:
            DROPPED.emit(MessageDropped(self._broker, self._queue, why))
        self._last = delivery.tag
        if self._intake is not None and not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._settle)

    def _over(self, ended: "asyncio.Future[BrokerError | None]") -> None:
        if not ended.cancelled() and isinstance(ended.result(), NotDeclared):
            _not_counted(self._queue, "the queue beside it was deleted; the next connection makes it anew")

    def _settle(self) -> None:
        self._due = False
        if self._intake is not None:
            self._intake.ack(self._last, multiple=True)


class Drops:
    """The tallies of one session.

    Args:
        broker: its address as it may be shown.
        declare: declares a queue as it is. Raises `Differs` or `ChannelClosed`.
        consume: see `Session.intake`.
    """

    def __init__(
        self,
        broker: str,
        declare: Callable[[Queue], Awaitable[object]],
        consume: Callable[..., Awaitable[Intake]],
    ) -> None:
        self._broker, self._declare, self._consume = broker, declare, consume
        self._tallies: dict[str, Tally] = {}

    async def declare(self, queue: Queue) -> None:
        """Declare a queue that drops, and begin to count what.

        Where that cannot be counted it is declared all the same, and the log says so: it is there already without dead
        letters, or the user may not have the queue beside it. Raises as `declare` does, of what the user has declared.
        """
        missing = await self._refusal(beside(queue))
        first, second = (queue, counted(queue)) if missing else (counted(queue), queue)
        refused = await self._refusal(first)
        if refused is not None and (again := await self._refusal(second)) is not None:
            raise again if OURS in str(refused) else refused
        obstacle = missing or refused or await self._begin(queue.name)
        if obstacle is not None:
            _not_counted(queue.name, obstacle)

    async def forget(self, queue: str) -> str | None:
        """A queue is to be deleted: the queue beside it that has to go, too; None where this session has none."""
        tally = self._tallies.pop(queue, None)
        if tally is None:
            return None
        await tally.close()
        return f"{queue}{BESIDE}"

    async def _refusal(self, queue: Queue) -> Refused | None:
        try:
            await self._declare(queue)
        except REFUSED as refused:
            return refused
        return None

    async def _begin(self, queue: str) -> object:
        """Begin to count; why it cannot be, or None."""
        there = self._tallies.get(queue)
        if there is not None and not there.ended:
            return None
        if there is None and len(self._tallies) >= MOST:
            return f"this connection counts for {MOST} others already"
        tally = Tally(self._broker, queue)
        try:
            intake = await self._consume(f"{queue}{BESIDE}", tally.came, prefetch=PREFETCH)
        except REFUSED as refused:
            return refused
        tally.begin(intake)
        self._tallies[queue] = tally
        return None


def _not_counted(queue: str, why: object) -> None:
    _log.warning("queue %r: what it drops is not counted here: %s", queue, why)
