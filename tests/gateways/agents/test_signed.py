"""What a consumer of signed messages takes, and what it parks without ever having it handled."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import wall
from cybernetic.gateways import (
    Author,
    Causal,
    Dot,
    Effect,
    Envelope,
    Guard,
    Hold,
    Intake,
    Key,
    Keyring,
    Letter,
    MemoryBroker,
    Message,
    Publisher,
    Received,
    Rules,
    Signer,
    consume,
)
from cybernetic.gateways.consumer.ticket import SEAL, TICKET, Ticket, ticketed
from cybernetic.gateways.envelope import Limits, pack
from cybernetic.wire import Codec
from tests.gateways.agents.plant import WORK, Book, Clerk, orders, plant, send, until

KEY = Key("november", "n" * 32, ["shop"])
NEXT = Key("december", "d" * 32, ["shop"])
ELSE = Key("abroad", "a" * 32, ["bank"])
GATE = Key("gate", "g" * 32, ["shop"], purpose="gateway")
CODEC = Codec()
RULES = Rules(
    ttl=3600.0,
    types={"order": dict, "stop": object},
    control={"stop"},
    decode=CODEC.decode,
    limits=Limits(body=2000, headers=4000),
)
AUTHOR = Author("shop")


def ring(*keys: Key) -> Keyring:
    return Keyring([*keys, GATE], {"work": keys[-1].id})


def guard(*keys: Key) -> Guard:
    return Guard(ring(*(keys or (KEY,))), RULES)


def envelope(type: str = "order", value: Any = None, author: Author = AUTHOR, **options: Any) -> Envelope:
    payload = CODEC.encode({"a": 1} if value is None else value)
    return author.write(type, options.pop("source", "shop/till"), payload, **options)


def message(key: Key = KEY, routing_key: str = "work", to: str = "work", **options: Any) -> Message:
    packed = pack(envelope(**options), "", routing_key, key)
    return replace(packed, routing_key=to)


def bad_messages() -> dict[str, Message]:
    good = message()
    early = Author("shop", now=lambda: wall() - 7200.0)
    late = Author("shop", now=lambda: wall() + 600.0)
    return {
        "unsigned": Message(b"pay me", routing_key="work", id="u"),
        "tampered": replace(good, body=good.body[:-2] + bytes([good.body[-2] ^ 1]) + good.body[-1:]),
        "stale": message(author=early),
        "from_the_future": message(author=late),
        "oversize": replace(good, body=good.body + b"x" * 3000),
        "undecodable": replace(good, body=b"\x00garbage"),
        "unknown_version": replace(message(), body=b"\x99" + good.body[1:]),
        "wrong_type": message(value=[1, 2]),
        "unknown_key": message(Key("nobody", "x" * 32, ["shop"])),
        "not_allowed": message(Key("abroad", "a" * 32, ["shop"])),
        "moved": message(routing_key="other"),
    }


@pytest.mark.parametrize("fault", sorted(set(bad_messages()) - {"unknown_version", "not_allowed"}))
async def test_what_is_unfit_is_parked_and_never_handled_and_blocks_nobody(
    tmp_path: Path, fault: str
) -> None:
    book = Book()
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, guard=guard())) as a:
        good = message()
        await send(a.outside, bad_messages()[fault], good)
        await until(lambda: book.seen)
        await asyncio.sleep(5.0)
        assert [one.message.id for one in book.seen] == [good.id]
        (one,) = await a.parked()
        assert one.reason == fault, one.why
        assert one.why.startswith(fault)
        assert len(one.why) > len(fault)
        assert await a.ready("work") == 0


async def test_a_key_that_is_not_for_the_path_is_refused(tmp_path: Path) -> None:
    book = Book()
    spec = consume(Clerk, book, queue=WORK, guard=guard(KEY, ELSE))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, message(Key("abroad", "a" * 32, ["shop"])))
        await asyncio.sleep(5.0)
        assert [one.reason for one in await a.parked()] == ["not_allowed"]
        assert not book.seen


async def test_a_good_message_comes_with_envelope_and_value(tmp_path: Path) -> None:
    book = Book()
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, guard=guard())) as a:
        sent = message(value={"price": 3})
        await send(a.outside, sent)
        await until(lambda: book.seen)
        (one,) = book.seen
        assert one.value == {"price": 3}
        assert one.envelope is not None
        assert one.envelope.source == "shop/till"
        assert one.envelope.id == sent.id == one.message.id


async def test_a_control_message_takes_effect_once_and_its_replay_is_parked_also_after_a_restart(
    tmp_path: Path,
) -> None:
    broker, book = MemoryBroker(), Book()
    spec = consume(Clerk, book, queue=WORK, guard=guard())
    stop = message(type="stop", value="now")
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, stop)
        await until(lambda: book.seen)
        await send(a.outside, stop)
        await asyncio.sleep(1.0)
        assert [one.reason for one in await a.parked()] == ["replayed"]
        assert len(book.seen) == 1
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, stop)
        await asyncio.sleep(1.0)
        assert len(book.seen) == 1
        assert {one.reason for one in await a.parked()} == {"replayed"}


async def test_work_that_is_replayed_takes_effect_once(tmp_path: Path) -> None:
    broker = MemoryBroker()
    order = message()
    for _ in range(3):
        book = Book()
        async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, guard=guard())) as a:
            await send(a.outside, order, order)
            await asyncio.sleep(1.0)
            assert len(await a.effects()) == 1
            assert await a.parked() == []


@pytest.mark.parametrize("forged", ["seal", "body", "none", "queue", "text", "by a sender"])
async def test_a_forged_ticket_is_parked_and_its_message_not_handled(tmp_path: Path, forged: str) -> None:
    book = Book()
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, guard=guard())) as a:
        order = message()
        ticket = Ticket("else" if forged == "queue" else "work", "", "work", wall())
        sealed = ticketed(order, ticket, KEY if forged == "by a sender" else GATE, "", "work")
        headers = dict(sealed.headers)
        if forged == "seal":
            headers[SEAL] = f"gate {'0' * 64}"
        elif forged == "none":
            del headers[SEAL]
        elif forged == "text":
            headers[TICKET] = str(headers[TICKET]).replace('"work"', '"wOrk"')
        body = order.body + b" " if forged == "body" else order.body
        await send(a.outside, replace(sealed, headers=headers, body=body))
        await asyncio.sleep(5.0)
        assert not book.seen
        assert [one.reason for one in await a.parked()] == ["tampered"]


async def test_retries_and_holds_of_signed_messages_work(tmp_path: Path) -> None:
    async def again(delivery: Received, tx: Effect) -> Any:
        if delivery.attempt < 4:
            raise ValueError("later")
        return Hold("may it?")

    book = Book(again)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, guard=guard())) as a:
        order = message(value={"n": 7})
        await send(a.outside, order)
        await until(lambda: len(book.seen) == 4)
        await asyncio.sleep(1.0)
        assert all(one.envelope and one.value == {"n": 7} for one in book.seen)
        (held,) = await a.intake().call(Intake.held)
        await a.intake().call(Intake.answer, held.id, True)
        await until(lambda: book.answers == [True])
        assert await a.parked() == []


async def test_what_waits_for_a_retry_is_no_staler_than_when_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = {"ahead": 0.0}
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + gate["ahead"])

    async def again(delivery: Received, tx: Effect) -> None:
        if delivery.attempt == 1:
            gate["ahead"] = 7200.0
            raise ValueError("later")

    book = Book(again)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, guard=guard())) as a:
        await send(a.outside, message())
        await until(lambda: len(book.seen) == 2)
        await asyncio.sleep(1.0)
        assert len(await a.effects()) == 1
        assert await a.parked() == []


async def test_keys_are_rotated_by_a_new_keyring(tmp_path: Path) -> None:
    book, keeper = Book(), guard(KEY)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, guard=keeper)) as a:
        await send(a.outside, message(KEY), message(NEXT))
        await asyncio.sleep(1.0)
        assert len(book.seen) == 1
        keeper.keyring = ring(KEY, NEXT)
        await send(a.outside, message(KEY), message(NEXT))
        await asyncio.sleep(1.0)
        assert len(book.seen) == 3
        keeper.keyring = ring(NEXT)
        await send(a.outside, message(KEY), message(NEXT))
        await asyncio.sleep(1.0)
        assert len(book.seen) == 4
        assert [one.reason for one in await a.parked()] == ["unknown_key"] * 2


async def test_a_ticket_sealed_before_a_rotation_is_read_after_it(tmp_path: Path) -> None:
    async def again(delivery: Received, tx: Effect) -> None:
        if delivery.attempt == 1:
            raise ValueError("later")

    fresh = Key("new gate", "h" * 32, ["shop"], purpose="gateway")
    book, keeper = Book(again), guard(KEY)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, guard=keeper)) as a:
        await send(a.outside, message(KEY))
        await until(lambda: len(book.seen) == 1)
        keeper.keyring = Keyring([KEY, GATE, fresh], {"gateway": "new gate"})
        await until(lambda: len(book.seen) == 2)
        assert book.seen[1].attempt == 2


async def test_letters_are_signed_anew_at_each_send(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that waited in the outbox for two hours is as fresh as any, and under the key of now."""
    gate = {"ahead": 0.0}
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + gate["ahead"])
    broker, book = MemoryBroker(), Book()
    signer = Signer(Keyring([KEY]), AUTHOR)
    spec = consume(Clerk, book, queue=WORK, guard=guard(KEY, NEXT))
    async with plant(broker, tmp_path / "a", spec, signer=signer) as a:
        broker.stop()
        await asyncio.sleep(1.0)
        letters = [Letter(envelope(), routing_key="work") for _ in range(5)]
        for letter in letters:
            await a.publisher.call(Publisher.post, letter)
        gate["ahead"] = 7200.0
        signer.keyring = Keyring([NEXT])
        broker.start()
        await until(lambda: len(book.seen) == 5)
        assert [one.message.id for one in book.seen] == [letter.id for letter in letters]
        said = [one.envelope for one in book.seen]
        assert all(one is not None and one.timestamp > real() + 7000 for one in said)
        assert (
            len({one.nonce for one in said if one is not None} | {one.envelope.nonce for one in letters})
            == 10
        )
        await asyncio.sleep(5.0)
    async with plant(broker, tmp_path / "a", spec) as a:
        assert await a.parked() == []


async def test_a_letter_that_the_key_of_now_may_not_sign_is_set_aside_and_told(tmp_path: Path) -> None:
    from cybernetic.gateways import NotSent

    signer = Signer(Keyring([ELSE]), AUTHOR)
    async with plant(MemoryBroker(), tmp_path / "a", signer=signer) as a:
        with pytest.raises(NotSent, match="may sign"):
            await a.publisher.call(Publisher.publish, Letter(envelope(), routing_key="out"))
        assert (await a.publish(b"x")).confirmed


async def test_a_handler_may_send_letters_with_its_effect(tmp_path: Path) -> None:
    async def answer(delivery: Received, tx: Effect) -> None:
        if delivery.envelope is not None and delivery.envelope.type == "order":
            tx.publish(Letter(envelope("stop", "done"), routing_key="work"))

    book = Book(answer)
    spec = consume(Clerk, book, queue=WORK, guard=guard())
    async with plant(MemoryBroker(), tmp_path / "a", spec, signer=Signer(Keyring([KEY]), AUTHOR)) as a:
        await send(a.outside, message())
        await until(lambda: len(book.seen) == 2)
        assert book.seen[1].value == "done"


async def test_causes_come_before_their_effects(tmp_path: Path) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(0.5)

    book = Book(slow)
    spec = consume(Clerk, book, queue=WORK, guard=guard(), causal=Causal(wait=30.0))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        first = envelope()
        second = envelope(cause=first)
        third = envelope(cause=second, causes=(first.dot, second.dot))
        for one in (third, second):
            await send(a.outside, pack(one, "", "work", KEY))
        await asyncio.sleep(10.0)
        assert not book.seen
        await send(a.outside, pack(first, "", "work", KEY))
        await until(lambda: len(book.seen) == 3)
        assert [one.message.id for one in book.seen] == [first.id, second.id, third.id]
        assert all(one.missing == () for one in book.seen)
        assert book.at[1] >= book.at[0] + 0.5
        assert book.at[2] >= book.at[1] + 0.5


async def test_a_cause_that_does_not_come_is_not_waited_for_without_end(tmp_path: Path) -> None:
    book = Book()
    spec = consume(Clerk, book, queue=WORK, guard=guard(), causal=Causal(wait=30.0))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        lost = Dot("shop", "x", 1)
        await send(a.outside, pack(envelope(causes=(lost,)), "", "work", KEY))
        await asyncio.sleep(29.0)
        assert not book.seen
        await asyncio.sleep(2.0)
        assert [one.missing for one in book.seen] == [(lost,)]


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_a_step_of_the_wall_clock_by_an_hour_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    gate = {"ahead": 0.0}
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + gate["ahead"])

    async def again(delivery: Received, tx: Effect) -> Any:
        n = int(delivery.message.id)
        if n == 1 and delivery.attempt == 1:
            raise ValueError("later")
        return Hold("well?", 100.0) if n == 2 else None

    broker, book = MemoryBroker(), Book(again)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(10))
        await until(lambda: len(book.seen) == 10)
        broker.block()
        for one in orders(10, first=10):
            await a.publisher.call(Publisher.post, one)
        gate["ahead"] = step
        broker.unblock()
        await asyncio.sleep(50.0)
        assert book.answers == []
        await asyncio.sleep(60.0)
        assert book.answers == [None]
        ids = [id for id, _ in await a.effects()]
        assert sorted(ids) == sorted([*(str(n) for n in range(20)), "answered 2"])
        gate["ahead"] = 0.0
    async with plant(broker, tmp_path / "a", consume(Clerk, Book(), queue=WORK)) as a:
        await send(a.outside, *orders(21))
        await asyncio.sleep(10.0)
        assert len(await a.effects()) == 22
        assert await a.parked() == []
