"""`Topics`: what is published under a topic reaches all who subscribe to it, in the order of each publisher."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from cybernetic.core import OptionError
from cybernetic.naming.agents import TopicsAgent
from cybernetic.naming.messages import Published
from cybernetic.naming.service import Service, Where, running, system_of
from cybernetic.runtime import Agent, Ref


@dataclass(frozen=True)
class Topics(Service[TopicsAgent]):
    """Publish and subscribe: `news = Topics("news")`; `news.child()` is its agent, for a supervisor's children.

    A topic is words with dots between them, such as "prices.eur". A subscription is to one topic, or, ending in
    "*", to all that begin alike: "prices.*" has "prices.eur" and "prices.eur.spot", not "prices"; "*" has all.

    A message is sent to its subscribers when it is published, so what one publisher publishes reaches each in
    that order, and publishing never waits: a bounded mailbox drops what does not fit. Who ends is no subscriber any
    more. If the agent behind it ends, subscribers end with it unless they trap exits, and subscribe again when
    their supervisors have restarted them, as with a registry (REG-10).

    Attributes:
        name: the name its agent is registered under.
    """

    agent: ClassVar[type[TopicsAgent]] = TopicsAgent

    def subscribe(self, agent: Agent, pattern: str) -> None:
        """Have what is published under `pattern` sent to `agent`, which is `self` of the caller, as `Published`.

        Subscribing twice is subscribing once; one message is sent once, however many subscriptions it fits.
        """
        check_pattern(pattern)
        host, ref = self._host(agent), running(agent)
        if not host.table.own(pattern, ref):
            host.enter(pattern, ref)

    def unsubscribe(self, agent: Agent, pattern: str) -> None:
        """Undo `subscribe`; no matter if there is no such subscription. What is in the mailbox stays."""
        check_pattern(pattern)
        host, ref = self._host(agent), running(agent)
        if host.leave(pattern, ref):
            host._settle(ref)

    def publish(self, where: Where, topic: str, message: object) -> None:
        """Send `Published(topic, message)` to all who subscribe to `topic`, the publisher included if it does.

        As with a cast, it does not matter whether anybody is there. While the agent behind it is not running, the
        message is a dead letter.
        """
        check_topic(topic)
        system, news = system_of(where), Published(topic, message)
        host = self._found(system)
        if host is None:
            system.named(self.name, TopicsAgent).send(news)
            return
        for ref in self._reached(host, topic):
            ref.send(news)

    def subscribers(self, where: Where, topic: str) -> list[Ref[Any]]:
        """Who would be sent what is published under `topic`, each once."""
        check_topic(topic)
        return list(self._reached(self._host(where), topic))

    def subscriptions(self, where: Where, ref: Ref[Any] | None = None) -> list[str]:
        """The patterns an agent subscribes to, oldest first; by default `where` itself."""
        if ref is None:
            if not isinstance(where, Agent):
                raise OptionError("ref", "the address of the agent asked about", ref)
            ref = where.ref
        return [entry.key for entry in self._host(where).table.of(ref)]

    def _reached(self, host: TopicsAgent, topic: str) -> dict[Ref[Any], None]:
        return {entry.ref: None for pattern in patterns(topic) for entry in host.table.entries(pattern)}


def patterns(topic: str) -> Iterator[str]:
    """The subscriptions that `topic` fits, narrowest first: "a.b" fits "a.b", "a.*" and "*"."""
    yield topic
    end = topic.rfind(".")
    while end >= 0:
        yield topic[:end] + ".*"
        end = topic.rfind(".", 0, end)
    yield "*"


def check_topic(topic: object) -> None:
    """Raises `OptionError` if `topic` is not words with dots between them."""
    if not _is_topic(topic):
        raise OptionError("topic", "words with dots between them, without *", topic)


def check_pattern(pattern: object) -> None:
    """Raises `OptionError` if `pattern` is no topic, "*", or a topic with ".*" behind it."""
    if pattern != "*" and not (isinstance(pattern, str) and _is_topic(pattern.removesuffix(".*"))):
        raise OptionError("pattern", 'a topic such as "prices.eur", or "prices.*", or "*"', pattern)


def _is_topic(text: object) -> bool:
    return isinstance(text, str) and "*" not in text and all(text.split("."))
