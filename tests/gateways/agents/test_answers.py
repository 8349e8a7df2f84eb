"""What goes on after an answer: answers are on the disk, who waits for the next try holds up nobody, and all ends."""

import asyncio
import gc
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import Ack, Hold, Intake, MemoryBroker, Retries, consume
from cybernetic.gateways.consumer import waits
from tests.gateways.agents.plant import WORK, Book, Clerk, Plant, orders, plant, send

MANY, SIZE = 20, 70_001


async def asks(delivery: Any, tx: Any) -> Hold:
    return Hold("may it go?")


async def answer_all(a: Plant, make: Any) -> None:
    for held in sorted(await a.intake().call(Intake.held), key=lambda one: int(one.message.id)):
        await a.intake().call(Intake.answer, held.id, make(held.message.id))


def in_memory() -> int:
    """How many answers are: lists of one item, for the collector knows lists and no bytes."""
    gc.collect()
    return sum(
        type(one) is list and len(one) == 1 and type(one[0]) is bytes and len(one[0]) == SIZE
        for one in gc.get_objects()
    )


async def test_answers_that_wait_for_their_turn_are_on_the_disk_and_not_in_memory(tmp_path: Path) -> None:
    async def goes_on(delivery: Any, answer: Any, tx: Any) -> None:
        assert answer == [bytes([int(delivery.message.id)]) * SIZE]
        await asyncio.sleep(20.0)

    broker = MemoryBroker()
    spec = consume(Clerk, Book(asks, goes_on), queue=WORK, prefetch=2)
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, *orders(MANY))
        await asyncio.sleep(5.0)
        await answer_all(a, lambda id: [bytes([int(id)]) * SIZE])
        await asyncio.sleep(1.0)
        assert 1 <= in_memory() <= 6  # as handled, as read, and as encoded last
        await a.crash()
    book = Book(asks)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, prefetch=2)) as a:
        await asyncio.sleep(600.0)
        assert sorted(book.answers) == [[bytes([n]) * SIZE] for n in range(MANY)]


@pytest.mark.parametrize("life", [1, 2])
async def test_one_that_waits_for_its_next_try_holds_up_no_other(tmp_path: Path, life: int) -> None:
    """Its tries are six, as far apart as ever, also where the process ends in between."""
    loop, at, broker = asyncio.get_running_loop(), defaultdict[str, list[float]](list), MemoryBroker()
    outside = await broker.connect()

    async def goes_on(delivery: Any, answer: Any, tx: Any) -> None:
        at[delivery.message.id].append(loop.time())
        if delivery.message.id == "0":
            raise ValueError("always")

    spec = consume(Clerk, Book(asks, goes_on), queue=WORK, prefetch=1)
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, *orders(5))
        await asyncio.sleep(5.0)
        began = loop.time()
        await answer_all(a, lambda id: "yes")
        await asyncio.sleep(2.0 if life == 2 else 100.0)
    if life == 2:
        async with plant(broker, tmp_path / "a", spec) as a:
            await asyncio.sleep(100.0)
    assert [len(at[str(n)]) for n in range(5)] == [6, 1, 1, 1, 1]
    assert max(at[str(n)][0] for n in range(1, 5)) - began < 1.0
    gaps = [after - before for before, after in zip(at["0"], at["0"][1:], strict=False)]
    if life == 2:
        assert gaps.pop(1) >= 2.0  # there the process ended
    assert gaps == pytest.approx([1.0, 2.0, 4.0, 8.0, 16.0] if life == 1 else [1.0, 4.0, 8.0, 16.0])
    assert (await outside.state("work.parked")).messages == 1
    await outside.close()


@pytest.mark.parametrize("where", ["resumed", "Conclusion", "read_one", "hire"])
async def test_what_nobody_foresaw_of_an_answer_is_parked_the_third_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    async def goes_on(delivery: Any, answer: Any, tx: Any) -> Ack:
        return Ack()

    times = 0

    def fails(*args: Any, **options: Any) -> Any:
        nonlocal times
        times += 1
        raise RuntimeError("nobody foresaw this")

    book = Book(asks, goes_on)
    spec = consume(Clerk, book, queue=WORK, retries=Retries(2))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *orders(2))
        await asyncio.sleep(3.0)
        first, second = sorted(await a.intake().call(Intake.held), key=lambda one: one.message.id)
        with monkeypatch.context() as patch:
            patch.setattr(Intake if where == "hire" else waits, where, fails)
            await a.intake().call(Intake.answer, first.id, "yes")
            await asyncio.sleep(8.0)
            if where == "read_one":  # it can be read again before the third time
                patch.undo()
            await asyncio.sleep(20.0)
            assert times == (2 if where == "read_one" else 3)
        if where == "read_one":
            assert await a.parked() == []
            assert "answered 0" in [id for id, _ in await a.effects()]
        else:
            (rests,) = await a.parked()
            assert (rests.id, rests.reason, rests.message.body) == ("0", "not foreseen", b"0")
        await a.intake().call(Intake.answer, second.id, "yes")
        await asyncio.sleep(3.0)
        assert "answered 1" in [id for id, _ in await a.effects()]
        assert await a.intake().call(Intake.held) == []
