"""What cannot be written down as it is: it has an end all the same, blocks nobody, and ends nothing else."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import Kill, OptionError, attach
from cybernetic.gateways import (
    Author,
    Effect,
    Hold,
    Intake,
    Letter,
    MemoryBroker,
    Message,
    Park,
    Parked,
    Publisher,
    Queue,
    Received,
    Retried,
    Retries,
    Retry,
    Topology,
    consume,
)
from cybernetic.gateways.broker.memory.session import MemorySession
from cybernetic.gateways.consumer.copies import LONG, resting_copy
from cybernetic.gateways.consumer.desk import Desk
from cybernetic.gateways.consumer.suspects import Suspects
from cybernetic.gateways.consumer.ticket import Ticket, read_ticket
from cybernetic.gateways.publisher.sendable import check_headers
from cybernetic.state import OutboxFull, StoreLimits
from tests.gateways.agents.disk import Faulty
from tests.gateways.agents.plant import WORK, Book, Clerk, Plant, idle, orders, plant, send, until

SMALL = StoreLimits(bytes=1000)
LARGE = Message(b"x" * 2000, routing_key="work", id="large")


async def says(verdict: Any, delivery: Received) -> Any:
    return verdict if delivery.message.id == "large" else None


async def rests(a: Plant, id: str = "large") -> Any:
    async def there() -> bool:
        return [one.id for one in await a.parked()] == [id]

    await until(there, 300.0)
    (one,) = await a.parked()
    return one


@pytest.mark.parametrize("verdict", [Park("no"), Retry("later")])
async def test_what_is_larger_than_the_outbox_goes_round_all_the_same(tmp_path: Path, verdict: Any) -> None:
    book = Book(lambda delivery, tx: says(verdict, delivery))
    spec = consume(Clerk, book, queue=WORK)
    async with plant(MemoryBroker(), tmp_path / "a", spec, limits=SMALL) as a:
        intake = a.ref("amqp.work")
        await send(a.outside, LARGE, *orders(5))
        one = await rests(a)
        assert one.message.body == LARGE.body
        assert book.count("large") == (1 if isinstance(verdict, Park) else 6)
        assert a.ref("amqp.work") == intake
        await idle(a)
        assert len(await a.effects()) == 5


async def test_what_is_larger_than_the_outbox_stays_with_the_broker_until_there_is_a_place_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare = MemorySession.declare

    async def refuse(self: MemorySession, topology: Topology) -> None:
        """A broker where it does not stay."""

    book = Book(lambda delivery, tx: says(Park("no"), delivery))
    spec = consume(Clerk, book, queue=WORK)
    async with plant(MemoryBroker(), tmp_path / "a", spec, limits=SMALL) as a:
        monkeypatch.setattr(MemorySession, "declare", refuse)
        await a.outside.delete(queue="work.parked")
        await send(a.outside, LARGE, *orders(5))
        await asyncio.sleep(60.0)
        assert len(await a.effects()) == 5
        assert await a.intake().call(Intake.live) == 1
        monkeypatch.setattr(MemorySession, "declare", declare)
        await a.outside.declare(Topology(queues=(Queue("work.parked"),)))
        await rests(a)
        assert book.count("large") == 1


async def test_what_is_said_of_an_answer_is_written_however_often_that_takes_and_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hold(delivery: Received, tx: Effect) -> Any:
        return Hold("go?")

    async def park(delivery: Received, answer: Any, tx: Effect) -> Any:
        return Park("no")

    book, broker = Book(hold, park), MemoryBroker()
    commit = Desk.commit
    failures: list[Exception] = [
        OutboxFull("it", "1 item", 1, 1, None),
        RuntimeError("nobody foresaw this"),
        OutboxFull("it", "1 item", 1, 1, None),
    ]

    async def sometimes(self: Desk, effect: Effect, *patience: Any) -> Any:
        if book.answers and failures:
            raise failures.pop()
        return await commit(self, effect, *patience)

    monkeypatch.setattr(Desk, "commit", sometimes)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK), limits=SMALL) as a:
        intake = a.ref("amqp.work")
        await send(a.outside, LARGE)
        await until(lambda: book.seen)
        await asyncio.sleep(1.0)
        (held,) = await a.intake().call(Intake.held)
        await a.intake().call(Intake.answer, held.id, "yes")
        await rests(a)
        await until(lambda: failures == [])
        await asyncio.sleep(10.0)
        assert await a.intake().call(Intake.held) == []
        assert book.answers == ["yes"]
        assert a.ref("amqp.work") == intake


@pytest.mark.parametrize("verdict", [None, Retry("later"), Park("no")])
async def test_what_nobody_foresaw_ends_one_message_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, verdict: Any
) -> None:
    book = Book(lambda delivery, tx: says(verdict, delivery))
    takes, sends = Desk.commit, Desk.send_round

    async def commit(self: Desk, effect: Effect, *patience: Any) -> Any:
        if book.seen and b"large" in (effect._key or (b"",))[0]:  # the key of its effect
            raise RuntimeError("nobody foresaw this")
        return await takes(self, effect, *patience)

    async def send_round(self: Desk, received: Received, way: Any, forget: Any, *patience: Any) -> None:
        if received.key:
            raise RuntimeError("nor this")
        await sends(self, received, way, forget, *patience)

    monkeypatch.setattr(Desk, "commit", commit)
    monkeypatch.setattr(Desk, "send_round", send_round)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        intake = a.ref("amqp.work")
        await send(a.outside, LARGE, *orders(5))
        one = await rests(a)
        assert "nor this" in one.why
        assert book.count("large") == 3
        assert a.ref("amqp.work") == intake
        assert len(await a.effects()) == 5
        assert await a.ready("work") == 0
    assert sum(record.exc_info is not None for record in caplog.records) == 1


async def test_what_cannot_even_be_looked_at_is_parked_after_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cybernetic.gateways.consumer.round as module

    examine, looks = module.examine, 0

    def look(delivery: Any, *more: Any) -> Any:
        nonlocal looks
        if delivery.message.id == "large":
            looks += 1
            raise OverflowError("too large")
        return examine(delivery, *more)

    monkeypatch.setattr(module, "examine", look)
    book = Book()
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, prefetch=1)) as a:
        await send(a.outside, LARGE, *orders(5))
        one = await rests(a)
        assert "OverflowError" in one.why
        assert "never looked at" in one.doubt
        assert one.message.body == LARGE.body
        await asyncio.sleep(60.0)
        assert looks == 3
        assert len(await a.effects()) == 5


async def test_an_intake_that_crashes_is_started_ever_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, Book(), queue=WORK)) as a:
        starts, opened = 0, Suspects.open

        async def crash(self: Suspects) -> None:
            nonlocal starts
            starts += 1
            raise RuntimeError("a mistake of ours")

        monkeypatch.setattr(Suspects, "open", crash)
        publisher = a.ref("amqp.publisher")
        a.ref("amqp.work").exit(Kill())
        await asyncio.sleep(60.0)
        assert 3 < starts < 30
        monkeypatch.setattr(Suspects, "open", opened)
        await asyncio.sleep(30.0)
        await send(a.outside, *orders(1))
        await asyncio.sleep(5.0)
        assert len(await a.effects()) == 1
        assert a.ref("amqp.publisher") == publisher


async def test_a_full_disk_is_waited_for_and_handlers_run_once(tmp_path: Path, disk: type[Faulty]) -> None:
    book = Book()
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await a.publish(b"before")
        disk.fail("COMMIT", "SQLITE_FULL")
        await send(a.outside, *orders(5))
        await asyncio.sleep(60.0)
        assert await a.effects() == []
        disk.heal()
        await asyncio.sleep(10.0)
        assert len(await a.effects()) == 5
        assert len(book.seen) == 5


# What a handler publishes.


@pytest.mark.parametrize(
    "bad",
    [
        Message(b"x", routing_key="out", headers={"when": b"bytes"}),  # type: ignore[dict-item]
        Message(b"x", routing_key="out", headers={"n": 2**70}),
        Message(b"x", routing_key="out", headers={"n": "x" * 200_000}),
        Message(b"x", routing_key="out", priority=256),
        Message(b"x", routing_key="out", type="x" * 256),
        Letter(Author("shop").write("order", "shop", b"x"), "", "out"),
    ],
)
async def test_what_cannot_be_sent_is_refused_at_the_line_that_publishes_it(tmp_path: Path, bad: Any) -> None:
    refused: list[OptionError] = []

    async def publishes(delivery: Received, tx: Effect) -> Any:
        try:
            tx.publish(bad)
        except OptionError as error:
            refused.append(error)
            return Park("no")

    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, Book(publishes), queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await rests(a, "0")
        assert len(refused) == 1
        assert await a.effects() == []
        assert await a.publisher.call(Publisher.set_aside) == []
        assert await a.waiting() == 0


async def test_a_full_outbox_holds_what_a_handler_publishes_and_the_handler_runs_once(tmp_path: Path) -> None:
    async def forwards(delivery: Received, tx: Effect) -> Any:
        tx.publish(Message(delivery.body, routing_key="out", id=f"of {delivery.message.id}"))

    broker, book = MemoryBroker(), Book(forwards)
    limits = StoreLimits(count=3)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK), limits=limits) as a:
        await send(a.outside, *orders(10))
        broker.block()
        await asyncio.sleep(100.0)
        broker.unblock()
        await asyncio.sleep(100.0)
        assert sorted(id for id, _ in await a.effects()) == [str(n) for n in range(10)]
        assert len(book.seen) == 10
        assert await a.ready("out") == 10
        assert await a.parked() == []


# What others have sent.

FOREIGN: list[dict[str, Any]] = [
    {"headers": {"n": 2**64 - 1, "good": "kept"}},
    {"headers": {"n": "x" * 131_000, "good": "kept"}},
    {"headers": {"good": "kept"}, "timestamp": 2**63 + 5},
    {"headers": {f"h{n}": "x" * 900 for n in range(150)}},
]


@pytest.mark.parametrize("what", FOREIGN)
def test_a_copy_of_what_cannot_be_written_back_has_its_body_and_tells_the_rest(what: dict[str, Any]) -> None:
    message = Message(b"body", routing_key="work", id="7", type="order", **what)
    with pytest.raises(OptionError):
        check_headers(message)
    ticket = Ticket("work", "", "work", 1.0).noted(2.0, "parked", "failed: no", parked="failed")
    copy = resting_copy(message, ticket, None, "work.parked")
    check_headers(copy)
    assert (copy.body, copy.id, copy.type, copy.routing_key) == (b"body", "7", "order", "work.parked")
    assert copy.headers.get("good") == what["headers"].get("good")
    known = read_ticket(copy, None)
    assert known is not None
    assert [line.what for line in known.history] == ["headers", "parked"]
    assert "could not be written" in known.history[0].why


def test_an_id_that_is_too_long_is_told_by_its_digest() -> None:
    copy = resting_copy(
        Message(b"body", id="x" * 200_000), Ticket("work", "", "work", 1.0), None, "work.parked"
    )
    check_headers(copy)
    assert 0 < len(copy.id) <= LONG
    assert copy.body == b"body"


@pytest.mark.parametrize("most", [16.0, 3600.0])
async def test_what_cannot_be_written_back_is_tried_again_here_as_it_came_unless_that_takes_too_long(
    tmp_path: Path, most: float
) -> None:
    foreign = Message(b"x", routing_key="work", id="large", timestamp=2**63 + 5, headers={"kind": "odd"})
    book = Book(lambda delivery, tx: says(Retry("later"), delivery))
    spec = consume(Clerk, book, queue=WORK, retries=Retries(5, first=most / 16, most=most))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, foreign, *orders(3))
        one = await rests(a)
        assert book.count("large") == (6 if most == 16.0 else 1)
        tries = [one for one in book.seen if one.message.id == "large"]
        assert [one.attempt for one in tries] == list(range(1, len(tries) + 1))
        assert all(one.message.timestamp == foreign.timestamp for one in tries)
        assert all(one.message.headers == {"kind": "odd"} for one in tries)
        assert one.message.headers == {"kind": "odd"}
        assert any(str(2**63 + 5) in line.why for line in one.ticket.history)
        assert len(await a.effects()) == 3
        assert await a.publisher.call(Publisher.set_aside) == []


# What is told.


async def test_retries_and_parking_are_told_when_they_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, told, refused = Desk.commit, list[Any](), 0

    async def late(self: Desk, effect: Effect, *patience: Any) -> Any:
        nonlocal refused
        if book.seen and refused < 2:
            refused += 1
            assert told == []
            raise OutboxFull("it", "1 item", 1, 1, None)
        return await commit(self, effect, *patience)

    monkeypatch.setattr(Desk, "commit", late)
    book = Book(lambda delivery, tx: says(Retry("later") if delivery.attempt == 1 else Park("no"), delivery))
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        detach = [attach(kind, told.append) for kind in (Retried, Parked)]
        try:
            await send(a.outside, LARGE)
            await rests(a)
        finally:
            for one in detach:
                one()
    assert [type(one) for one in told] == [Retried, Parked]


async def test_a_store_without_room_is_no_refusal_of_the_message(tmp_path: Path) -> None:
    async def notes(delivery: Received, tx: Effect) -> Any:
        if len(book.seen) < 4:
            raise OutboxFull("it", "1 item", 1, 1, None)

    book = Book(notes)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(60.0)
        assert len(book.seen) == 4
        assert len(await a.effects()) == 1
        assert await a.parked() == []
