"""A wait for a person holds no delivery open, and outlives the process."""

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import Kill, NotFound
from cybernetic.gateways import (
    Consumer,
    Effect,
    Held,
    Hold,
    Intake,
    MemoryBroker,
    Message,
    NotKept,
    Park,
    Received,
    Retry,
    consume,
)
from cybernetic.state import Store, StoreFull
from tests.gateways.agents.plant import WORK, Book, Clerk, Plant, orders, plant, send, until


def asks(timeout: float | None = None) -> Any:
    async def ask(delivery: Received, tx: Effect) -> Hold:
        return Hold(f"may {delivery.message.id} go?", timeout)

    return ask


async def held(a: Plant, count: int) -> list[Held]:
    async def so_many() -> bool:
        return len(await a.intake().call(Intake.held)) == count

    await until(so_many)  # those that were handled side by side are held in any order
    return sorted(await a.intake().call(Intake.held), key=lambda one: one.message.id)


async def ids(a: Plant) -> list[str]:
    return [id for id, _ in await a.effects()]


async def effects(a: Plant, expected: list[str]) -> None:
    async def these() -> bool:
        return sorted(await ids(a)) == sorted(expected)  # those of two messages come in any order

    await until(these)


async def test_a_held_message_is_acknowledged_and_goes_on_when_it_is_answered(tmp_path: Path) -> None:
    broker, book = MemoryBroker(), Book(asks())
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, prefetch=1)) as a:
        await send(a.outside, *orders(3))
        waiting = await held(a, 3)  # one at a time, and none holds up the next
        assert [one.why for one in waiting] == [f"may {n} go?" for n in range(3)]
        assert await ids(a) == ["0", "1", "2"]
        assert await a.ready("work") == 0
        broker.cut()
        await asyncio.sleep(4000.0)
        assert len(book.seen) == 3
        assert len(await a.intake().call(Intake.held)) == 3
        await a.intake().call(Intake.answer, waiting[1].id, {"yes": [1, 2]})
        await until(lambda: book.answers)
        assert book.answers == [{"yes": [1, 2]}]
        await held(a, 2)
        await effects(a, ["0", "1", "2", "answered 1"])
        with pytest.raises(NotFound):
            await a.intake().call(Intake.answer, waiting[1].id, "again")
        with pytest.raises(NotFound):
            await a.intake().call(Intake.answer, "nobody", "hm")


async def test_an_answer_that_cannot_be_kept_is_refused_and_the_wait_goes_on(tmp_path: Path) -> None:
    book = Book(asks())
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        (one,) = await held(a, 1)
        intake = a.ref("amqp.work")
        with pytest.raises(NotKept, match="object"):
            await a.intake().call(Intake.answer, one.id, object())
        assert a.ref("amqp.work") == intake
        await a.intake().call(Intake.answer, one.id, "yes")
        await until(lambda: book.answers == ["yes"])


async def test_an_answer_that_finds_a_full_disk_is_refused_at_once_and_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, full, book = Store.commit, False, Book(asks())

    async def commits(self: Store, work: Any) -> Any:
        if full:
            raise StoreFull("a", "the disk is full")
        return await commit(self, work)

    monkeypatch.setattr(Store, "commit", commits)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        (one,) = await held(a, 1)
        full, began = True, asyncio.get_running_loop().time()
        with pytest.raises(NotKept, match="the disk is full"):
            await a.intake().call(Intake.answer, one.id, "no")
        assert asyncio.get_running_loop().time() - began < 1.0
        assert len(await held(a, 1)) == 1
        full = False
        await a.intake().call(Intake.answer, one.id, "yes")
        await until(lambda: book.answers == ["yes"])


@pytest.mark.parametrize("fails", [True, False])
async def test_who_answers_while_the_end_of_a_wait_is_written_is_heard_if_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    commit, slow, book = Store.commit, False, Book(asks(60.0))

    async def commits(self: Store, work: Any) -> Any:
        nonlocal slow
        if slow:
            slow = False
            await asyncio.sleep(10.0)
            if fails:
                raise StoreFull("a", "the disk is full")
        return await commit(self, work)

    monkeypatch.setattr(Store, "commit", commits)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        (one,) = await held(a, 1)
        slow = True
        await until(lambda: not slow)
        answering = asyncio.ensure_future(a.intake().within(None).call(Intake.answer, one.id, "yes"))
        await asyncio.wait([answering])
        assert (answering.exception() is None) == fails
        await asyncio.sleep(200.0)
        assert book.answers == ["yes" if fails else None]


async def test_a_wait_whose_time_is_over_goes_on_with_none(tmp_path: Path) -> None:
    book = Book(asks(60.0))
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(2))
        first, _ = await held(a, 2)
        await asyncio.sleep(30.0)
        await a.intake().call(Intake.answer, first.id, "yes")
        await asyncio.sleep(20.0)
        assert book.answers == ["yes"]
        await asyncio.sleep(20.0)
        assert book.answers == ["yes", None]
        assert await held(a, 0) == []
        await asyncio.sleep(200.0)
        assert len(book.answers) == 2


@pytest.mark.parametrize("crash", [False, True])
async def test_a_wait_outlives_the_process(tmp_path: Path, crash: bool) -> None:
    broker, book = MemoryBroker(), Book(asks())
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(2))
        (one, other) = await held(a, 2)
        if crash:
            await a.crash()
    book = Book(asks())
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        again = await held(a, 2)
        assert {two.id: two.why for two in again} == {one.id: one.why, other.id: other.why}
        await a.intake().call(Intake.answer, one.id, 1)
        await until(lambda: book.answers == [1])
        await held(a, 1)
        await effects(a, ["0", "1", "answered 0"])
        assert book.seen == []


@pytest.mark.parametrize("crash", [False, True])
async def test_an_answer_outlives_the_process_before_it_was_acted_on(tmp_path: Path, crash: bool) -> None:
    async def never(delivery: Received, answer: Any, tx: Effect) -> None:
        await asyncio.sleep(1000.0)

    broker, book = MemoryBroker(), Book(asks(), never)
    spec = consume(Clerk, book, queue=WORK, timeout=1400.0)
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, *orders(1))
        (one,) = await held(a, 1)
        await a.intake().call(Intake.answer, one.id, "yes")
        await until(lambda: book.answers)
        assert await ids(a) == ["0"]
        if crash:
            await a.crash()
    book = Book(asks())
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await until(lambda: book.answers == ["yes"])
        await asyncio.sleep(5.0)
        assert await ids(a) == ["0", "answered 0"]
        assert await held(a, 0) == []
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await asyncio.sleep(5.0)
        assert book.answers == ["yes"]


async def test_an_answer_about_a_large_message_outlives_the_process_too(tmp_path: Path) -> None:
    async def never(delivery: Received, answer: Any, tx: Effect) -> None:
        await asyncio.sleep(1000.0)

    large, broker, book = b"x" * (9 << 20), MemoryBroker(), Book(asks(), never)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, timeout=1400.0)) as a:
        await send(a.outside, Message(large, routing_key="work", id="0"))
        (one,) = await held(a, 1)
        await a.intake().call(Intake.answer, one.id, "yes")
        await until(lambda: book.answers)
        await a.crash()
    async with plant(broker, tmp_path / "a", consume(Clerk, Book(asks()), queue=WORK)) as a:
        await effects(a, ["0", "answered 0"])
        assert (await a.effects())[1][1] == large
        assert await held(a, 0) == []


async def test_what_waits_is_on_the_disk_and_not_in_memory(tmp_path: Path) -> None:
    class Asks(Consumer):
        async def handle(self, delivery: Received, tx: Effect) -> Hold:
            return Hold(f"may {delivery.message.id} go?", 5000.0)

        async def answered(self, delivery: Received, answer: Any, tx: Effect) -> None:
            tx.execute("INSERT INTO effects VALUES (?, ?)", (delivery.message.id, delivery.body))

    def in_memory() -> int:
        gc.collect()
        return sum(isinstance(one, Message) and len(one.body) == 50_000 for one in gc.get_objects())

    for life in range(2):
        async with plant(MemoryBroker(), tmp_path / "a", consume(Asks, queue=WORK)) as a:
            if not life:
                for n in range(20):
                    await send(a.outside, Message(b"x" * 50_000, routing_key="work", id=str(n)))
                    await asyncio.sleep(0.1)
            await asyncio.sleep(5.0)
            assert in_memory() == 0
            every = await a.intake().call(Intake.held)
            assert [one.message.id for one in every] == [str(n) for n in range(20)]  # the oldest first
            some = await a.intake().call(Intake.held, every[7].id, 3)
            assert [one.id for one in some] == [one.id for one in every[8:11]]
            del every, some
            assert in_memory() <= 3  # of what was asked for last
    async with plant(MemoryBroker(), tmp_path / "a", consume(Asks, queue=WORK)) as a:
        await asyncio.sleep(6000.0)
        assert len(await a.effects()) == 20
        assert in_memory() == 0


@pytest.mark.parametrize("how", ["answered", "answered and again", "time is over", "process ended"])
async def test_no_more_of_what_is_gone_on_with_is_in_memory_than_the_queue_has_credit(
    tmp_path: Path, how: str
) -> None:
    class Slow(Consumer):
        async def handle(self, delivery: Received, tx: Effect) -> Hold:
            return Hold("?", 1000.0)

        async def answered(self, delivery: Received, answer: Any, tx: Effect) -> Any:
            await asyncio.sleep(0.5 if how == "answered and again" else 20.0)
            begun.append(delivery.message.id)
            return Retry("not yet", 1000.0) if how == "answered and again" else None

    def in_memory() -> int:
        gc.collect()
        return sum(isinstance(one, Message) and len(one.body) == 60_000 for one in gc.get_objects())

    begun, broker = list[str](), MemoryBroker()
    spec = consume(Slow, queue=WORK, prefetch=2, timeout=1400.0)
    async with plant(broker, tmp_path / "a", spec) as a:
        for n in range(20):
            await send(a.outside, Message(b"x" * 60_000, routing_key="work", id=str(n)))
            await asyncio.sleep(0.1)
        await asyncio.sleep(5.0)
        assert in_memory() == 0
        if how != "time is over":
            ids = [one.id for one in await a.intake().call(Intake.held)]
            for id in ids:
                await a.intake().call(Intake.answer, id, "yes")
            await a.intake().call(Intake.live)
            await asyncio.sleep(5.0)
        if how == "process ended":
            await a.crash()
        else:
            await asyncio.sleep(1010.0 if how == "time is over" else 0.0)
            assert 1 <= in_memory() <= 4  # as handled, and as read
    async with plant(broker, tmp_path / "a", spec) as a:
        await asyncio.sleep(5.0)
        assert (how != "answered and again") <= in_memory() <= 4  # who waits for the next try has no place
        before = len(begun)
        await asyncio.sleep(50.0)
        assert len(begun) > before


async def test_an_intake_that_is_killed_goes_on_with_its_waits(tmp_path: Path) -> None:
    book = Book(asks())
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        (one,) = await held(a, 1)
        a.ref("amqp.work").exit(Kill())
        await asyncio.sleep(1.0)
        await a.intake().call(Intake.answer, one.id, "yes")
        await until(lambda: book.answers == ["yes"])


@pytest.mark.parametrize("how", ["park", "raise", "retry", "hold"])
async def test_what_is_said_of_an_answer_is_done(tmp_path: Path, how: str) -> None:
    async def say(delivery: Received, answer: Any, tx: Effect) -> Any:
        if how == "park":
            return Park("no")
        if how == "raise":
            raise ValueError(f"attempt {delivery.attempt}")
        if how == "retry":
            return Retry("later") if len(book.answers) < 3 else None
        return Hold("and now?") if len(book.answers) < 2 else None

    broker, book = MemoryBroker(), Book(asks(), say)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        (one,) = await held(a, 1)
        await a.intake().call(Intake.answer, one.id, "yes")
        if how == "hold":
            await until(lambda: len(book.answers) == 1)
            (two,) = await held(a, 1)
            assert two.why == "and now?"
            assert two.id != one.id
            await a.intake().call(Intake.answer, two.id, "yes")
        await asyncio.sleep(100.0)
        assert await held(a, 0) == []
        assert len(book.answers) == {"park": 1, "raise": 6, "retry": 3, "hold": 2}[how]
        parked = await a.parked()
        if how in ("park", "raise"):
            assert [one.reason for one in parked] == [{"park": "refused", "raise": "failed"}[how]]
            assert await ids(a) == ["0"]
        else:
            assert parked == []
            assert await ids(a) == ["0", *["answered 0"] * (1 if how == "retry" else 2)]
    before = len(book.answers)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await asyncio.sleep(100.0)
        assert await held(a, 0) == []
        assert len(book.answers) == before


async def test_no_more_are_gone_on_with_at_a_time_than_the_queue_has_credit(tmp_path: Path) -> None:
    live: list[int] = [0, 0]

    async def asks(delivery: Any, tx: Any) -> Any:
        return Hold("may it go?")

    async def goes_on(delivery: Any, answer: Any, tx: Any) -> None:
        live[0] += 1
        live[1] = max(live)
        await asyncio.sleep(1.0)
        live[0] -= 1

    book = Book(asks, goes_on)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, prefetch=5)) as a:
        await send(a.outside, *orders(30))
        await asyncio.sleep(5.0)
        for one in await a.intake().call(Intake.held):
            await a.intake().call(Intake.answer, one.id, "yes")
        await asyncio.sleep(10.0)
        assert live == [0, 5]
        assert len(await a.effects()) == 60
