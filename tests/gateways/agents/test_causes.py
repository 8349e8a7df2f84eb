"""What caused a message is over before it is handled: also where its cause failed, or went back, and comes again."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways import (
    Author,
    Causal,
    Dot,
    Effect,
    Guard,
    Key,
    Keyring,
    MemoryBroker,
    Received,
    Remember,
    Retry,
    Rules,
    consume,
)
from cybernetic.gateways.consumer.desk import Desk
from cybernetic.gateways.consumer.gates import Causality
from cybernetic.gateways.envelope import pack
from cybernetic.state import StoreFull, StoreLimits
from tests.gateways.agents.plant import WORK, Book, Clerk, plant, send, until

KEY = Key("november", "n" * 32, ["shop"])
GATE = Key("gate", "g" * 32, ["shop"], purpose="gateway")


def guard() -> Guard:
    return Guard(Keyring([KEY, GATE]), Rules(control={"stop"}))


@pytest.mark.parametrize("how", ["fails", "goes back"])
async def test_what_was_caused_waits_for_a_cause_that_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    import cybernetic.gateways.consumer.desk as desk

    monkeypatch.setattr(desk, "PATIENCE", 0.5)
    commit, refused = Desk.commit, 0

    async def commits(self: Desk, effect: Effect, *patience: Any) -> Any:
        nonlocal refused
        if how == "goes back" and refused < 2:
            refused += 1
            raise StoreFull("a", "full")
        return await commit(self, effect, *patience)

    async def fails(delivery: Received, tx: Effect) -> Any:
        return (
            Retry("later")
            if how == "fails" and delivery.body == cause.body and delivery.attempt < 4
            else None
        )

    monkeypatch.setattr(Desk, "commit", commits)
    author, book = Author("shop"), Book(fails)
    first = author.write("order", "shop", b"first")
    second = author.write("order", "shop", b"second", cause=first)
    cause, effect = pack(first, "", "work", KEY), pack(second, "", "work", KEY)
    spec = consume(Clerk, book, queue=WORK, guard=guard(), causal=Causal(wait=30.0))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, cause, effect)

        async def both() -> bool:
            return len(await a.effects()) == 2

        await until(both)
        assert [id for id, _ in await a.effects()] == [first.id, second.id]
        assert book.seen[-1].message.id == second.id
        assert book.seen[-1].missing == ()


async def test_a_cause_that_does_not_come_again_is_waited_for_as_long_as_any_and_told() -> None:
    causality, loop = Causality(100, 30.0), asyncio.get_running_loop()
    x, a, b = (Dot("node", "first", number) for number in (1, 2, 3))
    assert await causality.turn(x, ()) == ()
    began = loop.time()
    waits = asyncio.ensure_future(causality.turn(a, (x,)))
    await asyncio.sleep(1.0)
    causality.leave(x, over=False)
    assert await waits == (x,)
    assert loop.time() - began == pytest.approx(31.0)
    causality.leave(a, over=True)
    assert await causality.turn(b, (a, x)) == ()
    assert causality._working.keys() == {b}


async def test_no_more_causes_are_waited_for_than_may_be_held() -> None:
    causality = Causality(3, 30.0)
    dots = [Dot("node", "first", number) for number in range(1, 10)]
    for dot in dots:
        await causality.turn(dot, ())
        causality.leave(dot, over=False)
    assert list(causality._away) == dots[-3:]
    assert list(causality._working) == dots[-3:]


async def test_those_that_wait_are_counted_together_whatever_they_wait_for() -> None:
    causality = Causality(2, 30.0)
    x, y, a, b, c = (Dot("node", "first", number) for number in range(1, 6))
    await causality.turn(x, ())
    causality.leave(x, over=False)
    waits = []
    for dot, cause in ((a, x), (b, y), (c, y)):
        waits.append(asyncio.ensure_future(causality.turn(dot, (cause,))))
        await asyncio.sleep(1.0)
    assert [one.done() for one in waits] == [True, False, False]
    assert await waits[0] == (x,)
    await asyncio.sleep(30.0)
    assert [await one for one in waits[1:]] == [(y,), (y,)]


async def test_a_control_message_that_finds_no_room_for_its_nonce_goes_back_and_is_no_replay(
    tmp_path: Path,
) -> None:
    book, author = Book(), Author("shop")
    spec = consume(Clerk, book, queue=WORK, guard=guard())
    remember = Remember(nonces=StoreLimits(count=3))
    stops = [author.write("stop", "shop", f"{n}".encode()) for n in range(6)]
    async with plant(MemoryBroker(), tmp_path / "a", spec, remember=remember) as a:
        await send(a.outside, *[pack(one, "", "work", KEY) for one in stops[:3]])
        await until(lambda: len(book.seen) == 3)
        await send(a.outside, *[pack(one, "", "work", KEY) for one in stops[3:]])
        await asyncio.sleep(20.0)
        assert len(book.seen) == 3
        assert await a.parked() == []


async def test_two_that_name_each_other_and_are_tried_again_hold_nobody_for_ever(tmp_path: Path) -> None:
    async def once_not(delivery: Received, tx: Effect) -> Any:
        assert delivery.envelope is not None
        bad = delivery.attempt == 1 and delivery.envelope.payload in (b"A", b"B")
        return Retry("later") if bad else None

    author, book = Author("shop"), Book(once_not)
    first = author.write("order", "shop", b"A")
    second = author.write("order", "shop", b"B", cause=first)
    first = first._replace(causes=(second.dot,))
    others = [author.write("order", "shop", f"g{n}".encode()) for n in range(4)]
    spec = consume(Clerk, book, queue=WORK, guard=guard(), causal=Causal(wait=5.0), prefetch=2)
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *(pack(one, "", "work", KEY) for one in (first, second)))
        await asyncio.sleep(20.0)
        await send(a.outside, *(pack(one, "", "work", KEY) for one in others))
        await asyncio.sleep(120.0)
        assert len(await a.effects()) == 6
        assert await a.parked() == []


def test_not_all_of_the_prefetch_may_wait_for_causes() -> None:
    book = Book()
    for held in (5, 6, 1000):
        with pytest.raises(OptionError, match="causal, held: expected less than the prefetch, 5"):
            consume(Clerk, book, queue=WORK, guard=guard(), causal=Causal(held), prefetch=5)
    assert Causal().most(50) == 49
    assert Causal(4).most(5) == 4


async def test_one_place_is_left_for_a_cause_that_comes_late(tmp_path: Path) -> None:
    author, book = Author("shop"), Book()
    cause = author.write("order", "shop", b"cause")
    effects = [author.write("order", "shop", f"{n}".encode(), cause=cause) for n in range(12)]
    spec = consume(Clerk, book, queue=WORK, guard=guard(), causal=Causal(wait=30.0), prefetch=5)
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *(pack(one, "", "work", KEY) for one in (*effects, cause)))
        await asyncio.sleep(1.0)  # nobody had to wait for the end of its time
        told = {one.message.id: one.missing for one in book.seen}
        assert len(told) == 13
        # the last four were still waiting, and came after it
        assert [one.id for one in effects if not told[one.id]] == [one.id for one in effects[-4:]]
        assert all(told[one.id] == (cause.dot,) for one in effects[:-4])
        assert [one.message.id for one in book.seen][-5:] == [cause.id, *(one.id for one in effects[-4:])]


async def test_one_place_is_left_for_a_cause_that_is_tried_again(tmp_path: Path) -> None:
    async def fails(delivery: Received, tx: Effect) -> Any:
        return Retry("later") if delivery.message.id == cause.id and delivery.attempt < 2 else None

    author, book = Author("shop"), Book(fails)
    cause = author.write("order", "shop", b"cause")
    effects = [author.write("order", "shop", f"{n}".encode(), cause=cause) for n in range(8)]
    spec = consume(Clerk, book, queue=WORK, guard=guard(), causal=Causal(wait=30.0), prefetch=5)
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *(pack(one, "", "work", KEY) for one in (cause, *effects)))
        await asyncio.sleep(3.0)
        flagged = [one.message.id for one in book.seen if one.missing]
        assert flagged == [one.id for one in effects[:4]]
        assert [one.message.id for one in book.seen][-4:] == [one.id for one in effects[-4:]]


async def test_those_that_wait_for_each_other_do_not_wait_until_their_time_is_over() -> None:
    """Also by way of a third."""
    causality, loop = Causality(9, 30.0), asyncio.get_running_loop()
    a, b, c = (Dot("node", "first", number) for number in range(1, 4))
    for dot in (a, b, c):
        await causality.turn(dot, ())
        causality.leave(dot, over=False)
    waits = []
    for dot, cause in ((a, b), (b, c)):
        waits.append(asyncio.ensure_future(causality.turn(dot, (cause,))))
        await asyncio.sleep(0.1)
    before = loop.time()
    assert await causality.turn(c, (a,)) == (a,)
    assert loop.time() == before
    for dot, wait in ((c, waits[1]), (b, waits[0])):
        causality.done(dot)
        assert await wait == ()
