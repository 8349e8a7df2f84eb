"""A depot brings each message of an outbox into flight once, whatever comes between."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.gateways import Message
from cybernetic.gateways.publisher.depot import Depot
from cybernetic.gateways.publisher.flight import Entry, Flight
from cybernetic.gateways.publisher.rows import packed
from cybernetic.gateways.shelf import Shelf
from cybernetic.state import Outgoing, StoreInUse

OFTEN = ("put", "write", "told", "read", "page", "send", "wake")
RARELY = ("effect", "confirm", "confirm", "delete", "delete", "lose", "reject", "again")
STEPS = st.lists(st.sampled_from([*OFTEN, *OFTEN, *RARELY]), min_size=100, max_size=200)


class Paper:
    """An outbox whose disk works when the test says so: what is written is told later, and what is read, too."""

    def __init__(self) -> None:
        self.last = 0
        self.disk: dict[int, Outgoing] = {}
        self.puts: list[tuple[Outgoing, asyncio.Future[int]]] = []
        self.written: list[tuple[int, asyncio.Future[int]]] = []
        self.reads: list[tuple[int, int, asyncio.Future[list[Outgoing]]]] = []
        self.pages: list[tuple[list[Outgoing], asyncio.Future[list[Outgoing]]]] = []
        self.deletions: list[tuple[tuple[int, ...], asyncio.Future[None]]] = []
        self.set_aside: list[int] = []

    def _row(self, exchange: str, routing_key: str, body: bytes, headers: bytes) -> Outgoing:
        self.last += 1
        return Outgoing(self.last, exchange, routing_key, headers, body, 0.0)

    def put(self, exchange: str, routing_key: str, body: bytes, headers: bytes) -> "asyncio.Future[int]":
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.puts.append((self._row(exchange, routing_key, body, headers), future))
        return future

    async def take(self, after: int, limit: int) -> list[Outgoing]:
        future: asyncio.Future[list[Outgoing]] = asyncio.get_running_loop().create_future()
        self.reads.append((after, limit, future))
        return await future

    def confirm(self, numbers: Any) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.deletions.append((tuple(numbers), future))
        return future

    # What the test lets happen.

    def effect(self) -> None:
        message = Message(b"effect", routing_key="q", id=str(self.last + 1))
        headers, body = packed(message)
        self.write()
        row = self._row("", "q", body, headers)
        self.disk[row.number] = row

    def write(self) -> None:
        """All that was put is on the disk, and not told yet."""
        for row, future in self.puts:
            self.disk[row.number] = row
            self.written.append((row.number, future))
        self.puts.clear()

    def told(self) -> None:
        for number, future in self.written:
            future.set_result(number)
        self.written.clear()

    def read(self) -> None:
        for after, limit, future in self.reads:
            rows = [self.disk[number] for number in sorted(self.disk) if number > after][:limit]
            self.pages.append((rows, future))
        self.reads.clear()

    def hand_over(self) -> None:
        for rows, future in self.pages:
            if not future.done():
                future.set_result(rows)
        self.pages.clear()

    def delete(self) -> None:
        for numbers, future in self.deletions:
            for number in numbers:
                self.disk.pop(number, None)
            future.set_result(None)
        self.deletions.clear()


class Reply:
    """Who waits for a message."""

    def __init__(self) -> None:
        self.receipts: list[Any] = []

    def reply(self, receipt: Any) -> None:
        self.receipts.append(receipt)

    def fail(self, error: BaseException) -> None:
        raise AssertionError(f"expected a receipt, got: {error}")


class Model:
    """A publisher without a broker: the test says what becomes of what it sends."""

    def __init__(self, window: int, limit: int) -> None:
        self.paper, self.flight = Paper(), Flight(window, limit)
        self.depot = Depot(self.paper, Shelf(), self.wake)  # type: ignore[arg-type]
        self.flying: list[Entry] = []
        self.sent: list[int] = []
        self.confirmed: set[int] = set()
        self.rejected: list[int] = []
        self.returned: dict[int, int] = {}
        self.replies: dict[str, Reply] = {}
        self.woken = False

    def wake(self) -> None:
        self.woken = True

    def pump(self) -> None:
        self.woken = False
        self.depot.fill(self.flight)
        assert len(self.flight._stored) <= self.flight.limit * 2 + self.flight.window

    def step(self, what: str) -> None:
        if what == "put":
            name = f"put {len(self.replies)}"
            self.replies[name] = Reply()
            message = Message(b"", routing_key="q", id=name)
            self.depot.put(message, self.replies[name], confirmed=True)  # type: ignore[arg-type]
        elif what == "effect":
            self.paper.effect()
            self.depot.look()
            self.pump()
        elif what == "write":
            self.paper.write()
        elif what == "told":
            self.paper.write()
            self.paper.told()
        elif what == "read":
            self.paper.read()
        elif what == "page":
            self.paper.read()
            self.paper.hand_over()
        elif what == "send":
            self.pump()
            while (entry := self.flight.next()) is not None:
                self.send(entry)
        elif what == "confirm" and self.flying:
            entry = self.flying.pop(0)
            self.flight.landed([entry])
            assert entry.number is not None
            self.confirmed.add(entry.number)
            self.depot.confirmed([entry.number])
            if entry.reply is not None:
                entry.reply.reply(entry.number)  # type: ignore[arg-type]
        elif what == "delete":
            self.paper.delete()
        elif what == "lose":
            lost, self.flying = self.flying, []
            self.flight.landed(lost)
            for entry in lost:
                self.returned[self.number(entry)] = self.returned.get(self.number(entry), 0) + 1
                self.flight.add(entry)
        elif what == "reject" and self.flying:
            entry = self.flying.pop()
            self.flight.landed([entry])
            number = self.number(entry)
            self.returned[number] = self.returned.get(number, 0) + 1
            self.rejected.append(number)
            self.depot.put_off(entry)
        elif what == "again" and self.rejected:
            self.depot.want(self.rejected.pop())
            self.pump()
        elif what == "wake":
            self.pump()

    def number(self, entry: Entry) -> int:
        assert entry.number is not None
        return entry.number

    def send(self, entry: Entry) -> None:
        number = self.number(entry)
        assert number not in self.confirmed, f"{number} was confirmed, and is sent again"
        assert number not in [self.number(one) for one in self.flying], f"{number} is on its way twice"
        assert self.sent.count(number) <= self.returned.get(number, 0), f"{number} is sent once too often"
        self.sent.append(number)
        self.flying.append(entry)


@given(STEPS, st.integers(1, 3), st.integers(1, 4))
async def test_each_message_is_sent_once_and_all_are_whatever_comes_between(
    steps: list[str], window: int, limit: int
) -> None:
    model = Model(window, limit)
    for step in steps:
        model.step(step)
        for _ in range(4):
            await asyncio.sleep(0)
        if model.woken:
            model.pump()
    for _ in range(12 * (model.paper.last + 3)):  # let everything go through
        for step in ("told", "page", "send", "confirm", "confirm", "delete", "again"):
            model.step(step)
            for _ in range(4):
                await asyncio.sleep(0)
    assert model.confirmed == set(range(1, model.paper.last + 1))
    assert model.paper.disk == {}
    assert all(len(reply.receipts) == 1 for reply in model.replies.values())
    assert not model.depot._held
    assert not model.depot._off
    assert not model.depot._replies
    if "reject" not in steps and "lose" not in steps:
        assert model.sent == sorted(model.sent)
    model.depot.close()
    await asyncio.sleep(0)


async def test_what_does_not_fit_is_read_from_the_disk_once() -> None:
    model = Model(window=2, limit=4)
    for _ in range(100):
        model.step("put")
    reads = 0
    while len(model.confirmed) < 100:
        for step in ("told", "send", "confirm", "delete", "wake"):
            model.step(step)
            await asyncio.sleep(0)
        for _, _, _ in model.paper.reads:
            reads += 1
        model.step("page")
        for _ in range(3):
            await asyncio.sleep(0)
    assert model.sent == list(range(1, 101))
    assert reads <= 60
    model.depot.close()
    await asyncio.sleep(0)


async def settled(model: Model) -> None:
    for _ in range(6):
        await asyncio.sleep(0)


async def turn(model: Model, *steps: str) -> None:
    for step in steps:
        model.step(step)
        await settled(model)


async def test_those_whose_time_has_come_and_the_others_take_turns() -> None:
    model = Model(window=2, limit=4)
    for _ in range(200):
        model.step("put")
    while len(model.rejected) < 200:  # a full queue rejects them all
        await turn(model, "told", "page", "send", "reject", "reject")
    for number in model.rejected:
        model.depot.want(number)
    model.rejected.clear()
    await turn(model, "wake", "page", "wake", "put", "put", "put", "told")
    rounds = 0
    while 203 not in model.sent and rounds < 40:
        rounds += 1
        await turn(model, "told", "page", "send", "reject", "reject", "again", "again")
    assert 203 in model.sent
    model.depot.close()
    await asyncio.sleep(0)


async def test_those_that_are_wanted_together_are_read_together() -> None:
    model, reads = Model(window=50, limit=100), 0
    for _ in range(100):
        model.step("put")
    while len(model.rejected) < 100:
        await turn(model, "told", "page", "send", *["reject"] * 50)
    for number in model.rejected:
        model.depot.want(number)
    for _ in range(100):
        reads += len(model.paper.reads)
        await turn(model, "page", "send", *["confirm"] * 50, "delete")
    assert model.confirmed == set(range(1, 101))
    assert reads < 10
    model.depot.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("wanted", [False, True])
async def test_a_page_that_could_not_be_read_is_read_again_after_a_while(
    wanted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    model = Model(window=2, limit=4)
    await turn(model, "put", "told", *["page", "send"] * 3)
    assert model.paper.reads == []
    if wanted:
        await turn(model, "reject", "again")
    else:
        await turn(model, "confirm", "delete", "effect")
    ((_, _, reading),) = model.paper.reads
    model.paper.reads.clear()
    reading.set_exception(StoreInUse("a", "database is locked"))
    for _ in range(20):
        await turn(model, "wake")
    assert model.paper.reads == []
    assert ["database is locked" in one.getMessage() for one in caplog.records] == [True]
    await asyncio.sleep(6.0)
    await turn(model, *["wake", "page", "send", "confirm", "delete"] * 3)
    assert model.confirmed == set(range(1, model.paper.last + 1))
    assert model.paper.last == (1 if wanted else 2)
    model.depot.close()
    await asyncio.sleep(0)
