"""Consuming from the in-process broker."""

import asyncio
from collections.abc import Callable

from cybernetic.gateways.broker.errors import BrokerError, ChannelClosed, NotDeclared
from cybernetic.gateways.broker.memory.consumer import Consumer
from cybernetic.gateways.broker.memory.headers import received
from cybernetic.gateways.broker.memory.queue import MemoryQueue
from cybernetic.gateways.broker.memory.vhost import Vhost
from cybernetic.gateways.broker.messages import Delivery

PASS = 100  # deliveries handed over before the loop has its turn


class MemoryIntake:
    """An `Intake`: the loop's next pass hands over what the queue has given."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        vhost: Vhost,
        name: str,
        deliver: Callable[[Delivery], None],
        prefetch: int,
        exclusive: bool,
        owner: object,
    ) -> None:
        self.ended: asyncio.Future[BrokerError | None] = loop.create_future()
        self._loop, self._vhost, self._name, self._deliver = loop, vhost, name, deliver
        self._consumer = Consumer(
            prefetch, exclusive=exclusive, mailed=self._mailed, cancelled=self._cancelled
        )
        self._queue: MemoryQueue = vhost.consume(name, self._consumer, owner, loop.time())
        self._counted = self._queue.spec.kind == "quorum"

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """See `Intake`."""
        if not self.ended.done():
            try:
                self._vhost.ack(self._queue, self._consumer, tag, multiple, self._loop.time())
            except ChannelClosed as error:
                self.end(error)

    def nack(self, tag: int, *, requeue: bool = True, multiple: bool = False) -> None:
        """See `Intake`."""
        if not self.ended.done():
            try:
                self._vhost.nack(self._queue, self._consumer, tag, multiple, requeue, self._loop.time())
            except ChannelClosed as error:
                self.end(error)

    async def stop(self) -> None:
        """See `Intake`. What was on its way is handed over before this returns."""
        if not self.ended.done():
            self.withdraw()
            while self._consumer.mail:
                self._hand_over_one()

    async def close(self) -> None:
        """See `Intake`."""
        self.end(None)

    def withdraw(self) -> None:
        """Consume no more."""
        self._vhost.cancel(self._queue, self._consumer, self._loop.time())

    def end(self, error: BrokerError | None) -> None:
        """It is over: what was not settled goes back."""
        if not self.ended.done():
            self.ended.set_result(error)
            self._consumer.mail.clear()
            self._vhost.release(self._queue, self._consumer, self._loop.time())

    def _cancelled(self) -> None:
        self.end(NotDeclared(f"queue {self._name!r}"))

    def _mailed(self) -> None:
        self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        for _ in range(PASS):
            if not self._consumer.mail:
                return
            self._hand_over_one()
        if self._consumer.mail:
            self._mailed()

    def _hand_over_one(self) -> None:
        tag, entry, returns = self._consumer.mail.popleft()
        message = received(entry.message, returns, self._counted)
        try:
            self._deliver(Delivery(message, self._name, tag, returns > 0))
        except Exception as error:
            self._loop.call_exception_handler(
                {"message": f"what was to take a delivery from {self._name!r} raised", "exception": error}
            )
