"""The same session by aiormq's own calls alone: slower, for an aiormq that lets nobody bring reader and writer."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiormq.abc
import aiormq.exceptions

from cybernetic.gateways.broker.amqp.driver_link import Channel, L, Link, meant
from cybernetic.gateways.broker.amqp.driver_plain_channels import PlainIntake, PlainOutlet
from cybernetic.gateways.broker.amqp.driver_session import AmqpSession, granted, keep
from cybernetic.gateways.broker.errors import BrokerError, ConnectionLost
from cybernetic.gateways.broker.messages import Delivery
from cybernetic.gateways.broker.port import Intake, Outlet, Settled


class PlainLink(Link):
    """A `Link` that knows only what aiormq tells. Why the broker is blocked is not among it, only that it is."""

    def connected(self, connection: aiormq.abc.AbstractConnection) -> None:
        """The handshake is done."""
        super().connected(connection)
        self._open_connection = connection
        connection.closing.add_done_callback(self._closed)

    async def open(self, make: Callable[[int], L], *, confirms: bool = False) -> tuple[L, Channel]:
        """See `Link.open`."""
        line, channel = await super().open(make, confirms=confirms)
        channel.closing.add_done_callback(lambda closing: line.end(_why(closing)))
        return line, channel

    async def ready(self) -> None:
        """See `Link.ready`."""
        self.check()
        await self.ask(self._open_connection.ready())

    def _closed(self, closing: "asyncio.Future[Any]") -> None:
        self.end(ConnectionLost(f"the connection ended: {_why(closing)}"))


def _why(closing: "asyncio.Future[Any]") -> BrokerError | None:
    """What closed a channel or a connection."""
    if closing.cancelled():
        return ConnectionLost("the connection ended")
    error = closing.exception()
    if isinstance(error, aiormq.exceptions.ChannelClosed) and error.args[:1] == (None,):
        return None
    return None if error is None else meant(error)


class PlainSession(AmqpSession):
    """A `Session` whose outlets and intakes go by aiormq's own calls."""

    async def outlet(self, settled: Settled) -> Outlet:
        """See `Session.outlet`."""
        link = self._link
        outlet, channel = await link.open(
            lambda number: PlainOutlet(link, number, settled, self._max_body), confirms=True
        )
        outlet.channel = channel
        keep(self._outlets, outlet)
        return outlet

    async def intake(
        self, queue: str, deliver: Callable[[Delivery], None], *, prefetch: int, exclusive: bool = False
    ) -> Intake:
        """See `Session.intake`."""
        credit, link = granted(prefetch), self._link
        intake, channel = await link.open(lambda number: PlainIntake(link, number, queue, deliver))
        intake.channel = channel
        channel.on_consumer_cancel_callbacks.add(intake.cancelled)
        consuming = channel.basic_consume(
            queue,
            intake.came,  # type: ignore[arg-type]  # a plain function: it runs in order, a coroutine would not
            exclusive=exclusive,
            consumer_tag=intake.tag,
        )
        await self._consume(intake, queue, channel.basic_qos(prefetch_count=credit), consuming)
        return intake
