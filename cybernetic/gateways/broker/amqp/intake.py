"""Consuming: deliveries in the order they came, by a plain call for each."""

from collections.abc import Awaitable, Callable

from cybernetic.core import whole
from cybernetic.gateways.broker.amqp.content import body_size, decode_message
from cybernetic.gateways.broker.amqp.frames import (
    CANCEL,
    DELIVER,
    HEADER,
    Delivered,
    acked,
    nacked,
    read_delivered,
)
from cybernetic.gateways.broker.amqp.line import Line
from cybernetic.gateways.broker.amqp.wire import Wire
from cybernetic.gateways.broker.errors import NotDeclared
from cybernetic.gateways.broker.messages import Delivery


class AmqpIntake(Line):
    """An `Intake` on a channel of its own.

    Args:
        queue: the queue it consumes.
        deliver: called for each delivery.
        cancel: asks the broker to deliver no more; never hangs.
        shut: closes the channel; never hangs.
    """

    def __init__(
        self,
        wire: Wire,
        number: int,
        queue: str,
        deliver: Callable[[Delivery], None],
        *,
        cancel: Callable[[], Awaitable[None]],
        shut: Callable[[Line], Awaitable[None]],
    ) -> None:
        super().__init__(wire, number)
        self._queue, self._deliver = queue, deliver
        self._cancel, self._shut = cancel, shut
        self._method: Delivered | None = None
        self._content = b""
        self._parts: list[bytes] = []
        self._left = 0
        self._stopped = False
        self._early: (
            list[Delivery] | None
        ) = []  # what came before whoever consumes had the intake: up to the prefetch

    def take_method(self, method: int, data: bytes, start: int) -> bool:
        """Deliveries, and the broker's cancel (which aiormq answers where the broker expects it)."""
        if method == DELIVER:
            self._method = read_delivered(data, start)
            return True
        if method == CANCEL:
            self.end(NotDeclared(f"queue {self._queue!r}"))
        return False

    def take_content(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """The rest of a delivery."""
        if self._method is None:
            return False
        if kind == HEADER:
            self._content = data[start:end]
            self._left = body_size(self._content)
        else:
            self._parts.append(data[start:end])
            self._left -= end - start
        if self._left <= 0:
            self._arrived(self._method)
        return True

    def _arrived(self, method: Delivered) -> None:
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._method = None
        if self._stopped:
            self.nack(method.tag)
            return
        message = decode_message(self._content, body, method.exchange, method.routing_key)
        delivery = Delivery(message, self._queue, method.tag, method.redelivered)
        if self._early is None:
            self._deliver(delivery)
        else:
            self._early.append(delivery)

    def begin(self) -> None:
        """Deliver from now on, what came already first."""
        early, self._early = self._early or [], None
        for delivery in early:
            if self.over or self._stopped:
                self.nack(delivery.tag)
            else:
                self._deliver(delivery)

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """See `Intake.ack`."""
        if not self.over:
            self.wire.send(acked(self.number, whole("tag", tag), multiple))

    def nack(self, tag: int, *, requeue: bool = True, multiple: bool = False) -> None:
        """See `Intake.nack`."""
        if not self.over:
            self.wire.send(nacked(self.number, whole("tag", tag), multiple, requeue))

    async def stop(self) -> None:
        """See `Intake.stop`."""
        if not self._stopped and not self.over:
            self._stopped = True
            await self._cancel()

    async def close(self) -> None:
        """See `Intake.close`."""
        await self.stop()
        if not self.over:
            await self._shut(self)
