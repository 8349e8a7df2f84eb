"""What arrives twice goes round once: copies of ours have a name, and a message on its way is not sent anew."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import Hold, Intake, MemoryBroker, Park, Retry, consume, parked, requeue
from cybernetic.gateways.broker.memory.outlet import MemoryOutlet
from cybernetic.gateways.consumer.taps import Tap
from tests.gateways.agents.plant import WORK, Book, Clerk, orders, plant, send


async def fails(delivery: Any, tx: Any) -> Retry:
    return Retry("no")


async def asks(delivery: Any, tx: Any) -> Any:
    return Hold("may it go?")


def losing(monkeypatch: pytest.MonkeyPatch, broker: MemoryBroker, words: tuple[str, ...]) -> list[str]:
    """Lose the confirm of the first copy into each queue whose name has one of `words`; which these were."""
    cuts: list[str] = []
    real = MemoryOutlet._send

    def send(self: Any, number: int, message: Any) -> None:
        key = message.routing_key
        if key not in cuts and any(word in key for word in words):
            cuts.append(key)
            asyncio.get_running_loop().call_soon(broker.cut, "lost")
        real(self, number, message)

    monkeypatch.setattr(MemoryOutlet, "_send", send)
    return cuts


async def test_what_always_fails_is_seen_six_times_with_a_lost_confirm_at_each_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, book = MemoryBroker(), Book(fails)
    cuts = losing(monkeypatch, broker, (".retry.",))
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(300.0)
        session = await broker.connect()
        assert len(cuts) == 5
        assert (len(book.seen), len(await parked(session, "work"))) == (6, 1)
        await session.close()


async def test_what_its_sender_publishes_twice_rests_once(tmp_path: Path) -> None:
    book = Book(fails)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1), *orders(1))
        await asyncio.sleep(200.0)
        assert (len(book.seen), len(await a.parked())) == (7, 1)


@pytest.mark.parametrize("life", [1, 2])
async def test_a_duplicate_of_one_that_is_on_its_way_goes_no_way_of_its_own(
    tmp_path: Path, life: int
) -> None:
    """Also where the process has been started anew meanwhile."""
    broker, book = MemoryBroker(), Book(fails)
    outside = await broker.connect()
    for _ in range(life):
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
            if not book.seen:
                await send(a.outside, *orders(1))
            await asyncio.sleep(1.5)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(200.0)
        assert (len(book.seen), len(await a.parked())) == (7, 1)
    await outside.close()


async def test_a_copy_that_arrives_twice_asks_once_and_has_one_effect(tmp_path: Path) -> None:
    async def second(delivery: Any, tx: Any) -> Any:
        return Retry("not now") if delivery.attempt == 1 else Hold("may it go?")

    async def refuses(delivery: Any, answer: Any, tx: Any) -> Any:
        return Park("no")

    broker, book = MemoryBroker(), Book(second, refuses)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        copies: list[Any] = []
        real = MemoryOutlet._send

        def keep(self: Any, number: int, message: Any) -> None:
            if ".retry." in message.routing_key:
                copies.append(message)
            real(self, number, message)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(MemoryOutlet, "_send", keep)
            await send(a.outside, *orders(1))
            await asyncio.sleep(3.0)
        (held,) = await a.intake().call(Intake.held)
        await a.intake().call(Intake.answer, held.id, "no")
        await asyncio.sleep(1.0)
        await send(a.outside, *copies)
        await asyncio.sleep(3.0)
        assert await a.intake().call(Intake.held) == []
        assert (len(copies), len(book.seen), len(await a.effects()), len(await a.parked())) == (1, 2, 1, 1)
        await requeue(a.outside, "work", ["0"])  # that is another copy
        await asyncio.sleep(3.0)
        assert len(await a.intake().call(Intake.held)) == 1


async def test_a_hold_whose_acknowledgement_was_lost_is_not_asked_again_after_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same delivery comes again, when what it asked for was refused and rests: its first effect is not doubled."""

    async def refuses(delivery: Any, answer: Any, tx: Any) -> Any:
        return Park("no")

    broker = MemoryBroker()
    outside = await broker.connect()
    with monkeypatch.context() as deaf:
        deaf.setattr(Tap, "done", lambda tap, tag: None)  # what is acknowledged does not arrive
        async with plant(broker, tmp_path / "a", consume(Clerk, Book(asks, refuses), queue=WORK)) as a:
            await send(a.outside, *orders(1))
            await asyncio.sleep(1.0)
            (held,) = await a.intake().call(Intake.held)
            await a.intake().call(Intake.answer, held.id, "no")
            await asyncio.sleep(1.0)
            await a.crash()
    async with plant(broker, tmp_path / "a", consume(Clerk, Book(asks, refuses), queue=WORK)) as a:
        await asyncio.sleep(5.0)
        assert await a.intake().call(Intake.held) == []
        assert (len(await a.effects()), len(await a.parked())) == (1, 1)
    await outside.close()
