"""`Gateway`: the supervisor of all that meets one broker."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from cybernetic.core import OptionError, whole
from cybernetic.gateways.broker.port import Broker
from cybernetic.gateways.broker.topology import Topology
from cybernetic.gateways.connection import Connection
from cybernetic.gateways.consumer.doorman import Doorman
from cybernetic.gateways.consumer.intake import Intake
from cybernetic.gateways.consumer.retrying import around
from cybernetic.gateways.consumer.spec import Consume
from cybernetic.gateways.letter import Signer
from cybernetic.gateways.line import Line
from cybernetic.gateways.publisher.publisher import WINDOW, Publisher
from cybernetic.gateways.remember import Remember
from cybernetic.gateways.shelf import Shelf
from cybernetic.gateways.storage import Storage
from cybernetic.runtime import Named
from cybernetic.state import StoreLimits
from cybernetic.supervision import Backoff, Child, Supervisor, child

T = TypeVar("T")

RECONNECT = Backoff(0.2, 15.0, jitter=0.5, reset_after=5.0)
DRAIN = 30.0  # seconds in which a gateway ends


class Gateway(Supervisor):
    """Keeps connections with a broker, a publisher with its outbox, and consumers. One child of your supervisor.

        child(Gateway, broker, Path("data/shop.sqlite"), topology, [consume(Orders, queue=orders)], name="amqp")

    Publish with `system.named("amqp.publisher", Publisher).call(Publisher.publish, Message(...))`. The broker need not
    be there at the start: what is published waits in the outbox, and connecting is tried with growing delays.

    Args:
        broker: which broker, and how to reach it.
        data: the file of the store in which outbox, effects and journal are; its folder must be there. None: nothing is
            kept, messages are sent at most once, and nothing can be consumed.
        topology: what is declared besides the queues that are consumed.
        consume: what is consumed; see `consume`.
        name: prefix of the names of its agents: `<name>.publisher`, and `<name>.<queue>` for each queue consumed.
        window: how many messages may be on their way to the broker.
        limits: how much the outbox takes.
        signer: signs the letters that are published; None: only messages are.
        schema: statements that make the tables that handlers write to; they must do nothing where these are there.
        remember: how much the store remembers of what had its effect, and for how long. Default `Remember()`.

    Raises `OptionError`, whose text shows no broker: who gives an address in its place may have a password in it.
    """

    strategy = "rest_for_one"

    def __init__(
        self,
        broker: Broker,
        data: Path | str | None = None,
        topology: Topology | None = None,
        consume: Sequence[Consume] = (),
        name: str = "amqp",
        window: int = WINDOW,
        limits: StoreLimits | None = None,
        signer: Signer | None = None,
        schema: Sequence[str] = (),
        remember: Remember | None = None,
    ) -> None:
        _check_broker(broker)
        _given(data, Path | str | None, "data", "the path of a file, or None")
        _given(topology, Topology | None, "topology", "a Topology, or None")
        _given(name, str, "name", "a text")
        _given(limits, StoreLimits | None, "limits", "StoreLimits, or None")
        _given(signer, Signer | None, "signer", "a Signer, or None")
        _given(remember, Remember | None, "remember", "Remember(...), or None")
        self._consume = _queues(consume)
        self._schema = _all("schema", schema, str, "statements, each a text")
        self._window = whole("window", window, least=1)
        if self._consume and data is None:
            raise OptionError("data", "a file for the store where something is consumed", data)
        self._broker, self._data, self._name = broker, None if data is None else Path(data), name
        self._limits, self._signer = limits, signer
        self._remember = remember or Remember()
        every = topology or Topology()
        for one in self._consume:
            self._remember.kept(one.terms)  # raises at the line where it is too short
            every += Topology(queues=(one.queue,)) + around(one.queue, one.retries)
        self._topology = every

    def redact(self, state: dict[str, Any]) -> Any:
        """Shows all of the state; and, being here, keeps reports from showing what was given in place of a broker."""
        return state

    def children(self) -> list[Child[object]]:
        """The store first: without it the others cannot be."""
        shelf = None if self._data is None else Shelf(remember=self._remember)
        traffic = child(
            Traffic,
            self._broker,
            shelf,
            self._topology,
            self._consume,
            self._name,
            self._window,
            self._limits,
            self._signer,
            id="traffic",
            shutdown=DRAIN,
        )
        if shelf is None or self._data is None:
            return [traffic]
        return [child(Storage, self._data, shelf, self._schema, id="storage"), traffic]


def _check_broker(broker: object) -> None:
    """Check what is given as a broker. Raises `OptionError`, without showing it."""
    if isinstance(broker, type) or not callable(getattr(broker, "connect", None)):
        expected = 'a Broker, as AmqpBroker("amqp://user@host/", password_file=...) or MemoryBroker()'
        raise OptionError("broker", expected, type(broker).__name__)


def _queues(consume: Sequence[Consume]) -> tuple[Consume, ...]:
    """What is consumed, each queue once. Raises `OptionError`."""
    found = _all("consume", consume, Consume, "what `consume` makes, as [consume(Orders, queue=orders)]")
    for queue, times in Counter(one.queue.name for one in found).items():
        if times > 1:
            raise OptionError("consume", "each queue once", f"{times} times {queue!r}")
    return found


def _all(name: str, values: Sequence[T], kind: type[T], expected: str) -> tuple[T, ...]:
    """These as a tuple. Raises `OptionError`: they are no list or tuple of this kind."""
    if not isinstance(values, list | tuple) or not all(isinstance(value, kind) for value in values):
        raise OptionError(name, f"a list of {expected}", values)
    return tuple(values)


def _given(value: object, kind: Any, name: str, expected: str) -> None:
    """Check the kind of a value. Raises `OptionError`."""
    if not isinstance(value, kind):
        raise OptionError(name, expected, value)


class Traffic(Supervisor):
    """Connections, publisher and consumers of a gateway. It never gives up for a broker that is away."""

    max_restarts = 1000
    max_seconds = 60.0

    def __init__(
        self,
        broker: Broker,
        shelf: Shelf | None,
        topology: Topology,
        consume: Sequence[Consume],
        name: str,
        window: int,
        limits: StoreLimits | None,
        signer: Signer | None,
    ) -> None:
        self._broker, self._shelf, self._topology = broker, shelf, topology
        self._consume, self._name, self._window = consume, name, window
        self._limits, self._signer = limits, signer

    def children(self) -> list[Child[object]]:
        """They end in reverse: the queues are closed, consumers give back, the publisher drains, connections close."""
        name, out, inward = self._name, Line(f"{self._name} out"), Line(f"{self._name} in")
        publisher: Named[Publisher] = self.system.named(f"{name}.publisher", Publisher)
        children: list[Child[object]] = [self._connection(out, "out")]
        if self._consume:
            children.append(self._connection(inward, "in"))
        children.append(
            child(
                Publisher,
                out,
                self._shelf,
                self._window,
                self._limits,
                self._signer,
                name=f"{name}.publisher",
                shutdown=DRAIN / 2,
            )
        )
        for one in self._consume:
            assert self._shelf is not None
            children.append(
                child(
                    Intake,
                    one,
                    inward,
                    self._shelf,
                    publisher,
                    self._signer,
                    name=f"{name}.{one.queue.name}",
                    shutdown=DRAIN,
                    backoff=RECONNECT,
                )
            )
        if self._consume:
            children.append(child(Doorman, inward, id="doorman"))
        return children

    def _connection(self, line: Line, way: str) -> Child[object]:
        return child(
            Connection,
            self._broker,
            line,
            self._topology,
            name=f"{self._name}.{way}",
            backoff=RECONNECT,
        )
