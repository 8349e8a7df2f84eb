"""What a gateway remembers of effects: bounded, for as long as told, asked for room before anything is handled."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError, attach
from cybernetic.gateways import (
    Author,
    Effect,
    Gateway,
    Guard,
    Hold,
    InboxFilling,
    Intake,
    Key,
    Keyring,
    MemoryBroker,
    Message,
    Queue,
    Received,
    Remember,
    Retries,
    Rules,
    consume,
)
from cybernetic.gateways.consumer.terms import AGE, DAY, terms_of
from cybernetic.gateways.envelope import pack
from cybernetic.state import Inbox, StoreLimits
from tests.gateways.agents.plant import WORK, Book, Clerk, orders, plant, send, until

KEY = Key("november", "n" * 32, ["shop", "till"])
GATE = Key("gate", "g" * 32, ["shop"], purpose="gateway")
DEAD = {"dead_letter": "", "dead_letter_key": "dead"}


@pytest.fixture
def filling() -> Iterator[list[InboxFilling]]:
    heard: list[InboxFilling] = []
    detach = attach(InboxFilling, heard.append)
    yield heard
    detach()


def few(count: int, **options: Any) -> Remember:
    return Remember(StoreLimits(count=count), **options)


# Bounds.


async def test_with_a_full_inbox_no_handler_runs_in_vain_and_all_go_on_when_keys_expire(
    tmp_path: Path,
) -> None:
    book = Book()
    spec = consume(Clerk, book, queue=Queue("work", ttl=7200.0, **DEAD))  # type: ignore[arg-type]
    async with plant(MemoryBroker(), tmp_path / "a", spec, remember=few(20, outage=0)) as a:
        await send(a.outside, *orders(20))
        await asyncio.sleep(6000.0)
        await send(a.outside, *orders(10, first=20))
        await asyncio.sleep(3000.0)
        assert len(await a.effects()) == len(book.seen) == 20
        await asyncio.sleep(3000.0)
        assert {id for id, _ in await a.effects()} == {str(n) for n in range(30)}
        assert len(book.seen) == 30


async def test_room_is_held_while_handlers_work_so_that_each_finds_it(tmp_path: Path) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(50.0)

    book = Book(slow)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK), remember=few(5)) as a:
        await send(a.outside, *orders(50))
        await asyncio.sleep(3000.0)
        assert len(book.seen) == len(await a.effects()) == 5


async def test_an_inbox_that_fills_says_so_once(
    tmp_path: Path, filling: list[InboxFilling], caplog: pytest.LogCaptureFixture
) -> None:
    book = Book()
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK), remember=few(50)) as a:
        await send(a.outside, *orders(39))
        await asyncio.sleep(100.0)
        assert not filling
        with caplog.at_level(logging.WARNING, "cybernetic.gateways"):
            await send(a.outside, *orders(5, first=39))
            await asyncio.sleep(300.0)
        assert [one.count for one in filling] == [44]
        assert filling[0].share == pytest.approx(0.88)
        assert sum("44 effects, 88 %" in line for line in caplog.messages) == 1


async def test_what_may_be_done_twice_is_not_remembered(tmp_path: Path) -> None:
    book = Book()
    spec = consume(Clerk, book, queue=WORK, once=False)
    async with plant(MemoryBroker(), tmp_path / "a", spec, remember=few(3)) as a:
        await send(a.outside, *orders(10), *orders(10))
        await until(lambda: len(book.seen) == 20)
        await asyncio.sleep(1.0)
        assert len(await a.effects()) == 20
        assert (await Inbox.open(a.shelf.open(), StoreLimits(count=3))).count == 0
        assert all(one.key == "" for one in book.seen)


# For how long.


@pytest.mark.parametrize(
    ("ttl", "rules", "age"),
    [
        (None, None, AGE),
        (5.0, None, 5.0 + 90.0),
        (9 * DAY, None, 9 * DAY + 90.0),
        (5.0, Rules(), DAY),
        (5.0, Rules(ttl=2 * DAY), 2 * DAY),
        (None, Rules(ttl=5.0, ages={"slow": 8 * DAY}), 8 * DAY),
    ],
)
def test_keys_outlive_the_oldest_message_its_retries_and_an_outage(
    ttl: float | None, rules: Rules | None, age: float
) -> None:
    guard = None if rules is None else Guard(Keyring([KEY, GATE]), rules)
    queue = Queue("work") if ttl is None else Queue("work", ttl=ttl, **DEAD)  # type: ignore[arg-type]
    terms = terms_of(queue, Retries(), guard, True)
    assert terms.round == pytest.approx(31 * 1.1)
    least = age + 31 * 1.1 + 100.0
    assert Remember(outage=100.0).kept(terms) == pytest.approx(least)
    assert Remember(outage=100.0, keep=least + 1).kept(terms) == least + 1
    with pytest.raises(OptionError, match="keep: expected at least"):
        Remember(outage=100.0, keep=least - 1).kept(terms)


def test_a_gateway_refuses_to_remember_for_too_short_at_the_line(tmp_path: Path) -> None:
    work = [consume(Clerk, Book(), queue=WORK)]
    Gateway(MemoryBroker(), tmp_path / "a", None, work, remember=Remember(keep=AGE + DAY + 40))
    with pytest.raises(OptionError, match="keep"):
        Gateway(MemoryBroker(), tmp_path / "a", None, work, remember=Remember(keep=AGE))


@pytest.mark.parametrize(
    "wrong", [{"limits": 5}, {"limits": StoreLimits(age=5)}, {"nonces": 5}, {"outage": -1}, {"keep": 0}]
)
def test_impossible_limits_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="remember"):
        Remember(**wrong)


async def test_a_repetition_has_no_effect_until_its_key_has_expired(tmp_path: Path) -> None:
    book = Book()
    queue = Queue("work", ttl=60.0, **DEAD)  # type: ignore[arg-type]
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=queue)) as a:
        (order,) = orders(1)
        await send(a.outside, order)
        await asyncio.sleep(2 * DAY)
        await send(a.outside, order)
        await asyncio.sleep(5.0)
        assert len(await a.effects()) == 1


# Another message under a known id.


@pytest.mark.parametrize("restarted", [False, True])
async def test_another_message_under_a_known_id_is_parked_and_the_same_one_is_not(
    tmp_path: Path, restarted: bool
) -> None:
    book, broker = Book(), MemoryBroker()
    spec = consume(Clerk, book, queue=WORK)
    one, two = (Message(body, routing_key="work", id="1") for body in (b"one", b"two"))
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, one)
        await asyncio.sleep(1.0)
        if not restarted:
            await send(a.outside, one, two, two, one)
            await asyncio.sleep(1.0)
            assert [one.reason for one in await a.parked()] == ["another message under this id"] * 2
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, one, two, one)
        await asyncio.sleep(5.0)
        assert await a.effects() == [("1", b"one")]
        for rests in await a.parked():
            assert (rests.reason, rests.message.body) == ("another message under this id", b"two")
            assert "of other content" in rests.why
        assert len(await a.parked()) == (1 if restarted else 3)
        assert await a.ready("work") == 0


async def test_two_messages_of_one_id_that_fail_are_both_parked(tmp_path: Path) -> None:
    async def bad(delivery: Received, tx: Effect) -> None:
        raise ValueError("no")

    spec = consume(Clerk, Book(bad), queue=WORK, retries=Retries(2))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *(Message(body, routing_key="work", id="1") for body in (b"one", b"two")))
        await asyncio.sleep(20.0)
        assert {one.message.body for one in await a.parked()} == {b"one", b"two"}


async def test_two_messages_of_one_id_that_wait_for_a_person_do_not_hide_each_other(tmp_path: Path) -> None:
    async def ask(delivery: Received, tx: Effect) -> Any:
        return Hold("may it?")

    book = Book(ask)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *(Message(body, routing_key="work", id="1") for body in (b"one", b"two")))
        await asyncio.sleep(1.0)
        waits = await a.intake().call(Intake.held)
        assert {held.message.body for held in waits} == {b"one", b"two"}
        for held in waits:
            await a.intake().call(Intake.answer, held.id, "yes")
        await asyncio.sleep(2.0)
        answered = [body for id, body in await a.effects() if id == "answered 1"]
        (rests,) = await a.parked()
        assert {*answered, rests.message.body} == {b"one", b"two"}
        assert rests.reason == "another message under this id"
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        assert await a.intake().call(Intake.held) == []


async def test_a_signed_message_is_known_whoever_signs_it_anew_and_nobody_else_takes_its_id(
    tmp_path: Path,
) -> None:
    book, author, desk = Book(), Author("node"), Key("desk", "d" * 32, ["shop", "operator"])
    keeper = Guard(Keyring([KEY, GATE, desk], {"work": "november"}))
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, guard=keeper)) as a:
        sent = author.write("order", "shop", b"\x01")
        same = author.renew(sent), author.renew(sent, signer="operator")
        await send(a.outside, *(pack(one, "", "work", desk) for one in (sent, *same)))
        other = author.write("order", "till", b"\x02")._replace(id=sent.id, root=sent.id)
        await send(a.outside, pack(other, "", "work", KEY))
        await send(a.outside, pack(sent._replace(payload=b"\x03", nonce="new"), "", "work", KEY))
        await asyncio.sleep(2.0)
        assert [one.envelope.payload for one in book.seen if one.envelope] == [b"\x01", b"\x02"]
        assert [one.reason for one in await a.parked()] == ["another message under this id"]


async def test_a_wait_under_whose_id_another_had_its_effect_meanwhile_is_over_when_it_is_answered(
    tmp_path: Path,
) -> None:
    async def ask_first(delivery: Received, tx: Effect) -> Any:
        return Hold("may it?") if len(book.seen) == 1 else None

    book, (order,) = Book(ask_first), orders(1)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, order)
        await until(lambda: book.seen)
        await asyncio.sleep(1.0)
        await send(a.outside, replace(order, body=b"another"))
        await until(lambda: len(book.seen) == 2)
        await asyncio.sleep(1.0)
        (held,) = await a.intake().call(Intake.held)
        await a.intake().call(Intake.answer, held.id, "yes")
        await asyncio.sleep(1.0)
        assert [one.reason for one in await a.parked()] == ["another message under this id"]
        assert [body for _, body in await a.effects()] == [order.body, b"another"]
        assert len(book.answers) == 1
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await asyncio.sleep(5.0)
        assert len(book.answers) == 1
