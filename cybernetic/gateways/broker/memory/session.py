"""One connection to the in-process broker."""

import asyncio
from collections.abc import Callable

from cybernetic.core import OptionError, whole
from cybernetic.gateways.broker.errors import BrokerError, ConnectionLost
from cybernetic.gateways.broker.memory.intake import MemoryIntake
from cybernetic.gateways.broker.memory.outlet import MemoryOutlet
from cybernetic.gateways.broker.memory.vhost import Vhost
from cybernetic.gateways.broker.messages import Delivery, Message, Outcome
from cybernetic.gateways.broker.port import QueueState, Settled
from cybernetic.gateways.broker.topology import Topology

PREFETCH = 65_535  # the most that AMQP can say


class MemorySession:
    """A `Session` on a broker's `Vhost`.

    Args:
        loop: whose time it is.
        vhost: what it acts on.
        gone: called with it when it has ended.
        blocked: why the broker takes no messages, or None.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        vhost: Vhost,
        gone: Callable[["MemorySession"], object],
        blocked: str | None,
    ) -> None:
        self.ended: asyncio.Future[BrokerError | None] = loop.create_future()
        self.blocked = blocked
        self._loop, self._vhost, self._gone = loop, vhost, gone
        self._outlets: dict[MemoryOutlet, None] = {}
        self._intakes: dict[MemoryIntake, None] = {}
        self._unblocked = asyncio.Event()
        self.block(blocked)

    async def ready(self) -> None:
        """See `Session`."""
        self._alive()
        while self.blocked is not None:
            await self._unblocked.wait()
            self._alive()

    async def declare(self, topology: Topology) -> None:
        """See `Session`."""
        await self._pass()
        now = self._loop.time()
        for exchange in topology.exchanges:
            self._vhost.declare_exchange(exchange, now)
        for queue in topology.queues:
            self._vhost.declare_queue(queue, self, now)
        for binding in topology.bindings:
            self._vhost.bind(binding, self, now)

    async def outlet(self, settled: Settled) -> MemoryOutlet:
        """See `Session`."""
        await self._pass()
        outlet = MemoryOutlet(self._loop, self._publish, settled, self.blocked is None)
        self._outlets[outlet] = None
        outlet.ended.add_done_callback(lambda _: self._outlets.pop(outlet))
        return outlet

    async def intake(
        self,
        queue: str,
        deliver: Callable[[Delivery], None],
        *,
        prefetch: int,
        exclusive: bool = False,
    ) -> MemoryIntake:
        """See `Session`. A quorum queue does not know `exclusive`, as in RabbitMQ."""
        if whole("prefetch", prefetch, least=1) > PREFETCH:
            raise OptionError("prefetch", f"an integer from 1 to {PREFETCH}", prefetch)
        await self._pass()
        intake = MemoryIntake(self._loop, self._vhost, queue, deliver, prefetch, exclusive, self)
        self._intakes[intake] = None
        intake.ended.add_done_callback(lambda _: self._intakes.pop(intake))
        return intake

    async def state(self, queue: str) -> QueueState:
        """See `Session`."""
        await self._pass()
        return self._vhost.state(queue, self, self._loop.time())

    async def purge(self, queue: str) -> int:
        """See `Session`."""
        await self._pass()
        return self._vhost.purge(queue, self, self._loop.time())

    async def delete(self, *, queue: str = "", exchange: str = "") -> None:
        """See `Session`. Raises `ChannelClosed` for what is the broker's or another connection's."""
        await self._pass()
        if queue:
            self._vhost.delete_queue(queue, self)
        if exchange:
            self._vhost.delete_exchange(exchange)

    async def close(self) -> None:
        """See `Session`."""
        self.withdraw()
        for intake in tuple(self._intakes):
            await intake.close()
        await asyncio.gather(*(outlet.close() for outlet in tuple(self._outlets)))
        self.end(None)

    def block(self, why: str | None) -> None:
        """The broker takes no messages because of `why`, or takes them again (None)."""
        self.blocked = why
        if why is None:
            self._unblocked.set()
        else:
            self._unblocked.clear()
        for outlet in tuple(self._outlets):
            outlet.open(why is None)

    def withdraw(self) -> None:
        """Consume no more: before intakes end one by one, so that none gets what another one leaves."""
        for intake in self._intakes:
            intake.withdraw()

    def end(self, error: BrokerError | None) -> None:
        """It is over, with all that came from it."""
        if self.ended.done():
            return
        self.withdraw()
        for outlet in tuple(self._outlets):
            outlet.end(error)
        for intake in tuple(self._intakes):
            intake.end(error)
        self._vhost.disconnect(self)
        self._gone(self)
        self.ended.set_result(error)
        self._unblocked.set()

    def _publish(self, message: Message) -> Outcome:
        return self._vhost.publish(message, self._loop.time())

    def _alive(self) -> None:
        if self.ended.done():
            raise self.ended.result() or ConnectionLost("the session was closed")

    async def _pass(self) -> None:
        """Let the loop have its turn, as a real connection would; raises `BrokerError` when the session has ended."""
        self._alive()
        await asyncio.sleep(0)
        self._alive()
