"""A connection to RabbitMQ as a `Session`."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from cybernetic.core import OptionError, whole
from cybernetic.gateways.broker.amqp.declared import (
    binding_arguments,
    exchange_arguments,
    queue_arguments,
    refusal,
)
from cybernetic.gateways.broker.amqp.driver_link import Channel, Link, dropped, meant
from cybernetic.gateways.broker.amqp.driver_plain_channels import PlainIntake
from cybernetic.gateways.broker.amqp.drops import Drops
from cybernetic.gateways.broker.amqp.intake import AmqpIntake
from cybernetic.gateways.broker.amqp.line import Line
from cybernetic.gateways.broker.amqp.outlet import AmqpOutlet
from cybernetic.gateways.broker.errors import BrokerError
from cybernetic.gateways.broker.messages import Delivery
from cybernetic.gateways.broker.port import Intake, Outlet, QueueState, Settled
from cybernetic.gateways.broker.topology import Binding, Exchange, Queue, Topology

T = TypeVar("T")
E = TypeVar("E", Intake, Outlet)

MOST = 65_535  # of a prefetch
SLOW = "the connection is slow: what was published has not been sent yet"
DRAIN = 5.0  # seconds that `close` leaves to confirms


class AmqpSession:
    """A `Session`; made by `AmqpBroker.connect`.

    Args:
        link: the connection.
        broker: its address as it may be shown.
        confirm_timeout, max_body: see `AmqpBroker`.
    """

    def __init__(self, link: Link, broker: str, *, confirm_timeout: float | None, max_body: int) -> None:
        self._link = link
        self._confirm_timeout, self._max_body = confirm_timeout, max_body
        self._intakes: set[Intake] = set()
        self._outlets: set[Outlet] = set()
        self._drops = Drops(broker, self._declare, self.intake)

    @property
    def ended(self) -> "asyncio.Future[BrokerError | None]":
        """See `Session.ended`."""
        return self._link.ended

    @property
    def blocked(self) -> str | None:
        """See `Session.blocked`."""
        return self._link.blocked or (SLOW if self._link.wire.full else None)

    async def ready(self) -> None:
        """See `Session.ready`."""
        while self.blocked is not None:
            await self._link.wire.room()
            await self._link.ready()
        await self._link.ready()

    # --- channels -----------------------------------------------------------------------------------------------

    async def outlet(self, settled: Settled) -> Outlet:
        """See `Session.outlet`."""
        link = self._link

        def make(number: int) -> AmqpOutlet:
            return AmqpOutlet(
                link.wire,
                number,
                settled,
                shut=link.shut,
                blocked=lambda: link.blocked,
                confirm_timeout=self._confirm_timeout,
                max_body=self._max_body,
            )

        outlet, _ = await link.open(make, confirms=True)
        keep(self._outlets, outlet)
        return outlet

    async def intake(
        self,
        queue: str,
        deliver: Callable[[Delivery], None],
        *,
        prefetch: int,
        exclusive: bool = False,
    ) -> Intake:
        """See `Session.intake`."""
        credit = granted(prefetch)
        link, tag = self._link, f"consumer of {queue}"[:200]

        async def cancel() -> None:
            await dropped(link.ask(channel.basic_cancel(tag), link.patience))

        def make(number: int) -> AmqpIntake:
            return AmqpIntake(link.wire, number, queue, deliver, cancel=cancel, shut=link.shut)

        intake, channel = await link.open(make)
        consuming = channel.basic_consume(queue, _nothing, exclusive=exclusive, consumer_tag=tag)
        await self._consume(intake, queue, channel.basic_qos(prefetch_count=credit), consuming)
        asyncio.get_running_loop().call_soon(intake.begin)
        return intake

    async def _consume(
        self, intake: AmqpIntake | PlainIntake, queue: str, *calls: Coroutine[Any, Any, object]
    ) -> None:
        """Make the calls that begin to consume, or close the channel."""
        try:
            for call in calls:
                await self._asked(intake, f"queue {queue!r}", call)
        except BaseException:
            for call in calls:
                call.close()
            intake.end(None)
            raise
        keep(self._intakes, intake)

    # --- questions ----------------------------------------------------------------------------------------------

    async def declare(self, topology: Topology) -> None:
        """See `Session.declare`."""
        for exchange in topology.exchanges:
            await self._on_probe(f"exchange {exchange.name!r}", partial(_exchange, exchange), declaring=True)
        for queue in topology.queues:
            await (self._drops.declare(queue) if queue.drops else self._declare(queue))
        for binding in topology.bindings:
            what = f"binding of queue {binding.queue!r} to exchange {binding.exchange!r}"
            await self._on_probe(what, partial(_binding, binding))

    async def _declare(self, queue: Queue) -> None:
        await self._on_probe(f"queue {queue.name!r}", partial(_queue, queue), declaring=True)

    async def state(self, queue: str) -> QueueState:
        """See `Session.state`."""
        found = await self._on_probe(
            f"queue {queue!r}", lambda channel: channel.queue_declare(queue, passive=True)
        )
        return QueueState(found.message_count, found.consumer_count)

    async def purge(self, queue: str) -> int:
        """See `Session.purge`."""
        found = await self._on_probe(f"queue {queue!r}", lambda channel: channel.queue_purge(queue))
        return int(found.message_count)

    async def delete(self, *, queue: str = "", exchange: str = "") -> None:
        """See `Session.delete`."""
        for name in filter(None, (queue, await self._drops.forget(queue))):
            await self._on_probe(f"queue {name!r}", partial(_delete, name))
        if exchange:
            await self._on_probe(f"exchange {exchange!r}", lambda channel: channel.exchange_delete(exchange))

    async def _on_probe(
        self, what: str, call: Callable[[Channel], Coroutine[Any, Any, Any]], *, declaring: bool = False
    ) -> Any:
        """Ask on a channel of its own: what the broker refuses closes that one alone."""
        line, channel = await self._link.open(lambda number: Line(self._link.wire, number))
        try:
            return await self._asked(line, what, call(channel), declaring=declaring)
        finally:
            await self._link.shut(line)

    async def _asked(
        self, line: Line, what: str, call: Coroutine[Any, Any, T], *, declaring: bool = False
    ) -> T:
        try:
            return await self._link.ask(call)
        except ValueError:  # aiormq is stricter than brokers are
            raise OptionError(what, "names of ASCII letters, digits and -_.:@#,/> alone", what) from None
        except BrokerError as error:
            failure = error
        except Exception as error:
            failure = meant(error)
        raise refusal(line.error or failure, what, declaring=declaring) from None

    # --- the end ------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """See `Session.close`."""
        await asyncio.gather(*(intake.close() for intake in self._intakes))
        await asyncio.gather(*(outlet.close(DRAIN) for outlet in self._outlets))
        await self._link.close()


def keep(those: set[E], one: E) -> None:
    """Keep it among those that are open, as long as it is."""
    those.add(one)
    one.ended.add_done_callback(lambda _: those.discard(one))


def granted(prefetch: int) -> int:
    """`prefetch` as AMQP can say it. Raises `OptionError`."""
    if whole("prefetch", prefetch, least=1) > MOST:
        raise OptionError("prefetch", f"an integer of at most {MOST}", prefetch)
    return prefetch


async def _exchange(exchange: Exchange, channel: Channel) -> None:
    await channel.exchange_declare(
        exchange.name,
        exchange_type=exchange.type,
        durable=exchange.durable,
        arguments={**exchange_arguments(exchange)},
    )


async def _queue(queue: Queue, channel: Channel) -> None:
    await channel.queue_declare(
        queue.name,
        durable=queue.durable,
        exclusive=queue.exclusive,
        auto_delete=queue.auto_delete,
        arguments={**queue_arguments(queue)},
    )


async def _delete(queue: str, channel: Channel) -> None:
    await channel.queue_delete(queue)


async def _binding(binding: Binding, channel: Channel) -> None:
    await channel.queue_bind(
        binding.queue, binding.exchange, binding.key, arguments={**binding_arguments(binding)}
    )


async def _nothing(_: object) -> None:
    """What aiormq takes for the consumer: never called, for deliveries do not reach aiormq."""
