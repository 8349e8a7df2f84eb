"""What a person does with parked messages: look, put back, discard; none is lost by it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways import (
    Author,
    Effect,
    Guard,
    Key,
    Keyring,
    MemoryBroker,
    Message,
    NotDeclared,
    NotSent,
    ParkedMessage,
    Queue,
    Received,
    consume,
    discard,
    parked,
    requeue,
)
from cybernetic.gateways import Retries as Tries
from cybernetic.gateways.consumer.ticket import Ticket, ticketed
from cybernetic.gateways.envelope import pack
from cybernetic.gateways.parking import UNVERIFIED
from tests.gateways.agents.plant import WORK, Book, Clerk, Plant, idle, orders, plant, send, until

KEY = Key("november", "n" * 32, ["shop"])
GATE = Key("gate", "g" * 32, ["shop"], purpose="gateway")
DESK = Key("desk", "d" * 32, ["shop", "operator"], purpose="operator")
NONE = Tries(0)


class Moody(Book):
    """Fails while `bad` is true."""

    def __init__(self) -> None:
        super().__init__(self._handle)
        self.bad = True

    async def _handle(self, delivery: Received, tx: Effect) -> None:
        if self.bad:
            raise ValueError("bad mood")


async def handled(book: Book, id: str, times: int) -> None:
    await until(lambda: book.count(id) == times)


async def resting(a: Plant, count: int) -> list[Any]:
    async def so_many() -> bool:
        return await a.ready("work.parked") == count

    await until(so_many)
    return await a.parked()


async def test_looking_changes_nothing(tmp_path: Path) -> None:
    book = Moody()
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, retries=NONE)) as a:
        await send(a.outside, *orders(5))
        await resting(a, 5)
        for _ in range(3):
            assert [one.id for one in await a.parked()] == [str(n) for n in range(5)]
        assert len(await parked(a.outside, "work", limit=2)) == 2
        await resting(a, 5)
        with pytest.raises(NotDeclared):
            await parked(a.outside, "nothing")


async def test_discard_takes_those_and_no_others(tmp_path: Path) -> None:
    book = Moody()
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, retries=NONE)) as a:
        await send(a.outside, *orders(5))
        await resting(a, 5)
        assert await discard(a.outside, "work", {"1", "3", "9"}) == ["1", "3"]
        assert {one.id for one in await resting(a, 3)} == {"0", "2", "4"}


async def test_what_is_put_back_is_tried_as_if_new_and_parked_again_if_it_fails_again(tmp_path: Path) -> None:
    book = Moody()
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, retries=NONE)) as a:
        await send(a.outside, *orders(3))
        await resting(a, 3)
        for turn in range(1, 4):
            assert sorted(await requeue(a.outside, "work", {"0", "1"})) == ["0", "1"]
            await handled(book, "1", turn + 1)
            again = {one.id: one for one in await resting(a, 3)}
            assert again["0"].ticket.requeued == turn
            assert again["2"].ticket.requeued == 0
            assert [line.what for line in again["0"].ticket.history] == ["parked"] + [
                "requeued",
                "parked",
            ] * turn
            assert again["0"].reason == "failed"
        book.bad = False
        await requeue(a.outside, "work", {"0", "1", "2"})
        await resting(a, 0)
        await asyncio.sleep(1.0)
        assert sorted(id for id, _ in await a.effects()) == ["0", "1", "2"]
        assert book.seen[-1].attempt == 1
        assert book.seen[-1].message.routing_key == "work"
        assert not book.seen[-1].message.headers


async def test_a_requeued_message_has_its_retries_again(tmp_path: Path) -> None:
    book = Moody()
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await resting(a, 1)
        await requeue(a.outside, "work", {"0"})
        await asyncio.sleep(60.0)
        await resting(a, 1)
        assert [one.attempt for one in book.seen] == [1, 2, 3, 4, 5, 6] * 2


async def test_what_the_broker_does_not_take_back_stays_parked(tmp_path: Path) -> None:
    book = Moody()
    work = Queue("work", kind="classic", max_length=1)
    spec = consume(Clerk, book, queue=work, retries=NONE)
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, *orders(1))
        await resting(a, 1)
    outside = await broker.connect()
    await send(outside, *orders(1, first=7))
    with pytest.raises(NotSent, match="1 of 1"):
        await requeue(outside, "work", {"0"})
    assert [one.id for one in await parked(outside, "work")] == ["0"]
    await outside.close()


async def test_what_the_broker_takes_back_is_parked_no_more_where_it_refuses_others(tmp_path: Path) -> None:
    work = Queue("work", kind="classic", max_length=3)
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", consume(Clerk, Moody(), queue=work, retries=NONE)) as a:
        for one in orders(6):
            await send(a.outside, one)
            await idle(a)
        await resting(a, 6)
    outside = await broker.connect()
    with pytest.raises(NotSent, match="3 of 6"):
        await requeue(outside, "work", {str(n) for n in range(6)})
    assert (await outside.state("work")).messages == 3
    assert [one.id for one in await parked(outside, "work")] == ["3", "4", "5"]
    await outside.purge("work")
    assert await requeue(outside, "work", {str(n) for n in range(6)}) == ["3", "4", "5"]
    assert await parked(outside, "work") == []
    await outside.close()


async def test_signed_messages_are_put_back_signed_by_the_operator(tmp_path: Path) -> None:
    book, author = Moody(), Author("shop")
    keeper = Guard(Keyring([KEY, GATE, DESK]))
    spec = consume(Clerk, book, queue=WORK, retries=NONE, guard=keeper)
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        order = pack(author.write("order", "shop/till", b"\xc0"), "", "work", KEY)
        await send(a.outside, order)
        await resting(a, 1)
        with pytest.raises(OptionError, match="operator"):
            await requeue(a.outside, "work", {order.id})
        with pytest.raises(OptionError, match="may sign"):
            await requeue(a.outside, "work", {order.id}, KEY)
        await resting(a, 1)
        assert await requeue(a.outside, "work", {order.id}, DESK) == [order.id]
        await until(lambda: len(book.seen) == 2)
        (one,) = await resting(a, 1)
        assert one.reason == "failed"
        assert one.ticket.requeued == 1
        book.bad = False
        await requeue(a.outside, "work", {order.id}, DESK)
        await until(lambda: len(book.seen) == 3)
        await resting(a, 0)
        envelope = book.seen[-1].envelope
        assert envelope is not None
        assert envelope.source == "shop/till"
        assert envelope.signer == "operator"
        await asyncio.sleep(1.0)
        assert len(await a.effects()) == 1


async def test_a_parked_message_that_is_no_envelope_cannot_be_smuggled_in_by_putting_it_back(
    tmp_path: Path,
) -> None:
    book = Book()
    keeper = Guard(Keyring([KEY, GATE, DESK]))
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, guard=keeper)) as a:
        await send(a.outside, Message(b"pay me", routing_key="work", id="x"))
        await resting(a, 1)
        assert await requeue(a.outside, "work", {"x"}, DESK) == []
        assert await requeue(a.outside, "work", (), DESK, forged={"x"}) == ["x"]
        await asyncio.sleep(5.0)
        (one,) = await resting(a, 1)
        assert one.reason == "unsigned"
        assert not book.seen


THIEF = Key("november", "t" * 32, ["*"])  # says that it is the good key, and is not
BOTH = Keyring([GATE, DESK])


async def test_what_nobody_has_verified_is_not_put_back_unless_it_is_named(tmp_path: Path) -> None:
    book, author = Book(), Author("shop")
    keeper = Guard(Keyring([KEY, GATE, DESK]))
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK, guard=keeper)) as a:
        forged = pack(author.write("pay", "shop", b"\xc0"), "", "work", THIEF)
        await send(a.outside, forged)
        (one,) = await resting(a, 1)
        assert one.reason == "tampered"
        assert one.doubt.startswith("not verified")
        assert await requeue(a.outside, "work", {forged.id}, DESK) == []
        assert await requeue(a.outside, "work", {forged.id}, DESK, keyring=BOTH) == []
        await asyncio.sleep(5.0)
        assert not book.seen
        assert await requeue(a.outside, "work", (), DESK, forged={forged.id}) == [forged.id]
        await until(lambda: len(book.seen) == 1)
        assert await a.parked() == []


@pytest.mark.parametrize("ring", [BOTH, Keyring([DESK]), None])
async def test_whose_ticket_it_is_can_be_told_by_who_has_the_key(
    tmp_path: Path, ring: Keyring | None
) -> None:
    book, author = Moody(), Author("shop")
    keeper = Guard(Keyring([KEY, GATE, DESK]))
    spec = consume(Clerk, book, queue=WORK, retries=NONE, guard=keeper)
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        order = pack(author.write("order", "shop/till", b"\xc0"), "", "work", KEY)
        await send(a.outside, order)
        await resting(a, 1)
        forged = pack(author.write("pay", "shop", b"\xc0"), "", "work", THIEF)
        lie = Ticket("work", "", "work", 1.0, parked="failed")
        await send(a.outside, ticketed(forged, lie, THIEF, "", "work.parked"))  # by a way around the consumer
        await resting(a, 2)
        found = {one.id: one for one in await parked(a.outside, "work", keyring=ring)}
        told = (True, False) if ring is BOTH else (None, None)
        assert (found[order.id].sealed, found[forged.id].sealed) == told
        assert (found[order.id].doubt == "", found[forged.id].doubt == "") == (True, ring is not BOTH)
        if ring is BOTH:
            both = {order.id, forged.id}
            assert await requeue(a.outside, "work", both, DESK, keyring=ring) == [order.id]


@pytest.mark.parametrize("fault", sorted(UNVERIFIED))
def test_a_message_whose_signature_was_not_verified_is_in_doubt(fault: str) -> None:
    one = ParkedMessage("x", Message(b""), fault, Ticket("work", "", "work", 1.0), sealed=True)
    assert one.doubt


@pytest.mark.parametrize(
    "reason", ["stale", "from_the_future", "wrong_type", "replayed", "failed", "unknown"]
)
def test_a_message_that_was_parked_for_another_reason_is_not(reason: str) -> None:
    one = ParkedMessage("x", Message(b""), reason, Ticket("work", "", "work", 1.0))
    assert not one.doubt


def test_a_signed_message_that_no_consumer_has_parked_is_in_doubt() -> None:
    ticket = Ticket("work", "", "work", 1.0)
    assert ParkedMessage("x", Message(b"", headers={"x-signature": "f"}), "unknown", ticket).doubt
    assert not ParkedMessage("x", Message(b"", headers={"x-signature": "f"}), "failed", ticket).doubt


async def test_how_a_body_is_encoded_is_kept_through_retries_and_parking(tmp_path: Path) -> None:
    book = Moody()
    spec = consume(Clerk, book, queue=WORK, retries=Tries(1))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, Message(b"\x1f\x8b", routing_key="work", id="z", content_encoding="gzip"))
        (one,) = await resting(a, 1)
        assert one.message.content_encoding == "gzip"
        book.bad = False
        await requeue(a.outside, "work", {"z"})
        await until(lambda: len(book.seen) == 3)
        assert [one.message.content_encoding for one in book.seen] == ["gzip"] * 3
