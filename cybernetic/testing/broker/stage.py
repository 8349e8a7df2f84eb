"""What every test of a broker's contract needs: a session, names of its own, and waiting that ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

from cybernetic.core import token
from cybernetic.gateways import (
    Binding,
    Broker,
    BrokerError,
    Confirmed,
    Delivery,
    Exchange,
    Message,
    Queue,
    Returned,
    Session,
    Topology,
)

E = TypeVar("E", bound=Exception)

KINDS: tuple[Literal["quorum", "classic"], ...] = ("quorum", "classic")
PAUSE = 0.01  # seconds between looks at what another party does in its own time
QUIET = 0.1  # seconds after which what has not come is taken not to come


async def refused(call: Awaitable[object], *expected: type[E]) -> E:
    """The error that `call` is to fail with, one of `expected`."""
    try:
        got = await call
    except expected as error:
        return error
    raise AssertionError(f"expected {' or '.join(each.__name__ for each in expected)}, got: {got!r}")


class Contract:
    """What a part of the contract stands on.

    Attributes:
        seconds: how long anything may take before the test fails.
    """

    seconds = 10.0

    def broker(self) -> Broker:
        """A broker that can be connected to. To be overridden."""
        raise NotImplementedError

    def stage(self) -> "Stage":
        """A session on the broker, closed at the end of the `async with` block, and all it made deleted."""
        return Stage(self.broker(), self.seconds)


class Stage:
    """A session with names that nobody else uses."""

    def __init__(self, broker: Broker, seconds: float) -> None:
        self.broker, self._seconds = broker, seconds
        self._prefix = token(4)
        self._sessions: list[Session] = []
        self._queues: list[str] = []
        self._exchanges: list[str] = []

    @property
    def session(self) -> Session:
        """The first session."""
        return self._sessions[0]

    async def __aenter__(self) -> "Stage":
        await self.another()
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in self._sessions[1:]:
            await session.close()
        deletions = [self.session.delete(queue=queue) for queue in dict.fromkeys(self._queues)]
        deletions += [self.session.delete(exchange=exchange) for exchange in self._exchanges]
        await asyncio.gather(*deletions)
        await self.session.close()

    async def another(self) -> Session:
        """One more session."""
        self._sessions.append(await self.broker.connect(self._prefix))
        return self._sessions[-1]

    def name(self, name: str) -> str:
        """`name`, made different from what other tests use."""
        return f"{self._prefix}.{name}"

    async def queue(self, name: str, kind: Any = "classic", **options: Any) -> str:
        """Declare a queue; its full name."""
        queue = self.name(name)
        self._queues.append(queue)
        await self.session.declare(Topology(queues=(Queue(queue, kind, **options),)))
        return queue

    async def exchange(self, name: str, type: Any = "topic", **options: Any) -> str:
        """Declare an exchange; its full name."""
        exchange = self.name(name)
        self._exchanges.append(exchange)
        await self.session.declare(Topology((Exchange(exchange, type, **options),)))
        return exchange

    async def bind(self, exchange: str, queue: str, key: str = "", **options: Any) -> None:
        """Bind a queue."""
        await self.session.declare(Topology(bindings=(Binding(exchange, queue, key, **options),)))

    async def outlet(self, session: Session | None = None) -> "Out":
        """An outlet, with what was told of what it published."""
        out = Out(self)
        out.outlet = await (session or self.session).outlet(out.settled)
        return out

    async def intake(self, queue: str, *, session: Session | None = None, **options: Any) -> "In":
        """An intake, with what came. `prefetch` is 10 unless given."""
        into = In(self)
        into.intake = await (session or self.session).intake(queue, into.came, **{"prefetch": 10, **options})
        return into

    async def put(self, queue: str, *bodies: bytes, **options: Any) -> None:
        """Publish to a queue by way of the default exchange; all are confirmed when this returns."""
        out = await self.outlet()
        for body in bodies:
            out.publish(body, routing_key=queue, **options)
        await out.all(len(bodies))
        assert set(out.told.values()) == {Confirmed()}
        await out.outlet.close()

    async def gone(self, queue: str) -> bool:
        """Whether a queue is not there: told without asking for it, for being asked for is being used."""
        out = await self.outlet()
        outcome = await out.send(routing_key=queue)
        await out.outlet.close()
        return isinstance(outcome, Returned)

    async def holds(self, queue: str, messages: int) -> None:
        """Wait until so many messages are ready in a queue."""

        async def look() -> bool:
            return (await self.session.state(queue)).messages == messages

        await self.until(look, f"{messages} messages in {queue}")

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        """Wait until `condition` answers true, or its answer, awaited, is true; fails after the contract's seconds."""
        for _ in range(round(self._seconds / PAUSE)):
            answer = condition()
            if await answer if asyncio.iscoroutine(answer) else answer:
                return
            await asyncio.sleep(PAUSE)
        raise AssertionError(f"expected within {self._seconds:g} s: {what}")

    async def end(self, ended: "asyncio.Future[BrokerError | None]") -> BrokerError | None:
        """What ended something, when it has ended."""
        return await asyncio.wait_for(asyncio.shield(ended), self._seconds)


class Out:
    """An outlet and what was told."""

    outlet: Any

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.told: dict[int, Any] = {}

    def settled(self, numbers: Any, outcome: Any) -> None:
        """What the outlet tells."""
        for number in numbers:
            assert number not in self.told, f"told twice: {number}"
            self.told[number] = outcome

    def publish(self, body: bytes = b"", **options: Any) -> int:
        """Publish, without waiting."""
        number: int = self.outlet.publish(Message(body, **options))
        return number

    def refuses(self, expected: type[E], **options: Any) -> E:
        """The error that publishing is to fail with, at once."""
        try:
            self.publish(**options)
        except expected as error:
            return error
        raise AssertionError(f"expected {expected.__name__} for {options}")

    async def outcome(self, number: int) -> Any:
        """What became of a message."""
        await self._stage.until(lambda: number in self.told, f"an outcome of number {number}")
        return self.told[number]

    async def all(self, number: int) -> None:
        """Wait until so many outcomes are told."""
        await self._stage.until(lambda: len(self.told) == number, f"{number} outcomes")

    async def send(self, body: bytes = b"", **options: Any) -> Any:
        """Publish; what became of it."""
        return await self.outcome(self.publish(body, **options))


class In:
    """An intake and what came."""

    intake: Any

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._taken = 0
        self.deliveries: list[Delivery] = []

    def came(self, delivery: Delivery) -> None:
        """What the intake delivers."""
        self.deliveries.append(delivery)

    async def next(self) -> Delivery:
        """The next delivery."""
        self._taken += 1
        await self.count(self._taken)
        return self.deliveries[self._taken - 1]

    async def bodies(self, number: int, *, ack: bool = True) -> list[bytes]:
        """The bodies of the next so many deliveries, each acknowledged."""
        bodies = []
        for _ in range(number):
            delivery = await self.next()
            bodies.append(delivery.message.body)
            if ack:
                self.intake.ack(delivery.tag)
        return bodies

    async def count(self, number: int) -> None:
        """Wait until at least so many have come."""
        await self._stage.until(lambda: len(self.deliveries) >= number, f"{number} deliveries")

    async def quiet(self, number: int | None = None) -> None:
        """Nothing more comes than was taken with `next`, or than `number` in all."""
        await asyncio.sleep(QUIET)
        assert len(self.deliveries) == (self._taken if number is None else number)
