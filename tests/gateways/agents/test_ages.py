"""How old what is signed may be: by default as old as its queue keeps it; and what goes round grows old as well."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import wall
from cybernetic.gateways import (
    Author,
    Effect,
    Guard,
    Key,
    Keyring,
    MemoryBroker,
    Message,
    Queue,
    Received,
    Retries,
    Rules,
    consume,
)
from cybernetic.gateways.consumer.terms import AGE, DAY
from cybernetic.gateways.consumer.ticket import TICKET
from cybernetic.gateways.envelope import pack
from tests.gateways.agents.plant import WORK, Book, Clerk, Plant, plant, send

KEY = Key("november", "n" * 32, ["shop"])
GATE = Key("gate", "g" * 32, ["shop"], purpose="gateway")


class Clock:
    """The wall clock, which stands still but for being set ahead by hand."""

    ahead = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made, begin = Clock(), time.time()
    monkeypatch.setattr(time, "time", lambda: begin + made.ahead)
    return made


def guard(**rules: Any) -> Guard:
    return Guard(Keyring([KEY, GATE]), Rules(**rules) if rules else None)


def signed(age: float, type: str = "order") -> Message:
    author = Author("shop", now=lambda: wall() - age)
    return pack(author.write(type, "shop", b"\x01"), "", "work", KEY)


async def reasons(a: Plant) -> list[str]:
    return [one.reason for one in await a.parked()]


@pytest.mark.parametrize(
    ("ttl", "rules", "most"),
    [
        (None, {}, AGE),
        (60.0, {}, 60.0 + 90.0),  # by which clocks may differ
        (60.0, {"control": ["stop"]}, 60.0 + 90.0),
        (60.0, {"ttl": 300.0}, 300.0),
        (60.0, {"ages": {"order": 30.0}}, 30.0),
        (None, {"ages": {"order": 9 * DAY}}, 9 * DAY),
    ],
)
async def test_work_may_be_as_old_as_the_rules_say_or_its_queue_keeps_it(
    tmp_path: Path, clock: Clock, ttl: float | None, rules: dict[str, Any], most: float
) -> None:
    queue = Queue("work") if ttl is None else Queue("work", ttl=ttl, dead_letter="", dead_letter_key="dead")
    book = Book()
    async with plant(
        MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=queue, guard=guard(**rules))
    ) as a:
        young = signed(most - 5.0)
        await send(a.outside, young, signed(most + 5.0))
        await asyncio.sleep(2.0)
        assert [one.message.id for one in book.seen] == [young.id]
        assert await reasons(a) == ["stale"]


async def copied(a: Plant, type: str, waits: float = 20.0) -> Message:
    """What went through the delay queue with a message of this type that was tried again, as a spy has it."""
    taken: list[Message] = []
    await send(a.outside, signed(0.0, type))
    await asyncio.sleep(2.0)
    spy = await a.outside.intake(f"work.retry.{waits:g}s", lambda one: taken.append(one.message), prefetch=1)
    await asyncio.sleep(1.0)
    await spy.close()
    await asyncio.sleep(2 * waits)
    (copy,) = taken
    assert TICKET in copy.headers
    return replace(copy, exchange="", routing_key="work", expiration=None)


async def once_more(delivery: Received, tx: Effect) -> None:
    if delivery.attempt == 1:
        raise ValueError("later")


@pytest.mark.parametrize(("type", "most"), [("stop", 90.0), ("order", DAY + 66.0), ("slow", 2 * DAY + 66.0)])
async def test_a_copy_of_what_went_round_is_refused_when_it_is_old(
    tmp_path: Path, clock: Clock, type: str, most: float
) -> None:
    book = Book(once_more)
    keeper = guard(ttl=3600.0, control=["stop"], ages={"slow": 2 * DAY})
    spec = consume(Clerk, book, queue=WORK, guard=keeper, retries=Retries(2, first=20.0))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        copy = await copied(a, type)
        assert len(await a.effects()) == 1
        clock.ahead = most - 5.0
        await send(a.outside, copy)
        await asyncio.sleep(5.0)
        assert (len(book.seen), await reasons(a)) == (2, [])  # its effect is known
        clock.ahead = most + 5.0
        await send(a.outside, copy)
        await asyncio.sleep(5.0)
        assert (len(book.seen), await reasons(a)) == (2, ["stale"])


async def test_a_control_message_that_is_tried_again_keeps_its_age(tmp_path: Path, clock: Clock) -> None:
    async def again(delivery: Received, tx: Effect) -> None:
        clock.ahead += 50.0
        raise ValueError("later")

    book = Book(again)
    spec = consume(Clerk, book, queue=WORK, guard=guard(control=["stop"]))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, signed(0.0, "stop"))
        await asyncio.sleep(60.0)
        assert [one.attempt for one in book.seen] == [1, 2]
        assert await reasons(a) == ["stale"]


async def test_what_waits_through_a_day_without_its_consumer_is_handled(tmp_path: Path, clock: Clock) -> None:
    book, broker = Book(once_more), MemoryBroker()
    spec = consume(Clerk, book, queue=Queue("work"), guard=guard(ttl=3600.0), retries=Retries(1))
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, signed(0.0))
        await asyncio.sleep(0.5)
    clock.ahead = DAY - 60.0
    async with plant(broker, tmp_path / "a", spec) as a:
        await asyncio.sleep(5.0)
        assert len(await a.effects()) == 1
        assert await reasons(a) == []
