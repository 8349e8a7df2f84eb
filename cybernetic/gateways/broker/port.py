"""The port that drivers fulfil: `Broker`, and what it hands out.

One contract suite, `cybernetic.testing.BrokerContract`, holds for all of them.

Nothing here reconnects. A session, and all that came from it, is single use: when it has ended, a new one is made; that
is a supervisor's work.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cybernetic.gateways.broker.errors import BrokerError
from cybernetic.gateways.broker.messages import Delivery, Message, Outcome
from cybernetic.gateways.broker.topology import Topology

Settled = Callable[[Sequence[int], Outcome], None]


@dataclass(frozen=True, slots=True)
class QueueState:
    """What a queue holds at the moment: messages ready (unacknowledged ones are not counted) and its consumers."""

    messages: int
    consumers: int


class Outlet(Protocol):
    """A channel with publisher confirms."""

    @property
    def pending(self) -> int:
        """How many published messages have no outcome yet."""

    @property
    def ended(self) -> "asyncio.Future[BrokerError | None]":
        """Done when the channel has ended: with what ended it, or None after `close`. Nothing need wait for it."""

    def publish(self, message: Message) -> int:
        """Send a message at once, without waiting, and answer its number: 1, 2, 3 ... of this outlet.

        What becomes of it is told to `settled` exactly once, never from within this call. When the outlet ends, all
        that are pending are told `Unknown` first. Bounded by the caller's window: an outlet buffers what is published.

        Raises `BrokerError` (the outlet has ended) or `OptionError` (a header that AMQP cannot carry, a body beyond
        the broker's limit); then nothing was sent.
        """

    async def close(self, timeout: float = 10.0) -> None:
        """Wait until all that are pending are told, at most `timeout` seconds, and close the channel. Never hangs."""


class Intake(Protocol):
    """A consumer on a channel of its own."""

    @property
    def ended(self) -> "asyncio.Future[BrokerError | None]":
        """Done when the channel has ended, or the broker cancelled the consumer (its queue was deleted).

        It holds what ended it; None after `close`.
        """

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """Done with a delivery, or with it and all before it.

        On an ended intake nothing happens: the broker gives the delivery to another. An unknown tag closes the
        channel (406).
        """

    def nack(self, tag: int, *, requeue: bool = True, multiple: bool = False) -> None:
        """Not done: back into the queue, or (`requeue=False`) dead-lettered, or dropped where no dead letter is set."""

    async def stop(self) -> None:
        """No more deliveries from now on; what was delivered can still be acknowledged."""

    async def close(self) -> None:
        """`stop`, and close the channel: what is not acknowledged goes back into the queue. Never hangs."""


class Session(Protocol):
    """One connection to a broker."""

    @property
    def ended(self) -> "asyncio.Future[BrokerError | None]":
        """Done when the connection has ended, after its outlets and intakes: what ended it, or None after `close`."""

    @property
    def blocked(self) -> str | None:
        """Why no messages are taken at the moment (an alarm of memory or disk, or a connection that is slow), or None.

        What is published all the same waits in memory.
        """

    async def ready(self) -> None:
        """Return when messages are taken; raises `BrokerError` when the session has ended."""

    async def declare(self, topology: Topology) -> None:
        """Declare what is not there yet, and check what is.

        Raises `Differs` or `NotDeclared` naming the first that does not fit, and leaves the session usable.
        """

    async def outlet(self, settled: Settled) -> Outlet:
        """Open a channel to publish on. `settled` is called on the loop with the numbers that share an outcome."""

    async def intake(
        self,
        queue: str,
        deliver: Callable[[Delivery], None],
        *,
        prefetch: int,
        exclusive: bool = False,
    ) -> Intake:
        """Consume. `deliver` is called on the loop for each delivery, in order; at most `prefetch` are unacknowledged.

        Raises `NotDeclared` (no such queue) or `ChannelClosed` (403: somebody has it exclusively; 405: it is another
        connection's).
        """

    async def state(self, queue: str) -> QueueState:
        """What a queue holds. Raises `NotDeclared`."""

    async def purge(self, queue: str) -> int:
        """Drop what is ready in a queue; how many that were. Raises `NotDeclared`."""

    async def delete(self, *, queue: str = "", exchange: str = "") -> None:
        """Delete a queue or an exchange; one that is not there is no error."""

    async def close(self) -> None:
        """End intakes and outlets in an orderly way, then the connection. Never hangs; a second call does nothing."""


class Broker(Protocol):
    """A broker that can be connected to."""

    @property
    def url(self) -> str:
        """Where it is, as it may be shown: never with a password."""

    async def connect(self, name: str = "cybernetic") -> Session:
        """A new connection, shown to the broker's operator as `name`.

        Raises `Unreachable`, `LoginRefused` or `NoVhost`, each after at most some seconds.
        """
