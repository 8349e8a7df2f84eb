"""Outlets and intakes by aiormq's own calls: a task for each message, as `basic_publish` wants it.

What that raises is taken for what it means, not for what it is.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiormq
import aiormq.abc
import aiormq.exceptions
import pamqp.header

from cybernetic.core import token, whole
from cybernetic.gateways.broker.amqp.content import check_message, decode_message, encode_properties
from cybernetic.gateways.broker.amqp.driver_link import PARTING, Link, dropped, meant
from cybernetic.gateways.broker.amqp.frames import EDGE, published
from cybernetic.gateways.broker.amqp.line import Line
from cybernetic.gateways.broker.amqp.wire import FRAME
from cybernetic.gateways.broker.errors import BrokerError, ConnectionLost, NotDeclared
from cybernetic.gateways.broker.messages import (
    CONFIRMED,
    REJECTED,
    Delivery,
    Message,
    Outcome,
    Returned,
    Unknown,
)
from cybernetic.gateways.broker.port import Settled


class PlainOutlet(Line):
    """An `Outlet` by `basic_publish`."""

    channel: Any  # aiormq's: its abstract face lacks what is needed

    def __init__(self, link: Link, number: int, settled: Settled, max_body: int) -> None:
        super().__init__(link.wire, number)
        self._link, self._settled, self._max_body = link, settled, max_body
        self._attempts, self._last = token(8), 0
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._closing = False

    @property
    def pending(self) -> int:
        """How many published messages have no outcome yet."""
        return len(self._tasks)

    def publish(self, message: Message) -> int:
        """See `Outlet.publish`."""
        if self.over or self._closing:
            self.check("the outlet")
            raise ConnectionLost("the outlet is closing")
        check_message(message, self._max_body)
        attempt = f"{self._attempts}.{self._last + 1}".encode()
        published(self.number, message, attempt, FRAME - EDGE)  # what cannot be sent is refused at once
        header = pamqp.header.ContentHeader()
        header.unmarshal(encode_properties(message, attempt))
        self._last += 1
        publishing = self._publish(self._last, message, header.properties)
        self._tasks[self._last] = asyncio.get_running_loop().create_task(publishing)
        return self._last

    async def _publish(self, number: int, message: Message, properties: Any) -> None:
        try:
            await self.channel.basic_publish(
                message.body,
                exchange=message.exchange,
                routing_key=message.routing_key,
                properties=properties,
                mandatory=message.mandatory,
                wait=False,
            )
            outcome: Outcome = CONFIRMED
        except aiormq.exceptions.PublishError as error:
            returned: Any = error.message and error.message.delivery
            outcome = Returned(returned.reply_code, returned.reply_text)
        except aiormq.exceptions.DeliveryError:
            outcome = REJECTED
        except (Exception, asyncio.CancelledError) as error:  # the latter also where nobody cancelled
            outcome = Unknown(self.error or self._link.error or meant(error))
        if self._tasks.pop(number, None):
            self._settled([number], outcome)

    async def close(self, timeout: float = 10.0) -> None:
        """See `Outlet.close`."""
        self._closing = True
        if self._tasks and not self.over:
            await asyncio.wait(set(self._tasks.values()), timeout=timeout)
        if not self.over:
            await self._link.shut(self)

    def settle(self, error: BrokerError | None) -> None:
        """What is pending may have arrived or not."""
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            task.cancel()
        if tasks:
            why = error or ConnectionLost("the outlet was closed before they were confirmed")
            self._settled(list(tasks), Unknown(why))


class PlainIntake(Line):
    """An `Intake` by `basic_consume`."""

    channel: Any  # aiormq's: its abstract face lacks what is needed

    def __init__(self, link: Link, number: int, queue: str, deliver: Callable[[Delivery], None]) -> None:
        super().__init__(link.wire, number)
        self.tag = f"consumer of {queue}"[:200]
        self._link, self._queue, self._deliver = link, queue, deliver
        self._stopped = False
        self._tasks: set[asyncio.Task[None]] = set()

    def came(self, got: aiormq.abc.DeliveredMessage) -> None:
        """A delivery. aiormq runs a task for each, which is in order as long as nothing in it waits."""
        if self._stopped or self.over:
            self.nack(got.delivery_tag or 0)
            return
        content = got.header.marshal()
        message = decode_message(content, got.body, got.exchange or "", got.routing_key or "")
        self._deliver(Delivery(message, self._queue, got.delivery_tag or 0, bool(got.redelivered)))

    def cancelled(self, _: object) -> None:
        """The broker delivers no more."""
        self.end(NotDeclared(f"queue {self._queue!r}"))

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """See `Intake.ack`."""
        if not self.over:
            self._send(self.channel.basic_ack(whole("tag", tag), multiple, wait=False))

    def nack(self, tag: int, *, requeue: bool = True, multiple: bool = False) -> None:
        """See `Intake.nack`."""
        if not self.over:
            self._send(self.channel.basic_nack(whole("tag", tag), multiple, requeue, wait=False))

    def _send(self, call: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(dropped(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """See `Intake.stop`."""
        if not self._stopped and not self.over:
            self._stopped = True
            await dropped(self._link.ask(self.channel.basic_cancel(self.tag), self._link.patience))

    async def close(self) -> None:
        """See `Intake.close`."""
        await self.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PARTING)
        if not self.over:
            await self._link.shut(self)
