"""One-way bridges: a topic to an exchange, a queue to a topic or to an agent."""

import logging
from collections.abc import Callable
from typing import Any

from cybernetic.core import CannotTravel, OptionError
from cybernetic.gateways.bridge.parcels import Sender, value_of
from cybernetic.gateways.bridge.posting import post
from cybernetic.gateways.consumer.consumer import Consumer
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.verdicts import Park, Retry, Verdict
from cybernetic.gateways.errors import NotSent
from cybernetic.gateways.publisher.publisher import Publisher
from cybernetic.naming import Published, Topics
from cybernetic.runtime import Agent, Named, Ref
from cybernetic.wire import WireError

_log = logging.getLogger("cybernetic.gateways")

TOPIC = "bridge.topic"


class TopicOut(Agent):
    """What is published under a topic here goes to an exchange, with the topic as routing key, through the outbox.

    What cannot be sent (a value that cannot travel, a topic that is no routing key) is logged, counted and dropped.
    Where no queue is bound to the exchange it goes nowhere, as under a topic that nobody subscribes to.

    Args:
        topics: which topics.
        pattern: which of them: "prices.eur", "prices.*" or "*".
        publisher: the name of the gateway's publisher.
        sender: who speaks.
        exchange: where to.
        prefix: stands before the topic in the routing key.
    """

    mailbox_limit = 10_000

    def __init__(
        self, topics: Topics, pattern: str, publisher: str, sender: Sender, exchange: str, prefix: str = ""
    ) -> None:
        self._topics, self._pattern, self._sender = topics, pattern, sender
        self._exchange, self._prefix = exchange, prefix
        self._publisher: Named[Publisher] = self.system.named(publisher, Publisher)
        self._dropped = 0

    def setup(self) -> None:
        """Subscribe."""
        self._topics.subscribe(self, self._pattern)

    async def receive(self, message: Any) -> None:
        """Send on what was published."""
        if not isinstance(message, Published):
            return
        key = self._prefix + message.topic
        try:
            item = self._sender.parcel(message.message, TOPIC, self._exchange, key, mandatory=False)
            await post(self._publisher, item)
        except (CannotTravel, OptionError, NotSent) as error:
            self._dropped += 1
            _log.error("%s: what was published under %r is dropped: %s", self.ref, message.topic, error)

    def dropped(self) -> int:
        """How many publications could not be sent, since this agent started."""
        return self._dropped


class ToTopic(Consumer):
    """What comes from a queue is published under a topic here: its routing key without `prefix`.

    Args:
        topics: which topics.
        prefix: what is taken off the routing key.
    """

    def __init__(self, topics: Topics, prefix: str = "") -> None:
        self._topics, self._prefix = topics, prefix

    async def handle(self, delivery: Received, tx: Effect) -> Verdict | None:
        """Publish it here."""
        try:
            value = value_of(delivery)
        except WireError as error:
            return Park(f"undecodable: {error}")
        try:
            self._topics.publish(self, delivery.message.routing_key.removeprefix(self._prefix), value)
        except OptionError as error:  # no later attempt makes a topic of its routing key
            return Park(str(error))
        return None


class ToAgent(Consumer):
    """What comes from a queue is a call of an agent here; it is acknowledged when that has answered.

    The agent may see a message twice, where the process ended between its answer and the note of it.

    Args:
        name: whom: the name of the agent.
        method: which of its methods; it is called with the value. A `Refusal` parks the message, a crash is a retry.
    """

    def __init__(self, name: str, method: Callable[..., Any]) -> None:
        self._name, self._method = name, method

    async def handle(self, delivery: Received, tx: Effect) -> Verdict | None:
        """Call it."""
        try:
            value = value_of(delivery)
        except WireError as error:
            return Park(f"undecodable: {error}")
        agent: Ref[Any] | None = self.system.whereis(self._name, Agent)
        if agent is None:
            return Retry(f"expected an agent named {self._name!r}, got: none")
        await agent.within(None).call(self._method, value)
        return None
