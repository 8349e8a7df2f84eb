"""The in-process broker against a model: whatever is done to it, both agree on every message."""

import asyncio
from collections import Counter, deque
from collections.abc import Coroutine
from typing import Any, TypeVar

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cybernetic.gateways.broker.memory.broker import MemoryBroker
from cybernetic.gateways.broker.messages import Confirmed, Delivery, Message, Rejected
from cybernetic.gateways.broker.port import Intake, Outlet, QueueState, Session
from cybernetic.gateways.broker.topology import Queue, Topology
from cybernetic.testing import VirtualTimeLoop
from tests.gateways.memory.model import Item, Model, Taker
from tests.support import soak

T = TypeVar("T")

LETTERS: dict[str, Any] = {"dead_letter": "", "dead_letter_key": "dead"}
QUEUES = (
    Queue("plain", "classic", **LETTERS),
    Queue("timed", "classic", ttl=2.0, **LETTERS),
    Queue("ranked", "classic", max_priority=2, **LETTERS),
    Queue("lossy", "classic", lossy=True, overflow="drop-head", max_length=1, **LETTERS),
    Queue("rejecting", "classic", max_length=3, max_bytes=12, **LETTERS),
    Queue("returning", "classic", max_length=2, overflow="reject-publish-dlx", **LETTERS),
    Queue("quorum", **LETTERS),
    Queue("limited", delivery_limit=1, ttl=3.0, **LETTERS),
    Queue("narrow", max_length=3, **LETTERS),
    Queue("brief", lossy=True, overflow="drop-head", max_bytes=12, delivery_limit=2, **LETTERS),
)
DEAD = Queue("dead")  # a quorum queue loses nothing at a restart


class Agreement(RuleBasedStateMachine):
    """One queue of some kind, consumers that come and go, and a queue for its dead letters."""

    session: Session
    outlet: Outlet

    def __init__(self, spec: Queue) -> None:
        super().__init__()
        self.queue = Model(spec)
        self.loop = VirtualTimeLoop()
        self.broker = MemoryBroker()
        self.bodies = 0
        self.told: list[Any] = []
        self.state = QueueState(0, 0)
        self.came: deque[tuple[Taker, Delivery]] = deque()
        self.intakes: dict[Taker, Intake] = {}

    def teardown(self) -> None:
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work`, then what follows from it at once, and look at the queue."""

        async def settled() -> T:
            result = await work
            for _ in range(3):
                await asyncio.sleep(0)
            self.state = await self.session.state(self.queue.spec.name)
            return result

        return self.loop.run_until_complete(settled())

    @initialize()
    def begin(self) -> None:
        self.run(self.connect())

    async def connect(self) -> None:
        self.session = await self.broker.connect()
        await self.session.declare(Topology(queues=(self.queue.spec, DEAD)))
        self.outlet = await self.session.outlet(
            lambda numbers, outcome: self.told.extend([outcome] * len(numbers))
        )

    @rule(
        number=st.integers(1, 4),
        size=st.integers(4, 7),
        priority=st.sampled_from([None, 0, 1, 2, 9]),
        expiration=st.sampled_from([None, None, 1.0, 5.0]),
        persistent=st.booleans(),
    )
    def publish(
        self, number: int, size: int, priority: int | None, expiration: float | None, persistent: bool
    ) -> None:
        for _ in range(number):
            self.publish_one(size, priority, expiration, persistent)

    def publish_one(
        self, size: int, priority: int | None, expiration: float | None, persistent: bool
    ) -> None:
        self.bodies += 1
        body = b"%d" % self.bodies
        body = body.rjust(size, b"0")
        message = Message(
            body,
            routing_key=self.queue.spec.name,
            priority=priority,
            expiration=expiration,
            persistent=persistent,
        )

        async def send() -> None:
            self.outlet.publish(message)

        taken = self.queue.publish(body, self.loop.time(), priority, expiration, persistent)
        self.told.clear()
        self.run(send())
        assert self.told == [Confirmed() if taken else Rejected()]
        self.agree()

    @precondition(lambda self: len(self.intakes) < 3)
    @rule(prefetch=st.integers(1, 3))
    def consume(self, prefetch: int) -> None:
        taker = Taker(prefetch)

        async def join() -> None:
            self.intakes[taker] = await self.session.intake(
                self.queue.spec.name, lambda delivery: self.came.append((taker, delivery)), prefetch=prefetch
            )

        self.queue.takers.append(taker)
        self.run(join())
        self.agree()

    @precondition(lambda self: any(taker.held for taker in self.intakes))
    @rule(data=st.data(), multiple=st.booleans(), how=st.sampled_from(["ack", "put back", "reject"]))
    def settle(self, data: st.DataObject, multiple: bool, how: str) -> None:
        taker = data.draw(st.sampled_from([taker for taker in self.intakes if taker.held]), "taker")
        tag = data.draw(st.sampled_from([*taker.held, *([0] if multiple else [])]), "tag")
        tags = [one for one in taker.held if one == tag or (multiple and (one < tag or tag == 0))]
        items = [taker.held.pop(one) for one in tags]

        async def act() -> None:
            if how == "ack":
                self.intakes[taker].ack(tag, multiple=multiple)
            else:
                self.intakes[taker].nack(tag, multiple=multiple, requeue=how == "put back")

        if how == "put back":
            self.queue.put_back(items, self.loop.time())
        elif how == "reject":
            self.queue.dead.extend((item.body, "rejected") for item in items)
        self.run(act())
        self.agree()

    @precondition(lambda self: self.intakes)
    @rule(data=st.data(), stop=st.booleans())
    def leave(self, data: st.DataObject, stop: bool) -> None:
        taker = data.draw(st.sampled_from(list(self.intakes)), "taker")
        taker.active = False
        if stop:
            self.run(self.intakes[taker].stop())
        else:
            self.queue.takers.remove(taker)
            self.queue.put_back(list(taker.held.values()), self.loop.time())
            self.run(self.intakes.pop(taker).close())
        self.agree()

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.0]))
    def wait(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))
        self.queue.expire(self.loop.time())
        self.agree()

    @rule()
    def purge(self) -> None:
        assert self.run(self.session.purge(self.queue.spec.name)) == len(self.queue.ready)
        self.queue.ready.clear()
        self.agree()

    @rule()
    def restart(self) -> None:
        async def again() -> None:
            self.broker.stop()
            self.broker.start()
            await self.connect()

        self.queue.restart(self.loop.time())
        self.intakes.clear()
        self.run(again())
        self.agree()

    def agree(self) -> None:
        """Every delivery is the head of the queue, to one who may have it; and all who may have one have it."""
        while self.came:
            self.queue.expire(self.loop.time())
            taker, delivery = self.came.popleft()
            assert taker.credit > 0
            head: Item = self.queue.ready.pop(0)
            assert delivery.message.body == head.body
            assert delivery.redelivered == (head.returns > 0)
            count = delivery.message.headers.get("x-delivery-count", 0)
            assert count == (head.returns if self.queue.spec.kind == "quorum" else 0)
            taker.held[delivery.tag] = head
        self.queue.expire(self.loop.time())
        assert not self.queue.ready or not any(taker.credit for taker in self.queue.takers)
        self.queue.drop(self.loop.time())

    @invariant()
    def the_same_is_ready(self) -> None:
        assert self.state.messages == len(self.queue.ready)
        assert self.state.consumers == sum(taker.active for taker in self.queue.takers)

    @rule()
    def the_same_died(self) -> None:
        """Look into the queue of dead letters, and empty it."""
        letters: list[Delivery] = []

        async def fetch() -> None:
            intake = await self.session.intake("dead", letters.append, prefetch=65_535)
            await asyncio.sleep(0.001)
            await intake.close()
            await self.session.purge("dead")

        self.run(fetch())
        assert Counter(map(died, letters)) == Counter(self.queue.dead)
        self.queue.dead.clear()
        self.queue.expire(self.loop.time())


def died(letter: Delivery) -> tuple[bytes, str]:
    headers: Any = letter.message.headers
    return letter.message.body, headers["x-death"][0]["reason"]


@pytest.mark.parametrize("spec", QUEUES, ids=lambda spec: spec.name)
def test_the_broker_and_the_model_agree(spec: Queue) -> None:
    steps = hypothesis.settings(max_examples=soak(25, 1000), stateful_step_count=soak(30, 80))
    run_state_machine_as_test(lambda: Agreement(spec), settings=steps)  # type: ignore[arg-type]
