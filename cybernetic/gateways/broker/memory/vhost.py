"""All exchanges and queues of an in-process broker, and how messages go between them; time comes as a number."""

import heapq
from collections import deque
from collections.abc import Callable
from math import inf

from cybernetic.gateways.broker.errors import ChannelClosed, Differs, NotDeclared
from cybernetic.gateways.broker.events import DROPPED, MessageDropped
from cybernetic.gateways.broker.memory.consumer import Consumer
from cybernetic.gateways.broker.memory.deaths import cycles, deaths, letter
from cybernetic.gateways.broker.memory.exchanges import STANDARD, MemoryExchange
from cybernetic.gateways.broker.memory.queue import Dead, MemoryQueue
from cybernetic.gateways.broker.memory.ready import Entry
from cybernetic.gateways.broker.messages import CONFIRMED, REJECTED, Message, Outcome, Returned
from cybernetic.gateways.broker.port import QueueState
from cybernetic.gateways.broker.topology import SYSTEM, Binding, Exchange, Queue

NO_ROUTE = Returned(312, "NO_ROUTE")
ROUTES = 4096  # how many routes are remembered

Queues = tuple[MemoryQueue, ...]


class Vhost:
    """The state of a broker. It acts only when called, and knows loop time only from its callers.

    Args:
        name: of the broker, for what it tells.
        wall: seconds since 1970, for what it writes into dead letters.
        alarm: called with the loop time at which `tick` is to be called, when that becomes earlier.
    """

    def __init__(self, name: str, wall: Callable[[], float], alarm: Callable[[float], object]) -> None:
        self.name = name
        self.exchanges: dict[str, MemoryExchange] = {}
        self.queues: dict[str, MemoryQueue] = {}
        self._wall, self._alarm = wall, alarm
        self._dead: deque[Dead] = deque()
        self._kept: dict[MemoryQueue, None] = {}  # queues with letters that are not safe elsewhere yet
        self._routes: dict[tuple[str, str], Queues] = {}
        self._deadlines: list[tuple[float, str]] = []  # a heap; entries may be out of date
        for spec in STANDARD:
            self.exchanges[SYSTEM + spec.name] = MemoryExchange(spec)

    # What there is.

    def declare_exchange(self, spec: Exchange, now: float) -> None:
        """Declare, or check. Raises `Differs`."""
        there = self.exchanges.get(spec.name)
        if there is None:
            self.exchanges[spec.name] = MemoryExchange(spec)
            self._changed()
            self._bury(now)
        elif why := difference(there.spec, spec):
            raise Differs(f"exchange {spec.name!r}", why)

    def declare_queue(self, spec: Queue, owner: object, now: float) -> None:
        """Declare, or check, on the connection `owner`. Raises `Differs`."""
        there = self.queues.get(spec.name)
        if there is None:
            made = MemoryQueue(spec, self._dead, now, owner if spec.exclusive else None)
            self.queues[spec.name] = made
            self._changed()
            self._after(made, now)
            return
        if there.owner not in (None, owner):
            raise Differs(f"queue {spec.name!r}", locked(spec.name))
        if why := difference(there.spec, spec):
            raise Differs(f"queue {spec.name!r}", why)
        there.touch(now)
        self._remind(there)

    def bind(self, binding: Binding, owner: object, now: float) -> None:
        """Bind. Raises `NotDeclared` or, for a queue that is another connection's, `ChannelClosed`."""
        exchange = self.exchanges.get(binding.exchange)
        if exchange is None:
            raise NotDeclared(f"exchange {binding.exchange!r}")
        self.queue(binding.queue, owner)
        exchange.bind(binding)
        self._changed()
        self._bury(now)

    def queue(self, name: str, owner: object) -> MemoryQueue:
        """A queue that `owner` may use. Raises `NotDeclared`, or `ChannelClosed` where it is another connection's."""
        queue = self.queues.get(name)
        if queue is None:
            raise NotDeclared(f"queue {name!r}")
        if queue.owner not in (None, owner):
            raise ChannelClosed(405, locked(name))
        return queue

    def state(self, name: str, owner: object, now: float) -> QueueState:
        """What a queue holds; asking is using it. Raises as `queue` does."""
        queue = self.queue(name, owner)
        queue.touch(now)
        return QueueState(len(queue.ready), len(queue.consumers))

    def delete_exchange(self, name: str) -> None:
        """Delete it if it is there. Raises `ChannelClosed` for the broker's own."""
        if name.startswith(SYSTEM) or not name:
            raise ChannelClosed(403, f"ACCESS_REFUSED - deletion of system exchange '{name}' not allowed")
        if self.exchanges.pop(name, None):
            self._changed()

    def delete_queue(self, name: str, owner: object = None) -> None:
        """Delete it with what is in it, if it is there; its consumers are told. Raises `ChannelClosed`."""
        if name not in self.queues:
            return
        queue = self.queue(name, owner) if owner is not None else self.queues[name]
        self._forget([queue])
        for consumer in tuple(queue.consumers):
            consumer.cancelled()

    def restart(self, now: float) -> None:
        """Keep what is durable, and nobody's: what a broker has when it starts again. Consumers are gone before."""
        self._forget(
            [queue for queue in self.queues.values() if not queue.spec.durable or queue.owner is not None]
        )
        for exchange in [one for one in self.exchanges.values() if not one.spec.durable]:
            del self.exchanges[exchange.spec.name]
        for queue in self.queues.values():
            queue.restart(now)
        self._changed()

    # Messages.

    def publish(self, message: Message, now: float) -> Outcome:
        """Put a message into every queue it is routed to. Raises `ChannelClosed`: there is no such exchange."""
        queues = self._routes.get((message.exchange, message.routing_key))
        if queues is None:
            if message.exchange and message.exchange not in self.exchanges:
                raise ChannelClosed(404, f"NOT_FOUND - no exchange '{message.exchange}' in vhost '/'")
            queues = self._route(message)
        outcome: Outcome = CONFIRMED if queues or not message.mandatory else NO_ROUTE
        for queue in queues:
            if not queue.offer(message, now):
                outcome = REJECTED
            if queue.deadline() < queue.reminder:
                self._remind(queue)
        if self._dead or self._kept:
            self._bury(now)
        return outcome

    def consume(self, name: str, consumer: Consumer, owner: object, now: float) -> MemoryQueue:
        """Let `consumer` have what is in a queue. Raises as `queue` does, or `ChannelClosed` (403: in exclusive use).

        A quorum queue does not know exclusive consumers, as in RabbitMQ.
        """
        queue = self.queue(name, owner)
        others = list(queue.consumers)
        alone = consumer.exclusive or any(other.exclusive for other in others)
        if queue.spec.kind == "classic" and alone and (others or queue.spec.single_active):
            raise ChannelClosed(403, f"ACCESS_REFUSED - queue '{name}' in vhost '/' in exclusive use")
        queue.join(consumer, now)
        self._after(queue, now)
        return queue

    def cancel(self, queue: MemoryQueue, consumer: Consumer, now: float) -> None:
        """A consumer wants no more; what it has is still its own."""
        if queue.leave(consumer, now) and self._has(queue):
            self.delete_queue(queue.spec.name)
        self._after(queue, now)

    def release(self, queue: MemoryQueue, consumer: Consumer, now: float) -> None:
        """A consumer's channel ends: what it has not settled goes back."""
        gone, entries = queue.leave(consumer, now), consumer.take_all()
        if not self._has(queue):
            return
        queue.put_back(entries, now)
        if gone:
            self.delete_queue(queue.spec.name)
        self._after(queue, now)

    def ack(self, queue: MemoryQueue, consumer: Consumer, tag: int, multiple: bool, now: float) -> None:
        """Settle. Raises `ChannelClosed`: an unknown tag."""
        take(consumer, tag, multiple)
        queue.settle(consumer)
        queue.dispatch(now)
        if self._dead or self._kept or queue.deadline() < queue.reminder:
            self._after(queue, now)

    def nack(
        self, queue: MemoryQueue, consumer: Consumer, tag: int, multiple: bool, requeue: bool, now: float
    ) -> None:
        """Put back, or let die. Raises `ChannelClosed`: an unknown tag."""
        entries = take(consumer, tag, multiple)
        if not self._has(queue):
            return
        queue.settle(consumer)
        if requeue:
            queue.put_back(entries, now)
        else:
            queue.reject(entries)
            queue.dispatch(now)
        self._after(queue, now)

    def purge(self, name: str, owner: object, now: float) -> int:
        """Drop what is ready in a queue; how many that were. Raises as `queue` does."""
        queue = self.queue(name, owner)
        purged = queue.purge()
        self._after(queue, now)
        return purged

    def disconnect(self, owner: object) -> None:
        """A connection has ended, and its consumers before: the queues exclusive to it go."""
        self._forget([queue for queue in self.queues.values() if queue.owner is owner])

    def tick(self, now: float) -> None:
        """Let expire what is due, messages and queues."""
        while self._deadlines and self._deadlines[0][0] <= now:
            _, name = heapq.heappop(self._deadlines)
            if (queue := self.queues.get(name)) is not None:
                queue.reminder = inf
                queue.expire(now)
                if queue.idle_at <= now:
                    self.delete_queue(name)
                else:
                    self._remind(queue)
        self._bury(now)
        if self._deadlines:
            self._alarm(self._deadlines[0][0])

    # Inside.

    def _has(self, queue: MemoryQueue) -> bool:
        """Whether a queue was not deleted; one of its name may have been made since."""
        return self.queues.get(queue.spec.name) is queue

    def _after(self, queue: MemoryQueue, now: float) -> None:
        """Something has changed in a queue."""
        self._remind(queue)
        self._bury(now)

    def _remind(self, queue: MemoryQueue) -> None:
        """See to it that `tick` is called in time for a queue."""
        when = queue.deadline()
        if when < queue.reminder:
            queue.reminder = when
            heapq.heappush(self._deadlines, (when, queue.spec.name))
            if self._deadlines[0][0] == when:
                self._alarm(when)

    def _changed(self) -> None:
        self._routes.clear()

    def _forget(self, gone: list[MemoryQueue]) -> None:
        """Queues are gone, and their bindings with them."""
        if not gone:
            return
        names = frozenset(queue.spec.name for queue in gone)
        for queue in gone:
            del self.queues[queue.spec.name]
            self._kept.pop(queue, None)
        for exchange in self.exchanges.values():
            exchange.forget(names)
        self._changed()

    def _route(self, message: Message) -> Queues:
        """The queues a message goes to, by way of alternate exchanges too; none where the exchange is not there."""
        if not message.exchange:
            queue = self.queues.get(message.routing_key)
            return self._remember(message, (queue,) if queue else (), True)
        name: str | None = message.exchange
        seen, by_headers = set[str](), False
        while name is not None and name not in seen and (exchange := self.exchanges.get(name)) is not None:
            seen.add(name)
            by_headers = by_headers or exchange.spec.type == "headers"
            if names := exchange.route(message):
                return self._remember(message, tuple(self.queues[one] for one in names), not by_headers)
            name = exchange.spec.alternate
        return self._remember(message, (), not by_headers)

    def _remember(self, message: Message, queues: Queues, cacheable: bool) -> Queues:
        if cacheable:
            if len(self._routes) >= ROUTES:
                self._routes.clear()
            self._routes[message.exchange, message.routing_key] = queues
        return queues

    def _bury(self, now: float) -> None:
        """Send dead letters on their way until none is left, then try again those that had to be kept."""
        self._send_letters(now)
        for queue in list(self._kept):
            while queue.letters and self._deliver(queue.letters[0], now, safely=True):
                queue.letters.popleft()
                queue.dispatch(now)
                self._send_letters(now)
            if not queue.letters:
                self._kept.pop(queue, None)

    def _send_letters(self, now: float) -> None:
        while self._dead:
            dead = self._dead.popleft()
            if dead.queue.spec.at_least_once:
                dead.queue.letters.append(dead)
                self._kept[dead.queue] = None
            elif not self._deliver(dead, now, safely=False) and DROPPED.listeners:
                DROPPED.emit(MessageDropped(self.name, dead.queue.spec.name, dead.reason))

    def _deliver(self, dead: Dead, now: float, *, safely: bool) -> bool:
        """Put a dead letter into the queues it is routed to; whether there were any that took it.

        With `safely`, only if all of them take it.
        """
        spec = dead.queue.spec
        if spec.dead_letter is None:
            return False
        message = letter(
            dead.entry.message,
            spec.name,
            dead.reason,
            spec.dead_letter,
            spec.dead_letter_key,
            int(self._wall()),
        )
        history = deaths(message.headers)
        targets = [one for one in self._route(message) if not cycles(one.spec.name, history, dead.reason)]
        if safely and not all(target.takes(message) for target in targets):
            return False
        taken = [target.offer(message, now) for target in targets]
        for target in targets:
            self._remind(target)
        return any(taken)


def take(consumer: Consumer, tag: int, multiple: bool) -> list[Entry]:
    """What a tag settles. Raises `ChannelClosed` for one that the consumer does not have."""
    try:
        return consumer.take(tag, multiple)
    except KeyError:
        raise ChannelClosed(406, f"PRECONDITION_FAILED - unknown delivery tag {tag}") from None


def locked(name: str) -> str:
    """What a broker says of a queue that is exclusive to another connection."""
    return f"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{name}' in vhost '/'"


def difference(there: Exchange | Queue, wanted: Exchange | Queue) -> str:
    """The first attribute in which two declarations differ, and how; "" when in none that a broker knows."""
    for name in type(there).__slots__:
        old, new = getattr(there, name), getattr(wanted, name)
        if old != new and name != "lossy":
            return f"PRECONDITION_FAILED - inequivalent {name}: received {new!r} but current is {old!r}"
    return ""
