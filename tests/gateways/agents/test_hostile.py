"""What a stranger writes on a message stops no queue."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import (
    Consumer,
    Dot,
    Gateway,
    MemoryBroker,
    Message,
    Queue,
    Topology,
    consume,
    parked,
)
from cybernetic.gateways.consumer.gates import Causality
from cybernetic.runtime import LocalSystem
from tests.gateways.agents.plant import send

WORK = Queue("work")
LONG = "9" * 400


class Count(Consumer):
    """Counts what it is given."""

    def __init__(self, seen: list[bytes]) -> None:
        self.seen = seen

    def handle(self, delivery: Any, tx: Any) -> None:  # type: ignore[override]
        self.seen.append(delivery.body)


@pytest.mark.parametrize("since", [LONG, "NaN", "Infinity", "1e999", "{}"])
async def test_impossible_times_on_tickets_are_parked_and_the_good_go_on(tmp_path: Path, since: str) -> None:
    broker, seen = MemoryBroker(), list[bytes]()
    session = await broker.connect()
    await session.declare(Topology(queues=(WORK,)))
    ticket = f'["work","","work",{since},0,"",0,[]]'
    bad = [
        Message(b"bad", routing_key="work", headers={"x-ticket": ticket}, id=f"bad {n}") for n in range(20)
    ]
    await send(session, *bad, *[Message(b"good", routing_key="work", id=f"good {n}") for n in range(10)])
    async with LocalSystem() as system:
        work = [consume(Count, seen, queue=WORK, prefetch=10)]
        await system.start(partial(Gateway, broker, tmp_path / "store.sqlite", None, work))
        await asyncio.sleep(10)
        assert seen == [b"good"] * 10
        assert len(await parked(session, "work")) == 20
    await session.close()


async def test_a_chain_of_causes_goes_one_after_the_other() -> None:
    causality, order = Causality(100, 10.0), list[str]()
    x, a, b = (Dot("node", "first", number) for number in (1, 2, 3))

    async def handle(dot: Dot, causes: tuple[Dot, ...], name: str) -> None:
        assert await causality.turn(dot, causes) == ()
        order.append(f"{name} begins")
        await asyncio.sleep(1)
        order.append(f"{name} ends")
        causality.done(dot)

    await asyncio.gather(handle(x, (), "x"), handle(a, (x,), "a"), handle(b, (a,), "b"))
    assert order == ["x begins", "x ends", "a begins", "a ends", "b begins", "b ends"]


async def test_two_that_name_each_other_do_not_wait_for_ever() -> None:
    causality = Causality(100, 10.0)
    one, other = Dot("node", "first", 1), Dot("node", "first", 2)

    async def handle(dot: Dot, cause: Dot) -> tuple[Dot, ...]:
        missing = await causality.turn(dot, (cause,))
        causality.done(dot)
        return missing

    async with asyncio.timeout(60):
        found = await asyncio.gather(handle(one, other), handle(other, one))
    assert sorted(map(len, found)) == [0, 1]
