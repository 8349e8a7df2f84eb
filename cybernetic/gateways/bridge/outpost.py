"""`Outpost`: the agent that stands for a level elsewhere, as if it were here."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from cybernetic.core import CannotTravel, NoConnection, Reason, Refusal, Stop
from cybernetic.gateways.bridge.parcels import Sender
from cybernetic.gateways.bridge.posting import post
from cybernetic.gateways.publisher.publisher import Publisher
from cybernetic.runtime import Agent, Named, Ref

_log = logging.getLogger("cybernetic.gateways")

MESSAGE, BEAT = "bridge.message", "bridge.beat"


class NobodyHome(Refusal):
    """There is no agent to hand a message of another level to; it is tried again."""


class Level(Protocol):
    """What an outpost needs of the `Bridge` it belongs to."""

    exchange: str
    every: float
    lost_after: float
    incarnation: str

    @property
    def sender(self) -> Sender:
        """Makes what is sent."""


class Outpost(Agent):
    """Stands for another level: what is sent to it here arrives there, and what that level says goes to `to`.

    It is as alive as that level: it ends with `NoConnection` when nothing was heard for `lost_after`, when the level
    says goodbye, or comes back as another incarnation; whoever monitors it gets `Down`. Its supervisor starts it anew
    (give it a `Backoff`). What was sent meanwhile is in the outbox and arrives in order.

    Args:
        bridge: the bridge of this level.
        peer: path of the level it stands for.
        to: name of the agent here that gets what the level says; its `sender` is this agent.
        publisher: name of the gateway's publisher.
        method: of that agent: it is called with each message, which counts as handled when that returns. Default None:
            messages are sent, and count as handled when they are in its mailbox.
    """

    mailbox_limit = 10_000

    def __init__(
        self,
        bridge: Level,
        peer: str,
        to: str,
        publisher: str = "amqp.publisher",
        method: Callable[..., Any] | None = None,
    ) -> None:
        self._bridge, self._peer, self._method = bridge, peer, method
        self._name = to
        self._to: Named[Any] = self.system.named(to, Agent)
        self._publisher: Named[Publisher] = self.system.named(publisher, Publisher)
        self._heard: float | None = None
        self._incarnation: str | None = None

    def setup(self) -> None:
        """Begin to beat, and to listen."""
        self._heard = self._now()
        self._beat(alive=True)
        self.ref.every(self._bridge.every).cast(Outpost.look)

    async def receive(self, message: Any) -> None:
        """Send it to the level. What cannot leave the process is logged and dropped: the sender's mistake."""
        try:
            item = self._bridge.sender.parcel(message, MESSAGE, self._bridge.exchange, inbox_key(self._peer))
        except CannotTravel as error:
            _log.error("%s: a message for %s is dropped: %s", self.ref, self._peer, error)
            return
        await post(self._publisher, item)

    async def arrived(self, value: Any) -> None:
        """The level said something. Raises `NobodyHome` where there is no agent to tell."""
        self._heard = self._now()
        agent: Ref[Any] | None = self.system.whereis(self._name, Agent)
        if agent is not None and self._method is not None:
            await agent.within(None).call(self._method, value)
        elif agent is None:
            raise NobodyHome(f"expected an agent named {self._name!r}, got: none")
        else:
            self._to.send(value)

    def beat(self, incarnation: str, alive: bool) -> None:
        """The level is alive, or says goodbye."""
        self._heard = self._now()
        if not alive or self._incarnation not in (None, incarnation):
            raise Stop(NoConnection(self._peer))
        self._incarnation = incarnation

    def is_heard(self) -> bool:
        """Whether the level was heard since this agent started."""
        return self._incarnation is not None

    def look(self) -> None:
        """Beat, and see whether the level was heard lately."""
        self._beat(alive=True)
        if self._heard is not None and self._now() - self._heard > self._bridge.lost_after:
            raise Stop(NoConnection(self._peer))

    def terminate(self, reason: Reason) -> None:
        """Say goodbye, unless it is the other level that is gone."""
        if not isinstance(reason, NoConnection):
            self._beat(alive=False)

    def _beat(self, *, alive: bool) -> None:
        bridge = self._bridge
        beat = bridge.sender.parcel(
            (bridge.incarnation, alive),
            BEAT,
            bridge.exchange,
            beat_key(self._peer),
            expiration=bridge.lost_after,
            persistent=False,
            mandatory=False,
        )
        self._publisher.cast(Publisher.offer, beat)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def inbox_key(path: str) -> str:
    """The routing key by which messages for a level go."""
    return f"message.{path}"


def beat_key(path: str) -> str:
    """The routing key by which heartbeats for a level go."""
    return f"beat.{path}"
