"""`Outpost`: the agent that stands for a level elsewhere, as if it were here."""

import logging
from collections.abc import Callable
from typing import Any

from cybernetic.core import CallError, CannotTravel, OptionError, Reason, Refusal
from cybernetic.gateways.bridge.heart import Heart, Level, beat, heart_of
from cybernetic.gateways.bridge.keys import key
from cybernetic.gateways.bridge.posting import post
from cybernetic.gateways.errors import NotSent
from cybernetic.gateways.publisher.publisher import Publisher
from cybernetic.runtime import Agent, Named, Ref

_log = logging.getLogger("cybernetic.gateways")

MESSAGE = "bridge.message"


class NobodyHome(Refusal):
    """There is no agent that has taken a message of another level; it is tried again."""


class Outpost(Agent):
    """Stands for another level: what is sent to it here arrives there, and what that level says goes to `to`.

    It is as alive as that level: it ends with `NoConnection` when no heartbeat came for `lost_after`, when the level
    says goodbye, or comes back as another incarnation; whoever monitors it gets `Down`. Its supervisor starts it anew
    (give it a `Backoff`). What was sent meanwhile is in the outbox and arrives in order. A full outbox, or a method
    that takes long, holds what comes after it, and is no sign of death.

    Args:
        bridge: the bridge of this level.
        peer: path of the level it stands for.
        to: name of the agent here that gets what the level says; its `sender` is this agent.
        publisher: name of the gateway's publisher.
        method: of that agent: it is called with each message, which counts as handled when that returns; a `Refusal`
            parks the message, a crash is a retry. Default None: messages are sent, and count as handled when they are
            in its mailbox.
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
        self._dropped = 0
        self._last = ""  # id of what arrived last
        name = self.ref.name
        heart = None if name is None else heart_of(name)
        self._heart = self.spawn(Heart, bridge, peer, self._publisher, name=heart, link=True)

    async def receive(self, message: Any) -> None:
        """Send it to the level. What cannot be sent is logged, counted and dropped: the sender's mistake."""
        try:
            item = self._bridge.sender.parcel(
                message,
                MESSAGE,
                self._bridge.exchange,
                inbox_key(self._peer),
                expiration=self._bridge.ttl,
                persistent=self._bridge.ttl is None,
                mandatory=self._bridge.ttl is None,
            )
            await post(self._publisher, item)
        except (CannotTravel, OptionError, NotSent) as error:
            self._dropped += 1
            _log.error("%s: a message for %s is dropped: %s", self.ref, self._peer, error)

    async def arrived(self, value: Any, id: str = "") -> None:
        """The level said something. Raises `NobodyHome` where no agent takes it, and what the method refuses with.

        It says one thing at a time; what it says again under the `id` of the last, for the answer took too long, was
        handled already.
        """
        if id and id == self._last:
            return
        agent: Ref[Any] | None = self.system.whereis(self._name, Agent)
        if agent is None:
            raise NobodyHome(f"expected an agent named {self._name!r}, got: none")
        if self._method is None:
            self._to.send(value)
        else:
            try:
                await agent.within(None).call(self._method, value)
            except CallError as error:  # its crash is not ours: the level lives
                raise NobodyHome(str(error)) from error
        self._last = id

    async def is_heard(self) -> bool:
        """Whether the level was heard since this agent started."""
        return await self._heart.call(Heart.is_heard)

    def dropped(self) -> int:
        """How many messages could not be sent, since this agent started."""
        return self._dropped

    def terminate(self, reason: Reason) -> None:
        """Say goodbye. Where the other level is gone this does not run: the heart takes the outpost along."""
        beat(self._bridge, self._peer, self._publisher, alive=False)


def inbox_key(path: str) -> str:
    """The routing key by which messages for a level go. Raises `OptionError` for a path that is too long."""
    return key("message", path)
