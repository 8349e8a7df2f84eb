"""A running gateway with a broker in this process, and another party that publishes and looks on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from cybernetic.core import Kill
from cybernetic.gateways import (
    Connection,
    Consume,
    Consumer,
    Delivery,
    Effect,
    Gateway,
    Intake,
    MemoryBroker,
    Message,
    Publisher,
    Queue,
    Received,
    Session,
    Topology,
    parked,
)
from cybernetic.gateways.shelf import Shelf
from cybernetic.runtime import LocalSystem, Named, Ref
from cybernetic.state.store.errors import StoreClosed
from cybernetic.supervision import Child, Supervisor, child

WORK = Queue("work")
OUT = Queue("out")
SCHEMA = ("CREATE TABLE IF NOT EXISTS effects (id TEXT, body BLOB)",)

Handle = Callable[[Received, Effect], Awaitable[Any]]


class Book:
    """What the workers of a test do, and what they were given."""

    def __init__(self, handle: Handle | None = None, answered: Any = None) -> None:
        self.handle, self.answered = handle, answered
        self.seen: list[Received] = []
        self.answers: list[Any] = []
        self.now = self.most = 0
        self.at: list[float] = []

    def count(self, id: str) -> int:
        """How often the message was handled."""
        return sum(one.message.id == id for one in self.seen)


class Clerk(Consumer):
    """Writes an effect for each delivery, after what the test wants done."""

    def __init__(self, book: Book) -> None:
        self.book = book

    async def handle(self, delivery: Received, tx: Effect) -> Any:
        book = self.book
        book.seen.append(delivery)
        book.at.append(asyncio.get_running_loop().time())
        book.now += 1
        book.most = max(book.most, book.now)
        try:
            tx.execute("INSERT INTO effects VALUES (?, ?)", (delivery.message.id, delivery.body))
            return None if book.handle is None else await book.handle(delivery, tx)
        finally:
            book.now -= 1

    async def answered(self, delivery: Received, answer: Any, tx: Effect) -> Any:
        self.book.answers.append(answer)
        tx.execute("INSERT INTO effects VALUES (?, ?)", (f"answered {delivery.message.id}", delivery.body))
        return None if self.book.answered is None else await self.book.answered(delivery, answer, tx)


class Site(Gateway):
    """A gateway whose shelf the test can see."""

    shelf: Shelf | None = None

    def children(self) -> list[Child[object]]:
        children = super().children()
        for one in children:
            for argument in one.args:
                if isinstance(argument, Shelf):
                    Plant.shelves[id(self._broker)] = argument
        return children


class Top(Supervisor):
    """Has a gateway and nothing else."""

    def __init__(self, *args: Any) -> None:
        self._args = args

    def children(self) -> list[Child[object]]:
        return [child(Site, *self._args, name="gateway")]


class Plant:
    """What a test holds of a running gateway."""

    shelves: ClassVar[dict[int, Shelf]] = {}

    def __init__(self, system: LocalSystem, broker: MemoryBroker, outside: Session) -> None:
        self.system, self.broker, self.outside = system, broker, outside
        self.publisher: Named[Publisher] = system.named("amqp.publisher", Publisher)
        self.out: Named[Connection] = system.named("amqp.out", Connection)

    @property
    def shelf(self) -> Shelf:
        return self.shelves[id(self.broker)]

    def intake(self, queue: str = "work") -> Named[Intake]:
        return self.system.named(f"amqp.{queue}", Intake)

    def ref(self, name: str) -> Ref[Any]:
        ref = self.system.whereis(name)
        assert ref is not None, f"expected an agent named {name}"
        return ref

    async def publish(self, body: bytes, key: str = "out", **options: Any) -> Any:
        return await self.publisher.within(None).call(
            Publisher.publish, Message(body, routing_key=key, **options)
        )

    async def effects(self) -> list[tuple[str, bytes]]:
        return await self.shelf.open().read(
            lambda connection: connection.execute("SELECT id, body FROM effects ORDER BY rowid").fetchall()
        )

    async def waiting(self) -> int:
        return await self.publisher.call(Publisher.waiting)

    async def ready(self, queue: str) -> int:
        return (await self.outside.state(queue)).messages

    async def parked(self, queue: str = "work") -> list[Any]:
        return await parked(self.outside, queue)

    async def crash(self) -> None:
        """End everything at once, as the death of the process would: nothing gets to say goodbye."""
        store, self.shelf.store = self.shelf.store, None
        if (
            store is not None
        ):  # who is killed unwinds, which a process that dies does not: nothing of that is written
            store._writer.refuse(StoreClosed(store.path, "one whose process lives"))
        for ref in tuple(self.system.agents()):
            ref.exit(Kill())
        self.broker.cut("the process died")
        if store is not None:
            await store.close()


@asynccontextmanager
async def plant(
    broker: MemoryBroker,
    data: Path | None,
    *consumed: Consume,
    topology: Topology | None = None,
    connected: bool = True,
    **options: Any,
) -> AsyncIterator[Plant]:
    """A running gateway; what is killed by `crash` is not missed."""
    whole = Topology(queues=(OUT,)) if topology is None else topology
    args = (
        broker,
        data,
        whole,
        consumed,
        "amqp",
        options.get("window", 256),
        options.get("limits"),
        options.get("signer"),
        options.get("schema", SCHEMA),
        options.get("remember"),
    )
    outside = None if not connected else await broker.connect("outside")
    system = LocalSystem()
    await system.__aenter__()
    try:
        await system.start(Top, *args, type="temporary")
        if connected:
            await until(lambda: is_connected(system))
        made = Plant(system, broker, outside)  # type: ignore[arg-type]
        yield made
    finally:
        await system.__aexit__(None, None, None)
        if outside is not None:
            await outside.close()


async def is_connected(system: LocalSystem) -> bool:
    """Whether the gateway has a connection to publish on."""
    connection = system.whereis("amqp.out", Connection)
    return connection is not None and await connection.call(Connection.is_connected)


async def until(what: Callable[[], Any], seconds: float = 120.0, step: float = 0.05) -> None:
    """Wait in virtual time until `what()` is true."""
    for _ in range(int(seconds / step)):
        said = what()
        if hasattr(said, "__await__"):
            said = await said
        if said:
            return
        await asyncio.sleep(step)
    raise AssertionError(f"expected it to come about within {seconds:g} s")


class Reader:
    """Another party that takes all that comes from a queue, and acknowledges it."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self._intake: Any = None

    @classmethod
    async def of(cls, session: Session, queue: str, prefetch: int = 1000) -> "Reader":
        reader = cls()
        reader._intake = await session.intake(queue, reader._take, prefetch=prefetch)
        return reader

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.got]

    @property
    def bodies(self) -> list[bytes]:
        return [one.body for one in self.got]

    def _take(self, delivery: Delivery) -> None:
        self.got.append(delivery.message)
        asyncio.get_running_loop().call_soon(lambda: self._intake.ack(delivery.tag))


async def send(session: Session, *messages: Message) -> None:
    """Publish as another party, and wait until the broker has all."""
    outlet = await session.outlet(lambda numbers, outcome: None)
    for message in messages:
        outlet.publish(message)
    await outlet.close()


def orders(count: int, key: str = "work", first: int = 0) -> Sequence[Message]:
    """Messages with ids "0", "1" ... and bodies alike."""
    return [Message(str(n).encode(), routing_key=key, id=str(n)) for n in range(first, first + count)]


async def idle(a: Plant, queue: str = "work") -> None:
    """Wait until nothing of the queue is being handled or waits to be."""

    async def nothing() -> bool:
        return await a.ready(queue) == 0 and await a.intake(queue).call(Intake.live) == 0

    await until(nothing)


async def ask_all(a: Plant, messages: Any) -> list[Any]:
    """Publish all of them, and say what became of each."""
    results: list[Any] = await asyncio.gather(
        *(a.publisher.within(None).call(Publisher.publish, one) for one in messages), return_exceptions=True
    )
    return results


async def empty(a: Plant) -> None:
    """Wait until everything is confirmed."""

    async def nothing() -> bool:
        return await a.waiting() == 0

    await until(nothing)
