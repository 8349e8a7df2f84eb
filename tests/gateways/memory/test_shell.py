"""What is particular to the in-process broker's sessions, outlets and intakes."""

import asyncio
import itertools

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways.broker.errors import NotDeclared
from cybernetic.gateways.broker.memory.headers import BODY
from cybernetic.gateways.broker.messages import Delivery, Message
from cybernetic.gateways.broker.port import QueueState
from cybernetic.gateways.broker.topology import Queue, Topology
from tests.gateways.memory.parts import Told, open_broker

WORK = Topology(queues=(Queue("q", "classic"),))


async def test_nothing_comes_after_stop_has_returned() -> None:
    """What was on its way came before."""
    _, session = await open_broker(WORK)
    told = await Told.by(session)
    got: list[Delivery] = []
    intake = await session.intake("q", got.append, prefetch=2)
    for body in (b"1", b"2", b"3"):
        told.publish(body, "q")
    await intake.stop()
    assert [one.message.body for one in got] == [b"1", b"2"]
    await told.all()
    await asyncio.sleep(1)
    assert len(got) == 2
    assert await session.state("q") == QueueState(1, 0)


async def test_consumers_of_one_connection_get_nothing_from_each_other_when_it_ends() -> None:
    broker, session = await open_broker(Topology(queues=(Queue("q", delivery_limit=1, lossy=True),)))
    told = await Told.by(session)
    for _ in range(2):
        for body in (b"1", b"2", b"3"):
            await told.send(body, "q")
        for _ in range(2):
            await session.intake("q", lambda delivery: None, prefetch=3)
        await asyncio.sleep(0)
        broker.cut()
        session = await broker.connect()
        got: list[Delivery] = []
        await session.intake("q", got.append, prefetch=9)
        await asyncio.sleep(0)
        assert [one.message.headers["x-delivery-count"] for one in got] == [1, 1, 1]
        await session.delete(queue="q")
        await session.declare(Topology(queues=(Queue("q", delivery_limit=1, lossy=True),)))
        told = await Told.by(session)


async def test_what_belonged_to_a_deleted_queue_does_not_touch_its_successor() -> None:
    queue = Queue("q", "classic", auto_delete=True, dead_letter="", dead_letter_key="dead")
    topology = Topology(queues=(queue, Queue("dead", "classic")))
    _, session = await open_broker(topology)
    told = await Told.by(session)
    got: list[Delivery] = []
    stopped = await session.intake("q", got.append, prefetch=5)
    other = await session.intake("q", got.append, prefetch=5)
    await told.send(b"1", "q")
    await told.send(b"2", "q")
    await stopped.stop()
    await session.delete(queue="q")
    assert isinstance(await other.ended, NotDeclared)
    await session.declare(topology)
    await told.send(b"3", "q")
    stopped.nack(got[0].tag, requeue=False)
    await stopped.close()
    assert await session.state("q") == QueueState(1, 0)
    assert await session.state("dead") == QueueState(0, 0)


async def test_a_body_beyond_the_limit_is_refused() -> None:
    _, session = await open_broker(WORK)
    told = await Told.by(session)
    with pytest.raises(OptionError, match="body"):
        told.publish(bytes(BODY + 1), "q")
    assert told.outlet.pending == 0


@pytest.mark.parametrize(
    "message",
    [
        Message(b"", priority=256),
        Message(b"", priority=-1),
        Message(b"", timestamp=-1),
        Message(b"", type="x" * 256),
        Message(b"", headers={"": 1}),
        Message(b"", headers={"x" * 256: 1}),
        Message(b"", headers={"\ud800": 1}),
        Message(b"", headers={"a": {"": 1}}),
    ],
)
async def test_properties_that_amqp_cannot_carry_are_refused(message: Message) -> None:
    _, session = await open_broker(WORK)
    told = await Told.by(session)
    with pytest.raises(OptionError):
        told.outlet.publish(message)


async def test_headers_that_nest_for_ever_are_refused() -> None:
    _, session = await open_broker(WORK)
    told = await Told.by(session)
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(OptionError, match="endless"):
        told.outlet.publish(Message(b"", headers={"endless": endless}))  # type: ignore[dict-item]


async def test_a_slow_consumer_leaves_the_loop_to_others() -> None:
    """However much there is to hand over at once."""
    _, session = await open_broker(WORK)
    told = await Told.by(session)
    for _ in range(1000):
        told.publish(b"", "q")
    await told.all()
    got: list[Delivery] = []
    await session.intake("q", got.append, prefetch=1000)
    passes = []
    while len(got) < 1000:
        passes.append(len(got))
        await asyncio.sleep(0)
    assert max(after - before for before, after in itertools.pairwise(passes)) <= 100


async def test_routes_are_forgotten_when_they_change() -> None:
    """Also when so many keys were used that not all are remembered."""
    _, session = await open_broker(WORK)
    told = await Told.by(session)
    for number in range(5000):
        told.publish(b"", f"none-{number}")
    await told.all()
    await session.declare(Topology(queues=(Queue("none-7", "classic"),)))
    await told.send(b"", "none-7")
    assert (await session.state("none-7")).messages == 1
