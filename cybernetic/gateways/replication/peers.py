"""`BrokerPeers`: the port by which replicas meet over AMQP."""

import asyncio
import logging
from collections.abc import Collection
from functools import partial
from typing import Any

from cybernetic.core import Chance, OptionError, loop_clock, token, wall
from cybernetic.gateways.broker.errors import BrokerError
from cybernetic.gateways.broker.messages import Delivery, Outcome
from cybernetic.gateways.broker.port import Broker, Intake, Outlet, Session
from cybernetic.gateways.broker.topology import Binding, Exchange, Queue, Topology
from cybernetic.gateways.envelope.keyring import Keyring
from cybernetic.gateways.replication.parcels import ALL, Parcels
from cybernetic.state import Peer, Replica
from cybernetic.supervision import Backoff

_log = logging.getLogger("cybernetic.gateways")

PRESENCE = 1.0  # seconds from one word of being there to the next
SILENT = 5.0  # seconds without a word after which a replica is not there any more
AGAIN = Backoff(
    0.2, 3.0, jitter=0.5
)  # before connecting anew: all are the same seconds after the broker is back
MOST_PENDING = 256  # frames on their way to the broker; one more is dropped, as the network may
MOST_BYTES = 8 * 1024 * 1024  # that wait in a queue for a slow replica; older ones are dropped
PREFETCH = 64


class BrokerPeers:
    """Carries frames of replicas of one name through a direct exchange; each has a queue of its own while it is there.

        child(Replica, AWSet, "facts", "data/facts.sqlite", None, partial(BrokerPeers, broker, keyring))

    While the broker is away the replica lives on and is told nothing; connecting is tried with growing delays. What
    is signed by no known key is dropped and counted.

    Args:
        broker: which broker.
        keyring: whose current key signs, and whose keys verify.
        prefix: what the names of exchange and queues begin with.
        source: the path that keys must be allowed to sign for. Default: `prefix`.

    Raises `OptionError`: the current key may not sign for `source`.

    Attributes:
        address: where this replica is, for the others.
        refused: messages that were no parcels of a peer, and `dropped` frames that were not sent.
    """

    def __init__(
        self, broker: Broker, keyring: Keyring, prefix: str = "cybernetic.replicas", source: str | None = None
    ) -> None:
        self._broker, self._prefix = broker, prefix
        self._make_parcels = partial(Parcels, source=source or prefix, keyring=keyring)
        self._make_parcels(prefix)  # raises at the line
        self.address = token()
        self.refused = self.dropped = 0
        self._heard: dict[str, float] = {}
        self._session: Session | None = None
        self._outlet: Outlet | None = None
        self._intake: Intake | None = None
        self._early = 0  # the last tag that came before it was known through which intake
        self._chance = Chance()
        self._agent: Any = None

    async def open(self, agent: Any, name: str) -> None:
        """Begin to connect. Raises `OptionError` for a name that no exchange can have."""
        self._agent, self._exchange = agent, f"{self._prefix}.{name}"
        self._queue = f"{self._exchange}.{self.address}"
        self._parcels = self._make_parcels(self._exchange)
        self._clock = loop_clock(asyncio.get_running_loop())
        self._topology = self._declared()
        agent.task(self._stay_connected())
        agent.task(self._be_present())

    def others(self) -> Collection[Peer]:
        """Who was heard of in the last `SILENT` seconds."""
        since = self._clock() - SILENT
        self._heard = {address: at for address, at in self._heard.items() if at >= since}
        return list(self._heard)

    def send(self, to: Peer, frame: bytes) -> None:
        """Publish a frame, unless the broker is away or behind."""
        if self._outlet is None or self._outlet.pending >= MOST_PENDING:
            self.dropped += 1
            return
        try:
            self._outlet.publish(self._parcels.pack(self.address, str(to), frame))
        except (BrokerError, OptionError) as error:
            self.dropped += 1
            _log.warning("a frame of %s was not sent: %s", self._exchange, error)

    async def close(self) -> None:
        """Leave: the queue goes with the connection."""
        session, self._session, self._outlet = self._session, None, None
        if session is not None:
            await session.close()

    def _declared(self) -> Topology:
        queue = Queue(
            self._queue,
            kind="classic",
            durable=False,
            lossy=True,
            overflow="drop-head",
            max_bytes=MOST_BYTES,
            exclusive=True,
            auto_delete=True,
        )
        return Topology(
            (Exchange(self._exchange, "direct"),),
            (queue,),
            tuple([Binding(self._exchange, self._queue, key) for key in (self.address, ALL)]),
        )

    async def _stay_connected(self) -> None:
        tries = 0
        while True:
            try:
                await self._connect()
                tries = 0
            except BrokerError as error:
                _log.warning("%s has no connection with %s: %s", self._exchange, self._broker.url, error)
            finally:
                session, self._session, self._outlet, self._intake = self._session, None, None, None
                if session is not None:
                    await session.close()
            await asyncio.sleep(AGAIN.delay(tries, self._chance.uniform(f"{self._queue}/{tries}")))
            tries += 1

    async def _connect(self) -> None:
        """Connect, and return when the connection has ended. Raises `BrokerError`."""
        session = self._session = await self._broker.connect(self._queue)
        self._early = 0
        await session.declare(self._topology)
        outlet = await session.outlet(_forget)
        self._intake = await session.intake(self._queue, self._delivered, prefetch=PREFETCH)
        if self._early:  # what was quicker than this answer
            self._intake.ack(self._early, multiple=True)
        self._outlet = outlet
        self._say_present()
        await asyncio.wait(
            [session.ended, outlet.ended, self._intake.ended], return_when=asyncio.FIRST_COMPLETED
        )

    async def _be_present(self) -> None:
        while True:
            await asyncio.sleep(PRESENCE)
            self._say_present()

    def _say_present(self) -> None:
        if self._outlet is not None:
            self.send(ALL, b"")

    def _delivered(self, delivery: Delivery) -> None:
        if self._intake is None:
            self._early = delivery.tag
        else:
            self._intake.ack(delivery.tag)
        parcel = self._parcels.open(delivery.message, self.address, wall())
        if isinstance(parcel, str):
            self.refused += 1
            _log.warning("%s: expected a parcel of a replica, got: %s", self._queue, parcel)
            return
        if parcel.origin == self.address:
            return
        new = parcel.origin not in self._heard
        self._heard[parcel.origin] = self._clock()
        if parcel.frame:
            self._agent.ref.cast(Replica.hear, parcel.frame, parcel.origin)
        if new:
            self._agent.ref.cast(Replica.meet)


def _forget(numbers: Any, outcome: Outcome) -> None:
    """What became of a frame does not matter: whoever lacks something is sent it again."""
